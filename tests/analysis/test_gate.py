"""The gate decides by the interval."""

import pytest

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate, undefined
from analysis.gate import decide
from analysis.shares import StratumSample, share


def found(value, low, high):
    return Estimate(value=value, low=low, high=high)


GOOD = found(0.80, 0.70, 0.88)


@pytest.mark.parametrize(
    ("headline", "alpha", "state"),
    [
        (found(0.10, 0.07, 0.14), GOOD, "PASS"),
        (found(0.10, 0.07, 0.15), GOOD, "PASS"),  # the threshold itself is known
        (found(0.10, 0.07, 0.14), found(0.70, 0.60, 0.78), "HOLD"),
        (found(0.10, 0.07, 0.14), found(1.0, None, None), "HOLD"),
        (found(0.10, 0.07, 0.14), undefined("no unit has two labels"), "HOLD"),
        (found(0.10, 0.07, 0.14), None, "HOLD"),
        (found(0.14, 0.10, 0.19), GOOD, "HOLD"),
        (found(0.20, 0.16, 0.24), GOOD, "HOLD"),
        (found(0.30, 0.25, 0.36), GOOD, "STOP"),
        (found(0.30, 0.25, 0.36), None, "STOP"),
        (undefined("no unit is labelled"), GOOD, "UNKNOWN"),
        (None, GOOD, "UNKNOWN"),
    ],
)
def test_state(headline, alpha, state):
    decision = decide(headline, alpha)
    assert decision.state == state
    assert decision.reasons
    assert all(reason.endswith(".") for reason in decision.reasons)


def test_a_share_goes_straight_in():
    future = share([StratumSample("all", 9000, [1] * 8 + [0] * 192)], finite_population=False)
    assert decide(future, GOOD).state == "PASS"
    assert "4.0%" in decide(future, GOOD).reasons[0]


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(AnalysisInputError, match="low <= high"):
        decide(None, None, low=0.3, high=0.2)
