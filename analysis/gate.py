"""One verdict from one share and one agreement: may this go on, wait, or stop?"""

from dataclasses import dataclass
from typing import Literal, Protocol

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate

PERFECT_UNITS = 30

State = Literal["PASS", "HOLD", "STOP", "UNKNOWN"]


class Headline(Protocol):
    """A share with its interval, computed without finite population."""

    @property
    def value(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


@dataclass(frozen=True)
class Decision:
    state: State
    reasons: list[str]


def decide(
    headline: Headline | None,
    alpha: Estimate | None,
    *,
    low: float = 0.15,
    high: float = 0.25,
    alpha_floor: float = 0.667,
) -> Decision:
    """Decide by the interval, not by the value.

    Upper bound <= `low`: known, PASS, unless the lower bound of alpha is under `alpha_floor` or
    alpha or its interval is not known (HOLD). Lower bound >= `high`: STOP, whatever alpha is.
    Else the interval straddles a threshold: HOLD. No estimate: UNKNOWN.
    """
    if not 0 <= low <= high <= 1:
        raise AnalysisInputError(f"expected 0 <= low <= high <= 1: came {low} and {high}.")
    if headline is None or headline.value is None or headline.low is None or headline.high is None:
        return Decision("UNKNOWN", ["There is no estimate of the share to decide by."])
    found = f"The share is {headline.value:.1%} [{headline.low:.1%}, {headline.high:.1%}]"
    doubt = _doubt(alpha, alpha_floor)
    reasons = [doubt] if doubt else []
    if headline.low >= high:
        return Decision("STOP", [f"{found}: surely at or above {high:.1%}.", *reasons])
    if headline.high > low:
        why = f"{found}: neither surely at most {low:.1%} nor surely at least {high:.1%}."
        return Decision("HOLD", [why, *reasons])
    known = f"{found}: surely at most {low:.1%}."
    if doubt or alpha is None:
        return Decision("HOLD", [known, *reasons])
    agreed = f"The coders agreed on every one of {alpha.n} units."
    if alpha.low is not None:
        agreed = f"The lower bound of alpha, {alpha.low:.3f}, is at least {alpha_floor:.3f}."
    return Decision("PASS", [known, agreed])


def is_perfect(alpha: Estimate) -> bool:
    """Whether coders agreed on every unit, and on enough of them.

    A bootstrap of perfect agreement has no spread, so its interval is withheld. With 30 units the
    chance of disagreement is below 10% (rule of three: 3/n; Hanley & Lippman-Hand 1983).
    """
    return alpha.value == 1.0 and alpha.n is not None and alpha.n >= PERFECT_UNITS


def _doubt(alpha: Estimate | None, floor: float) -> str | None:
    """Return why the coders' agreement does not carry a PASS, or None."""
    if alpha is None:
        return "No agreement between coders was measured."
    if alpha.value is None:
        return f"The coders' alpha is undefined: {alpha.undefined_because}."
    if is_perfect(alpha):
        return None
    if alpha.low is None:
        return f"Alpha is {alpha.value:.3f} without an interval: {alpha.undefined_because}."
    if alpha.low < floor:
        return f"The lower bound of alpha, {alpha.low:.3f}, is under {floor:.3f}."
    return None
