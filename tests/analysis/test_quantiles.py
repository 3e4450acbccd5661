"""Weighted quartiles: equal weights are the textbook's, weights are repetitions."""

import numpy as np
import pytest

from analysis.errors import AnalysisInputError
from analysis.quantiles import weighted_quartiles


def quartiles(values, weights):
    found = weighted_quartiles(np.array(values, dtype=float), np.array(weights, dtype=float))
    return (found.low, found.median, found.high)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 101])
def test_equal_weights_are_the_averaged_inverted_distribution_of_numpy(n):
    values = np.random.default_rng(n).normal(size=n)
    theirs = np.quantile(values, [0.25, 0.5, 0.75], method="averaged_inverted_cdf")
    assert quartiles(values, [0.1] * n) == pytest.approx(tuple(theirs))


def test_a_weight_of_three_is_the_value_three_times():
    assert quartiles([5, 1, 9], [1, 3, 1]) == quartiles([1, 1, 1, 5, 9], [1] * 5)


def test_the_order_of_the_values_does_not_matter():
    assert quartiles([9, 1, 5], [2, 3, 1]) == quartiles([1, 5, 9], [3, 1, 2])


def test_nothing_has_no_quartiles():
    assert weighted_quartiles(np.zeros(0), np.zeros(0)) is None


def test_a_weight_of_zero_is_refused():
    with pytest.raises(AnalysisInputError, match="one weight above zero"):
        quartiles([1, 2], [1, 0])
