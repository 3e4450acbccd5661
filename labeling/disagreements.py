"""Units whose coders disagree: the lead's queue."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from labeling.models import Adjudication, Audit, Label, Unit
from labeling.progress import awaited_seats


@dataclass(frozen=True, kw_only=True)
class AnonymousLabel:
    """A label as the lead sees it before deciding: without its coder's name."""

    letter: str
    correctness: str
    mode: str
    note: str
    revision_reason: str


def disputed_units(audit: Audit) -> QuerySet[Unit]:
    """Units with two different labels or more, decided ones included.

    Modes differ by code: the same mode of two codebook versions is no disagreement.
    A unit is the lead's only once every label it was asked for is in, or the audit is closed and
    no more will come: a decision on fewer would be taken back by the next one.
    """
    split = (
        Label.objects.counted()
        .filter(unit__audit=audit)
        .values("unit")
        .annotate(
            n_modes=Count("failure_mode__code", distinct=True),
            n_verdicts=Count("correctness", distinct=True),
        )
        .filter(Q(n_modes__gt=1) | Q(n_verdicts__gt=1))
    )
    units = audit.units.drawn().filter(pk__in=split.values("unit"), output__isnull=False)
    return units.filter(~Exists(awaited_seats())) if not audit.is_closed else units


def undecided(units: QuerySet[Unit]) -> QuerySet[Unit]:
    decided = Adjudication.objects.current().filter(unit=OuterRef("pk"))
    return units.filter(~Exists(decided))


def waiting_units(audit: Audit) -> QuerySet[Unit]:
    """Disputed units without a decision, lowest agreement first."""
    n_modes = Count(
        "labels__failure_mode__code",
        filter=Q(labels__superseded_at=None, labels__is_late=False),
        distinct=True,
    )
    return undecided(disputed_units(audit)).annotate(n_modes=n_modes).order_by("-n_modes", "prn")


def anonymous_labels(unit: Unit) -> list[AnonymousLabel]:
    """The unit's labels side by side, in an order that says nothing about who gave them."""
    labels = Label.objects.counted().filter(unit=unit).select_related("failure_mode")
    ordered = sorted(labels, key=lambda label: label.submission_id)
    return [
        AnonymousLabel(
            letter=chr(ord("A") + index % 26),
            correctness=label.get_correctness_display(),
            mode=label.failure_mode.name if label.failure_mode else "",
            note=label.note,
            revision_reason=label.revision_reason,
        )
        for index, label in enumerate(ordered)
    ]
