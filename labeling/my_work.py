"""What a grader has done and sent, counted now; about others nothing is said."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from analysis.proportions import wilson
from labeling.effort import TimeSpent, time_spent
from labeling.flags import EXCERPT, flags_with_last_word
from labeling.models import Audit, Coder, Label, Seat, Skip, Unit

MAX_FLAGS = 50
STEPS = (5, 10, 20, 25, 50, 100)
LEAST_STEP = 10
ACCURACY_BATCH = 20
"""Own accuracy is counted anew after so many units."""


@dataclass(frozen=True, kw_only=True)
class OwnAccuracy:
    """Gold units whose verdict and mode the coder gave as known, with a Wilson interval."""

    n_right: int
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class OwnFlag:
    """A thread as a line of a list; `text` is the output's beginning."""

    token: str
    text: str
    last_text: str
    last_at: dt.datetime
    is_new: bool
    is_answered: bool
    is_resolved: bool


@dataclass(frozen=True, kw_only=True)
class SentLine:
    """A label as a line of the list of what was sent; gold and repeats look like all others."""

    token: str
    text: str
    is_sealed: bool
    correctness: str
    mode: str
    has_note: bool
    version: int
    is_late: bool
    sent_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class AuditWork:
    """One coder's work in one audit. Today: since midnight UTC. `time` None: not measured."""

    audit: Audit
    n_today: int
    n_mine: int
    n_skipped_today: int
    time: TimeSpent | None
    n_places: int
    n_done: int
    flags: list[OwnFlag]
    accuracy: OwnAccuracy | None

    @property
    def percent_done(self) -> int | None:
        """The part of all places, everybody's, that have a label; see `in_steps`."""
        return in_steps(self.n_done, self.n_places)

    @property
    def percent_step(self) -> int:
        return percent_step(self.n_places)


def percent_step(n: int) -> int:
    """The step that holds at least ten of `n`, in percent."""
    return next((step for step in STEPS if step * n >= 100 * LEAST_STEP), STEPS[-1])


def in_steps(n_done: int, n: int) -> int | None:
    """Percent in steps of five or more, rounded down; None of nothing.

    A figure that moved with every label would tell a planted unit, which moves none.
    """
    step = percent_step(n)
    return step * (100 * n_done // (step * n)) if n else None


def work_in(audit: Audit, coder: Coder) -> AuditWork:
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    skips = Skip.objects.filter(unit__audit=audit, coder=coder, undone_at=None)
    return AuditWork(
        audit=audit,
        n_skipped_today=skips.filter(created_at__gte=midnight).count(),
        time=time_spent(coder, audit=audit, since=midnight),
        flags=own_flags(audit, coder),
        accuracy=own_accuracy(audit, coder) if audit.shares_accuracy else None,
        **count_own_labels(audit, coder, since=midnight),
        **count_places(audit),
    )


def count_own_labels(audit: Audit, coder: Coder, *, since: dt.datetime) -> dict[str, int]:
    own = Label.objects.current().filter(unit__audit=audit, coder=coder)
    return own.aggregate(n_mine=Count("pk"), n_today=Count("pk", filter=Q(created_at__gte=since)))


def count_places(audit: Audit) -> dict[str, int]:
    places = Seat.objects.filter(audit=audit, is_planted=False)
    return places.aggregate(n_places=Count("pk"), n_done=Count("pk", filter=Q(is_done=True)))


def own_flags(audit: Audit, coder: Coder) -> list[OwnFlag]:
    """The coder's threads: those with an unread answer first, the latest word first."""
    own = flags_with_last_word(audit).filter(coder=coder)
    rows = own.order_by("-is_new", "-last_at", "-pk").values(  # type: ignore[misc]
        "unit__token", "excerpt", "last_text", "last_at", "is_new", "is_answered", "resolved_at"
    )
    return [
        OwnFlag(
            token=row["unit__token"],
            text=row["excerpt"],
            last_text=row["last_text"],
            last_at=row["last_at"],
            is_new=row["is_new"],
            is_answered=row["is_answered"],
            is_resolved=row["resolved_at"] is not None,
        )
        for row in rows[:MAX_FLAGS]
    ]


def own_accuracy(audit: Audit, coder: Coder) -> OwnAccuracy:
    """By the first label on each gold unit, over whole batches of the coder's labels.

    A figure that moved with the label on a gold unit would tell that it was one; this one moves
    after every 20 units, whichever they were. A label that is changed afterwards moves nothing,
    so nobody can find out by trying which units are gold and what their answers are.
    """
    earlier = Label.objects.filter(unit=OuterRef("unit"), coder=coder, pk__lt=OuterRef("pk"))
    first = Label.objects.filter(~Exists(earlier), unit__audit=audit, coder=coder)
    counted = first.count() // ACCURACY_BATCH * ACCURACY_BATCH
    in_batches = first.order_by("pk").values_list("pk", flat=True)[:counted]
    on_gold = first.filter(
        pk__in=list(in_batches),
        unit__kind=Unit.Kind.GOLD,
        unit__gold__is_training=False,
        unit__gold__retired_at=None,
    ).select_related("unit__gold__failure_mode", "failure_mode")
    right = [said_as_known(label) for label in on_gold]
    if not right:
        return OwnAccuracy(n_right=0, n=0)
    interval = wilson(sum(right), len(right))
    return OwnAccuracy(n_right=sum(right), n=len(right), low=interval.low, high=interval.high)


def said_as_known(label: Label) -> bool:
    """Modes are compared by code, since the codebook may have had a version in between."""
    known = label.unit.gold
    code = known.failure_mode.code if known.failure_mode else known.correctness
    return (label.correctness, label.category) == (known.correctness, code)


def sent_labels(audit: Audit, coder: Coder) -> QuerySet[Label]:
    """The coder's current labels, the newest first, with the beginning of each output."""
    own = Label.objects.current().filter(unit__audit=audit, coder=coder, is_imported=False)
    return (
        own.select_related("unit", "failure_mode", "codebook")
        .annotate(text=Substr("unit__output__content__text", 1, EXCERPT))
        .order_by("-created_at", "-pk")
    )


def sent_line(label: Label, *, sealed_before: dt.datetime | None) -> SentLine:
    """Of the unit the token alone: kind, name, stratum and release are not for its coders.

    Of a sealed label what was chosen is left out.
    """
    is_sealed = sealed_before is not None and label.created_at < sealed_before
    mode = label.failure_mode.name if label.failure_mode else ""
    return SentLine(
        token=label.unit.token,
        text=label.text,  # type: ignore[attr-defined]
        is_sealed=is_sealed,
        correctness="" if is_sealed else label.get_correctness_display(),
        mode="" if is_sealed else mode,
        has_note=bool(label.note) and not is_sealed,
        version=label.codebook.version,
        is_late=label.is_late,
        sent_at=label.created_at,
    )


def label_fields(label: Label, audit: Audit) -> dict[str, Any]:
    """What a label says as the judgment form's fields.

    Modes that the audit's codebook no longer has are left out.
    """
    codes = set(audit.codebook.modes.values_list("code", flat=True))
    mode = label.failure_mode.code if label.failure_mode else ""
    further = [mode.code for mode in label.further_modes.all() if mode.code in codes]
    return {
        "correctness": label.correctness,
        "failure_mode": mode if mode in codes else "",
        "further_modes": further,
        "revision_reason": label.revision_reason,
        "note": label.note,
    }
