"""Cohen's kappa of every pair of coders, from what each two said where they met."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import Estimate, FloatArray, IntArray, undefined
from analysis.kappas import EXTRA_UNITS, kappa_estimate
from analysis.long_table import CodedLabels, code_labels
from analysis.meetings import MeetingCounter, Meetings

MAX_PAIRS = 5_000


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two coders on the ``n`` units both labeled."""

    coders: tuple[str, str]
    n: int
    percent: float
    kappa: Estimate

    def as_dict(self) -> dict[str, object]:
        return {
            "coders": list(self.coders),
            "n": self.n,
            "percent": self.percent,
            "kappa": self.kappa.value,
            "kappa_low": self.kappa.low,
            "kappa_high": self.kappa.high,
            "kappa_undefined_because": self.kappa.undefined_because,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class PairTable:
    """The confusion matrix of two coders on the units both labeled, shape (K, K).

    Row: the label of the first coder; column: that of the second.
    """

    coders: tuple[str, str]
    categories: tuple[str, ...]
    counts: IntArray


def pairwise(labels: pd.DataFrame, *, domain: Sequence[str] | None = None) -> list[Pair]:
    """Compare every two coders who share a unit.

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``.

    Returns
    -------
    list of Pair, ordered by coder names; of more than 5,000 those with the most shared units
        ``kappa`` is Cohen 1960 with the standard error of Fleiss, Cohen & Everitt 1969 and the
        interval of `kappa_estimate`; undefined when both coders used one and the same label
        throughout.
    """
    return pairs_of(code_labels(labels, domain))


def pairs_of(coded: CodedLabels) -> list[Pair]:
    """Compare every two coders of an already checked table."""
    counter = MeetingCounter(len(coded.coders), len(coded.categories))
    order = np.lexsort([coded.coder, coded.unit])
    counter.add(coded.unit[order], coded.coder[order], coded.label[order])
    return pairs_from_meetings(counter.meetings(), coded.coders, len(coded.categories))


def pairs_from_meetings(
    meetings: Meetings, coders: Sequence[str], n_categories: int, *, at_most: int = MAX_PAIRS
) -> list[Pair]:
    """Compare every two coders who met, or the `at_most` of them with the most shared units."""
    met = _Met.of(meetings, len(coders))
    if len(met.n) == 0:
        return []
    first = _Margins.of(met, met.first, n_categories)
    second = _Margins.of(met, met.second, n_categories)
    percent = _mean(met, (met.first == met.second).astype(np.float64))
    kappa, se = _kappa_and_error(met, first, second, 0)
    smooth, smooth_se = _kappa_and_error(met, first, second, EXTRA_UNITS)
    return [
        Pair(
            coders=(coders[met.coders[i, 0]], coders[met.coders[i, 1]]),
            n=int(met.n[i]),
            percent=float(percent[i]),
            kappa=_estimate(kappa[i], se[i], int(met.n[i]), (smooth[i], smooth_se[i])),
        )
        for i in np.sort(np.argsort(-met.n, kind="stable")[:at_most])
    ]


def pair_table(
    meetings: Meetings, pair: tuple[int, int], coders: Sequence[str], categories: Sequence[str]
) -> PairTable:
    """Return the confusion matrix of two coders, given by their places in `coders`."""
    low, high = sorted(pair)
    rows = (meetings.first == low) & (meetings.second == high)
    counts = np.zeros((len(categories), len(categories)), dtype=np.int64)
    counts[meetings.first_label[rows], meetings.second_label[rows]] = meetings.n_units[rows]
    return PairTable(
        coders=(coders[pair[0]], coders[pair[1]]),
        categories=tuple(categories),
        counts=counts if pair == (low, high) else counts.T,
    )


@dataclass(frozen=True, eq=False)
class _Met:
    """One row per distinct meeting: the pair, the label each gave, on how many units."""

    pair: IntArray
    first: IntArray
    second: IntArray
    weight: FloatArray
    coders: IntArray
    n: FloatArray

    @classmethod
    def of(cls, meetings: Meetings, n_coders: int) -> "_Met":
        size = max(n_coders, 1)
        keys, pair = np.unique(meetings.first * size + meetings.second, return_inverse=True)
        weight = meetings.n_units.astype(np.float64)
        return cls(
            pair=pair.astype(np.int64),
            first=meetings.first_label,
            second=meetings.second_label,
            weight=weight,
            coders=np.stack([keys // size, keys % size], axis=1),
            n=np.bincount(pair, weights=weight, minlength=len(keys)).astype(np.float64),
        )


def _mean(met: _Met, values: FloatArray) -> FloatArray:
    return np.bincount(met.pair, weights=values * met.weight, minlength=len(met.n)) / met.n


@dataclass(frozen=True, eq=False)
class _Margins:
    """Share of each label in one coder's column of each pair; only labels that occur."""

    keys: IntArray
    share: FloatArray
    n_categories: int

    @classmethod
    def of(cls, met: _Met, label: IntArray, n_categories: int) -> "_Margins":
        keys, place = np.unique(met.pair * n_categories + label, return_inverse=True)
        n = np.bincount(place, weights=met.weight, minlength=len(keys))
        return cls(keys, n / met.n[keys // n_categories], n_categories)

    def at(self, pair: IntArray, label: IntArray) -> FloatArray:
        wanted = pair * self.n_categories + label
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.share[place], 0.0)

    def summed(self, other: "_Margins", n_pairs: int) -> FloatArray:
        """Return the sum over labels of this share times the other's, for each pair."""
        pair, label = self.keys // self.n_categories, self.keys % self.n_categories
        shared = self.share * other.at(pair, label)
        return np.bincount(pair, weights=shared, minlength=n_pairs).astype(np.float64)


def _kappa_and_error(
    met: _Met, first: _Margins, second: _Margins, extra: float
) -> tuple[FloatArray, FloatArray]:
    """Return kappa, nan where undefined, and its error by Fleiss, Cohen & Everitt 1969, eq. 13.

    Both are of the table with `extra` units spread evenly over all its cells.
    """
    k, n_pairs = first.n_categories, len(met.n)
    kept, flat = met.n / (met.n + extra), extra / (met.n + extra) / k

    def at(margins: _Margins, label: IntArray) -> FloatArray:
        return kept[met.pair] * margins.at(met.pair, label) + flat[met.pair]

    def summed(one: _Margins, other: _Margins) -> FloatArray:
        return kept**2 * one.summed(other, n_pairs) + 2 * kept * flat + k * flat**2

    is_same = met.first == met.second
    percent = kept * _mean(met, is_same.astype(np.float64)) + flat
    chance, both = summed(first, second), summed(first, first) + summed(second, second)
    varied = chance < 1 - 1e-12
    bottom = np.where(varied, 1 - chance, 1.0)
    kappa = np.where(varied, (percent - chance) / bottom, 0.0)
    rest = 1 - kappa
    agreed = 1 - (at(first, met.first) + at(second, met.first)) * rest[met.pair]
    apart = (at(second, met.first) + at(first, met.second)) * rest[met.pair]
    seen = _mean(met, np.where(is_same, agreed, apart) ** 2)
    diagonal = both + 2 * chance
    added = k - 4 * rest + rest**2 * diagonal + rest**2 * (k * both + 2 - diagonal)
    spread = kept * seen + flat / k * added - (kappa - chance * rest) ** 2
    se = np.sqrt(np.maximum(spread, 0.0) / met.n) / bottom
    return np.where(varied, kappa, np.nan), se


def _estimate(value: float, se: float, n: int, smoothed: tuple[float, float]) -> Estimate:
    if np.isnan(value):
        return undefined("both coders used one and the same label throughout", n=n)
    smooth = (float(smoothed[0]), float(smoothed[1]))
    return kappa_estimate(float(value), float(se), df=n - 1, n=n, smoothed=smooth)
