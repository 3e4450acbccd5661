"""What the workflow and, beneath it, the database refuse; what is kept when something changes."""

import uuid

import pytest
from django.db import IntegrityError, models, transaction

from labeling import workflow
from labeling.models import Adjudication, Coder, Label, Skip, Verdict
from labeling.undo import undo_last
from labeling.workflow import AuditClosedError, Judgment
from projects.errors import InputError
from projects.models import Project
from tests.sampled import add_unit


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2)


@pytest.fixture
def unit(audit):
    return audit.units.first()


@pytest.fixture
def coder(project, ana):
    return workflow.coder_of(project, ana)


@pytest.fixture
def mode(audit):
    return {mode.code: mode for mode in audit.codebook.modes.all()}


@pytest.fixture
def say(unit, coder):
    def say(correctness, failure_mode=None, *, verdict="correct", on=unit, **more):
        workflow.record_verdict(unit=on, coder=coder, correctness=verdict)
        judgment = Judgment(correctness=correctness, failure_mode=failure_mode, **more)
        return workflow.record_label(
            unit=on, coder=coder, judgment=judgment, submission_id=str(uuid.uuid4())
        )

    return say


@pytest.fixture
def insert(unit, coder, audit):
    """Write a label past every form and function."""

    def insert(**fields):
        with transaction.atomic():
            return Label.objects.create(
                unit=unit,
                coder=coder,
                codebook=unit.audit.codebook,
                submission_id=str(uuid.uuid4()),
                **fields,
            )

    return insert


@pytest.mark.parametrize(
    ("correctness", "code"),
    [("correct", "hallucination"), ("incorrect", "unwelcome_but_correct")],
)
def test_a_mode_that_contradicts_its_verdict_is_refused_twice(say, insert, mode, correctness, code):
    with pytest.raises(InputError, match="needs the verdict"):
        say(correctness, mode[code], verdict=correctness)
    needed = mode[code].needs_verdict
    with pytest.raises(IntegrityError):
        insert(correctness=correctness, failure_mode=mode[code], needed_verdict=needed)


def test_the_database_refuses_what_no_form_sends(insert, mode):
    latency = {"failure_mode": mode["latency"], "needed_verdict": "correct"}
    impossible = [
        {"correctness": "cannot_tell", **latency},
        {"correctness": "correct"},
        {"correctness": "right", **latency},
        {"correctness": ""},
        {"correctness": "correct", "asks_mode": False, **latency},
    ]
    for fields in impossible:
        with pytest.raises(IntegrityError):
            insert(**fields)
    assert not Label.objects.exists()


def test_the_database_keeps_one_verdict_and_one_current_label_per_coder(say, insert, mode, unit):
    label = say("correct", mode["latency"])
    with pytest.raises(IntegrityError):
        insert(correctness="cannot_tell")
    with pytest.raises(IntegrityError), transaction.atomic():
        Verdict.objects.create(unit=unit, coder=label.coder, correctness="incorrect")


def test_a_mode_of_another_codebook_is_refused(say, make_open_audit, project):
    from labeling.codebooks import default_codebook

    other = Project.objects.create(slug="other", name="Other")
    foreign = default_codebook(other).modes.get(code="latency")
    with pytest.raises(InputError, match="expected modes of codebook default v1"):
        say("correct", foreign)


def test_a_changed_verdict_needs_a_reason(say, mode):
    with pytest.raises(InputError, match="needs a reason"):
        say("incorrect", mode["refusal"], revision_reason="  ")
    label = say("incorrect", mode["refusal"], revision_reason="The user is right.")
    assert (label.verdict.correctness, label.correctness) == ("correct", "incorrect")


def test_a_sham_unit_takes_no_mode(audit, coder, say, mode):
    sham = add_unit(audit, 7, kind="sham")
    with pytest.raises(InputError, match="No failure mode is asked here"):
        say("correct", mode["latency"], on=sham)
    assert say("correct", on=sham).asks_mode is False


def test_further_modes_are_kept_and_follow_the_verdict(say, mode):
    with pytest.raises(InputError, match="“Refusal” needs the verdict incorrect"):
        say("correct", mode["latency"], further_modes=(mode["refusal"],))
    label = say("correct", mode["latency"], further_modes=(mode["formatting"],))
    assert [further.code for further in label.further_modes.all()] == ["formatting"]


def test_a_later_label_supersedes_and_keeps_the_earlier(say, mode):
    first, second = say("correct", mode["latency"]), say("correct", mode["formatting"])
    first.refresh_from_db()
    assert first.superseded_at is not None
    assert list(Label.objects.current()) == [second]
    assert first.seat_id == second.seat_id


def test_a_closed_audit_takes_nothing(say, mode, unit, coder, audit):
    workflow.close_audit(audit)
    with pytest.raises(AuditClosedError, match="takes no more labels"):
        say("correct", mode["latency"])
    with pytest.raises(AuditClosedError):
        workflow.skip_unit(unit=unit, coder=coder, reason="other")
    workflow.reopen_audit(audit)
    assert say("correct", mode["latency"])


@pytest.mark.parametrize("word", ["yes", "", "correct "])
def test_an_unknown_verdict_is_refused(unit, coder, word):
    with pytest.raises(InputError, match="expected one of correct, incorrect, cannot_tell"):
        workflow.record_verdict(unit=unit, coder=coder, correctness=word)


def test_undo_of_a_closed_audit_is_refused(say, mode, audit, coder):
    say("correct", mode["latency"])
    workflow.close_audit(audit)
    with pytest.raises(AuditClosedError):
        undo_last(audit, coder)
    assert Label.objects.current().count() == 1


def test_a_coder_has_a_pseudonym_and_is_made_once(project, ana, coder):
    assert workflow.coder_of(project, ana) == coder
    assert coder.name.startswith("c-")
    assert "ana" not in coder.name


def test_labels_outlive_people_and_codebooks(say, mode, ana):
    say("correct", mode["latency"])
    for kept in (ana, Coder.objects.get(), mode["latency"]):
        with pytest.raises(models.ProtectedError):
            kept.delete()


def test_a_decision_needs_a_reason_also_in_the_database(unit, lea):
    judgment = Judgment(correctness="cannot_tell")
    with pytest.raises(InputError, match="A decision needs a reason"):
        workflow.adjudicate(unit=unit, lead=lea, judgment=judgment, reason=" \n")
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjudication.objects.create(unit=unit, decided_by=lea, correctness="cannot_tell", reason="")


def test_skips_twice_are_one(unit, coder):
    workflow.skip_unit(unit=unit, coder=coder, reason="other")
    workflow.skip_unit(unit=unit, coder=coder, reason="language")
    assert Skip.objects.get().reason == "other"
