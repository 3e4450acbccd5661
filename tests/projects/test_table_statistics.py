"""PostgreSQL's planner hears of many new rows at once, and of few not at all."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.models import Output
from projects.models import Project
from projects.table_statistics import FROM_ROWS, refresh_statistics


def rows_planned(model):
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [model._meta.db_table])
        return cursor.fetchone()[0]


def test_the_planner_knows_a_table_as_it_is_now(db):
    project = Project.objects.create(slug="many", name="Many")
    Output.objects.bulk_create(
        Output(project=project, external_id=f"o{number}") for number in range(FROM_ROWS)
    )
    if connection.vendor != "postgresql":  # SQLite plans without statistics: nothing is asked
        with CaptureQueriesContext(connection) as asked:
            refresh_statistics(FROM_ROWS, Output)
        assert list(asked) == []
        return
    before = rows_planned(Output)  # of tests before, maybe
    refresh_statistics(FROM_ROWS - 1, Output)
    assert rows_planned(Output) == before
    refresh_statistics(FROM_ROWS, Output)
    assert rows_planned(Output) == FROM_ROWS


@pytest.mark.parametrize("n_new", [0, FROM_ROWS - 1])
def test_few_rows_cost_nothing(db, n_new):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        refresh_statistics(n_new, Output)
    assert list(asked) == []
