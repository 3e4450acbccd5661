"""Planted units: gold with a known answer, and hidden repeats of a coder's own units.

They measure graders and enter no figure of the audit. A coder must not be able to tell them from
drawn ones, so what is planted when depends on nothing that a coder sees or sets.
"""

import hashlib

from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from feedback.frame_strata import FRAMES
from feedback.models import Feedback, Output
from labeling.models import (
    PLANTED,
    Adjudication,
    Audit,
    Coder,
    Correctness,
    FailureMode,
    Gold,
    Label,
    Seat,
    Skip,
    TrainingAnswer,
    Unit,
)
from projects.errors import InputError
from projects.models import Membership, User
from projects.roles import READERS

REPEAT_GAP = 20
"""Labels between a unit and its repeat; in an audit of fewer than 40 units half of them."""


@transaction.atomic
def add_gold(
    *,
    audit: Audit,
    output: Output,
    correctness: str,
    mode: FailureMode | None,
    explanation: str = "",
    is_training: bool = False,
    by: User | None = None,
) -> Gold:
    """Make an output a gold or training unit; a retired one comes back with this answer.

    Raises
    ------
    InputError
        The answer is not whole, or the output could be told from the units of the sample.
    """
    Audit.objects.select_for_update().get(pk=audit.pk)
    unit = Unit.objects.filter(audit=audit, name=output.external_id).exclude(kind="repeat").first()
    check_plantable(audit, output, unit)
    explanation = explanation.strip()
    check_answer(audit, correctness, mode)
    if is_training and not explanation:
        raise InputError("explanation: expected a text for a training unit, got none.")
    return Gold.objects.update_or_create(
        unit=unit or gold_unit(audit, output),
        defaults={
            "correctness": correctness,
            "failure_mode": mode,
            "explanation": explanation,
            "is_training": is_training,
            "created_by": by,
            "created_at": timezone.now(),
            "retired_at": None,
        },
    )[0]


def check_plantable(audit: Audit, output: Output, unit: Unit | None) -> None:
    """Refuse what is in the sample, and what the reveal would give away."""
    name = output.external_id
    if audit.is_imported:
        raise InputError(f"audit: expected one that was drawn here, {audit.slug!r} is imported.")
    if output.project_id != audit.project_id:
        raise InputError(f"unit: expected an output of {audit.project.slug!r}, got {name!r}.")
    if unit and unit.kind != Unit.Kind.GOLD:
        raise InputError(f"unit: {name!r} is in the sample of {audit.slug!r}: choose another.")
    if unit and unit.gold.retired_at is None:
        raise InputError(f"unit: {name!r} is a gold unit already: retire it to correct its answer.")
    if not could_be_drawn(audit).filter(output=output).exists():
        wanted = "a user disagreed with" if audit.frame == "disagreed" else "a user rated negative"
        raise InputError(
            f"unit: expected an output that {wanted} before the audit was drawn, got {name!r}."
        )


def could_be_drawn(audit: Audit) -> QuerySet[Feedback]:
    """The signals that a drawn negative unit of this audit would be revealed with."""
    signals = Feedback.objects.as_of(audit.frame_until).filter(
        output__project=audit.project_id, channel__in=FRAMES[audit.frame].channels
    )
    return signals if audit.frame == "disagreed" else signals.filter(is_negative=True)


def check_answer(audit: Audit, correctness: str, mode: FailureMode | None) -> None:
    if correctness not in Correctness.values:
        expected = ", ".join(Correctness.values)
        raise InputError(f"correctness: expected one of {expected}, got {correctness!r}.")
    if (mode is None) != (correctness == Correctness.CANNOT_TELL):
        expected = "no failure mode with cannot_tell" if mode else "a failure mode"
        raise InputError(f"label: expected {expected}, got {mode.code if mode else 'none'}.")
    if mode and mode.codebook_id != audit.codebook_id:
        raise InputError(f"label: expected a mode of codebook {audit.codebook}, got {mode.code!r}.")
    if mode and mode.needs_verdict not in ("", correctness):
        raise InputError(
            f"label: {mode.code!r} needs the verdict {mode.needs_verdict}, got {correctness}."
        )


def gold_unit(audit: Audit, output: Output) -> Unit:
    return Unit.objects.create(
        audit=audit,
        output=output,
        name=output.external_id,
        kind=Unit.Kind.GOLD,
        prn=digest(audit.seed, output.external_id),
        serving=digest(audit.seed, "serve", output.external_id),
    )


@transaction.atomic
def retire(gold: Gold) -> None:
    """Plant it no more and ask it in no training; what was answered on it stays."""
    locked = Gold.objects.select_for_update().filter(pk=gold.pk, retired_at=None)
    locked.update(retired_at=Now())


def is_right(correctness: str, mode_code: str | None, gold: Gold) -> bool:
    """Whether an answer is the known one: the same verdict and the same failure mode."""
    expected = gold.failure_mode.code if gold.failure_mode else None
    return (correctness, mode_code or None) == (gold.correctness, expected)


# At the desk


def plants(audit: Audit) -> bool:
    return audit.gold_share > 0 or audit.repeat_share > 0


