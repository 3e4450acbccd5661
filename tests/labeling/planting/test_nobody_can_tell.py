"""No byte of any step tells a planted unit; it is skipped, undone and changed as any."""

import re

import pytest

from feedback.models import Feedback, Output
from labeling import workflow
from labeling.models import Label, Seat, Skip, Unit
from tests.labeling.planting.conftest import kind_of, work
from tests.labeling.test_blind import HIDDEN_OF_OUTPUT, NEVER_SHOWN, SAID, SHOWN_AFTER, found_in
from tests.sampled import expire, token_on

MARKS = (*NEVER_SHOWN, "gold", "Gold", "repeat", "planted", "training", "It took too long")


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_no_byte_of_any_step_tells_a_planted_unit(
    ana_client, audit, repeating_too, at_desk, kind, htmx
):
    planted = audit if kind == "gold" else repeating_too
    Output.objects.update(**HIDDEN_OF_OUTPUT)
    Feedback.objects.update(channel="rating", **SAID)
    desk = at_desk(ana_client, planted, htmx=htmx)
    assert work(desk, until=kind)[-1] == kind
    blind = desk.get()
    token = token_on(blind)
    assert kind_of(token) == kind
    steps = [blind, desk.get(f"units/{token}/"), desk.verdict(token, "nonsense")]
    for page in steps:
        assert found_in(page, *MARKS, *SHOWN_AFTER) == []
    revealed = [desk.verdict(token, "correct"), desk.get(), desk.get(f"units/{token}/?revise=1")]
    revealed += [desk.label(token, "nonsense"), desk.label(token, "latency")]
    revealed += [desk.undo(), desk.get()]
    assert kind_of(token_on(revealed[-1])) == kind
    for page in revealed:
        assert found_in(page, *MARKS) == []


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_the_page_of_a_planted_unit_is_that_of_a_drawn_one(
    ana_client, audit, repeating_too, at_desk, kind
):
    """But for the unit's own token and text, byte by byte, in both steps."""
    planted = audit if kind == "gold" else repeating_too
    desk = at_desk(ana_client, planted)
    pages = {"sampled": both_steps(desk)}
    work(desk, until=kind)
    pages[kind] = both_steps(desk)
    assert pages[kind] == pages["sampled"]


def both_steps(desk):
    token = desk.open()
    pages = desk.get().text, desk.verdict(token, "correct").text
    desk.label(token, "latency")
    return [neutral(page, token) for page in pages]


def neutral(page, token):
    page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", page.replace(token, "TOKEN"))
    page = re.sub(r'csrfmiddlewaretoken" value="\w+"', "CSRF", page)
    page = re.sub(r'<div id="progress".*?</div>', "PROGRESS", page, flags=re.S)
    return re.sub(r"It closed \d+ weeks ago", "TEXT", page)


def test_a_new_token_is_as_long_as_a_drawn_ones(audit, make_gold):
    drawn = Unit(audit=audit).token
    assert len(make_gold(audit, 200).unit.token) == len(drawn)


def test_the_count_of_own_labels_goes_on_as_with_any_unit(ana_client, audit, at_desk):
    """A count that stood still after a planted unit would tell it."""
    desk = at_desk(ana_client, audit)
    n_before = len(work(desk, until="gold")) - 1
    token = desk.open()
    desk.verdict(token, "correct")
    assert f"{n_before + 1} by you" in desk.label(token, "latency").text


def test_a_repeat_shows_nothing_of_the_earlier_label(ana_client, repeating, at_desk):
    desk = at_desk(ana_client, repeating)
    desk.give("correct", "formatting", note="MY-NOTE")
    for _ in range(40):
        token = desk.open()
        unit = Unit.objects.get(token=token)
        if unit.kind == "repeat":
            break
        desk.give("correct", "formatting", note="MY-NOTE")
    page = desk.get()
    assert "MY-NOTE" not in page.text
    assert " checked" not in re.sub(r'id="letters" checked', "", page.text)
    assert 'data-step="1"' in page.text
    revealed = desk.verdict(token, "correct").text
    assert "MY-NOTE" not in revealed
    assert not re.search(r'name="failure_mode"[^>]*checked', revealed)


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_after_a_skip_a_planted_unit_opens_as_a_drawn_one_does(
    ana_client, audit, repeating_too, at_desk, kind
):
    planted = audit if kind == "gold" else repeating_too
    desk = at_desk(ana_client, planted)
    first = desk.open()
    desk.skip(first)
    assert desk.get(f"units/{first}/").status_code == 200
    work(desk, until=kind)
    token = desk.open()
    assert desk.skip(token).status_code == 200
    assert desk.open() != token
    assert desk.get(f"units/{token}/").status_code == 200
    work(desk)
    assert not Label.objects.filter(unit__token=token).exists()


# Skip, undo, change, close


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_undo_of_a_skip_gives_the_planted_unit_back(
    ana_client, audit, repeating_too, at_desk, kind
):
    planted = audit if kind == "gold" else repeating_too
    desk = at_desk(ana_client, planted)
    work(desk, until=kind)
    token = desk.open()
    desk.skip(token)
    assert token_on(desk.undo()) == token
    assert desk.open() == token
    desk.verdict(token, "correct")
    assert desk.label(token, "latency").status_code == 200
    label = Label.objects.get(unit__token=token)
    assert not label.is_late
    assert label.seat.is_planted


def test_a_skip_after_an_undone_label_moves_on_and_can_be_undone(ana_client, audit, at_desk):
    """The place cannot be deleted: the old label was given from it."""
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    desk.verdict(token, "correct")
    desk.label(token, "latency")
    desk.undo()
    assert desk.skip(token).status_code == 200
    assert desk.open() != token
    assert Skip.objects.filter(unit__token=token, undone_at=None).exists()
    assert token_on(desk.undo()) == token
    assert desk.open() == token


def test_a_skipped_repeat_is_not_made_again(ana, ana_client, repeating, at_desk):
    desk = at_desk(ana_client, repeating)
    work(desk, until="repeat")
    original = Unit.objects.get(token=desk.open()).repeats
    desk.skip(desk.open())
    work(desk)
    assert Unit.objects.filter(repeats=original).count() == 1


def test_a_label_on_a_planted_unit_is_changed_and_undone_as_any(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    desk.verdict(token, "correct")
    desk.label(token, "latency")
    desk.label(token, "formatting")
    mine = Label.objects.filter(unit__token=token)
    assert mine.count() == 2
    assert mine.current().get().failure_mode.code == "formatting"
    assert token_on(desk.undo()) == token
    assert not mine.current().exists()
    desk.label(token, "latency")
    assert not mine.current().get().is_late


def test_a_planted_seat_is_never_passed_on(ana_client, ben_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    expire(audit)
    work(at_desk(ben_client, audit))
    assert desk.open() == token
    assert Seat.objects.get(unit__token=token, coder__user__username="ana").is_planted


def test_closing_and_reopening_an_audit_keeps_the_planted_unit_on_the_desk(
    ana_client, audit, at_desk
):
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    workflow.close_audit(audit)
    assert "is closed" in desk.get().text
    workflow.reopen_audit(audit)
    assert desk.open() == token
