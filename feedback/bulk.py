"""Many rows into one table: COPY on PostgreSQL, one prepared statement on SQLite.

Django's `bulk_create` takes four fifths of an import's time making model instances and SQL texts;
the values here have been cleaned, and the database's constraints still have the last word.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models


def insert_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert `rows` of values in the order of `fields`.

    A foreign key is the id it holds, a time through `time_adapter`, JSON is text.
    """
    quote = connection.ops.quote_name
    named = {field.name: field.column for field in model._meta.concrete_fields}
    columns = ", ".join(quote(named[name] or "") for name in fields)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 (own names)
        cursor.executemany(statement, list(rows))


def time_adapter() -> Callable[[datetime | None], Any]:
    """Give the function that turns a time into what this database keeps."""
    return connection.ops.adapt_datetimefield_value
