"""A third opinion only where two disagree: when it is asked, of whom, and what it counts for."""

import csv
import json
import re
import uuid
from io import StringIO

import pytest
from django.core.management import call_command

from analysis.agreement import agreement
from labeling import seating, workflow
from labeling.exports import export_labels
from labeling.models import Adjudication, Seat
from labeling.reports import AuditData, agreement_of, build_report
from labeling.undo import undo_last
from labeling.workflow import Judgment
from tests.sampled import add_unit, expire

NOTE = (
    "Agreement is computed on the first 2 labels of each unit, each given without sight of the "
    "others; third opinions were asked only where they differed."
)


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(1, asks_third=True)


@pytest.fixture
def coders(make_graders):
    return make_graders(5)


def say(unit, coder, mode="latency"):
    """The coder's label; `mode` a code, or a verdict alone where no mode goes with it."""
    found = unit.audit.codebook.modes.filter(code=mode).first()
    verdict = found.needs_verdict if found else mode
    workflow.record_verdict(unit=unit, coder=coder, correctness=verdict)
    kept = unit.verdicts.get(coder=coder).correctness
    judgment = Judgment(
        correctness=verdict,
        failure_mode=found,
        revision_reason="Read again." if kept != verdict else "",
    )
    return workflow.record_label(
        unit=unit, coder=coder, judgment=judgment, submission_id=str(uuid.uuid4())
    )


def claim_and_say(audit, coder, mode="latency"):
    return say(seating.claim_next(audit, coder).unit, coder, mode)


def places(audit):
    return list(Seat.objects.filter(audit=audit).values_list("position", flat=True))


# When it is asked


def test_none_is_asked_while_labels_are_missing_or_alike(audit, coders):
    claim_and_say(audit, coders[0])
    assert places(audit) == [1, 2]
    claim_and_say(audit, coders[1])
    assert places(audit) == [1, 2]
    assert seating.claim_next(audit, coders[2]) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [("latency", "formatting"), ("latency", "refusal"), ("latency", "cannot_tell")],
    ids=["two modes", "two verdicts", "one cannot tell"],
)
def test_one_more_is_asked_where_two_differ_and_no_fourth(audit, coders, first, second):
    claim_and_say(audit, coders[0], first)
    claim_and_say(audit, coders[1], second)
    assert places(audit) == [1, 2, 3]
    claim_and_say(audit, coders[2], "no_fault_found")
    assert places(audit) == [1, 2, 3]
    assert seating.claim_next(audit, coders[3]) is None


def test_two_verdicts_without_a_mode_differ_on_a_control(make_open_audit, coders):
    audit = make_open_audit(0, asks_third=True)
    unit = add_unit(audit, 0, kind="sham")
    say(unit, coders[0], "correct")
    say(unit, coders[1], "incorrect")
    assert places(audit) == [1, 2, 3]


def test_an_audit_without_the_option_asks_none(make_open_audit, coders):
    audit = make_open_audit(1)
    claim_and_say(audit, coders[0], "latency")
    claim_and_say(audit, coders[1], "formatting")
    assert places(audit) == [1, 2]


def test_a_planted_unit_gets_no_third_opinion(make_open_audit, coders):
    audit = make_open_audit(0, asks_third=True)
    unit = add_unit(audit, 0)
    audit.units.update(kind="gold", inclusion_probability=None)
    unit.refresh_from_db()
    say(unit, coders[0], "latency")
    say(unit, coders[1], "formatting")
    assert not audit.seats.filter(is_planted=False, position__gt=2).exists()


def test_with_three_coders_a_fourth_opinion_is_asked_once_all_three_are_in(make_open_audit, coders):
    audit = make_open_audit(1, coders=3, asks_third=True)
    claim_and_say(audit, coders[0], "latency")
    claim_and_say(audit, coders[1], "formatting")
    assert places(audit) == [1, 2, 3]
    claim_and_say(audit, coders[2], "latency")
    assert places(audit) == [1, 2, 3, 4]


def test_the_same_submission_twice_makes_one_extra_seat(audit, coders):
    claim_and_say(audit, coders[0], "latency")
    label = claim_and_say(audit, coders[1], "formatting")
    judgment = Judgment(correctness="correct", failure_mode=label.failure_mode)
    workflow.record_label(
        unit=label.unit, coder=coders[1], judgment=judgment, submission_id=label.submission_id
    )
    assert places(audit) == [1, 2, 3]


# When they come to agree


@pytest.fixture
def split(audit, coders):
    """The unit of the audit, on which the first two differ."""
    unit = claim_and_say(audit, coders[0], "latency").unit
    claim_and_say(audit, coders[1], "formatting")
    return unit


