"""Nominal coefficients as functions of weighted sums over patterns.

Every coefficient here is a function of sums over units, so a bootstrap replicate is one weight
vector over patterns and all replicates are one matrix product.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import FloatArray
from analysis.patterns import Patterns

NO_PAIRS = "no unit has two labels"
ALL_EQUAL = "all pairable labels are equal"
LABEL_UNUSED = "no unit with two labels carries this label"
MAX_LABELS_SHOWN = 100
ONE_CATEGORY = "there is only one category"


@dataclass(frozen=True, eq=False)
class NominalCoefficients:
    """Alpha, percent, AC1, Fleiss, then alpha per label, then specific agreement per label.

    With n_u the counts of unit u, m_u their sum, and sums over units with m_u >= 2:
    B_k = sum n_uk (m_u - n_uk) / (m_u - 1), N_k = sum n_uk, N = sum N_k. Then

    - alpha = 1 - (N - 1) sum B_k / (N^2 - sum N_k^2) (Krippendorff 2011);
    - alpha of k against the rest = 1 - (N - 1) B_k / (N_k (N - N_k));
    - specific agreement of k = 1 - B_k / N_k (Cicchetti & Feinstein 1990, many coders);
    - percent Pa = mean of sum n_uk (n_uk - 1) / (m_u (m_u - 1)) (Gwet 2014);
    - with pi_k the mean of n_uk / m_u over labelled units: AC1 has
      Pe = sum pi_k (1 - pi_k) / (K - 1) (Gwet 2008), Fleiss Pe = sum pi_k^2 (Fleiss 1971).

    Above 100 categories (measurements, not labels) the columns per label are left out.
    """

    features: FloatArray
    n_categories: int

    @classmethod
    def of(cls, patterns: Patterns) -> "NominalCoefficients":
        counts = patterns.counts.astype(np.float64)
        m = counts.sum(axis=1, keepdims=True)
        pairable = (m >= 2).astype(np.float64)
        between = pairable * counts * (m - counts) / np.maximum(m - 1, 1)
        same = (counts * (counts - 1)).sum(axis=1, keepdims=True)
        share = pairable * same / np.maximum(m * (m - 1), 1)
        columns = [pairable * counts, between, counts / m, share, pairable, np.ones_like(m)]
        return cls(np.hstack(columns), counts.shape[1])

    def at(self, weights: FloatArray) -> FloatArray:
        """Return the coefficients at each row of weights, shape (R, 4 + 2K); nan if undefined."""
        return self._from_sums(weights @ self.features)

    def without_each(self, weights: FloatArray) -> FloatArray:
        """Return the coefficients with one unit of each pattern left out, shape (P, 4 + 2K)."""
        return self._from_sums(weights @ self.features - self.features)

    def _from_sums(self, sums: FloatArray) -> FloatArray:
        k = self.n_categories
        given, between, share = sums[:, :k], sums[:, k : 2 * k], sums[:, 2 * k : 3 * k]
        agreeing, pairable, labelled = sums[:, 3 * k], sums[:, 3 * k + 1], sums[:, 3 * k + 2]
        total = given.sum(axis=1)
        percent = _divide(agreeing, pairable)
        pi = _divide(share, labelled[:, None])
        by_squares = (pi**2).sum(axis=1)
        by_variance = _divide((pi * (1 - pi)).sum(axis=1), np.full(len(pi), float(k - 1)))
        overall = 1 - _divide((total - 1) * between.sum(axis=1), total**2 - (given**2).sum(axis=1))
        if k > MAX_LABELS_SHOWN:
            given, between = given[:, :0], between[:, :0]
        rest = given * (total[:, None] - given)
        per_label = 1 - _divide((total[:, None] - 1) * between, rest)
        specific = 1 - _divide(between, given)
        first = [overall, percent, _beyond(percent, by_variance), _beyond(percent, by_squares)]
        return np.hstack([np.stack(first, axis=1), per_label, specific])


def undefined_reasons(patterns: Patterns) -> list[str]:
    """Return, for each column of `NominalCoefficients`, why it is undefined where it is."""
    k = len(patterns.categories)
    if patterns.total_pairable_units == 0:
        return [NO_PAIRS] * (4 + 2 * k)
    given = patterns.n_units @ (patterns.counts * (patterns.labels_per_unit >= 2)[:, None])
    per_label = [ALL_EQUAL if n else LABEL_UNUSED for n in given]
    return [ALL_EQUAL, NO_PAIRS, ONE_CATEGORY, "all labels are equal", *per_label, *per_label]


def _beyond(agreement: FloatArray, by_chance: FloatArray) -> FloatArray:
    return _divide(agreement - by_chance, 1 - by_chance)


def _divide(top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Divide, with nan where the bottom is zero (up to rounding)."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    filled: FloatArray = np.full(shape, np.nan)
    np.divide(top, bottom, out=filled, where=np.broadcast_to(bottom, shape) > 1e-12)
    return filled
