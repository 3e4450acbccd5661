"""Undo and skip at the desk, step by step, and what a closed audit takes of either."""

import uuid

import pytest

from labeling.models import Label, Skip
from labeling.workflow import Judgment, adjudicate
from tests.sampled import token_on

BOTH_WAYS = pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])


def test_undo_brings_the_unit_back_with_its_locked_verdict_and_keeps_the_old_label(ana_desk):
    old = ana_desk.give("correct", "latency")
    page = ana_desk.undo()
    assert token_on(page) == old.unit.token
    assert 'value="unwelcome_but_correct"' in page.text
    ana_desk.label(old.unit.token, "formatting")
    old.refresh_from_db()
    assert old.superseded_at is not None
    assert Label.objects.current().get().failure_mode.code == "formatting"


@BOTH_WAYS
def test_undo_of_a_skip_shows_the_unit_again(ana_client, audit, at_desk, htmx):
    desk = at_desk(ana_client, audit, htmx=htmx)
    token = desk.open()
    desk.skip(token)
    answer = desk.undo()
    assert token_on(answer if htmx else ana_client.get(answer.url)) == token
    assert Skip.objects.get().undone_at is not None


def test_undo_with_nothing_to_undo_says_so(ana_desk):
    answer = ana_desk.undo()
    assert answer.status_code == 422
    assert "There is nothing to undo" in answer.text


def test_undo_of_a_skip_whose_places_are_taken_says_so_and_the_skip_stays(
    ana_client, make_open_audit, ben_client, at_desk
):
    audit = make_open_audit(1, coders=1)
    desk = at_desk(ana_client, audit)
    desk.skip(desk.open())
    at_desk(ben_client, audit).give()
    answer = desk.undo()
    assert answer.status_code == 422
    assert "gone to other graders" in answer.text
    assert Skip.objects.get().undone_at is None


def test_undo_works_step_by_step(ana_desk):
    first, second = ana_desk.give(), ana_desk.give()
    assert token_on(ana_desk.undo()) == second.unit.token
    assert token_on(ana_desk.undo()) == first.unit.token
    assert not Label.objects.current().exists()


def test_an_undo_of_the_empty_page_that_is_sent_twice_takes_back_one(
    ana_client, make_open_audit, at_desk
):
    """There is no unit on the page to name; it names how much there is to undo."""
    desk = at_desk(ana_client, make_open_audit(2))
    first, second = desk.give(), desk.give()
    page = desk.get()
    assert '<input type="hidden" name="n_done" value="2">' in page.text
    tokens = [token_on(desk.post("undo/", {"n_done": "2"})) for _ in range(2)]
    assert tokens == [second.unit.token] * 2
    assert Label.objects.current().get() == first
    assert token_on(desk.post("undo/", {"n_done": "no number"})) == first.unit.token


def test_a_lead_who_decided_since_keeps_the_label(lea, lea_client, audit, at_desk):
    """Taken back, it could not be given again: the lead knows what the others said."""
    desk = at_desk(lea_client, audit)
    label = desk.give()
    judgment = Judgment(correctness="correct", failure_mode=label.failure_mode)
    adjudicate(unit=label.unit, lead=lea, judgment=judgment, reason="As the policy says.")
    answer = desk.undo()
    assert answer.status_code == 422
    assert "You decided on this unit as the lead" in answer.text
    label.refresh_from_db()
    assert label.superseded_at is None


def test_a_skip_needs_a_reason_of_the_list(ana_desk):
    token = ana_desk.open()
    for sent in ({}, {"reason": "bored"}):
        answer = ana_desk.post(f"units/{token}/skip/", sent)
        assert answer.status_code == 422
        assert "reason of the list" in answer.text
    assert not Skip.objects.exists()


def test_a_labelled_unit_is_not_skipped_by_a_stale_page(ana_desk):
    label = ana_desk.give()
    answer = ana_desk.skip(label.unit.token)
    assert answer.status_code == 422
    assert "undo the label before you skip" in answer.text
    assert not Skip.objects.exists()


def test_a_closed_audit_takes_nothing_and_says_why(ana_desk, audit):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    audit.status = "closed"
    audit.save(update_fields=["status"])
    for answer in (ana_desk.label(token, "latency"), ana_desk.skip(token)):
        assert answer.status_code == 422
        assert "is closed and takes no more labels" in answer.text
    assert "This audit is closed" in ana_desk.get().text
    assert not Label.objects.exists()
    assert not Skip.objects.exists()


def test_a_label_sent_before_the_audit_closed_still_gets_its_receipt(ana_desk, audit):
    form = {"submission_id": str(uuid.uuid4())}
    label = ana_desk.give(**form)
    audit.status = "closed"
    audit.save(update_fields=["status"])
    again = ana_desk.label(label.unit.token, "latency", **form)
    assert again.status_code == 200
    assert 'class="saved"' in again.text