def test_a_free_extra_seat_goes_when_the_two_agree_and_comes_again_when_not(split, audit, coders):
    say(split, coders[1], "latency")
    assert places(audit) == [1, 2]
    say(split, coders[1], "formatting")
    assert places(audit) == [1, 2, 3]


def test_a_free_extra_seat_goes_when_one_of_the_two_takes_the_label_back(split, audit, coders):
    undo_last(audit, coders[1])
    assert places(audit) == [1, 2]
    claim_and_say(audit, coders[1], "refusal")
    assert places(audit) == [1, 2, 3]


def test_who_holds_the_extra_seat_keeps_it(split, audit, coders):
    seat = seating.claim_next(audit, coders[2])
    say(split, coders[1], "latency")
    assert seating.claim_next(audit, coders[2]) == seat
    assert not claim_and_say(audit, coders[2], "refusal").is_late


def test_an_extra_seat_whose_lease_ran_out_is_free(split, audit, coders):
    seating.claim_next(audit, coders[2])
    expire(audit)
    say(split, coders[1], "latency")
    assert places(audit) == [1, 2]


def test_a_skipped_extra_seat_goes_when_the_two_agree_by_then(split, audit, coders):
    seat = seating.claim_next(audit, coders[2])
    say(split, coders[1], "latency")
    assert places(audit) == [1, 2, 3]
    workflow.skip_unit(unit=seat.unit, coder=coders[2], reason="language")
    assert places(audit) == [1, 2]


def test_a_third_opinion_that_was_given_stays_also_when_taken_back(split, audit, coders):
    claim_and_say(audit, coders[2], "formatting")
    say(split, coders[1], "latency")
    assert places(audit) == [1, 2, 3]
    undo_last(audit, coders[2])
    expire(audit)
    say(split, coders[1], "latency")
    assert places(audit) == [1, 2, 3]


# Who gives it


def test_the_third_coder_is_served_it_as_a_begun_unit_and_sees_nothing_unusual(
    make_open_audit, ana_client, ben_client, chi_client, at_desk
):
    """Beside a unit of the same words that nobody has begun, the page is the same."""
    audit = make_open_audit(2, asks_third=True, coders=2)
    other = make_open_audit(2, slug="w35", coders=2)
    for client, mode in ((ana_client, "latency"), (ben_client, "formatting")):
        at_desk(client, audit).give("correct", mode)
    third, plain = at_desk(chi_client, audit), at_desk(chi_client, other)
    page, usual = without_csrf(third.get().text), without_csrf(plain.get().text)
    assert third.open() == "w34-token-0"
    assert page == usual.replace("w35", "w34")


def without_csrf(page):
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_it_is_never_one_of_the_first_two(split, audit, coders):
    assert seating.claim_next(audit, coders[0]) is None
    assert seating.claim_next(audit, coders[1]) is None
    assert seating.claim_next(audit, coders[2]).position == 3


def test_a_coder_who_skips_it_leaves_it_for_another(split, audit, coders):
    seating.claim_next(audit, coders[2])
    workflow.skip_unit(unit=split, coder=coders[2], reason="language")
    assert seating.claim_next(audit, coders[3]).unit == split


# The lead


def test_the_unit_comes_to_the_lead_once_the_third_opinion_is_in(split, audit, coders, lea_client):
    address = f"/audits/w34/adjudicate/{split.token}/"
    assert "0 units had different labels" in lea_client.get("/audits/w34/adjudicate/").text
    assert lea_client.get(address).status_code == 404
    claim_and_say(audit, coders[2], "formatting")
    page = lea_client.get(address)
    assert page.status_code == 200
    for letter in "ABC":
        assert f"Coder {letter}" in page.text


def test_a_unit_without_third_opinions_waits_for_its_last_label_too(
    make_open_audit, coders, lea_client
):
    """The queue once offered it as soon as two differed, and the third label then came too late."""
    audit = make_open_audit(1, coders=3)
    claim_and_say(audit, coders[0], "latency")
    unit = claim_and_say(audit, coders[1], "formatting").unit
    address = f"/audits/w34/adjudicate/{unit.token}/"
    assert lea_client.get(address).status_code == 404
    assert "Decide" not in lea_client.get("/").text
    claim_and_say(audit, coders[2], "latency")
    assert lea_client.get(address).status_code == 200
    assert "Decide 1 disagreement" in lea_client.get("/").text


def test_in_a_closed_audit_the_lead_decides_on_what_there_is(split, audit, lea_client):
    """No further label can come, so it would wait for ever."""
    workflow.close_audit(audit)
    form = {"correctness": "correct", "failure_mode": "latency", "reason": "It took 40 s."}
    answer = lea_client.post(f"/audits/w34/adjudicate/{split.token}/", form)
    assert answer.status_code == 302
    assert Adjudication.objects.get().unit == split


