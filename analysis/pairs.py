"""Cohen's kappa of every pair of coders, from one sorted table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from analysis.estimates import BoolArray, Estimate, FloatArray, IntArray, undefined
from analysis.long_table import CodedLabels, code_labels

Z = float(special.ndtri(0.975))


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


@dataclass(frozen=True, eq=False)
class _Meetings:
    """One row per unit and pair of coders: the pair, and the label each gave."""

    pair: IntArray
    first: IntArray
    second: IntArray
    coders: IntArray
    n: FloatArray


def pairwise(labels: pd.DataFrame, *, domain: Sequence[str] | None = None) -> list[Pair]:
    """Compare every two coders who share a unit.

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``.

    Returns
    -------
    list of Pair, ordered by coder names
        ``kappa`` is Cohen 1960 with the large-sample interval of Fleiss, Cohen & Everitt 1969;
        undefined when both coders used one and the same label throughout.
    """
    return pairs_of(code_labels(labels, domain))


def pairs_of(coded: CodedLabels) -> list[Pair]:
    """Compare every two coders of an already checked table."""
    met = _meetings(coded)
    if len(met.n) == 0:
        return []
    k = len(coded.categories)
    percent = _mean(met, (met.first == met.second).astype(np.float64))
    first, second = _Margins.of(met, met.first, k), _Margins.of(met, met.second, k)
    chance = first.agreement_with(second, len(met.n))
    varied: BoolArray = chance < 1 - 1e-12
    kappa: FloatArray = np.full(len(chance), np.nan)
    np.divide(percent - chance, 1 - chance, out=kappa, where=varied)
    se = _standard_error(met, first, second, np.where(varied, kappa, 0.0), chance)
    return [
        Pair(
            coders=(coded.coders[met.coders[i, 0]], coded.coders[met.coders[i, 1]]),
            n=int(met.n[i]),
            percent=float(percent[i]),
            kappa=_kappa(kappa[i], se[i], n=int(met.n[i])),
        )
        for i in range(len(met.n))
    ]


def _meetings(coded: CodedLabels) -> _Meetings:
    """Join the table with itself: with rows sorted by unit, row i meets rows i+1, i+2, ..."""
    order = np.lexsort([coded.coder, coded.unit])
    unit, coder, label = coded.unit[order], coded.coder[order], coded.label[order]
    left: list[IntArray] = []
    right: list[IntArray] = []
    for step in range(1, int(np.bincount(unit).max(initial=1))):
        rows = np.flatnonzero(unit[step:] == unit[:-step]).astype(np.int64)
        left.append(rows)
        right.append(rows + step)
    a = np.concatenate(left) if left else np.zeros(0, dtype=np.int64)
    b = np.concatenate(right) if right else np.zeros(0, dtype=np.int64)
    size = max(len(coded.coders), 1)
    key = coder[a] * size + coder[b]
    sums_in_one_order = np.lexsort([label[b], label[a], key])
    a, b, key = a[sums_in_one_order], b[sums_in_one_order], key[sums_in_one_order]
    keys, pair, n = np.unique(key, return_inverse=True, return_counts=True)
    coders = np.stack([keys // size, keys % size], axis=1)
    return _Meetings(pair.astype(np.int64), label[a], label[b], coders, n.astype(np.float64))


def _mean(met: _Meetings, values: FloatArray) -> FloatArray:
    return np.bincount(met.pair, weights=values, minlength=len(met.n)) / met.n


@dataclass(frozen=True, eq=False)
class _Margins:
    """Share of each label in one coder's column of each pair; only labels that occur."""

    keys: IntArray
    share: FloatArray
    n_categories: int

    @classmethod
    def of(cls, met: _Meetings, label: IntArray, n_categories: int) -> "_Margins":
        keys, n = np.unique(met.pair * n_categories + label, return_counts=True)
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
    met: _Meetings, first: _Margins, second: _Margins, kappa: FloatArray, chance: FloatArray
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
