"""What a lead sees of an audit's gold and training units."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import Substr

from labeling.models import Audit, Gold, Label, TrainingAnswer
from labeling.planting import is_right

BEGINNING = 2000
"""Characters of an output that the list shows."""


@dataclass(frozen=True, kw_only=True)
class PlantedStock:
    """Units with a known answer that are in use, and which of those that are asked for lack.

    ``n_outdated`` have a failure mode that the audit's codebook has no more: nobody can be right.
    """

    n_gold: int
    n_training: int
    n_outdated: int
    lacks_gold: bool
    lacks_training: bool

    @property
    def is_lacking(self) -> bool:
        return self.lacks_gold or self.lacks_training or self.n_outdated > 0


def planted_stock(audit: Audit) -> PlantedStock:
    """Compare what the settings ask for with the units there are; a closed audit asks nothing."""
    still_there = Q(failure_mode__code__in=audit.codebook.modes.values("code"))
    in_use = Gold.objects.filter(unit__audit=audit, retired_at=None)
    found = in_use.aggregate(
        n_gold=Count("pk", filter=Q(is_training=False)),
        n_training=Count("pk", filter=Q(is_training=True)),
        n_outdated=Count("pk", filter=Q(failure_mode__isnull=False) & ~still_there),
    )
    asks = not audit.is_closed
    found["n_outdated"] *= asks
    return PlantedStock(
        **found,
        lacks_gold=asks and audit.gold_share > 0 and not found["n_gold"],
        lacks_training=asks and audit.training_bar is not None and not found["n_training"],
    )


@dataclass(frozen=True, kw_only=True)
class GoldRow:
    """A gold or training unit with how it was answered; of training the first attempts count."""

    gold: Gold
    beginning: str
    n_coders: int
    n_right: int

    @property
    def share_right(self) -> float | None:
        return self.n_right / self.n_coders if self.n_coders else None


def gold_rows(audit: Audit) -> list[GoldRow]:
    """Every gold and training unit of the audit, those in use first."""
    golds = (
        Gold.objects.filter(unit__audit=audit)
        .select_related("unit", "failure_mode")
        .annotate(beginning=Substr("unit__output__content__text", 1, BEGINNING))
    )
    right = rightness(golds)
    rows = [
        GoldRow(
            gold=gold,
            beginning=gold.beginning,
            n_coders=len(right[gold.pk]),
            n_right=sum(right[gold.pk]),
        )
        for gold in golds
    ]
    return sorted(
        rows,
        key=lambda row: (row.gold.retired_at is not None, not row.gold.is_training, row.gold.pk),
    )


def rightness(golds: Iterable[Gold]) -> dict[int, list[bool]]:
    """Gold to whether each of its coders was right: counted labels, or first training answers."""
    by_unit = {gold.unit_id: gold for gold in golds}
    labels = Label.objects.counted().filter(unit__in=by_unit)
    answers = TrainingAnswer.objects.filter(
        gold__unit__in=by_unit, attempt=1, answered_at__isnull=False
    )
    said = [
        *labels.values_list("unit_id", "correctness", "failure_mode__code"),
        *answers.values_list("gold__unit_id", "correctness", "failure_mode__code"),
    ]
    right: dict[int, list[bool]] = defaultdict(list)
    for unit, correctness, mode in said:
        gold = by_unit[unit]
        right[gold.pk].append(is_right(correctness, mode, gold))
    return right
