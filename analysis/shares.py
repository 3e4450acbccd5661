"""The share of a frame that a label has, from a stratified sample, with its interval.

Smoothed Korn-Graubard: Korn & Graubard 1998, Survey Methodology 24:193; NCHS Series 2 no. 175.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, FloatArray, undefined
from analysis.proportions import Interval, clopper_pearson, mover_difference, z_quantile

MIN_N = 30
MAX_WIDTH = 0.30
MAX_UNSAMPLED = 0.05


@dataclass(frozen=True, eq=False)
class StratumSample:
    """What was found in one stratum.

    Attributes
    ----------
    name : str
    n_frame : int
        N_h, outputs of the frame in this stratum.
    y : array of float in [0, 1], one per labelled unit
        1 if the unit has the label, 0 if not, a fraction where a tie was split.
    users : sequence of hashable, one per labelled unit, optional
        Whose feedback it was; None for an unknown user, who is a cluster of one.
    """

    name: str
    n_frame: int
    y: npt.ArrayLike
    users: Sequence[Hashable] | None = None


@dataclass(frozen=True, kw_only=True)
class Share:
    """A design-weighted share with its interval.

    ``value`` is None with ``undefined_because`` where no share can be given. ``too_imprecise``
    is the reason not to show it. ``unsampled`` names strata without a labelled unit.
    ``n_eff`` is None in a census, where nothing is left to chance.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_frame: int
    n_eff: float | None
    df: int | None
    deff_users: float
    top_user_share: float | None
    too_imprecise: str | None
    unsampled: tuple[str, ...]
    undefined_because: str | None
    finite_population: bool
    level: float

    @property
    def zero_cases(self) -> bool:
        return self.value == 0

    @property
    def sentence(self) -> str:
        """The share in words: "0 of 60, at most 5.9%" or "21.4% [16.9%, 26.6%]"."""
        if self.value is None or self.low is None or self.high is None:
            return f"unknown: {self.undefined_because}"
        if self.zero_cases:
            return f"0 of {self.n}, at most {self.high:.1%}"
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"

    def as_dict(self) -> dict[str, float | int | str | list[str] | None]:
        return {
            "share": self.value,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "undefined_because": self.undefined_because,
            "too_imprecise": self.too_imprecise,
            "deff_users": None if self.value is None else self.deff_users,
            "unsampled": list(self.unsampled),
        }


@dataclass(frozen=True, eq=False)
class _Sample:
    """All labelled units in one array, with the stratum of each."""

    y: FloatArray
    stratum: npt.NDArray[np.int64]
    user: npt.NDArray[np.int64]
    n_frame: FloatArray
    n: FloatArray

    @property
    def weights(self) -> FloatArray:
        return np.asarray(self.n_frame / self.n_frame.sum(), dtype=np.float64)

    def sums(self, values: FloatArray) -> FloatArray:
        added = np.bincount(self.stratum, weights=values, minlength=len(self.n))
        return added.astype(np.float64)


def share(
    strata: Sequence[StratumSample], *, finite_population: bool = True, level: float = 0.95
) -> Share:
    """Estimate the share of the frame from a stratified simple random sample.

    p = sum W_h ybar_h with W_h = N_h / N. Its variance is taken after half a case and half a
    non-case are added to each stratum; it gives an effective sample size, which is divided by
    the design effect of users (at least 1), capped at 4n, corrected for degrees of freedom, and
    put into the Clopper-Pearson interval.

    Parameters
    ----------
    strata : sequence of StratumSample
    finite_population : bool
        True for a count of a closed period; False wherever the figure speaks of the future.

    Returns
    -------
    Share
        A stratum without a labelled unit is named in ``unsampled``. If such strata hold at most
        5% of the frame, the value is that of the other strata and the interval is widened to
        hold whatever the missing strata could be (all or none); above 5% the share is undefined.
        In a census (every N_h = n_h) with ``finite_population`` the interval is the value.

    Raises
    ------
    AnalysisInputError
        n_h > N_h, a y outside [0, 1], users of another length than y, or a name twice.

    Examples
    --------
    >>> def cases(x): return [1] * x + [0] * (60 - x)
    >>> found = share([StratumSample("tax", 1200, cases(27)), StratumSample("code", 800, cases(21)),
    ...     StratumSample("travel", 2000, cases(6)), StratumSample("docs", 1000, cases(3))])
    >>> round(found.value, 4)
    0.214
    """
    z_quantile(level)
    _check(strata)
    total = sum(stratum.n_frame for stratum in strata)
    sampled = [stratum for stratum in strata if np.size(stratum.y)]
    missing = [s for s in strata if s.n_frame and not np.size(s.y)]
    names = tuple(stratum.name for stratum in missing)
    gap = sum(stratum.n_frame for stratum in missing) / total if total else 0.0
    if not sampled or gap > MAX_UNSAMPLED:
        reason = f"no labelled unit in the strata {list(names)}, over 5% of the frame"
        return unknown_share(
            reason if sampled else "no unit is labelled",
            n=sum(int(np.size(stratum.y)) for stratum in sampled),
            n_frame=total,
            unsampled=names,
            finite_population=finite_population,
            level=level,
        )
    sample = _gather(sampled)
    return _estimate(sample, names, gap, total, finite_population, level)


