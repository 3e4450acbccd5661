"""How many units a gate decision needs, and how often the gate decides at a given number.

The gate decides by the interval without finite population (`analysis.gate`); here a plan is worked
out for one stratum, whose interval is Clopper-Pearson. Agreement of coders is not part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

import numpy as np
from scipy import special

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, FloatArray, IntArray, undefined
from analysis.proportions import z_quantile
from analysis.shares import Share

MAX_UNITS = 20_000
DEFAULT_POWER = 0.80
SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, kw_only=True)
class GatePlan:
    """Under which the gate will decide.

    Attributes
    ----------
    low, high : float
        The gate's thresholds: known at or under `low`, too high at or over `high`.
    n_frame : int, optional
        N; None for a frame so large that it does not matter.
    deff : float
        Design effect of users, strata and weights: n units tell as much as n / deff.
    completion : float
        Share of drawn units that will be labelled.
    sensitivity, specificity : float
        Of a unit's final label: coders see q = p se + (1 - p)(1 - sp) where the truth is p.
    """

    low: float = 0.15
    high: float = 0.25
    n_frame: int | None = None
    deff: float = 1.0
    completion: float = 1.0
    sensitivity: float = 1.0
    specificity: float = 1.0
    level: float = 0.95

    def observed(self, truth: float) -> float:
        """Return the share that coders would find in a whole frame."""
        return truth * self.sensitivity + (1 - truth) * (1 - self.specificity)


@dataclass(frozen=True, kw_only=True)
class OperatingCharacteristic:
    """How often the gate says what, where the true share is `truth` and n units are drawn."""

    truth: float
    n: int
    known: float
    too_high: float
    undecided: float


@dataclass(frozen=True, kw_only=True)
class UnitsToDecide:
    """Units to draw until the gate decides with the wanted chance, or why no number is given.

    ``decision`` is what the gate would say: "known" or "too high".
    """

    units: int | None
    decision: str | None
    power: float
    undefined_because: str | None = None


def operating_characteristics(
    n: int, truths: Sequence[float], plan: GatePlan
) -> tuple[OperatingCharacteristic, ...]:
    """Return, for each true share, how often the gate decides with n drawn units.

    Exact: binomial, or hypergeometric where N is known.

    Examples
    --------
    >>> plan = GatePlan(low=0.10, high=0.10)
    >>> [round(found.known, 2) for found in operating_characteristics(200, [0.05, 0.08], plan)]
    [0.7, 0.12]
    """
    _check(plan)
    if n < 0 or (plan.n_frame is not None and n > plan.n_frame):
        raise AnalysisInputError(f"expected 0 to N={plan.n_frame} units: came {n}.")
    return tuple(_characteristic(n, truth, plan) for truth in truths)


def units_for_decision(
    truth: float, plan: GatePlan, *, power: float = DEFAULT_POWER
) -> UnitsToDecide:
    """Return how many units to draw so that the gate decides with this chance.

    The smallest number from which on the chance stays at `power` or above: it does not grow
    evenly, since cases are whole.

    Returns
    -------
    UnitsToDecide
        Without units where coders would find a share between the thresholds (no number decides),
        where more than 20,000 would be needed, or where the whole frame is too small: the gate's
        interval has no finite population.
    """
    _check(plan)
    if not 0 <= truth <= 1 or not 0 < power < 1:
        raise AnalysisInputError(f"expected a share and a chance: came {truth} and {power}.")
    q = plan.observed(truth)
    if plan.low <= q <= plan.high:
        reason = f"a share of {q:.1%} lies between the thresholds: no number of units decides"
        return UnitsToDecide(units=None, decision=None, power=power, undefined_because=reason)
    decision = "known" if q < plan.low else "too high"
    effective = _smallest(q, plan, decision, power)
    if effective is None:
        reason = f"more than {MAX_UNITS:,} units would be needed"
        if plan.n_frame is not None and plan.n_frame <= MAX_UNITS:
            reason = f"not even all {plan.n_frame:,} outputs of the frame would decide it"
        return UnitsToDecide(units=None, decision=decision, power=power, undefined_because=reason)
    units = ceil(round(effective * plan.deff / plan.completion, 9))
    if plan.n_frame is not None:
        units = min(units, plan.n_frame)
    return UnitsToDecide(units=units, decision=decision, power=power)


def _smallest(q: float, plan: GatePlan, decision: str, power: float) -> int | None:
    """Return the number of independent units from which on the chance stays at `power`."""
    found = _smallest_of_endless(q, replace(plan, n_frame=None), decision, power)
    if plan.n_frame is None:
        return found
    most = floor(plan.n_frame * plan.completion / plan.deff)
    top = min(found or MAX_UNITS, most)
    reached = found if found is not None and found <= most else None
    for size in range(top, 0, -1):
        if _chance(np.array([size]), q, plan, decision)[0] < power:
            break
        reached = size
    return reached


def _smallest_of_endless(q: float, plan: GatePlan, decision: str, power: float) -> int | None:
    """Search up to 2,000 units; up to 20,000 where the upper half of these does not settle it."""
    for most in (MAX_UNITS // 10, MAX_UNITS):
        short = _chance(np.arange(1, most + 1), q, plan, decision) < power
        if not short[most // 2 :].any() or (most == MAX_UNITS and not short[-1]):
            return int(np.flatnonzero(short).max(initial=-1)) + 2
    return None


def units_still_to_decide(
    found: Share, plan: GatePlan, *, power: float = DEFAULT_POWER
) -> UnitsToDecide:
    """Return how many more units to label, if the truth is what the share says now.

    `found` is the gate's share: without finite population. The design effect is n / n_eff of it,
    so that of `plan` is not used, nor are its completion and its coders' errors, which are in the
    share already. Zero where the gate decides now.
    """
    if found.value is None or found.low is None or found.high is None or not found.n_eff:
        reason = found.undefined_because or "the whole frame is labelled"
        return UnitsToDecide(units=None, decision=None, power=power, undefined_because=reason)
    if found.high <= plan.low or found.low >= plan.high:
        decision = "known" if found.high <= plan.low else "too high"
        return UnitsToDecide(units=0, decision=decision, power=power)
    deff = found.n / found.n_eff
    now = replace(plan, deff=deff, completion=1.0, sensitivity=1.0, specificity=1.0)
    total = units_for_decision(found.value, now, power=power)
    if total.units is None:
        return total
    more = max(1, total.units - found.n)
    return UnitsToDecide(units=more, decision=total.decision, power=power)


def hours_of_work(
    units: int, *, coders_per_unit: float, seconds: Sequence[float] | FloatArray
) -> Estimate:
    """Return the hours that labeling `units` will take, from measured active times.

    Parameters
    ----------
    units : int
    coders_per_unit : float
        Labels per unit; a fraction where third opinions are asked on some.
    seconds : sequence of float
        Active seconds of labels so far; nan where not measured. The mean is used, not the median:
        long units take their hours too.

    Returns
    -------
    Estimate
        In hours, with the interval of the mean time; ``n`` labels were measured.
    """
    known = np.asarray(seconds, dtype=np.float64)
    known = known[~np.isnan(known)]
    n = len(known)
    if n == 0:
        return undefined("no label with a known time", n=0)
    labels = units * coders_per_unit / SECONDS_PER_HOUR
    mean = float(known.mean())
    if n == 1:
        reason = "interval withheld: only one label with a known time"
        return Estimate(value=labels * mean, low=None, high=None, undefined_because=reason, n=n)
    low, high = (labels * max(0.0, end) for end in _mean_time_interval(known))
    return Estimate(value=labels * mean, low=low, high=high, n=n)


def _mean_time_interval(seconds: FloatArray) -> tuple[float, float]:
    """Interval of a mean of skewed times: Student's t, and t corrected for skewness, together.

    The correction is the cubic transformation of Hall 1992 (Journal of the Royal Statistical
    Society B 54:221). Of 30 to 1,000 lognormal times with a spread of .5 to 1 on the log scale t
    covers .88 to .95, the correction .93 to .95, both together .94 to .96.
    """
    n, mean, spread = len(seconds), float(seconds.mean()), float(seconds.std(ddof=1))
    t = float(special.stdtrit(n - 1, 0.975)) / n**0.5
    ends = [mean - t * spread, mean + t * spread]
    if n > 2 and spread > 1e-9 * mean:
        skewness = float(((seconds - mean) ** 3).mean()) / float(seconds.std()) ** 3
        g = skewness * (n * (n - 1)) ** 0.5 / (n - 2)
        if abs(g) > 1e-6:
            shifted = [np.cbrt(1 + g * (u - g / (6 * n))) for u in (-t, t)]
            ends += [mean - spread * 3 / g * (float(each) - 1) for each in shifted]
    return min(ends), max(ends)


def _check(plan: GatePlan) -> None:
    z_quantile(plan.level)
    if not 0 <= plan.low <= plan.high <= 1:
        raise AnalysisInputError(
            f"expected 0 <= low <= high <= 1: came {plan.low} and {plan.high}."
        )
    if plan.deff <= 0 or not 0 < plan.completion <= 1:
        raise AnalysisInputError(
            "expected a design effect above 0 and a completion above 0, at most 1: "
            f"came {plan.deff} and {plan.completion}."
        )
    if not (0 <= plan.sensitivity <= 1 and 0 <= plan.specificity <= 1):
        raise AnalysisInputError(
            "expected sensitivity and specificity from 0 to 1: "
            f"came {plan.sensitivity} and {plan.specificity}."
        )


def _characteristic(n: int, truth: float, plan: GatePlan) -> OperatingCharacteristic:
    if not 0 <= truth <= 1:
        raise AnalysisInputError(f"expected a share from 0 to 1: came {truth}.")
    effective = np.array([floor(n * plan.completion / plan.deff + 1e-9)])
    q = plan.observed(truth)
    known, too_high = (
        float(_chance(effective, q, plan, decision)[0]) for decision in ("known", "too high")
    )
    return OperatingCharacteristic(
        truth=truth, n=n, known=known, too_high=too_high, undecided=1 - known - too_high
    )


def _chance(sizes: IntArray, q: float, plan: GatePlan, decision: str) -> FloatArray:
    """Return the chance of a decision for each number of independent units."""
    if decision == "known":
        most = _most_for_known(sizes, plan)
        return _at_most(most, sizes, q, plan)
    least = sizes - _most_for_known(sizes, plan, mirrored=True)
    return 1 - _at_most(least - 1, sizes, q, plan)


def _most_for_known(sizes: IntArray, plan: GatePlan, *, mirrored: bool = False) -> IntArray:
    """Return the most cases at which the upper end is at or under `low`; -1 where none is.

    By the duality of Clopper-Pearson: P(X <= x | low) <= tail. Mirrored: the most non-cases at
    which the lower end is at or over `high`.
    """
    limit, tail = (1 - plan.high if mirrored else plan.low), (1 - plan.level) / 2
    if limit <= 0:
        return np.full(len(sizes), -1)
    if limit >= 1:
        return sizes.copy()
    low, high = np.full(len(sizes), -1), sizes.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        fits = _binomial(middle, sizes, limit) <= tail
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return low


def _binomial(x: IntArray, n: IntArray, p: float) -> FloatArray:
    """P(X <= x), one for x >= n."""
    inside = (x >= 0) & (x < n)
    chance = (x >= n).astype(np.float64)
    chance[inside] = special.betainc(n[inside] - x[inside], x[inside] + 1.0, 1 - p)
    return chance


def _at_most(x: IntArray, n: IntArray, q: float, plan: GatePlan) -> FloatArray:
    """P(at most x cases of n drawn), without replacement where N is known."""
    if plan.n_frame is None:
        return _binomial(x, n, q)
    size = max(1, round(plan.n_frame / plan.deff))
    cases = round(q * size)
    return np.array(
        [_hypergeometric(int(a), min(int(b), size), cases, size) for a, b in zip(x, n, strict=True)]
    )


def _hypergeometric(x: int, n: int, cases: int, size: int) -> float:
    k = np.arange(max(0, n + cases - size), min(n, cases) + 1, dtype=np.float64)
    log_chance = _log_choose(cases, k) + _log_choose(size - cases, n - k) - _log_choose(size, n)
    return float(min(np.exp(log_chance[k <= x]).sum(), 1.0))


def _log_choose(n: float, k: FloatArray | float) -> FloatArray:
    found = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - np.asarray(k) + 1)
    return np.asarray(found, dtype=np.float64)
