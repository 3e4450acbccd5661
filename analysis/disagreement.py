"""Where coders disagree: which labels are taken for each other, and on which units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.estimates import FloatArray, IntArray
from analysis.patterns import Patterns


@dataclass(frozen=True, eq=False, kw_only=True)
class Coincidences:
    """The coincidence matrix that alpha is computed from (Krippendorff 2011), shape (K, K).

    Attributes
    ----------
    observed : each unordered pair of labels on a unit of m labels counts twice, 1/(m - 1) each time
        Symmetric; row k adds up to the labels of k on units with two labels or more.
    expected : the same by chance, from the totals alone; zero where there are under two labels
    """

    categories: tuple[str, ...]
    observed: FloatArray
    expected: FloatArray


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Two different labels on one unit.

    ``weight`` is their part of the coincidences, both orders, ``share`` of all disagreement;
    ``ratio`` is observed over expected by chance, None where chance expects none. ``n_units`` carry
    both.
    """

    labels: tuple[str, str]
    n_units: int
    weight: float
    share: float
    ratio: float | None


@dataclass(frozen=True, kw_only=True)
class PatternEntropy:
    """Units with one count vector and the entropy of its labels in bits; zero: all agree."""

    counts: dict[str, int]
    n_units: int
    entropy: float


def coincidences(patterns: Patterns) -> Coincidences:
    counts = patterns.counts.astype(np.float64)
    m = patterns.labels_per_unit
    weight = np.where(m >= 2, patterns.n_units / np.maximum(m - 1, 1), 0.0)
    observed = (counts * weight[:, None]).T @ counts - np.diag(weight @ counts)
    given = observed.sum(axis=1)
    total = given.sum()
    expected = np.outer(given, given) - np.diag(given)
    return Coincidences(
        categories=patterns.categories,
        observed=observed,
        expected=expected / (total - 1) if total > 1 else np.zeros_like(expected),
    )


def confusions(patterns: Patterns) -> tuple[Confusion, ...]:
    """Return the pairs of labels that stand on one unit, the weightiest first."""
    found = coincidences(patterns)
    carried = (patterns.counts > 0).astype(np.int64)
    both = carried.T @ (carried * patterns.n_units[:, None])
    apart = 2 * np.triu(found.observed, 1)
    total = float(apart.sum())
    order = np.argsort(-apart, axis=None, kind="stable")[: np.count_nonzero(apart)]
    return tuple(
        Confusion(
            labels=(patterns.categories[k], patterns.categories[other]),
            n_units=int(both[k, other]),
            weight=float(apart[k, other]),
            share=float(apart[k, other]) / total,
            ratio=_ratio(apart[k, other], 2 * found.expected[k, other]),
        )
        for k, other in zip(*np.unravel_index(order, apart.shape), strict=True)
    )


def entropy(counts: IntArray) -> FloatArray:
    """Return the entropy of each row's labels in bits (Shannon 1948)."""
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    share = counts / total
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.maximum(-(share * logs).sum(axis=1), 0.0))


def patterns_by_entropy(patterns: Patterns) -> tuple[PatternEntropy, ...]:
    """Return the count vectors that hold different labels, the most entropy first."""
    bits = entropy(patterns.counts)
    order = np.lexsort([-patterns.n_units, -patterns.labels_per_unit, -np.round(bits, 12)])
    return tuple(
        PatternEntropy(
            counts=_named(patterns.counts[i], patterns.categories),
            n_units=int(patterns.n_units[i]),
            entropy=float(bits[i]),
        )
        for i in order
        if bits[i] > 0
    )


def _named(counts: IntArray, categories: Sequence[str]) -> dict[str, int]:
    return {name: int(n) for name, n in zip(categories, counts, strict=True) if n}


def _ratio(observed: float, expected: float) -> float | None:
    return float(observed / expected) if expected > 0 else None


@dataclass(frozen=True, kw_only=True)
class DisputedUnit:
    """A unit whose coders differ, by its database key, and how often each label was given."""

    unit: int
    counts: dict[str, int]
    entropy: float


class MostDisputed:
    """Keeps the `at_most` units of most entropy; among equals more labels, then the lower key."""

    def __init__(self, categories: Sequence[str], *, at_most: int) -> None:
        self._categories, self._at_most = categories, at_most
        self._units = np.zeros(0, dtype=np.int64)
        self._counts = np.zeros((0, len(categories)), dtype=np.int64)

    def add(self, units: IntArray, counts: IntArray) -> None:
        differ = counts.max(axis=1) < counts.sum(axis=1)
        units = np.concatenate([self._units, units[differ]])
        counts = np.concatenate([self._counts, counts[differ]])
        order = np.lexsort([units, -counts.sum(axis=1), -np.round(entropy(counts), 12)])
        kept = order[: self._at_most]
        self._units, self._counts = units[kept], counts[kept]

    def units(self) -> tuple[DisputedUnit, ...]:
        bits = entropy(self._counts)
        return tuple(
            DisputedUnit(
                unit=int(unit),
                counts=_named(self._counts[i], self._categories),
                entropy=float(bits[i]),
            )
            for i, unit in enumerate(self._units)
        )
