"""How many more labels would decide whether a share was stable, in each audit of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

from scipy import special

from analysis.planner import margin_for_units
from analysis.shares import Share

DEFAULT_POWER = 0.80
MAX_LABELS = 20_000


@dataclass(frozen=True, kw_only=True)
class LabelsToDecide:
    """Labels more in each audit, or why no number is given.

    ``decision`` is what the series would then be called with the chance ``power``, if each share
    is what it was found to be.
    """

    labels: int | None
    decision: Literal["stable", "moved"] | None
    power: float
    undefined_because: str | None = None

    @property
    def sentence(self) -> str:
        if self.labels is None:
            return f"no number of labels can be named: {self.undefined_because}"
        return (
            f"label about {self.labels:,} more in each audit: if the shares are as found, it is "
            f"then called {self.decision} with a chance of {self.power:.0%} or more"
        )

    def as_dict(self) -> dict[str, object]:
        return {
            "labels": self.labels,
            "decision": self.decision,
            "power": self.power,
            "undefined_because": self.undefined_because,
        }


def labels_to_decide(
    this: Share, earlier: Sequence[Share], *, margin: float, power: float = DEFAULT_POWER
) -> LabelsToDecide:
    """Find the fewest labels more in each audit after which the test decides with this chance.

    With k more labels a share has the half width of `margin_for_units`, at its own level and
    design effect, and the difference theirs square-and-added, earlier audits by their frames.
    Stable needs |d| + half width under the margin (Schuirmann 1987), moved |d| - half width above
    zero; chances are normal, around the differences as found.

    Parameters
    ----------
    this, earlier : Share
        Of the audit and of those it is compared with, at least one, without finite population.
    """
    if any(one.value is None or not one.n_eff for one in (this, *earlier)):
        return _none("one of the audits has no share of its own", power)
    plan = _Plan.of(this, earlier, margin)
    most = min(MAX_LABELS, *(one.n_frame - one.n for one in (this, *earlier)))
    if most < 1 or max(plan.chances(most)) < power:
        reason = f"more than {MAX_LABELS:,} labels in each audit would be needed"
        if most < MAX_LABELS:
            reason = "not even all outputs of the smallest audit's frame would decide it"
        return _none(reason, power)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if max(plan.chances(middle)) >= power else (middle, high)
    stable, moved = plan.chances(high)
    return LabelsToDecide(
        labels=high, decision="stable" if stable >= moved else "moved", power=power
    )


def _none(reason: str, power: float) -> LabelsToDecide:
    return LabelsToDecide(labels=None, decision=None, power=power, undefined_because=reason)


@dataclass(frozen=True)
class _Side:
    """One share with its weight in the difference; ``p`` is smoothed, so it has a variance."""

    weight: float
    p: float
    n: int
    deff: float
    level: float

    @classmethod
    def of(cls, found: Share, weight: float) -> "_Side":
        p = ((found.value or 0.0) * found.n + 0.5) / (found.n + 1)
        return cls(weight, p, found.n, found.n / (found.n_eff or found.n), found.level)

    def half_width(self, more: int) -> float:
        n = self.n + more
        return self.weight * margin_for_units(self.p, n, deff=self.deff, level=self.level)

    def standard_error(self, more: int) -> float:
        return self.weight * sqrt(self.p * (1 - self.p) * self.deff / (self.n + more))


@dataclass(frozen=True)
class _Plan:
    sides: tuple[_Side, ...]
    difference: float
    margin: float

    @classmethod
    def of(cls, this: Share, earlier: Sequence[Share], margin: float) -> "_Plan":
        n_frame = sum(one.n_frame for one in earlier)
        before = [_Side.of(one, one.n_frame / n_frame) for one in earlier]
        mean = sum(one.n_frame / n_frame * (one.value or 0.0) for one in earlier)
        return cls((_Side.of(this, 1.0), *before), abs((this.value or 0.0) - mean), margin)

    def chances(self, more: int) -> tuple[float, float]:
        """Of being called stable, and of being called moved."""
        half = sqrt(sum(side.half_width(more) ** 2 for side in self.sides))
        error = sqrt(sum(side.standard_error(more) ** 2 for side in self.sides))
        inside = [self.margin - half - self.difference, self.margin - half + self.difference]
        stable = sum(float(special.ndtr(room / error)) for room in inside) - 1
        return max(stable, 0.0), float(special.ndtr((self.difference - half) / error))
