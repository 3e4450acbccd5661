"""Intervals of proportions against Newcombe's tables."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from analysis.errors import AnalysisInputError
from analysis.proportions import clopper_pearson, newcombe_difference, wilson


@pytest.mark.parametrize(
    ("x", "n", "score", "exact"),
    [  # Newcombe 1998, Statistics in Medicine 17:857
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_newcombe_1998_table(x, n, score, exact):
    one, other = wilson(x, n), clopper_pearson(x, n)
    assert (one.low, one.high) == pytest.approx(score, abs=5e-5)
    assert (other.low, other.high) == pytest.approx(exact, abs=5e-5)


@pytest.mark.parametrize("x", [0, 1, 124, 399, 400])
def test_equal_to_statsmodels(x):
    one, other = wilson(x, 400), clopper_pearson(x, 400)
    assert (one.low, one.high) == pytest.approx(proportion_confint(x, 400, method="wilson"))
    assert (other.low, other.high) == pytest.approx(proportion_confint(x, 400, method="beta"))


def test_newcombe_difference_of_two_releases():
    found = newcombe_difference(80, 200, 44, 200)
    assert found.value == pytest.approx(0.18)
    assert (found.low, found.high) == pytest.approx((0.0896, 0.2664), abs=5e-5)


def test_more_cases_than_units_are_refused():
    with pytest.raises(AnalysisInputError, match="x=5, n=4"):
        wilson(5, 4)
