"""Intervals of proportions against Newcombe's tables."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis.errors import AnalysisInputError
from analysis.proportions import clopper_pearson, mean_difference, newcombe_difference, wilson


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


# ---- the mean of paired differences


def test_paired_differences_have_students_interval_where_they_vary_much():
    d = np.tile([1.0, -1, 1, 0.5, -0.5, -1], 20)
    found, student = mean_difference(d, none=""), stats.ttest_1samp(d, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((student.low, student.high))


def test_rare_differences_are_seen_as_if_one_more_lay_on_each_side():
    """Bonett & Price 2012: one pair of 1 and one of -1 more; both intervals together."""
    d = np.array([1.0] + [0.0] * 49)
    found = mean_difference(d, none="")
    wider = stats.ttest_1samp([*d, 1, -1], 0).confidence_interval()
    student = stats.ttest_1samp(d, 0).confidence_interval()
    assert found.value == 0.02
    assert found.low == pytest.approx(wider.low)
    assert found.high == pytest.approx(wider.high)
    assert wider.high > student.high


def test_differences_that_do_not_vary_still_have_an_interval():
    same, always = mean_difference(np.zeros(50), none=""), mean_difference(np.ones(9), none="")
    assert (same.value, same.low) == (0, -same.high)
    assert 0.04 < same.high < 0.08
    assert (always.value, always.high) == (1, 1)
    assert 0 < always.low < 1


def test_a_pair_that_was_not_seen_does_not_count():
    some = np.array([np.nan, 1.0, 0.0, np.nan, 0.5])
    assert mean_difference(some, none="") == mean_difference(np.array([1.0, 0.0, 0.5]), none="")
    assert mean_difference(some[:1], none="no pair").undefined_because == "no pair"
    mirrored = mean_difference(-some, none="")
    found = mean_difference(some, none="")
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