def _estimate(
    sample: _Sample,
    names: tuple[str, ...],
    gap: float,
    total: int,
    finite_population: bool,
    level: float,
) -> Share:
    """Estimate from the sampled strata; `gap` is the part of the frame in the others."""
    p = float(sample.weights @ (sample.sums(sample.y) / sample.n))
    deff, df = _user_deff(sample), _degrees_of_freedom(sample)
    n_eff = _effective_n(sample, p=p, deff=deff, df=df, finite=finite_population, level=level)
    bounds = Interval(p, p) if n_eff is None else exact_bounds(p, n_eff, level)
    low, high = (1 - gap) * bounds.low, (1 - gap) * bounds.high + gap
    return Share(
        value=p,
        low=low,
        high=high,
        n=len(sample.y),
        n_frame=total,
        n_eff=n_eff,
        df=df,
        deff_users=deff,
        top_user_share=float(np.bincount(sample.user).max() / len(sample.y)),
        too_imprecise=too_imprecise(len(sample.y), n_eff, low, high),
        unsampled=names,
        undefined_because=None,
        finite_population=finite_population,
        level=level,
    )


def share_difference(first: Share, second: Share) -> Estimate:
    """First minus second with the MOVER interval (Newcombe 1998 method 10; Zou & Donner 2008)."""
    reason = first.undefined_because or second.undefined_because or "a share is undefined"
    if first.value is None or first.low is None or first.high is None:
        return undefined(reason)
    if second.value is None or second.low is None or second.high is None:
        return undefined(reason)
    return mover_difference(
        first.value,
        Interval(first.low, first.high),
        second.value,
        Interval(second.low, second.high),
    )


def stratified_standard_error(
    strata: Sequence[StratumSample], *, finite_population: bool = True
) -> float | None:
    """Return the textbook (unsmoothed) standard error of the share (Cochran 1977, 5.4).

    None where a stratum has fewer than two labelled units.
    """
    _check(strata)
    if any(np.size(stratum.y) < 2 for stratum in strata) or not strata:
        return None
    sample = _gather(strata)
    spread = sample.sums((sample.y - (sample.sums(sample.y) / sample.n)[sample.stratum]) ** 2)
    rest = 1 - sample.n / sample.n_frame if finite_population else np.ones(len(sample.n))
    variance = sample.weights**2 * rest * spread / (sample.n - 1) / sample.n
    return float(np.sqrt(variance.sum()))


def _check(strata: Sequence[StratumSample]) -> None:
    names = [stratum.name for stratum in strata]
    if len(set(names)) != len(names):
        raise AnalysisInputError(f"expected each stratum once: came {names}.")
    for stratum in strata:
        y = np.asarray(stratum.y, dtype=np.float64)
        where = f"in stratum {stratum.name!r}"
        if y.size > stratum.n_frame:
            raise AnalysisInputError(
                f"expected at most N={stratum.n_frame} labelled units {where}: came {y.size}."
            )
        if y.size and not (np.isfinite(y).all() and y.min() >= 0 and y.max() <= 1):
            raise AnalysisInputError(f"expected values from 0 to 1 {where}.")
        if stratum.users is not None and len(stratum.users) != y.size:
            raise AnalysisInputError(
                f"expected one user per labelled unit {where}: "
                f"came {len(stratum.users)} users for {y.size} units."
            )


def unknown_share(
    reason: str,
    *,
    n: int,
    n_frame: int,
    unsampled: tuple[str, ...],
    finite_population: bool,
    level: float,
) -> Share:
    """Return the share that cannot be given, with the reason."""
    return Share(
        value=None,
        low=None,
        high=None,
        n=n,
        n_frame=n_frame,
        n_eff=None,
        df=None,
        deff_users=1.0,
        top_user_share=None,
        too_imprecise=None,
        unsampled=unsampled,
        undefined_because=reason,
        finite_population=finite_population,
        level=level,
    )


