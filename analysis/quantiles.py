"""Quartiles of a weighted sample."""

from dataclasses import dataclass

import numpy as np

from analysis.errors import AnalysisInputError
from analysis.estimates import FloatArray


@dataclass(frozen=True, kw_only=True)
class Quartiles:
    low: float
    median: float
    high: float


def weighted_quartiles(values: FloatArray, weights: FloatArray) -> Quartiles | None:
    """Return the weighted quartiles; None without a value.

    The q-quantile is the value at which the weights add up to q; where they do so exactly, half
    way to the next value (Hyndman & Fan 1996, definition 2).

    Examples
    --------
    >>> weighted_quartiles(np.array([1.0, 2.0, 10.0]), np.array([1.0, 1.0, 2.0]))
    Quartiles(low=1.5, median=6.0, high=10.0)
    """
    if len(values) != len(weights) or (weights <= 0).any():
        raise AnalysisInputError("expected one weight above zero for each value.")
    if not len(values):
        return None
    order = np.argsort(values, kind="stable")
    sorted_values, sums = values[order], np.cumsum(weights[order])
    low, median, high = (_at(sorted_values, sums, q) for q in (0.25, 0.5, 0.75))
    return Quartiles(low=low, median=median, high=high)


def _at(values: FloatArray, sums: FloatArray, q: float) -> float:
    aim, slack = q * sums[-1], 1e-12 * sums[-1]
    first = int(np.searchsorted(sums, aim - slack))
    is_exact = abs(sums[first] - aim) <= slack and first + 1 < len(values)
    return float((values[first] + values[first + 1]) / 2 if is_exact else values[first])