# What it counts for


MODES = {"a": "latency", "b": "formatting", "c": "no_fault_found"}


@pytest.fixture
def opinions(make_open_audit, coders):
    """Six units of two coders, third opinions on the two where they differed: a, b and a, a, b."""
    audit = make_open_audit(6, asks_third=True)
    first, second, third = coders[:3]
    for code in "aabbab":
        claim_and_say(audit, first, MODES[code])
    for code in "aabbba":
        claim_and_say(audit, second, MODES[code])
    assert Seat.objects.filter(position=3).count() == 2
    for code in "aa":
        claim_and_say(audit, third, MODES[code])
    return audit


def test_agreement_is_of_the_first_two_labels_alone(opinions):
    """Pairs aa aa bb bb ab ba: 4 of 6 agree; alpha = 1 - 11 * 4 / (144 - 36 - 36) = 0.389.

    With the third labels, all on units that differ: alpha = 1 - 13 * 4 / (196 - 64 - 36) = 0.458.
    """
    data = AuditData(opinions)
    found = agreement_of(data)
    assert found.n_labels == 12
    assert found.alpha.value == pytest.approx(1 - 11 * 4 / 72)
    assert found.percent.value == pytest.approx(4 / 6)
    with_third = agreement(data.labels, level="nominal", seed=0, domain=list(data.mode_names))
    assert with_third.n_labels == 14
    assert with_third.alpha.value == pytest.approx(1 - 13 * 4 / 96)


def test_the_units_label_is_the_majority_of_all_three(opinions):
    report = build_report(opinions)
    assert report.n_ties == 0
    shares = {mode.code: mode.share.value for mode in report.shares}
    assert shares["latency"] == pytest.approx(4 / 6)
    assert shares["formatting"] == pytest.approx(2 / 6)


def test_three_different_labels_are_a_tie_of_three(split, audit, coders):
    claim_and_say(audit, coders[2], "no_fault_found")
    report = build_report(audit)
    assert report.n_ties == 1
    shares = {mode.code: mode.share.value for mode in report.shares if mode.share.value}
    assert shares == pytest.approx(dict.fromkeys(MODES.values(), 1 / 3))


def test_a_fourth_label_of_three_coders_may_tie_two_against_two(make_open_audit, coders):
    audit = make_open_audit(1, coders=3, asks_third=True)
    for coder, mode in zip(
        coders, ("latency", "latency", "formatting", "formatting"), strict=False
    ):
        claim_and_say(audit, coder, mode)
    report = build_report(audit)
    assert report.n_ties == 1
    assert agreement_of(AuditData(audit)).n_labels == 3


def test_a_unit_is_complete_only_with_its_third_opinion(split, audit, coders, ana_client):
    assert build_report(audit).n_complete == 0
    assert "about 0% of units have all their labels" in ana_client.get("/").text
    claim_and_say(audit, coders[2], "formatting")
    assert build_report(audit).n_complete == 1
    assert "all units have all their labels" in ana_client.get("/").text


@pytest.mark.parametrize("path", ["agreement/", "report/"])
def test_the_pages_say_what_agreement_is_computed_on(opinions, make_open_audit, lea_client, path):
    assert NOTE in lea_client.get(f"/audits/w34/{path}").text
    make_open_audit(1, slug="plain")
    assert "third opinions" not in lea_client.get(f"/audits/plain/{path}").text


def printed(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_commands_say_it_and_their_json_is_the_same_figures(opinions):
    assert NOTE in printed("agreement", "w34")
    assert NOTE in printed("report", "w34")
    found = json.loads(printed("agreement", "w34", "--json"))
    assert found["n_labels"] == 12
    assert found == json.loads(printed("report", "w34", "--json"))["agreement"]


def test_the_reliability_export_holds_what_agreement_is_computed_from(opinions, tmp_path):
    path = tmp_path / "reliability.csv"
    manifest = export_labels(opinions, kind="reliability", out=path)
    assert manifest["n_rows"] == 12
    assert manifest["asks_third"] is True
    assert manifest["withheld"] == {"third opinions, asked because the first labels differed": 2}
    again = json.loads(printed("agreement", "--file", str(path), "--json"))
    assert again["alpha"]["value"] == pytest.approx(1 - 11 * 4 / 72)


def test_the_full_export_says_which_seat_a_label_is_from(opinions, tmp_path):
    path = tmp_path / "labels.csv"
    manifest = export_labels(opinions, kind="csv", out=path)
    with path.open(encoding="utf-8", newline="") as file:
        seats = [row["seat"] for row in csv.DictReader(file)]
    assert manifest["coders_per_unit"] == 2
    assert sorted(seats) == ["1"] * 6 + ["2"] * 6 + ["3"] * 2
