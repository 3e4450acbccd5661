"""How many units an audit needs for a margin, and the margin that a number of units buys."""

from math import ceil, inf, sqrt

from analysis.errors import AnalysisInputError
from analysis.proportions import z_quantile


def units_for_margin(
    p: float,
    margin: float,
    n_frame: int | None = None,
    deff: float = 1,
    completion: float = 1,
    *,
    level: float = 0.95,
    exact: bool = True,
) -> int:
    """Return how many units to draw so that the interval is about p +- margin.

    n = deff (z^2 p (1 - p) / h^2 + 1 / h); with a finite frame n / (1 + (n - 1) / N); divided
    by the expected completion (Cochran 1977, 4.4; 1/h is the continuity term of exact
    intervals, Fleiss, Levin & Paik 2003, 2.4, within 3% of a search over Clopper-Pearson).
    ``exact=False`` leaves 1/h out. Never more than the frame.

    Examples
    --------
    >>> units_for_margin(0.30, 0.05)
    343
    >>> units_for_margin(0.30, 0.05, 2000, exact=False)
    278
    """
    _check(p, n_frame, deff, completion)
    if not 0 < margin < 1:
        raise AnalysisInputError(f"expected a margin between 0 and 1: came {margin}.")
    z = z_quantile(level)
    n = deff * (z**2 * p * (1 - p) / margin**2 + (1 / margin if exact else 0.0))
    if n_frame is not None:
        n = max(n / (1 + (n - 1) / n_frame), 0.0) if n_frame else 0.0
    units = max(ceil(round(n / completion, 9)), 1)
    return units if n_frame is None else min(units, n_frame)


def margin_for_units(
    p: float,
    units: int,
    n_frame: int | None = None,
    deff: float = 1,
    completion: float = 1,
    *,
    level: float = 0.95,
) -> float:
    """Return the margin that `units` drawn units buy; the inverse of `units_for_margin`.

    Zero when the labelled units are the whole frame.
    """
    _check(p, n_frame, deff, completion)
    if units < 1:
        raise AnalysisInputError(f"expected at least one unit: came {units}.")
    n = units * completion
    if n_frame is not None:
        n = inf if n >= n_frame else n * (n_frame - 1) / (n_frame - n)
    if n == inf:
        return 0.0
    spread = deff * z_quantile(level) ** 2 * p * (1 - p)
    return min((deff + sqrt(deff**2 + 4 * n * spread)) / (2 * n), 1.0) if n > 0 else 1.0


def _check(p: float, n_frame: int | None, deff: float, completion: float) -> None:
    if not 0 <= p <= 1:
        raise AnalysisInputError(f"expected a share from 0 to 1: came {p}.")
    if n_frame is not None and n_frame < 0:
        raise AnalysisInputError(f"expected a frame of zero or more outputs: came {n_frame}.")
    if not deff > 0:
        raise AnalysisInputError(f"expected a design effect above 0: came {deff}.")
    if not 0 < completion <= 1:
        raise AnalysisInputError(f"expected a completion above 0, at most 1: came {completion}.")
