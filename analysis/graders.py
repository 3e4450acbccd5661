"""How each coder works: the figures behind the lead's view of graders.

Each figure has its interval and its n; flags are information for a person and block nobody.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import BoolArray, Estimate, FloatArray, IntArray, undefined
from analysis.grader_comparisons import BesideOthers, beside_others
from analysis.grader_flags import COPIER_CHANCE, GOLD_BAR, Flag, flags_of
from analysis.grader_pairs import shared_errors
from analysis.grader_record import CORRECTNESS, NONE, CodedRecord, GraderRecord, code_record
from analysis.proportions import mean_difference, wilson

CORRECT, INCORRECT = CORRECTNESS.index("correct"), CORRECTNESS.index("incorrect")


@dataclass(frozen=True, kw_only=True)
class ActiveTime:
    """Median active seconds of the ``n`` labels whose time is known."""

    median: float | None
    n: int
    undefined_because: str | None = None


@dataclass(frozen=True, kw_only=True)
class GraderQuality:
    """One coder's figures; each estimate has the n it rests on.

    Attributes
    ----------
    skip_rate : skips of skips and labels
    gold_accuracy : right answers on gold units
    self_agreement : equal answers on hidden repeats
    agreement : mean share of the unit's other coders who gave the same answer; n in units
    verdict_bias : share of blind ``correct`` minus that of the other coders of the same units
    moved_towards : blind verdicts that the reveal moved towards a complaint, of those it could
    moved_away : the same, away from the complaint
    """

    coder: str
    n_labels: int
    active_time: ActiveTime
    skip_rate: Estimate
    gold_accuracy: Estimate
    self_agreement: Estimate
    agreement: Estimate
    verdict_bias: Estimate
    moved_towards: Estimate
    moved_away: Estimate
    flags: tuple[Flag, ...]


def grader_quality(record: GraderRecord, *, gold_bar: float = GOLD_BAR) -> list[GraderQuality]:
    """Return the figures and flags of every coder, ordered by name.

    Parameters
    ----------
    record : GraderRecord
        Where third opinions are asked only on disagreement, give the first k labels of each unit:
        units chosen because two disagreed make the first two look worse than the third.
    gold_bar : float
        Share of gold units a coder should get right. False-alarm rates are known for the default
        bar alone.

    Raises
    ------
    AnalysisInputError
        See `code_record`.
    """
    coded = code_record(record)
    beside, shared = beside_others(coded), shared_errors(coded, unlikely=COPIER_CHANCE)
    return [
        _quality(
            coded,
            beside,
            coder,
            flags_of(coded, coder, beside=beside, shared=shared[coder], gold_bar=gold_bar),
        )
        for coder in range(len(coded.coders))
    ]


def _quality(
    coded: CodedRecord, beside: BesideOthers, coder: int, flags: tuple[Flag, ...]
) -> GraderQuality:
    own = coded.rows_of(coder)
    n_labels, n_skips = own.stop - own.start, int(coded.n_skips[coder])
    gold, first = coded.gold[own], coded.original[own]
    equal_to_first = coded.answer[own] == coded.answer[first]
    return GraderQuality(
        coder=coded.coders[coder],
        n_labels=n_labels,
        active_time=_active_time(coded.seconds[own]),
        skip_rate=_share(n_skips, n_skips + n_labels, none="no label and no skip"),
        gold_accuracy=_share_where(gold != NONE, coded.answer[own] == gold, none="no gold unit"),
        self_agreement=_share_where(first != NONE, equal_to_first, none="no hidden repeat"),
        agreement=agreement_with_others(beside.agreement[own], beside.n_others[own]),
        verdict_bias=mean_difference(beside.bias[own], none="no unit with another coder's verdict"),
        moved_towards=_moved(coded, own, start=CORRECT),
        moved_away=_moved(coded, own, start=INCORRECT),
        flags=flags,
    )


def _active_time(seconds: FloatArray) -> ActiveTime:
    known = seconds[~np.isnan(seconds)]
    if len(known) == 0:
        return ActiveTime(median=None, n=0, undefined_because="no label with a known time")
    return ActiveTime(median=float(np.median(known)), n=len(known))


def _share(x: int, n: int, *, none: str) -> Estimate:
    """x of n with its Wilson interval."""
    if n == 0:
        return undefined(none, n=0)
    interval = wilson(x, n)
    return Estimate(value=x / n, low=interval.low, high=interval.high, n=n)


def _share_where(counted: BoolArray, case: BoolArray, *, none: str) -> Estimate:
    return _share(int((counted & case).sum()), int(counted.sum()), none=none)


def agreement_with_others(share: FloatArray, n_others: IntArray) -> Estimate:
    """Mean over units, with Wilson's interval at the effective number of units.

    n_eff = n p (1 - p) / s^2 (Kish 1965; as in Korn & Graubard 1998), s^2 the variance of the
    shares over units, at least n and at most the number of comparisons.
    """
    met = n_others > 0
    n = int(met.sum())
    if n == 0:
        return undefined("no unit with another coder", n=0)
    p, comparisons = float(share[met].mean()), float(n_others[met].sum())
    spread = float(share[met].var(ddof=1)) if n > 1 else 0.0
    n_eff = n * p * (1 - p) / spread if spread > 0 else float(n)
    n_eff = min(max(n_eff, float(n)), comparisons)
    interval = wilson(min(p * n_eff, n_eff), n_eff)
    return Estimate(value=p, low=interval.low, high=interval.high, n=n)


def _moved(coded: CodedRecord, own: slice, *, start: int) -> Estimate:
    """Share of verdicts that moved away from the `start` end of correct, cannot tell, incorrect.

    From ``correct`` is towards the complaint of a thumbs-down, from ``incorrect`` away from it. A
    verdict that is already at the other end cannot move on and is not counted.
    """
    blind, final = coded.blind[own], coded.final[own]
    known = coded.is_rated_negative[own] & (blind != NONE) & (final != NONE)
    way = 1 if start == CORRECT else -1
    could = known & (blind != (INCORRECT if start == CORRECT else CORRECT))
    moved = (final - blind) * way > 0
    return _share_where(could, moved, none="no verdict on a complaint that could move this way")
