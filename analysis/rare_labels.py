"""Intervals of one label against the rest that hold where few units carry it.

The bootstrap draws again what was seen: of three units with a rare label it covers .70 to .90. So
specific agreement is taken as what it is, a share: of the labels that the other coders of a
carrying unit gave, the part that is this label. It gets the smoothed interval of such a share
(`analysis.domains`; Korn & Graubard 1998), and alpha the same on its own scale.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import Estimate, FloatArray
from analysis.patterns import Patterns
from analysis.proportions import Interval, clopper_pearson


def widened(estimate: Estimate, bounds: Interval | None) -> Estimate:
    """Give an estimate's interval the ends of `bounds` too; one that was withheld stays so."""
    if bounds is None or estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(
        value=estimate.value,
        low=min(estimate.low, bounds.low),
        high=max(estimate.high, bounds.high),
        n=estimate.n,
    )


def specific_bounds(patterns: Patterns, label: int) -> Interval | None:
    """Return Clopper-Pearson of the specific agreement S at n_eff = S (1 - S) / v.

    v is the linearised variance of the ratio S = sum y / sum x over units, x = n_uk and
    y = n_uk (n_uk - 1) / (m_u - 1), once half a unit that agrees and half a unit that does not,
    both of mean size, were added. None where no unit with two labels carries the label.
    """
    side = _Side.of(patterns, label)
    return side.interval(side.pull()) if side.total else None


def alpha_bounds(patterns: Patterns, label: int) -> Interval | None:
    """Return the interval of alpha of a label against the rest, from the rarer of the two.

    1 - alpha = (N - 1)/N (1 - S)/(1 - q), q the part of all labels. v is that of S - (1 - alpha) q,
    so that it holds how q varies with S; the ends are then those of S, put into the formula.
    None where alpha is undefined.
    """
    side = _Side.of(patterns, label).rarer()
    if side.total == 0:
        return None
    n = float(side.w @ side.m)
    q = side.total / n
    by_part = side.smoothed_rest() / (1 - q) * (side.x - q * side.m) / n
    found = side.interval(side.pull() - by_part)
    scale = (n - 1) / n / (1 - q)
    return Interval(1 - scale * (1 - found.low), 1 - scale * (1 - found.high))


@dataclass(frozen=True, eq=False)
class _Side:
    """Per pattern: units w, labels m, those of this label x, and y of them in agreeing pairs."""

    w: FloatArray
    m: FloatArray
    x: FloatArray

    @classmethod
    def of(cls, patterns: Patterns, label: int) -> "_Side":
        met = patterns.labels_per_unit >= 2
        return cls(
            w=patterns.n_units[met].astype(np.float64),
            m=patterns.labels_per_unit[met].astype(np.float64),
            x=patterns.counts[met, label].astype(np.float64),
        )

    def rarer(self) -> "_Side":
        return self if 2 * self.total <= self.w @ self.m else _Side(self.w, self.m, self.m - self.x)

    @property
    def y(self) -> FloatArray:
        return self.x * (self.x - 1) / (self.m - 1)

    @property
    def total(self) -> float:
        return float(self.w @ self.x)

    @property
    def n_units(self) -> float:
        return float(self.w @ (self.x > 0))

    @property
    def size(self) -> float:
        """Labels of a mean unit that carries the label."""
        return self.total / self.n_units

    def smoothed(self) -> float:
        """S with half an agreeing and half a disagreeing unit more."""
        return (float(self.w @ self.y) + self.size / 2) / (self.total + self.size)

    def smoothed_rest(self) -> float:
        return 1 - self.smoothed()

    def pull(self) -> FloatArray:
        """Return what a unit of each pattern adds to the smoothed S."""
        return (self.y - self.smoothed() * self.x) / (self.total + self.size)

    def interval(self, pull: FloatArray) -> Interval:
        s, part = self.smoothed(), self.size / (self.total + self.size)
        added = part**2 * (s**2 + (1 - s) ** 2) / 2
        variance = float(self.w @ pull**2) + added
        n_eff = s * (1 - s) / variance * self.n_units / (self.n_units + 1)
        n_eff = min(n_eff, self.total)
        agreed = float(self.w @ self.y) / self.total
        return clopper_pearson(min(agreed * n_eff, n_eff), n_eff)
