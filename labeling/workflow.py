"""Everything that is said about a unit: verdicts, labels, skips, decisions.

Each function is one transaction that locks its parent first. Times are the database's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from labeling.drafts import drop_draft, keep_draft
from labeling.models import (
    Adjudication,
    Audit,
    Codebook,
    Coder,
    Correctness,
    FailureMode,
    Label,
    Seat,
    Skip,
    Unit,
    Verdict,
)
from labeling.seating import (
    extend_lease,
    give_back,
    release,
    remember_holders,
    seat_for_label,
)
from labeling.third_opinions import settle_third_opinion
from projects.errors import InputError
from projects.models import Project, User
from projects.prepared import Prepared


class AuditClosedError(InputError):
    """The audit takes no labels: not yet, or no more."""

    def __init__(self, audit: Audit) -> None:
        why = "is not open yet and takes no labels"
        if audit.is_closed:
            why = "is closed and takes no more labels; a lead can reopen it"
        super().__init__(f"The audit “{audit.name}” {why}.")


@dataclass(frozen=True, kw_only=True)
class Judgment:
    """What a grader or a lead decided, before it is checked against the codebook."""

    correctness: str
    failure_mode: FailureMode | None = None
    further_modes: tuple[FailureMode, ...] = ()
    revision_reason: str = ""
    note: str = ""


def coders_of(*, project: int, user: int) -> QuerySet[Coder]:
    return Coder.objects.filter(project=project, user=user)


CODER = Prepared(coders_of, "project", "user")


def coder_of(project: Project, user: User) -> Coder:
    """The member as a source of labels, under a pseudonym that is stable in the project."""
    known = CODER.first(project=project.pk, user=user.pk)
    if known:
        return known
    name = project.pseudonym(user.username, prefix="c")[:10]
    return Coder.objects.get_or_create(project=project, user=user, defaults={"name": name})[0]


def verdicts_of(*, unit: int, coder: int) -> QuerySet[Verdict]:
    return Verdict.objects.filter(unit=unit, coder=coder)


VERDICT = Prepared(verdicts_of, "unit", "coder")


def verdict_of(unit: Unit, coder: Coder) -> Verdict | None:
    """The coder's blind verdict on the unit, once it is locked."""
    return VERDICT.first(unit=unit.pk, coder=coder.pk)


@transaction.atomic
def record_verdict(*, unit: Unit, coder: Coder, correctness: str) -> Verdict:
    """Store and lock the blind verdict; a second one for the same unit changes nothing."""
    audit = lock_open_audit(unit)
    require_fresh_eyes(unit, coder)
    if correctness not in Correctness.values:
        raise InputError(
            f"Verdict: expected one of {', '.join(Correctness.values)}, got {correctness!r}."
        )
    extend_lease(unit, coder)
    given = verdict_of(unit, coder)  # the unit is locked
    return given or Verdict.objects.create(
        unit=unit, coder=coder, correctness=correctness, is_blind=audit.is_blind
    )


@transaction.atomic
def record_label(*, unit: Unit, coder: Coder, judgment: Judgment, submission_id: str) -> Label:
    """Append the coder's label; the same submission twice is one label.

    An earlier label of the coder on this unit is superseded and kept. When the coder's lease ran
    out and nobody has a free seat left, the label is kept as late, outside the figures.

    Raises
    ------
    InputError
        There is no verdict yet, the mode contradicts the verdict, or the audit is closed.
    """
    audit = lock_audit(unit)
    sent_before = SUBMITTED.first(submission=submission_id)
    if sent_before:
        return sent_before_by(coder, unit, sent_before, judgment)
    require_open(audit)
    require_fresh_eyes(unit, coder)
    verdict = verdict_of(unit, coder)
    if verdict is None:
        raise InputError("The verdict comes first: say whether the answer was right.")
    checked = check_judgment(judgment, audit.codebook, unit, verdict)
    seat = seat_for_label(unit, coder)
    if CURRENT.first(unit=unit.pk, coder=coder.pk):
        current_labels(unit=unit.pk, coder=coder.pk).update(superseded_at=Now())
    label = Label.objects.create(
        unit=unit,
        coder=coder,
        seat=seat,
        verdict=verdict,
        revision_reason=judgment.revision_reason,
        note=judgment.note,
        codebook=audit.codebook,
        submission_id=submission_id,
        is_late=seat is None,
        **checked,
    )
    if judgment.further_modes:
        label.further_modes.set(judgment.further_modes)
    if seat:
        Seat.objects.filter(pk=seat.pk).update(is_done=True)
    if OPEN_SKIP.first(unit=unit.pk, coder=coder.pk):
        open_skips(unit=unit.pk, coder=coder.pk).update(undone_at=Now())
    drop_draft(unit, coder)
    settle_third_opinion(audit, unit)
    return label


