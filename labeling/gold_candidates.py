"""Outputs that could become gold or training units of an audit, for a lead to choose from.

What is in the audit's own sample is never offered: its labels count there.
"""

from dataclasses import dataclass

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Substr

from feedback.models import Output
from labeling.models import Adjudication, Audit, Correctness, Unit
from labeling.planting import could_be_drawn
from labeling.progress import awaited_seats

MOST_FOUND = 10
MOST_UNANIMOUS = 10
BEGINNING = 300
"""Characters of an output that are read for a line."""


@dataclass(frozen=True, kw_only=True)
class Unanimous:
    """A unit of another audit on which all its labels are the same."""

    token: str
    name: str
    audit_name: str
    beginning: str
    n_labels: int
    correctness: str
    mode: str
    """The mode's code; empty with cannot_tell."""
    mode_name: str

    @property
    def verdict(self) -> str:
        return Correctness(self.correctness).label


def free_outputs(audit: Audit) -> QuerySet[Output]:
    """Outputs that would look like drawn units and are not in the audit yet."""
    taken = audit.units.filter(output__isnull=False).values("output")
    outputs = Output.objects.filter(project=audit.project_id)
    return outputs.filter(pk__in=could_be_drawn(audit).values("output")).exclude(pk__in=taken)


def find_outputs(audit: Audit, words: str) -> list[Output]:
    """Free outputs whose id or text holds the words, with their `beginning`."""
    words = words.strip()
    if not words:
        return []
    found = free_outputs(audit).filter(
        Q(external_id__icontains=words) | Q(content__text__icontains=words)
    )
    lines = found.annotate(beginning=Substr("content__text", 1, BEGINNING))
    return list(lines.order_by("external_id")[:MOST_FOUND])


def decisions_on_offer(audit: Audit) -> QuerySet[Adjudication]:
    """Decisions of the project's other audits on outputs that could be gold here."""
    found = (
        Adjudication.objects.current()
        .filter(
            unit__kind=Unit.Kind.SAMPLED,
            unit__stratum__is_negative=True,
            unit__output__in=free_outputs(audit).values("pk"),
        )
        .exclude(unit__audit=audit)
        .exclude(correctness="")
    )
    return found.select_related("unit__audit", "unit__output", "failure_mode").order_by(
        "-created_at", "-pk"
    )


def unanimous_units(audit: Audit, *, token: str = "") -> list[Unanimous]:
    """Units of other audits with two labels or more that all say the same, the latest first.

    Units that a lead has decided on are among the decisions. Those that wait for a label in an
    open audit are left out: the lead may be the one who is asked.
    """
    rows = same_labels(audit)
    if token:
        rows = rows.filter(token=token)
    names = dict(audit.codebook.modes.values_list("code", "name"))
    found = rows.values(  # type: ignore[misc]
        "token", "name", "audit__name", "beginning", "n_labels", "said", "mode"
    )
    return [
        Unanimous(
            token=row["token"],
            name=row["name"],
            audit_name=row["audit__name"],
            beginning=row["beginning"],
            n_labels=row["n_labels"],
            correctness=row["said"],
            mode=row["mode"] or "",
            mode_name=names.get(row["mode"], row["mode"] or ""),
        )
        for row in found[:MOST_UNANIMOUS]
    ]


def same_labels(audit: Audit) -> QuerySet[Unit]:
    decided = Adjudication.objects.current().filter(unit=OuterRef("pk"))
    units = Unit.objects.filter(
        ~Exists(decided),
        Q(audit__status=Audit.Status.CLOSED) | ~Exists(awaited_seats()),
        kind=Unit.Kind.SAMPLED,
        stratum__is_negative=True,
        output__in=free_outputs(audit).values("pk"),
    )
    counted = Q(labels__superseded_at=None, labels__is_late=False)
    return (
        units.annotate(
            n_labels=Count("labels", filter=counted),
            n_verdicts=Count("labels__correctness", filter=counted, distinct=True),
            n_codes=Count("labels__failure_mode__code", filter=counted, distinct=True),
            n_with_mode=Count("labels__failure_mode", filter=counted),
            said=Min("labels__correctness", filter=counted),
            mode=Min("labels__failure_mode__code", filter=counted),
            last=Max("labels__created_at", filter=counted),
            beginning=Substr("output__content__text", 1, BEGINNING),
        )
        .filter(n_labels__gte=2, n_verdicts=1)
        .filter(Q(n_with_mode=0) | Q(n_codes=1, n_with_mode=F("n_labels")))
        .exclude(said="")
        .order_by("-last", "-pk")
    )
