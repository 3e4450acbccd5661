"""Migrations of labeling go back and forth with data in place."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.sampled import add_unit

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FIRST = "0001_audits_and_labels"


@pytest.fixture
def migrate():
    """Migrate labeling to a state and give its models; afterwards everything is as it was."""

    def to(name):
        executor = MigrationExecutor(connection)
        executor.migrate([("labeling", name)])
        return MigrationExecutor(connection).loader.project_state([("labeling", name)]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.fixture
def newest():
    nodes = MigrationExecutor(connection).loader.graph.leaf_nodes("labeling")
    return nodes[0][1]


@pytest.fixture
def repeated(make_open_audit):
    """An audit with a unit and two repeats of it, of two coders."""
    audit = make_open_audit(1)
    original = audit.units.get()
    for number in (1, 2):
        repeat = add_unit(audit, number)
        audit.units.filter(pk=repeat.pk).update(
            kind="repeat",
            repeats=original,
            name=original.name,
            output=original.output,
            inclusion_probability=None,
        )
    return audit


def test_repeats_survive_the_way_back_and_forth(repeated, migrate, newest):
    """Their names once broke the rule of the first version: one unit per output."""
    before = list(repeated.units.order_by("pk").values("pk", "name", "kind", "repeats", "token"))
    units = migrate(FIRST).get_model("labeling", "Unit").objects.order_by("pk")
    assert [unit.kind for unit in units] == ["sampled", "gold", "gold"]
    assert len({unit.name for unit in units}) == 3
    migrate(newest)
    assert list(repeated.units.order_by("pk").values("pk", "name", "kind", "repeats", "token")) == (
        before
    )


def test_an_audit_that_is_not_open_yet_is_closed_on_the_way_back(make_open_audit, migrate, newest):
    make_open_audit(1, status="prepared")
    audit = migrate("0005_lapses").get_model("labeling", "Audit").objects.get()
    assert (audit.status, audit.closed_at) == ("closed", None)