def submitted(*, submission: str) -> QuerySet[Label]:
    return Label.objects.filter(submission_id=submission)


def current_labels(*, unit: int, coder: int) -> QuerySet[Label]:
    return Label.objects.current().filter(unit=unit, coder=coder)


def decisions(*, unit: int, user: int) -> QuerySet[Adjudication]:
    return Adjudication.objects.filter(unit=unit, decided_by=user)


def open_skips(*, unit: int, coder: int) -> QuerySet[Skip]:
    return Skip.objects.filter(unit=unit, coder=coder, undone_at=None)


SUBMITTED = Prepared(submitted, texts=("submission",))
CURRENT = Prepared(current_labels, "unit", "coder")
DECISION = Prepared(decisions, "unit", "user")
OPEN_SKIP = Prepared(open_skips, "unit", "coder")


def require_fresh_eyes(unit: Unit, coder: Coder) -> None:
    if coder.user_id and DECISION.first(unit=unit.pk, user=coder.user_id):
        raise InputError("You decided on this unit as the lead: it needs the eyes of others.")


def was_sent(submission_id: str) -> bool:
    """Whether a label of this submission is stored already."""
    return SUBMITTED.first(submission=submission_id) is not None


def sent_before_by(coder: Coder, unit: Unit, label: Label, judgment: Judgment) -> Label:
    """The label of this very submission, if it still says what is sent now.

    The mode is compared by its code: the audit may have moved to a later codebook since. An id
    that is somebody else's is refused, and so is one whose label was taken back or said
    something else: its receipt would show as saved what was not.
    """
    is_this = (label.coder_id, label.unit_id) == (coder.pk, unit.pk)
    if not is_this or label.superseded_at is not None or not says_the_same(label, judgment):
        raise InputError(
            "This form was used up by an earlier answer: nothing was saved, submit it again."
        )
    return label


def says_the_same(label: Label, judgment: Judgment) -> bool:
    """In every part that is typed or chosen; modes by their codes."""
    code = judgment.failure_mode.code if judgment.failure_mode else judgment.correctness
    return (
        (label.correctness, label.category) == (judgment.correctness, code)
        and label.note == judgment.note
        and label.revision_reason == judgment.revision_reason
        and {mode.code for mode in label.further_modes.all()}
        == {mode.code for mode in judgment.further_modes}
    )


def check_judgment(
    judgment: Judgment, codebook: Codebook, unit: Unit, verdict: Verdict | None
) -> dict[str, object]:
    """The judgment as columns, or one sentence that says what contradicts what."""
    moved = verdict is not None and judgment.correctness != verdict.correctness
    if moved and not judgment.revision_reason.strip():
        raise InputError("A verdict that changes after the reveal needs a reason.")
    asks_mode = unit.asks_mode
    mode = judgment.failure_mode
    if not asks_mode or judgment.correctness == Correctness.CANNOT_TELL:
        if mode is not None:
            raise InputError(f"No failure mode is asked here, got {mode.code!r}.")
    else:
        check_mode(mode, judgment, codebook)
    return {
        "correctness": judgment.correctness,
        "asks_mode": asks_mode,
        "failure_mode": mode,
        "needed_verdict": mode.needs_verdict if mode else "",
    }


def check_mode(mode: FailureMode | None, judgment: Judgment, codebook: Codebook) -> None:
    if mode is None:
        raise InputError("Choose the failure mode: why was the output rated down?")
    if mode.codebook_id != codebook.pk or any(
        further.codebook_id != codebook.pk for further in judgment.further_modes
    ):
        raise InputError(f"Failure modes: expected modes of codebook {codebook}.")
    for chosen in (mode, *judgment.further_modes):
        if chosen.needs_verdict not in ("", judgment.correctness):
            raise InputError(
                f"“{chosen.name}” needs the verdict {chosen.needs_verdict}, "
                f"got {judgment.correctness}."
            )