def next_planted(audit: Audit, coder: Coder) -> Seat | None:
    """A seat on a planted unit, if one comes next for this coder; never as the very first unit.

    The choice is a fixed number of the audit's seed, the coder and how many units the coder has
    dealt with, so that two tabs and a reload give the same unit.
    """
    n_done = count_done(audit, coder)
    if n_done == 0:
        return None
    drawn = int(digest(audit.seed, "plant", coder.pk, n_done)[:8], 16) / 2**32
    if drawn >= audit.gold_share + audit.repeat_share or knows_answers(audit, coder):
        return None
    find = next_gold if drawn < audit.gold_share else next_repeat
    unit = find(audit, coder)
    return planted_seat(unit, coder) if unit else None


def knows_answers(audit: Audit, coder: Coder) -> bool:
    """Whether the coder may read gold and labels, their own sealed ones among them.

    What is planted would measure nothing for whoever can look the answer up.
    """
    member = Membership.objects.current().filter(project=audit.project_id, user=coder.user_id)
    return member.filter(role__in=READERS).exists()


def count_done(audit: Audit, coder: Coder) -> int:
    """Units the coder has labelled or skipped in this audit."""
    mine = {"unit__audit": audit, "coder": coder}
    n_labels = Label.objects.current().filter(**mine).count()
    return n_labels + Skip.objects.filter(undone_at=None, **mine).count()


def next_gold(audit: Audit, coder: Coder) -> Unit | None:
    """A gold unit that is new to the coder, in an order of the coder's own.

    Never one that this person made, or was shown the answer of in training.
    """
    same_unit = {"unit": OuterRef("pk"), "coder": coder}
    new = audit.units.filter(kind=Unit.Kind.GOLD).filter(
        Q(gold__created_by=None) | ~Q(gold__created_by=coder.user_id),
        ~Exists(Seat.objects.filter(**same_unit)),
        ~Exists(Label.objects.filter(**same_unit)),
        ~Exists(Skip.objects.filter(undone_at=None, **same_unit)),
        ~Exists(TrainingAnswer.objects.filter(gold__unit=OuterRef("pk"), coder=coder)),
        gold__is_training=False,
        gold__retired_at=None,
    )
    return first_by_lot(list(new), audit, coder)


def next_repeat(audit: Audit, coder: Coder) -> Unit | None:
    """A copy of a drawn unit that the coder labelled long enough ago; each at most once."""
    given = Label.objects.current().filter(unit__audit=audit, coder=coder).order_by("-created_at")
    long_ago = given.values_list("unit_id", flat=True)[repeat_gap(audit) :]
    repeated = Unit.objects.filter(kind=Unit.Kind.REPEAT, repeats=OuterRef("pk")).filter(
        Q(seats__coder=coder) | Q(skips__coder=coder)
    )
    # As a lead the coder may have decided on it since, with the others' labels in sight.
    decided = Adjudication.objects.filter(
        unit=OuterRef("pk"), decided_by__isnull=False, decided_by=coder.user_id
    )
    originals = audit.units.drawn().filter(
        ~Exists(repeated), ~Exists(decided), pk__in=list(long_ago)
    )
    original = first_by_lot(list(originals), audit, coder)
    return repeat_of(original) if original else None


def repeat_gap(audit: Audit) -> int:
    return max(1, min(REPEAT_GAP, audit.units.drawn().count() // 2))


def repeat_of(original: Unit) -> Unit:
    return Unit.objects.create(
        audit=original.audit,
        stratum=original.stratum,
        output=original.output,
        name=original.name,
        kind=Unit.Kind.REPEAT,
        repeats=original,
        prn=original.prn,
        serving=original.serving,
    )


def first_by_lot(units: list[Unit], audit: Audit, coder: Coder) -> Unit | None:
    return min(units, key=lambda unit: digest(audit.seed, coder.pk, unit.pk), default=None)


def planted_seat(unit: Unit, coder: Coder) -> Seat:
    """A place of the coder's own on a planted unit; the caller leases it.

    The unit is not locked: whoever labels it holds it, and may be waiting for ours.
    """
    while True:
        last = Seat.objects.filter(unit=unit).aggregate(position=Max("position"))["position"]
        try:
            with transaction.atomic():
                return Seat.objects.create(
                    unit=unit,
                    audit_id=unit.audit_id,
                    position=(last or 0) + 1,
                    serving=unit.serving,
                    coder=coder,
                    claimed_at=Now(),
                    lease_until=Now(),
                    is_planted=True,
                )
        except IntegrityError:  # another coder took this position at the same moment
            if Seat.objects.filter(unit=unit, coder=coder).exists():
                raise


def give_up(unit: Unit, coder: Coder) -> None:
    """After a skip: take the coder's planted place away, unless a label was once given from it."""
    own = Seat.objects.filter(unit=unit, coder=coder, is_planted=True)
    own.filter(~Exists(Label.objects.filter(seat=OuterRef("pk")))).delete()


def is_planted(unit: Unit) -> bool:
    return unit.kind in PLANTED


def digest(*parts: object) -> str:
    text = ":".join(map(str, parts))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
