"""What PostgreSQL's planner knows of a table, brought up to date when many rows came at once."""

from django.db import connection
from django.db.models import Model

FROM_ROWS = 1000


def refresh_statistics(n_new: int, *models: type[Model]) -> None:
    """Let the planner see the tables as they are now; nothing for fewer than a thousand new rows.

    PostgreSQL looks by itself within a minute or so of the commit. Until then it takes a table
    that was empty before for a few rows, and loops over all pairs of rows where a moment would do:
    a page then takes minutes. Call it after the commit. SQLite plans without statistics.
    """
    if connection.vendor != "postgresql" or n_new < FROM_ROWS:
        return
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