@transaction.atomic
def keep_typed(*, unit: Unit, coder: Coder, fields: Mapping[str, Any], submission_id: str) -> bool:
    """Keep what is typed as a draft, unless its label has come in: then it was sent (False).

    A page of the first step has no submission id; with a label there, it is older than the label.
    """
    lock_audit(unit)
    own = Label.objects.current().filter(unit=unit, coder=coder)
    if was_sent(submission_id) if submission_id else own.exists():
        return False
    keep_draft(unit=unit, coder=coder, fields=fields)
    return True


@transaction.atomic
def skip_unit(*, unit: Unit, coder: Coder, reason: str, note: str = "") -> Skip:
    """Pass on a unit: it goes back for others and does not count as a label."""
    audit = lock_open_audit(unit)
    if reason not in Skip.Reason.values:
        raise InputError(f"Skip: expected a reason of the list, got {reason!r}.")
    if Label.objects.current().filter(unit=unit, coder=coder).exists():
        raise InputError("You have labelled this unit: undo the label before you skip it.")
    skip, _ = Skip.objects.get_or_create(
        unit=unit, coder=coder, undone_at=None, defaults={"reason": reason, "note": note}
    )
    give_back(unit, coder)
    settle_third_opinion(audit, unit)  # a third place that nobody needs any more goes with it
    return skip


# The lead


@transaction.atomic
def adjudicate(*, unit: Unit, lead: User, judgment: Judgment, reason: str) -> Adjudication:
    """Record a lead's decision on a unit; an earlier decision is superseded and kept."""
    Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    if not reason.strip():
        raise InputError("A decision needs a reason: it is what the next codebook learns from.")
    checked = check_judgment(judgment, unit.audit.codebook, unit, None)
    Adjudication.objects.current().filter(unit=unit).update(superseded_at=Now())
    return Adjudication.objects.create(unit=unit, decided_by=lead, reason=reason.strip(), **checked)


@transaction.atomic
def close_audit(audit: Audit) -> None:
    """No more labels; seats that are held are given back."""
    lock_settings(audit)
    units = Unit.objects.select_for_update(no_key=True).filter(audit=audit).order_by("pk")
    list(units.values_list("pk", flat=True))  # labels that are on their way come in first
    Audit.objects.filter(pk=audit.pk).update(status=Audit.Status.CLOSED, closed_at=Now())
    waiting = Seat.objects.filter(audit=audit, is_done=False, is_planted=False).order_by("pk")
    remember_holders(waiting.select_for_update(of=("self",)))  # claims on their way come in first
    release(Seat.objects.filter(audit=audit))


@transaction.atomic
def reopen_audit(audit: Audit) -> None:
    lock_settings(audit)
    closed = Audit.objects.filter(pk=audit.pk, status=Audit.Status.CLOSED)
    closed.update(status=Audit.Status.OPEN, closed_at=None)


def lock_settings(audit: Audit) -> Audit:
    """Lock the audit's own row against other changes of it, not against new seats on its units."""
    return Audit.objects.select_for_update(no_key=True).get(pk=audit.pk)


def audits_with_codebook(*, audit: int) -> QuerySet[Audit]:
    return Audit.objects.select_related("codebook").filter(pk=audit)


AUDIT = Prepared(audits_with_codebook, "audit")


def locked_units(*, unit: int) -> QuerySet[Unit]:
    return Unit.objects.select_for_update(of=("self",), no_key=True).filter(pk=unit)


LOCK = Prepared(locked_units, "unit")


def lock_audit(unit: Unit) -> Audit:
    """Lock the unit, so that everything said about it happens one after the other.

    The audit is read once the lock is held: closing it waits for every unit first.

    Without its key: a claim that holds one of its seats refers to the unit, and must not wait.
    """
    LOCK.first(unit=unit.pk)
    found = AUDIT.first(audit=unit.audit_id)
    assert found is not None  # units protect it
    return found


def lock_open_audit(unit: Unit) -> Audit:
    audit = lock_audit(unit)
    require_open(audit)
    return audit


def require_open(audit: Audit) -> None:
    if not audit.is_open:
        raise AuditClosedError(audit)
