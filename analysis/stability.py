"""Whether a share has stayed where it was: an equivalence test, not the lack of a difference.

"Not significant" is not "stable": too few units make every change insignificant. Two one-sided
tests at 5% (Schuirmann 1987), that is, the 90% interval of the difference inside the margin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, undefined
from analysis.shares import Share, StratumSample, share, share_difference
from analysis.stability_plan import LabelsToDecide, labels_to_decide

DEFAULT_MARGIN = 0.05
LEVEL = 0.90

Stability = Literal["stable", "moved", "unknown"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Window:
    """One audit of a series, oldest first.

    ``codebook`` names what the labels were given under; where it changes, the series breaks.
    """

    name: str
    strata: Sequence[StratumSample]
    codebook: str = ""


@dataclass(frozen=True, kw_only=True)
class StabilityStep:
    """One window against all earlier ones since the last break, pooled.

    Attributes
    ----------
    state : "stable", "moved" or "unknown"
        Stable: the 90% interval of the difference lies inside the margin. Moved: it does not, and
        lies on one side of zero. Unknown: neither; more units are needed.
    difference : Estimate
        This window minus the earlier ones, with its 90% interval.
    is_break : bool
        The codebook is not that of the window before; what came before does not count.
    n_windows : int
        How many earlier windows are pooled.
    to_decide : LabelsToDecide, optional
        How many labels more in each window would decide; None where the state is known, or there
        is no difference.
    """

    name: str
    state: Stability
    difference: Estimate
    this: Share
    earlier: Share
    margin: float
    is_break: bool
    n_windows: int
    to_decide: LabelsToDecide | None = None


def stability(
    windows: Sequence[Window], *, margin: float = DEFAULT_MARGIN
) -> tuple[StabilityStep, ...]:
    """Compare each window of a series with the earlier ones.

    Earlier windows are pooled as one frame, so each counts by its number of outputs. Without
    finite population: stability speaks of what produces the outputs.

    Parameters
    ----------
    windows : sequence of Window, oldest first
    margin : float
        The largest change that does not matter, fixed before looking.

    Returns
    -------
    tuple of StabilityStep, one per window
        The first window, and the first after a break, are unknown, with the reason.
    """
    if not 0 < margin < 1:
        raise AnalysisInputError(f"expected a margin between 0 and 1: came {margin}.")
    steps, earlier = [], list[Window]()
    for window in windows:
        is_break = bool(earlier) and window.codebook != earlier[-1].codebook
        if is_break:
            earlier = []
        steps.append(_step(window, earlier, margin, is_break=is_break))
        earlier.append(window)
    return tuple(steps)


def _step(
    window: Window, earlier: Sequence[Window], margin: float, *, is_break: bool
) -> StabilityStep:
    this = share(window.strata, finite_population=False, level=LEVEL)
    pooled = [
        replace(stratum, name=f"{i} {stratum.name}")
        for i, each in enumerate(earlier)
        for stratum in each.strata
    ]
    before = share(pooled, finite_population=False, level=LEVEL)
    difference = share_difference(this, before)
    if not earlier:
        difference = undefined("there is no earlier window" + " of this codebook" * is_break)
    state, to_decide = _state(difference, margin), None
    if state == "unknown" and difference.value is not None:
        each = [share(one.strata, finite_population=False, level=LEVEL) for one in earlier]
        to_decide = labels_to_decide(this, each, margin=margin)
    return StabilityStep(
        name=window.name,
        state=state,
        difference=difference,
        this=this,
        earlier=before,
        margin=margin,
        is_break=is_break,
        n_windows=len(earlier),
        to_decide=to_decide,
    )


def _state(difference: Estimate, margin: float) -> Stability:
    if difference.low is None or difference.high is None:
        return "unknown"
    if -margin < difference.low and difference.high < margin:
        return "stable"
    if difference.low > 0 or difference.high < 0:
        return "moved"
    return "unknown"
