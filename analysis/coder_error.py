"""A share corrected for the coders' known error: a sensitivity line, never the headline.

Rogan & Gladen 1978, American Journal of Epidemiology 107:71, with the interval of Lang & Reiczigel
2014, Preventive Veterinary Medicine 113:13.
"""

from dataclasses import dataclass

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, undefined
from analysis.proportions import wilson, z_quantile

MIN_KNOWN = 50


@dataclass(frozen=True, kw_only=True)
class KnownUnits:
    """Units whose true answer is known: coders were right on `right` of `n`.

    `right` may be a fraction where ties were split.
    """

    right: float
    n: int


@dataclass(frozen=True, kw_only=True)
class CorrectedShare:
    """The corrected share beside what it was corrected with.

    ``is_clamped`` says that the formula gave a value outside [0, 1]: the observed share is smaller
    (or larger) than the coders' errors alone would make it.
    """

    corrected: Estimate
    sensitivity: Estimate
    specificity: Estimate
    is_clamped: bool


def rogan_gladen(
    share: float | None, n: float, *, positives: KnownUnits, negatives: KnownUnits
) -> CorrectedShare:
    """Correct an observed share for sensitivity and specificity measured on known units.

    p = (q + sp - 1) / (se + sp - 1), clamped to [0, 1]. The interval counts the sampling error of
    all three: Lang & Reiczigel 2014, with z^2/2 cases added to q and one to each of se and sp.

    Parameters
    ----------
    share : float, optional
        q, the observed share; None where it is undefined.
    n : float
        The effective number of units behind q (``n_eff`` of `analysis.shares.share`).
    positives, negatives : KnownUnits
        Units that truly have the label, and that truly have not: gold units, or decided ones that
        the coders labelled before. At least 50 of each, else the correction is undefined.

    Raises
    ------
    AnalysisInputError
        A share outside [0, 1], no units, or more right answers than units.

    Examples
    --------
    >>> known = KnownUnits(right=108, n=120), KnownUnits(right=110.4, n=120)
    >>> found = rogan_gladen(0.3, 400, positives=known[0], negatives=known[1])
    >>> round(found.corrected.value, 6)
    0.268293
    """
    for known in (positives, negatives):
        if not 0 <= known.right <= known.n:
            raise AnalysisInputError(f"expected 0 <= right <= n: came {known}.")
    sensitivity, specificity = _accuracy(positives), _accuracy(negatives)
    reason = _why_not(share, positives, negatives)
    if share is None or reason:
        corrected, is_clamped = undefined(reason or "the observed share is undefined"), False
    else:
        if not (0 <= share <= 1 and n > 0):
            raise AnalysisInputError(f"expected a share from 0 to 1 and n > 0: came {share}, {n}.")
        corrected, is_clamped = _corrected(share, n, positives, negatives)
    return CorrectedShare(
        corrected=corrected,
        sensitivity=sensitivity,
        specificity=specificity,
        is_clamped=is_clamped,
    )


def _accuracy(known: KnownUnits) -> Estimate:
    if known.n == 0:
        return undefined("no unit with this known answer", n=0)
    interval = wilson(known.right, known.n)
    return Estimate(value=known.right / known.n, low=interval.low, high=interval.high, n=known.n)


def _why_not(share: float | None, positives: KnownUnits, negatives: KnownUnits) -> str | None:
    if share is None:
        return "the observed share is undefined"
    for known, name in ((positives, "positives"), (negatives, "negatives")):
        if known.n < MIN_KNOWN:
            return f"only {known.n} known {name}, fewer than {MIN_KNOWN}"
    youden = positives.right / positives.n + negatives.right / negatives.n - 1
    if youden <= 0:
        return "on the known units the coders do no better than chance"
    return None


def _corrected(
    q: float, n: float, positives: KnownUnits, negatives: KnownUnits
) -> tuple[Estimate, bool]:
    z = z_quantile(0.95)
    plain_se, plain_sp = positives.right / positives.n, negatives.right / negatives.n
    raw = (q + plain_sp - 1) / (plain_se + plain_sp - 1)
    n_q, n_se, n_sp = n + z**2, positives.n + 2, negatives.n + 2
    q = (n * q + z**2 / 2) / n_q
    se, sp = (positives.right + 1) / n_se, (negatives.right + 1) / n_sp
    if se + sp <= 1:
        reason = "on the known units the coders do hardly better than chance"
        return undefined(reason), False
    p = (q + sp - 1) / (se + sp - 1)
    by_se, by_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    shift = 2 * z**2 * (p * by_se - (1 - p) * by_sp)
    variance = (q * (1 - q) / n_q + p**2 * by_se + (1 - p) ** 2 * by_sp) / (se + sp - 1) ** 2
    half = z * variance**0.5
    value = _clamp(raw)
    low, high = min(_clamp(p + shift - half), value), max(_clamp(p + shift + half), value)
    return Estimate(value=value, low=low, high=high, n=round(n)), raw != value


def _clamp(p: float) -> float:
    return min(max(p, 0.0), 1.0)
