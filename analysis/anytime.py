"""An interval that may be looked at every day: it holds at all looks together.

Beta-mixture confidence sequence (Robbins 1970, Annals of Mathematical Statistics 41:1397).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import log

import numpy as np
from scipy import special

from analysis.errors import AnalysisInputError
from analysis.proportions import Interval, z_quantile
from analysis.shares import cluster_deff, user_codes

HALVINGS = 60


@dataclass(frozen=True, kw_only=True)
class AnytimeShare:
    """A share of the labelled prefix with the interval for looking at any time.

    ``n`` units are in the prefix; ``n_after`` more are labelled after the first gap and do not
    count.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_after: int
    undefined_because: str | None
    level: float


def anytime_interval(x: float, n: float, *, level: float = 0.95) -> Interval:
    """Return {p : B(.5 + x, .5 + n - x) / B(.5, .5) / (p^x (1 - p)^(n - x)) < 1 / (1 - level)}.

    In at most 5% of runs does any of these intervals, however often looked at, exclude the truth.
    `x` may be a fraction: values in [0, 1] keep the bound, since x^y is convex in y.

    Examples
    --------
    >>> anytime_interval(10, 100)
    Interval(low=0.0290..., high=0.2275...)
    """
    if not (n >= 0 and 0 <= x <= n):
        raise AnalysisInputError(f"expected 0 <= x <= n: came x={x}, n={n}.")
    z_quantile(level)
    if n == 0:
        return Interval(0.0, 1.0)
    mixed = special.betaln(0.5 + x, 0.5 + n - x) - special.betaln(0.5, 0.5)
    floor = float(mixed) + log(1 - level)
    p = x / n
    low = 0.0 if x == 0 else _edge(0.0, p, x, n, floor)
    high = 1.0 if x == n else _edge(1.0, p, x, n, floor)
    return Interval(low, high)


def anytime_share(
    y: Sequence[float | None],
    *,
    is_self_weighting: bool,
    users: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> AnytimeShare:
    """Estimate the share from the contiguous labelled prefix of the units in serving order.

    Parameters
    ----------
    y : sequence of float in [0, 1] or None, in serving order
        Whether each unit has the label; None where it is not labelled yet. Units that everybody
        skipped for good are left out by the caller, who says so.
    is_self_weighting : bool
        Whether there are no strata, or strata drawn in proportion (`is_proportional`); else the
        prefix is not a simple random sample of the frame and there is no value.
    users : sequence of hashable or None, one per y
        Whose feedback it was; None for an unknown user, who is a cluster of one. x and n are
        divided by the design effect of users in the prefix (at least 1; see `analysis.shares`),
        so the bound is then approximate, as that of every interval with an estimated effect.

    Returns
    -------
    AnytimeShare
        It can be given to `analysis.gate.decide`: the line "you can stop".
    """
    prefix = [each for each in takewhile(lambda each: each is not None, y) if each is not None]
    n_after = sum(each is not None for each in y) - len(prefix)
    if any(not 0 <= each <= 1 for each in prefix):
        raise AnalysisInputError("expected values from 0 to 1, or None.")
    reason = None
    if not is_self_weighting:
        reason = "the strata were not drawn in proportion"
    elif not prefix:
        reason = "the first unit in serving order is not labelled"
    if reason:
        return AnytimeShare(
            value=None,
            low=None,
            high=None,
            n=len(prefix),
            n_after=n_after,
            undefined_because=reason,
            level=level,
        )
    value = float(sum(prefix)) / len(prefix)
    deff = _user_deff(prefix, users[: len(prefix)] if users is not None else [])
    n_eff = len(prefix) / deff
    bounds = anytime_interval(value * n_eff, n_eff, level=level)
    return AnytimeShare(
        value=value,
        low=bounds.low,
        high=bounds.high,
        n=len(prefix),
        n_after=n_after,
        undefined_because=None,
        level=level,
    )


def _user_deff(prefix: Sequence[float], users: Sequence[Hashable]) -> float:
    if not users:
        return 1.0
    residual = np.array(prefix) - sum(prefix) / len(prefix)
    return cluster_deff(residual, user_codes(users))


def is_proportional(strata: Mapping[str, tuple[int, int]]) -> bool:
    """Whether each n_h is within one unit of n N_h / N; `strata` holds (N_h, n_h)."""
    total = sum(n_frame for n_frame, _ in strata.values())
    n = sum(drawn for _, drawn in strata.values())
    if total == 0:
        return True
    return all(abs(drawn - n * n_frame / total) <= 1 for n_frame, drawn in strata.values())


def _edge(outside: float, inside: float, x: float, n: float, floor: float) -> float:
    """Bisect for the p between the two at which the likelihood falls to the floor."""
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2
        likely = special.xlogy(x, middle) + special.xlog1py(n - x, -middle)
        if likely > floor:
            inside = middle
        else:
            outside = middle
    return float(outside)
