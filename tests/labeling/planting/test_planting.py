"""What is planted, when and for whom: gold units and hidden repeats between drawn units."""

import pytest
from django.db.models import Count

from labeling import planting, seating, workflow
from labeling.models import Gold, Label, Seat, Unit
from tests.labeling.planting.conftest import coder_of, label_unit, work
from tests.labeling.test_seats import at_once


def test_gold_units_come_in_between_each_once_and_never_first(ana_client, audit, at_desk):
    kinds = work(at_desk(ana_client, audit))
    assert kinds[0] == "sampled"
    assert kinds.count("sampled") == 12
    assert 1 <= kinds.count("gold") <= 3
    assert kinds[-1] == "sampled"
    golds = Label.objects.filter(unit__kind="gold")
    assert golds.count() == golds.values("unit").distinct().count() == kinds.count("gold")


def test_without_drawn_units_nothing_is_planted(ana_client, make_open_audit, make_gold, at_desk):
    audit = make_open_audit(1, gold_share=0.5, repeat_share=0.5)
    for number in range(100, 110):
        make_gold(audit, number)
    desk = at_desk(ana_client, audit)
    assert work(desk) == ["sampled"]
    assert "Nothing to label here now" in desk.get().text
    assert not Seat.objects.filter(is_planted=True).exists()


def test_two_tabs_and_a_reload_get_the_same_planted_unit(ana, ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    assert work(desk, until="gold")[-1] == "gold"
    assert desk.open() == desk.open()
    assert Seat.objects.filter(is_planted=True, is_done=False).count() == 1
    seat = Seat.objects.get(is_planted=True, is_done=False)
    assert seat.coder == coder_of(ana, audit)
    assert seat.lease_until - seat.claimed_at == seating.LEASE


def test_shares_of_zero_plant_nothing(ana_client, make_open_audit, make_gold, at_desk):
    audit = make_open_audit(5)
    for number in range(100, 105):
        make_gold(audit, number)
    assert work(at_desk(ana_client, audit)) == ["sampled"] * 5


def test_a_lead_who_labels_gets_nothing_planted(
    lea_client, ana_client, audit, repeating_too, at_desk
):
    """A lead can read gold answers and labels: what is planted would measure nothing."""
    assert set(work(at_desk(lea_client, audit))) == {"sampled"}
    assert "gold" in work(at_desk(ana_client, audit))
    assert set(work(at_desk(lea_client, repeating_too))) == {"sampled"}
    assert "repeat" in work(at_desk(ana_client, repeating_too))


def test_each_coder_has_an_order_of_their_own(make_open_audit, make_gold, make_graders):
    audit = make_open_audit(3)
    for number in range(100, 112):
        make_gold(audit, number)
    firsts = {planting.next_gold(audit, coder).pk for coder in make_graders(8)}
    assert len(firsts) > 1


def test_about_the_share_that_was_asked_for_is_planted(make_open_audit, make_graders, monkeypatch):
    audit = make_open_audit(1, gold_share=0.1, repeat_share=0.05)
    (coder,) = make_graders(1)
    chosen = {"gold": 0, "repeat": 0}

    def choose(kind):
        def count(*_):
            chosen[kind] += 1

        return count

    monkeypatch.setattr(planting, "next_gold", choose("gold"))
    monkeypatch.setattr(planting, "next_repeat", choose("repeat"))
    for n_done in range(1, 2001):
        monkeypatch.setattr(planting, "count_done", lambda *_, n=n_done: n)
        planting.next_planted(audit, coder)
    assert 140 <= chosen["gold"] <= 260
    assert 60 <= chosen["repeat"] <= 140


def test_retired_training_and_own_gold_is_not_planted(lea, make_open_audit, make_gold):
    audit = make_open_audit(3)
    planting.retire(make_gold(audit, 100))
    make_gold(audit, 101, is_training=True)
    own = make_gold(audit, 102, by=lea)
    assert planting.next_gold(audit, coder_of(lea, audit)) is None
    Gold.objects.filter(pk=own.pk).update(created_by=None)
    assert planting.next_gold(audit, coder_of(lea, audit)) == own.unit


def test_a_gold_unit_has_a_place_for_everybody(make_open_audit, make_gold, make_graders):
    audit = make_open_audit(1)
    unit = make_gold(audit, 100).unit
    for coder in make_graders(4):
        assert planting.next_gold(audit, coder) == unit
        planting.planted_seat(unit, coder)
        assert planting.next_gold(audit, coder) is None
    assert sorted(unit.seats.values_list("position", flat=True)) == [1, 2, 3, 4]


def test_a_repeat_copies_a_unit_of_long_ago_once(ana, ana_client, repeating, at_desk):
    kinds = work(at_desk(ana_client, repeating))
    assert kinds[:7].count("repeat") == 0
    assert "repeat" in kinds
    order = list(Label.objects.order_by("created_at", "pk").values_list("unit", flat=True))
    repeats = Unit.objects.filter(kind="repeat").select_related("repeats")
    assert repeats.values("repeats").distinct().count() == repeats.count()
    for unit in repeats:
        same = ("stratum_id", "output_id", "name", "audit_id")
        assert [getattr(unit, f) for f in same] == [getattr(unit.repeats, f) for f in same]
        assert unit.inclusion_probability is None
        assert order.index(unit.pk) - order.index(unit.repeats_id) > 6


def test_the_gap_before_a_repeat_is_twenty_labels_or_half_of_a_small_audit(make_open_audit):
    assert planting.repeat_gap(make_open_audit(1, slug="one")) == 1
    assert planting.repeat_gap(make_open_audit(12, slug="small")) == 6
    assert planting.repeat_gap(make_open_audit(60, slug="large")) == 20


def test_a_unit_the_coder_decided_on_as_the_lead_is_not_repeated(lea, repeating):
    coder, mode = coder_of(lea, repeating), repeating.codebook.modes.get(code="latency")
    judgment = workflow.Judgment(correctness="correct", failure_mode=mode)
    for number in range(8):
        unit = seating.claim_next(repeating, coder).unit
        workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
        workflow.record_label(
            unit=unit, coder=coder, judgment=judgment, submission_id=f"given-{number}"
        )
    assert planting.next_repeat(repeating, coder) is not None
    for label in Label.objects.filter(unit__kind="sampled").select_related("unit"):
        workflow.adjudicate(unit=label.unit, lead=lea, judgment=judgment, reason="It is.")
    Unit.objects.filter(kind="repeat", seats=None).delete()
    assert planting.next_repeat(repeating, coder) is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_ten_people_at_once_get_planted_units_and_every_drawn_unit_its_labels(
    make_open_audit, make_gold, make_graders
):
    audit = make_open_audit(12, coders=3, gold_share=0.4, repeat_share=0.4)
    for number in (101, 102):
        make_gold(audit, number)

    def label_all(coder):
        while seat := seating.claim_next(audit, coder):
            label_unit(audit, seat.unit, coder, "latency")

    at_once([lambda coder=coder: label_all(coder) for coder in make_graders(10)])
    given = Label.objects.counted().filter(unit__in=audit.units.drawn())
    per_unit = given.values("unit").annotate(n=Count("pk")).values_list("n", flat=True)
    assert list(per_unit) == [3] * 12
    assert not Label.objects.filter(is_late=True).exists()
    twice = Seat.objects.filter(is_planted=True).values("unit", "coder").annotate(n=Count("pk"))
    assert twice.exists()
    assert not twice.filter(n__gt=1).exists()
