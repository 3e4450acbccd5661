"""A prepared statement finds what its queryset finds, with its relations, and asks once."""

import pytest
from django.db.models import Count

from labeling.models import Audit, Seat, Unit
from projects.prepared import Prepared

pytestmark = pytest.mark.django_db


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(3)


def units_called(*, audit, token):
    return Unit.objects.select_related("stratum", "output__content").filter(
        audit=audit, token=token
    )


def test_every_field_and_relation_is_the_querysets(audit):
    prepared = Prepared(units_called, "audit", texts=("token",))
    for unit in Unit.objects.filter(audit=audit):
        expected = units_called(audit=audit.pk, token=unit.token).get()
        found = prepared.first(audit=audit.pk, token=unit.token)
        assert field_values(found) == field_values(expected)
        assert field_values(found.stratum) == field_values(expected.stratum)
        assert field_values(found.output.content) == field_values(expected.output.content)


def test_relations_come_with_the_one_statement(audit, django_assert_num_queries):
    prepared = Prepared(units_called, "audit", texts=("token",))
    token = audit.units.first().token
    with django_assert_num_queries(1):
        found = prepared.first(audit=audit.pk, token=token)
        assert (found.stratum.name, found.output.content.text) is not None


def test_a_relation_that_is_null_stays_none(audit):
    seat = Seat.objects.filter(audit=audit).first()
    prepared = Prepared(
        lambda *, seat: Seat.objects.select_related("coder").filter(pk=seat), "seat"
    )
    assert prepared.first(seat=seat.pk).coder is None


def test_it_finds_what_the_values_name_and_none_where_nothing_is(audit):
    prepared = Prepared(units_called, "audit", texts=("token",))
    assert prepared.first(audit=audit.pk, token="' OR 1=1 --") is None
    assert prepared.first(audit=audit.pk + 1, token=audit.units.first().token) is None


def test_what_it_found_can_be_changed_and_saved(audit):
    prepared = Prepared(lambda *, slug: Audit.objects.filter(slug=slug), texts=("slug",))
    found = prepared.first(slug=audit.slug)
    found.name = "Another name"
    found.save(update_fields=["name"])
    assert Audit.objects.get().name == "Another name"


def test_a_value_that_the_rows_do_not_depend_on_is_a_mistake(audit):
    forgetful = Prepared(
        lambda *, audit, token: Unit.objects.filter(audit=audit), "audit", texts=("token",)
    )
    with pytest.raises(ValueError, match="depends on token"):
        forgetful.first(audit=audit.pk, token="x")


def test_all_finds_every_row_in_the_querysets_order(audit):
    prepared = Prepared(lambda *, audit: Unit.objects.filter(audit=audit), "audit")
    expected = [field_values(unit) for unit in Unit.objects.filter(audit=audit)]
    assert [field_values(unit) for unit in prepared.all(audit=audit.pk)] == expected
    assert len(expected) == 3
    assert prepared.all(audit=audit.pk + 1) == []


def test_what_the_queryset_annotates_comes_along(audit):
    def counted(*, audit):
        return Audit.objects.filter(pk=audit).annotate(n_units=Count("units"))

    assert Prepared(counted, "audit").first(audit=audit.pk).n_units == 3


def field_values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