def user_codes(users: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    """Return a code from 0 on per user; each unknown user (None, nan) has a code of its own."""
    codes = pd.factorize(pd.Series(list(users), dtype=object))[0].astype(np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def cluster_deff(residual: FloatArray, user: npt.NDArray[np.int64]) -> float:
    """Return the variance of a sum with users as clusters over the variance without, at least 1.

    `residual` is the linearised contribution of each unit, `user` its code.
    """
    by_user = np.bincount(user, weights=residual)
    g, n = len(by_user), len(residual)
    alone = float((residual**2).sum()) * n / max(n - 1, 1)
    if alone <= 0 or g < 2:
        return 1.0
    return max(1.0, float((by_user**2).sum()) * g / (g - 1) / alone)


def _gather(strata: Sequence[StratumSample]) -> _Sample:
    """Join the strata; a unit whose user is not known is a cluster of its own."""
    sizes = [int(np.size(stratum.y)) for stratum in strata]
    users: list[Hashable] = []
    for stratum, size in zip(strata, sizes, strict=True):
        users += list(stratum.users) if stratum.users is not None else [None] * size
    return _Sample(
        y=np.concatenate([np.asarray(s.y, dtype=np.float64).reshape(-1) for s in strata]),
        stratum=np.repeat(np.arange(len(strata)), sizes).astype(np.int64),
        user=user_codes(users),
        n_frame=np.array([s.n_frame for s in strata], dtype=np.float64),
        n=np.array(sizes, dtype=np.float64),
    )


def _user_deff(sample: _Sample) -> float:
    """Return the design effect of users; the residuals are W_h (y - ybar_h) / n_h."""
    mean = (sample.sums(sample.y) / sample.n)[sample.stratum]
    residual = (sample.weights / sample.n)[sample.stratum] * (sample.y - mean)
    return cluster_deff(residual, sample.user)


def _degrees_of_freedom(sample: _Sample) -> int:
    return max(1, int(sample.user.max()) + 1 - len(sample.n))


def _effective_n(
    sample: _Sample, *, p: float, deff: float, df: int, finite: bool, level: float
) -> float | None:
    """Return the effective sample size; None when every output of the frame is labelled."""
    n_h, n = sample.n, float(len(sample.y))
    if finite and (n_h == sample.n_frame).all():
        return None
    m1 = (sample.sums(sample.y) + 0.5) / (n_h + 1)
    s2 = (sample.sums(sample.y**2) + 0.5) / (n_h + 1) - m1**2
    rest = 1 - n_h / sample.n_frame if finite else np.ones(len(n_h))
    variance = float((sample.weights**2 * rest * s2 / n_h).sum())
    q = float(sample.weights @ m1)
    return effective_n(q * (1 - q) / variance, n=n, deff=deff, df=df, level=level)


def effective_n(simple: float, *, n: float, deff: float, df: int, level: float) -> float:
    """Return the effective sample size that goes into the Clopper-Pearson interval.

    `simple` is q (1 - q) / v of the smoothed sample; it is divided by the design effect of users,
    capped at 4n, and corrected for degrees of freedom (Korn & Graubard 1998).
    """
    capped = min(simple / deff, 4 * n)
    tail = (1 + level) / 2
    ratio = special.stdtrit(max(n - 1, 1), tail) / special.stdtrit(df, tail)
    return float(capped * min(ratio, 1.0) ** 2)


def exact_bounds(p: float, n_eff: float, level: float) -> Interval:
    """Return the Clopper-Pearson interval of a share of `n_eff` units; it holds the share."""
    exact = clopper_pearson(min(max(p * n_eff, 0.0), n_eff), n_eff, level=level)
    return Interval(min(exact.low, p), max(exact.high, p))


def too_imprecise(n: int, n_eff: float | None, low: float, high: float) -> str | None:
    """Apply the presentation rule of NCHS Series 2 no. 175."""
    if n_eff is None and low == high:
        return None
    if n < MIN_N:
        return f"only {n} labelled units, fewer than {MIN_N}"
    if n_eff is not None and n_eff < MIN_N:
        return f"as precise as only {n_eff:.0f} independent units, fewer than {MIN_N}"
    if high - low > MAX_WIDTH:
        return f"the interval is {100 * (high - low):.0f} points wide, more than 30"
    return None
