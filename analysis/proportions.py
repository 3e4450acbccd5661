"""Intervals for one proportion from a simple random sample, and for sums and differences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, FloatArray, undefined

ONE_PAIR = "interval withheld: a single unit"


@dataclass(frozen=True)
class Interval:
    low: float
    high: float


def z_quantile(level: float) -> float:
    """Return the two-sided normal quantile of a confidence level."""
    if not 0 < level < 1:
        raise AnalysisInputError(f"expected a confidence level between 0 and 1: came {level}.")
    return float(special.ndtri((1 + level) / 2))


def wilson(x: float, n: float, *, level: float = 0.95) -> Interval:
    """Score interval of x cases in n (Wilson 1927).

    Examples
    --------
    >>> wilson(81, 263)  # Newcombe 1998, Statistics in Medicine 17:857, method 3
    Interval(low=0.2552..., high=0.3662...)
    """
    _check(x, n)
    z2, p = z_quantile(level) ** 2, x / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = (z2 * (p * (1 - p) / n + z2 / (4 * n * n))) ** 0.5 / (1 + z2 / n)
    low = 0.0 if x == 0 else max(0.0, centre - half)
    high = 1.0 if x == n else min(1.0, centre + half)
    return Interval(low, high)


def clopper_pearson(x: float, n: float, *, level: float = 0.95) -> Interval:
    """Exact interval of x cases in n (Clopper & Pearson 1934); x and n may be fractions."""
    _check(x, n)
    tail = (1 - level) / 2
    z_quantile(level)
    low = 0.0 if x <= 0 else float(special.betaincinv(x, n - x + 1, tail))
    high = 1.0 if x >= n else float(special.betaincinv(x + 1, n - x, 1 - tail))
    return Interval(low, high)


def newcombe_difference(
    x1: float, n1: float, x2: float, n2: float, *, level: float = 0.95
) -> Estimate:
    """x1/n1 - x2/n2 with the hybrid score interval (Newcombe 1998, 17:873, method 10).

    Examples
    --------
    >>> round(newcombe_difference(80, 200, 44, 200).low, 4)
    0.0896
    """
    first, second = wilson(x1, n1, level=level), wilson(x2, n2, level=level)
    return mover_difference(x1 / n1, first, x2 / n2, second)


def mover_difference(p1: float, first: Interval, p2: float, second: Interval) -> Estimate:
    """p1 - p2 from two intervals, square-and-add (MOVER; Zou & Donner 2008)."""
    down = ((p1 - first.low) ** 2 + (second.high - p2) ** 2) ** 0.5
    up = ((first.high - p1) ** 2 + (p2 - second.low) ** 2) ** 0.5
    return Estimate(value=p1 - p2, low=p1 - p2 - down, high=p1 - p2 + up)


def mover_sum(terms: Sequence[tuple[float, float, Interval]]) -> Estimate:
    """Sum of c p over independent terms (c, p, interval of p), square-and-add.

    MOVER for a linear function of shares (Zou, Huang & Zhang 2009): each term gives the distance
    from c p to the end that c turns downward, or upward. Two terms with c = 1 and -1 are
    `mover_difference`.
    """
    value, down, up = 0.0, 0.0, 0.0
    for c, p, interval in terms:
        ends = sorted((c * interval.low, c * interval.high))
        value += c * p
        down += (c * p - ends[0]) ** 2
        up += (ends[1] - c * p) ** 2
    return Estimate(value=value, low=value - down**0.5, high=value + up**0.5)


def mean_difference(difference: FloatArray, *, none: str) -> Estimate:
    """Mean of paired differences in [-1, 1], with the interval of `mean_of_sums`.

    nan is a pair that was not seen; `none` is the reason to give when no pair was.
    """
    known = difference[~np.isnan(difference)]
    if len(known) == 0:
        return undefined(none, n=0)
    return mean_of_sums(float(known.sum()), float((known**2).sum()), len(known))


def mean_of_sums(total: float, squares: float, n: int) -> Estimate:
    """Mean of n paired differences in [-1, 1], from their sum and the sum of their squares.

    The interval holds Student's t (Student 1908) of the differences, and of them with one pair of
    1 and one of -1 more (Agresti & Min 2005; Bonett & Price 2012). The first alone covers .91 to
    .94 of 50 to 200 units where few differ; both together .94 and more, and where none differs.
    """
    mean = total / n
    if n == 1:
        return Estimate(value=mean, low=None, high=None, undefined_because=ONE_PAIR, n=n)
    found = [_t_interval(total, squares, n), _t_interval(total, squares + 2, n + 2)]
    low, high = min(each.low for each in found), max(each.high for each in found)
    return Estimate(value=mean, low=max(-1.0, min(low, mean)), high=min(1.0, max(high, mean)), n=n)


def _t_interval(total: float, squares: float, n: int) -> Interval:
    mean = total / n
    spread = max(squares - n * mean**2, 0.0) / (n - 1)
    half = float(special.stdtrit(n - 1, 0.975)) * (spread / n) ** 0.5
    return Interval(mean - half, mean + half)


def _check(x: float, n: float) -> None:
    if not (n > 0 and 0 <= x <= n):
        raise AnalysisInputError(f"expected 0 <= x <= n and n > 0: came x={x}, n={n}.")
