"""Shares and kappa within a part of a weighted sample whose size in the frame is not known.

The part (a domain: the units humans call right, say) and the strata need not coincide, so each
unit comes with its weight 1/pi and the figures are ratios of weighted sums.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import Estimate, FloatArray, IntArray, undefined
from analysis.kappas import EXTRA_UNITS, kappa_estimate
from analysis.shares import cluster_deff, effective_n, exact_bounds


@dataclass(frozen=True, eq=False)
class Design:
    """How n units came into the sample: arrays of shape (n,).

    ``weight`` is 1/pi (any scale), ``stratum`` and ``user`` are codes; a unit whose user is not
    known has a code of its own.
    """

    weight: FloatArray
    stratum: IntArray
    user: IntArray


def domain_share(
    y: FloatArray,
    domain: FloatArray,
    design: Design,
    *,
    empty: str,
    is_domain_known: bool = False,
) -> Estimate:
    """Estimate the weighted share of `y` within a domain, with its 95% interval.

    R = sum w y / sum w, w the weight times the membership. In each stratum half a case and half
    a non-case of the domain are added; stratified linearisation (Cochran 1977, 5A.14) gives
    n_eff = R (1 - R) / v, which is divided by the design effect of users, capped at 4n, corrected
    for degrees of freedom as in Korn & Graubard 1998, and put into Clopper-Pearson. No finite
    population. With equal weights in one stratum n_eff is n.

    Parameters
    ----------
    y, domain : arrays of float in [0, 1], shape (n,)
        Whether a unit is a case, and whether it is in the domain; fractions where ties were split.
    empty : str
        The reason to give when no unit is in the domain.
    is_domain_known : bool
        True where membership is known before the humans label (the judge's label). A stratum
        without a unit of such a domain holds none; else it may hold some that were not drawn, and
        the interval makes room for them.

    Returns
    -------
    Estimate
        ``n`` counts the units that are in the domain in part or in whole.
    """
    inside = domain > 0
    n = int(inside.sum())
    if n == 0:
        return undefined(empty, n=0)
    w = design.weight * domain
    p = min(max(float(w @ y / w.sum()), 0.0), 1.0)
    strata = np.unique(design.stratum[inside] if is_domain_known else design.stratum)
    simple = _domain_n(w, y, design, strata) * n / (n + len(strata))
    deff = cluster_deff((w * (y - p))[inside], design.user[inside])
    df = max(1, len(np.unique(design.user[inside])) - len(strata))
    n_eff = effective_n(simple, n=n, deff=deff, df=df, level=0.95)
    bounds = exact_bounds(p, n_eff, 0.95)
    return Estimate(value=p, low=bounds.low, high=bounds.high, n=n)


def _domain_n(w: FloatArray, y: FloatArray, design: Design, strata: IntArray) -> float:
    """Return R (1 - R) / v of the smoothed domain."""
    size = len(strata)
    place = np.searchsorted(strata, design.stratum).clip(max=size - 1)
    used = strata[place] == design.stratum
    place, w, y, weight = place[used], w[used], y[used], design.weight[used]
    n_h = np.bincount(place, minlength=size)
    added = np.bincount(place, weights=weight, minlength=size) / n_h
    total = float(w.sum() + added.sum())
    q = (float(w @ y) + float(added.sum()) / 2) / total
    pull = w * (y - q)
    first = np.bincount(place, weights=pull, minlength=size) + added * (0.5 - q)
    squares = np.bincount(place, weights=pull**2, minlength=size)
    second = squares + added**2 * ((1 - q) ** 2 + q**2) / 2
    variance = float((second - first**2 / (n_h + 1)).sum())
    return q * (1 - q) * total**2 / variance


def weighted_kappa(first: FloatArray, second: FloatArray, design: Design) -> Estimate:
    """Cohen's kappa (Cohen 1960) of two sources of labels, each unit with its weight.

    Parameters
    ----------
    first, second : arrays of float, shape (n, K)
        What each source says of each unit; rows add up to 1, fractions where coders differ.

    Returns
    -------
    Estimate
        The standard error is by linearisation (with equal weights, whole labels and no user
        twice that of Fleiss, Cohen & Everitt 1969), with the design effect of users; the interval
        is that of two coders, of the table and of the table with two units more. Undefined without
        a unit, or when both sources give one and the same label throughout.
    """
    n = len(first)
    if n == 0:
        return undefined("no unit has both labels", n=0)
    w = design.weight / design.weight.sum()
    if float((w @ first) @ (w @ second)) > 1 - 1e-12:
        return undefined("both sides used one and the same label throughout", n=n)
    kappa, se = _kappa_and_error(first, second, w, design.user, extra=0.0)
    smoothed = _kappa_and_error(first, second, w, design.user, extra=EXTRA_UNITS)
    df = len(np.unique(design.user)) - len(np.unique(design.stratum))
    return kappa_estimate(kappa, se, df=df, n=n, smoothed=smoothed)


def _kappa_and_error(
    first: FloatArray, second: FloatArray, w: FloatArray, user: IntArray, *, extra: float
) -> tuple[float, float]:
    """Kappa and its error, of the table with `extra` units spread evenly over all its cells.

    Units count as 1 / sum w^2 (Kish 1965).
    """
    k, n_eff = first.shape[1], 1 / float(w @ w)
    kept, cell = n_eff / (n_eff + extra), extra / (n_eff + extra) / k**2
    a, b = kept * (w @ first) + k * cell, kept * (w @ second) + k * cell
    agreed = (first * second).sum(axis=1)
    seen, chance = kept * float(w @ agreed) + k * cell, float(a @ b)
    kappa = (seen - chance) / (1 - chance)

    def pull(same: FloatArray, by_chance: FloatArray) -> FloatArray:
        rest = (by_chance - 2 * chance) * (1 - seen) / (1 - chance) ** 2
        pulled: FloatArray = (same - seen) / (1 - chance) - rest
        return pulled

    of_units = w * pull(agreed, first @ b + second @ a)
    of_cells = pull(np.eye(k), b[:, None] + a[None, :])
    variance = kept * float((of_units**2).sum()) * cluster_deff(of_units, user)
    return kappa, float(np.sqrt(variance + cell / n_eff * float((of_cells**2).sum())))
