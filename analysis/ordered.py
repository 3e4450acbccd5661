"""Ordinal, interval and ratio alpha from patterns.

Krippendorff 2011: alpha = 1 - (N - 1) sum o_kl d_kl / sum N_k N_l d_kl with the coincidences
o = sum_u n_uk n_ul / (m_u - 1). Both sums are written without the K x K matrix where they can be.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from analysis.errors import AnalysisInputError
from analysis.estimates import FloatArray
from analysis.long_table import as_number
from analysis.patterns import Patterns

Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")
MAX_RATIO_VALUES = 2_000
LARGEST = 1e100
CHUNK_CELLS = 4_000_000


class OrderedAlpha(Protocol):
    """Alpha at weights over patterns; column 0 alpha, 1 observed, 2 expected disagreement."""

    def at(self, weights: FloatArray) -> FloatArray: ...
    def without_each(self, weights: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, eq=False)
class OrderedData:
    """Patterns whose categories have an order: units with two or more labels count."""

    values: FloatArray
    counts: FloatArray
    pairs_weight: FloatArray


def ordered_alpha(patterns: Patterns, level: Level) -> OrderedAlpha:
    """Return the alpha of one level as a function of weights over patterns."""
    values, counts = values_and_counts(patterns, level)
    m = counts.sum(axis=1)
    counts = counts * (m >= 2)[:, None]
    data = OrderedData(values, counts, (m >= 2) / np.maximum(m - 1, 1))
    if level == "ordinal":
        return OrdinalAlpha(data)
    if level == "interval":
        return _interval_alpha(data)
    return _fixed_alpha(data, _distances(values, level))


def values_and_counts(patterns: Patterns, level: Level) -> tuple[FloatArray, FloatArray]:
    """Return category values and counts; categories that spell one number are merged.

    Ordinal labels that are not all numbers take their place in ``patterns.categories``.
    """
    counts = patterns.counts.astype(np.float64)
    if level == "nominal":
        return np.arange(counts.shape[1], dtype=np.float64), counts
    parsed = [as_number(text) for text in patterns.categories]
    words = [t for t, n in zip(patterns.categories, parsed, strict=True) if n is None]
    if words and level == "ordinal":
        return np.arange(counts.shape[1], dtype=np.float64), counts
    if words:
        raise AnalysisInputError(f"expected numbers as labels at level {level}: came {words[:5]}.")
    numbers = np.array([n for n in parsed if n is not None], dtype=np.float64)
    if (np.abs(numbers) > LARGEST).any():
        raise AnalysisInputError(
            f"expected numbers of at most {LARGEST:g} at level {level}: "
            f"came {float(np.abs(numbers).max()):g}."
        )
    if level == "ratio" and (numbers < 0).any():
        raise AnalysisInputError(
            f"expected no negative numbers at level ratio: came {float(numbers.min()):g}."
        )
    values, place = np.unique(numbers, return_inverse=True)
    merge = (place[:, None] == np.arange(len(values))).astype(np.float64)
    return values, counts @ merge


def _distances(values: FloatArray, level: Level) -> FloatArray:
    if len(values) > MAX_RATIO_VALUES:
        raise AnalysisInputError(
            f"expected at most {MAX_RATIO_VALUES} different values at level {level}: "
            f"came {len(values)}."
        )
    if level == "nominal":
        return 1.0 - np.eye(len(values))
    total = values[:, None] + values[None, :]
    apart = values[:, None] - values[None, :]
    scaled: FloatArray = np.zeros_like(total)
    np.divide(apart, total, out=scaled, where=total != 0)
    return scaled**2


@dataclass(frozen=True, eq=False)
class FixedDistanceAlpha:
    """Distances do not depend on the margins, so sums over units are enough."""

    features: FloatArray
    distances: FloatArray

    def at(self, weights: FloatArray) -> FloatArray:
        return self._from_sums(weights @ self.features)

    def without_each(self, weights: FloatArray) -> FloatArray:
        return self._from_sums(weights @ self.features - self.features)

    def _from_sums(self, sums: FloatArray) -> FloatArray:
        given = sums[:, 1:]
        expected = ((given @ self.distances) * given).sum(axis=1)
        return _alpha(sums[:, 0], expected, given.sum(axis=1))


@dataclass(frozen=True, eq=False)
class IntervalAlpha:
    """Squared differences need only the sums of n, n v and n v^2 (v centred)."""

    features: FloatArray
    unit: float

    def at(self, weights: FloatArray) -> FloatArray:
        return self._from_sums(weights @ self.features)

    def without_each(self, weights: FloatArray) -> FloatArray:
        return self._from_sums(weights @ self.features - self.features)

    def _from_sums(self, sums: FloatArray) -> FloatArray:
        observed, total, first, second = sums.T
        expected = 2 * (total * second - first**2)
        return _alpha(observed, expected, total) * [1, self.unit**2, self.unit**2]


def _fixed_alpha(data: OrderedData, distances: FloatArray) -> FixedDistanceAlpha:
    observed = ((data.counts @ distances) * data.counts).sum(axis=1) * data.pairs_weight
    return FixedDistanceAlpha(np.hstack([observed[:, None], data.counts]), distances)


def _interval_alpha(data: OrderedData) -> IntervalAlpha:
    counts, total = data.counts, max(float(data.counts.sum()), 1.0)
    centred = data.values - float((counts.sum(axis=0) * data.values).sum()) / total
    scale = float(np.abs(centred).max(initial=0.0)) or 1.0
    v = centred / scale
    m, first, second = counts.sum(axis=1), counts @ v, counts @ v**2
    mean = np.divide(first, m, out=np.zeros_like(first), where=m > 0)
    # about the unit's own mean, so that perfect agreement gives exactly zero
    spread = (counts * (v[None, :] - mean[:, None]) ** 2).sum(axis=1)
    observed = 2 * m * spread * data.pairs_weight
    return IntervalAlpha(np.stack([observed, m, first, second], axis=1), scale)


@dataclass(frozen=True, eq=False)
class OrdinalAlpha:
    """The distance of two ranks is the difference of their mid-ranks in the margins, squared."""

    data: OrderedData

    def at(self, weights: FloatArray) -> FloatArray:
        counts = self.data.counts
        given = weights @ counts
        total = given.sum(axis=1)
        ranks = np.cumsum(given, axis=1) - given / 2 - total[:, None] / 2
        ranks = ranks / np.maximum(total, 1)[:, None]
        pair = weights * self.data.pairs_weight
        m = counts.sum(axis=1)
        observed = ((pair * m) @ counts * ranks**2).sum(axis=1)
        observed = 2 * (observed - (pair * (ranks @ counts.T) ** 2).sum(axis=1))
        first, second = (given * ranks).sum(axis=1), (given * ranks**2).sum(axis=1)
        alpha = _alpha(observed, 2 * (total * second - first**2), total)
        alpha[:, 1:] *= total[:, None] ** 2
        return alpha

    def without_each(self, weights: FloatArray) -> FloatArray:
        size = weights.shape[-1]
        step = max(1, CHUNK_CELLS // size)
        parts = []
        for start in range(0, size, step):
            left = np.arange(start, min(start + step, size))
            rows = np.repeat(weights.reshape(1, -1), len(left), axis=0)
            rows[np.arange(len(left)), left] -= 1
            parts.append(self.at(rows))
        return np.vstack(parts)


def _alpha(observed: FloatArray, expected: FloatArray, total: FloatArray) -> FloatArray:
    """Return alpha, observed and expected disagreement; nan where there is no variation."""
    n = np.where(total > 1, total, np.nan)
    varied = np.where(expected > 1e-12 * n**2, expected, np.nan)
    seen = np.maximum(observed, 0.0) / n
    by_chance = varied / (n * (n - 1))
    return np.stack([1 - seen / by_chance, seen, by_chance], axis=1)
