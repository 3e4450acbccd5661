"""The desk where two things meet: sent twice, skipped and labelled, two versions, gold."""

import re
import uuid

import pytest

from labeling import seating, workflow
from labeling.codebook_versions import adopt
from labeling.exports import build_manifest
from labeling.grader_reports import build_grader_report
from labeling.models import Draft, Label, Seat, Skip
from labeling.reliability import Part, read_categories, read_parts
from labeling.undo import undo_last
from labeling.workflow import Judgment
from tests.labeling.test_third_opinion import claim_and_say
from tests.sampled import expire
from tests.versions import clone_version


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(4)


def test_a_note_added_before_sending_again_is_not_shown_as_saved(ana_client, audit, at_desk):
    """The first answer got lost on its way back; the grader adds a note and presses Enter."""
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.verdict(token, "correct")
    form = str(uuid.uuid4())
    desk.label(token, "latency", submission_id=form)
    answer = desk.label(token, "latency", submission_id=form, note="Twelve seconds.")
    label = Label.objects.current().get(unit__token=token)
    assert answer.status_code == 422 or label.note == "Twelve seconds."


def test_a_draft_after_a_lost_answer_is_not_said_to_be_kept(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.verdict(token, "correct")
    form = str(uuid.uuid4())
    desk.label(token, "latency", submission_id=form)
    answer = desk.post(
        f"units/{token}/keep/",
        {"draft": "1", "note": "Twelve seconds.", "submission_id": form},
    )
    assert "kept_at" not in answer.json() or Draft.objects.exists()


def test_an_undo_that_is_sent_again_takes_back_one_label(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    desk.give()
    desk.give()
    shown = {"shown": desk.open()}
    desk.post("undo/", shown)  # the answer is lost; the form on the page is sent again
    desk.post("undo/", shown)
    assert Label.objects.current().count() == 1


def test_a_skipped_unit_that_is_labelled_after_all_is_skipped_no_more(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.skip(token)
    desk.verdict(token, "correct")
    desk.label(token, "latency")
    labelled = Label.objects.current().filter(unit__token=token).exists()
    skipped = Skip.objects.filter(unit__token=token, undone_at=None).exists()
    assert not (labelled and skipped)


def test_undoing_a_label_on_a_skipped_unit_leaves_it_open(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.skip(token)
    desk.verdict(token, "correct")
    desk.label(token, "latency")
    desk.undo()
    held = Seat.objects.filter(unit__token=token, coder__isnull=False, is_done=False).exists()
    assert not held or desk.open() == token


def test_a_flag_that_was_sent_is_no_draft_any_more(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.post(f"units/{token}/keep/", {"draft": "1", "flag_text": "Which shop?"})
    desk.post(f"units/{token}/flag/", {"text": "Which shop?"}, target="flag-thread")
    assert "Which shop?</textarea>" not in desk.get().text


def test_two_versions_of_one_mode_ask_no_third_opinion(make_open_audit, make_graders):
    audit = make_open_audit(1, asks_third=True)
    first, second = make_graders(2)
    claim_and_say(audit, first, "latency")
    old = audit.codebook
    new = clone_version(old)
    adopt(audit, new)
    audit.refresh_from_db()
    claim_and_say(audit, second, "latency")
    assert Seat.objects.filter(audit=audit).count() == 2


def test_agreement_by_version_leaves_third_opinions_out(make_open_audit, make_graders):
    audit = make_open_audit(1, asks_third=True)
    first, second, third = make_graders(3)
    claim_and_say(audit, first, "latency")
    claim_and_say(audit, second, "formatting")
    claim_and_say(audit, third, "latency")
    (patterns,) = read_parts(audit, read_categories(audit), Part.VERSION).values()
    assert patterns.total_labels == 2


def test_the_manifest_counts_no_planted_label(
    make_open_audit, make_gold, make_graders, tmp_path, every_second
):
    audit = make_open_audit(12, asks_third=True, gold_share=0.5, coders=2)
    for number in (101,):
        make_gold(audit, number)
    coders = make_graders(4)
    for coder in coders:
        for _ in range(5):
            claim_and_say(audit, coder, "latency")
    assert Label.objects.filter(unit__kind="gold").count() > 2
    path = tmp_path / "x"
    path.write_text("")
    manifest = build_manifest(audit, kind="reliability", n_rows=0, file=path, name="x")
    assert manifest["withheld"] == {}


def test_progress_on_my_work_does_not_tell_planted_units(
    ana_client, make_open_audit, make_gold, at_desk
):
    """It once counted the places of the sample one by one."""
    audit = make_open_audit(12, gold_share=0.5)
    make_gold(audit, 101)
    at_desk(ana_client, audit).give()
    for path in ("/my-work/", "/"):
        page = ana_client.get(path).text
        assert re.search(r"\b1 of 24\b|of 12 units", page) is None
    assert "about 0%" in ana_client.get("/my-work/").text


def test_a_third_opinion_in_the_blind_step_is_still_taken_after_its_place_is_gone(
    make_open_audit, make_graders, project
):
    audit = make_open_audit(1, asks_third=True)
    first, second, third = make_graders(3)
    claim_and_say(audit, first, "latency")
    label = claim_and_say(audit, second, "formatting")
    seat = seating.claim_next(audit, third)
    assert seat.position == 3
    expire(audit)
    undo_last(audit, second)
    assert seating.was_given(label.unit, third)


def test_a_lead_who_decided_cannot_change_the_own_blind_label(
    lea_client, lea, ben_client, make_open_audit, at_desk
):
    audit = make_open_audit(1)
    lead, ben = at_desk(lea_client, audit), at_desk(ben_client, audit)
    label = lead.give("correct", "latency")
    ben.give("correct", "formatting")
    unit = label.unit
    workflow.adjudicate(
        unit=unit,
        lead=lea,
        judgment=Judgment(
            correctness="correct", failure_mode=audit.codebook.modes.get(code="formatting")
        ),
        reason="Seen.",
    )
    lead.label(unit.token, "formatting")
    assert Label.objects.current().get(unit=unit, coder=label.coder).category == "latency"


def test_retry_after_a_new_version(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    t = desk.open()
    desk.verdict(t, "correct")
    f = str(uuid.uuid4())
    v = str(audit.codebook.version)
    desk.label(t, "latency", submission_id=f, codebook_version=v)
    adopt(audit, clone_version(audit.codebook))
    a = desk.label(t, "latency", submission_id=f, codebook_version=v)
    assert a.status_code == 200, re.findall(r"field-error[^<]*>([^<]*)", a.text)


def test_changed_gold_label_changes_lead_figure(
    ana_client, make_open_audit, make_gold, at_desk, every_second
):
    audit = make_open_audit(12, gold_share=0.5)
    for n in (101, 102, 103):
        make_gold(audit, n)
    desk = at_desk(ana_client, audit)
    while True:
        label = desk.give("correct", "formatting")
        if label.unit.kind == "gold":
            break
    before = build_grader_report(audit).rows[0].quality
    desk.label(label.unit.token, "latency")
    after = build_grader_report(audit).rows[0].quality
    assert before.gold_accuracy == after.gold_accuracy


def test_flag_after_lapse(ana_client, ben_client, make_open_audit, at_desk):
    audit = make_open_audit(1, coders=1)
    ana, ben = at_desk(ana_client, audit), at_desk(ben_client, audit)
    t = ana.open()
    expire(audit)
    ben.open()
    assert ana.get(f"units/{t}/").status_code == 200
    assert ana.post(f"units/{t}/flag/", {"text": "x"}).status_code == 200
