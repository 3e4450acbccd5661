"""Cohen's kappa of every pair of coders, from what each two said where they met."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimates import BoolArray, Estimate, FloatArray, IntArray, undefined
from analysis.long_table import CodedLabels, code_labels
from analysis.meetings import MeetingCounter, Meetings

Z = float(special.ndtri(0.975))
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
        ``kappa`` is Cohen 1960 with the large-sample interval of Fleiss, Cohen & Everitt 1969;
        undefined when both coders used one and the same label throughout.
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
    percent = _mean(met, (met.first == met.second).astype(np.float64))
    first = _Margins.of(met, met.first, n_categories)
    second = _Margins.of(met, met.second, n_categories)
    chance = first.agreement_with(second, len(met.n))
    varied: BoolArray = chance < 1 - 1e-12
    kappa: FloatArray = np.full(len(chance), np.nan)
    np.divide(percent - chance, 1 - chance, out=kappa, where=varied)
    se = _standard_error(met, first, second, np.where(varied, kappa, 0.0), chance)
    return [
        Pair(
            coders=(coders[met.coders[i, 0]], coders[met.coders[i, 1]]),
            n=int(met.n[i]),
            percent=float(percent[i]),
            kappa=_kappa(kappa[i], se[i], n=int(met.n[i])),
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

    def agreement_with(self, other: "_Margins", n_pairs: int) -> FloatArray:
        pair, label = self.keys // self.n_categories, self.keys % self.n_categories
        shared = self.share * other.at(pair, label)
        return np.bincount(pair, weights=shared, minlength=n_pairs).astype(np.float64)


def _standard_error(
    met: _Met, first: _Margins, second: _Margins, kappa: FloatArray, chance: FloatArray
) -> FloatArray:
    """Return the standard error of Fleiss, Cohen & Everitt 1969, equation 13."""
    rest = (1 - kappa)[met.pair]
    agreed = 1 - (first.at(met.pair, met.first) + second.at(met.pair, met.first)) * rest
    apart = (second.at(met.pair, met.first) + first.at(met.pair, met.second)) * rest
    terms = np.where(met.first == met.second, agreed, apart) ** 2
    spread = _mean(met, terms) - (kappa - chance * (1 - kappa)) ** 2
    bottom = np.where(chance < 1 - 1e-12, 1 - chance, 1.0)
    return np.sqrt(np.maximum(spread, 0.0) / met.n) / bottom


def _kappa(value: float, se: float, *, n: int) -> Estimate:
    if np.isnan(value):
        return undefined("both coders used one and the same label throughout", n=n)
    if se < 1e-12:
        reason = "interval withheld: the large-sample standard error is zero"
        return Estimate(value=float(value), low=None, high=None, undefined_because=reason, n=n)
    low, high = max(-1.0, value - Z * se), min(1.0, value + Z * se)
    return Estimate(value=float(value), low=float(low), high=float(high), n=n)
