"""The units behind agreement: which disagree, which carry two labels, and one with its labels.

Who may still label a unit must not read what others said of it: in an open audit a lead sees the
labels of a unit once all that were asked for are in.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists
from django.db.models.functions import Coalesce, Left

from feedback.models import Content
from labeling.audit_agreement import AuditAgreement, DisputedRow
from labeling.models import Audit, Label, Unit
from labeling.models.unit import UnitQuerySet
from labeling.progress import awaited_seats
from labeling.reliability import NO_MODE, Categories, labelled_units
from projects.roles import LABELERS

EXCERPT = 300


@dataclass(frozen=True, kw_only=True)
class ListedUnit:
    """A unit, how its output begins, and how often each label was given to it."""

    unit: Unit
    text: str
    said: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class GivenLabel:
    """One coder's label beside those of others; `coder` is empty where names are kept back."""

    coder: str
    letter: str
    blind: str
    correctness: str
    mode: str
    further: tuple[str, ...]
    note: str
    revision_reason: str
    codebook: str
    is_third: bool


def readable_units(audit: Audit, role: str) -> UnitQuerySet:
    """The units whose labels this role may read now."""
    units = audit.units.drawn()
    if role in LABELERS and audit.is_open:
        return units.filter(~Exists(awaited_seats()))
    return units


def units_carrying(audit: Audit, categories: Categories, codes: Sequence[str]) -> UnitQuerySet:
    """Units with a label of each of these categories, in draw order."""
    labelled: Any = labelled_units(audit).values("pk")
    for place, code in enumerate(codes):
        n = Count("labels", filter=categories.said(code))
        labelled = labelled.annotate(**{f"n_{place}": n}).filter(**{f"n_{place}__gt": 0})
    return audit.units.filter(pk__in=labelled.values("pk")).order_by("prn", "pk")


def most_disputed(agreed: AuditAgreement, role: str, *, at_most: int) -> list[ListedUnit]:
    """The units that disagree most and may be read, at most 200."""
    rows = readable_rows(agreed, role)[:at_most]
    counts = {row.unit.pk: row.disputed.counts for row in rows}
    return listed([row.unit for row in rows], counts, agreed.categories)


def readable_rows(agreed: AuditAgreement, role: str) -> list[DisputedRow]:
    found = agreed.most_disputed
    readable = set(
        readable_units(agreed.audit, role)
        .filter(pk__in=[row.unit.pk for row in found])
        .values_list("pk", flat=True)
    )
    return [row for row in found if row.unit.pk in readable]


def carrying(agreed: AuditAgreement, units: Sequence[Unit]) -> list[ListedUnit]:
    return listed(units, labels_on(agreed.audit, agreed.categories, units), agreed.categories)


def labels_on(
    audit: Audit, categories: Categories, units: Sequence[Unit]
) -> dict[int, dict[str, int]]:
    """How often each category was given to each of these units."""
    mode = Coalesce("labels__failure_mode", NO_MODE)
    rows = labelled_units(audit).filter(pk__in=[unit.pk for unit in units])
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for unit, of, n in rows.values_list("pk", mode).annotate(n=Count("labels")):
        found[unit][categories.codes[categories.place[of]]] += n
    return found


def listed(
    units: Sequence[Unit], counts: dict[int, dict[str, int]], categories: Categories
) -> list[ListedUnit]:
    outputs = [unit.output_id for unit in units if unit.output_id]
    texts = Content.objects.filter(pk__in=outputs).annotate(begin=Left("text", EXCERPT))
    begin = dict(texts.values_list("pk", "begin"))
    return [
        ListedUnit(
            unit=unit,
            text=begin.get(unit.output_id or 0, ""),
            said=most_first(counts[unit.pk], categories),
        )
        for unit in units
    ]


def most_first(counts: dict[str, int], categories: Categories) -> tuple[tuple[str, int], ...]:
    """Names and numbers; what was said as often is in the codebook's order."""
    said = [(categories.names[code], counts[code]) for code in categories.codes if code in counts]
    return tuple(sorted(said, key=lambda item: -item[1]))


def labels_side_by_side(unit: Unit, audit: Audit, names: dict[str, str] | None) -> list[GivenLabel]:
    """The unit's counted labels; without `names` in an order that says nothing of who gave them."""
    labels = (
        Label.objects.counted()
        .filter(unit=unit)
        .select_related("failure_mode", "verdict", "coder", "codebook", "seat")
        .prefetch_related("further_modes")
    )
    hidden = names is None
    ordered = sorted(labels, key=lambda label: label.submission_id if hidden else label.coder.name)
    return [
        given_label(label, audit, letter=chr(ord("A") + place % 26), names=names)
        for place, label in enumerate(ordered)
    ]


def given_label(
    label: Label, audit: Audit, *, letter: str, names: dict[str, str] | None
) -> GivenLabel:
    blind = label.verdict if label.verdict and label.verdict.is_blind else None
    position = label.seat.position if label.seat else 0
    return GivenLabel(
        coder="" if names is None else names.get(label.coder.name, label.coder.name),
        letter=letter,
        blind=blind.get_correctness_display() if blind else "",
        correctness=label.get_correctness_display(),
        mode=label.failure_mode.name if label.failure_mode else "",
        further=tuple(mode.name for mode in label.further_modes.all()),
        note=label.note,
        revision_reason=label.revision_reason,
        codebook="" if label.codebook_id == audit.codebook_id else str(label.codebook),
        is_third=audit.asks_third and position > audit.coders_per_unit,
    )
