"""An interval for looking every day."""

from functools import cache

import numpy as np
import pytest
from scipy import special

from analysis.anytime import anytime_interval, anytime_share, is_proportional
from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate
from analysis.gate import decide
from analysis.proportions import clopper_pearson, wilson


@pytest.mark.parametrize(("x", "n"), [(10, 100), (1, 7), (80, 200), (2.5, 40)])
def test_its_ends_satisfy_the_definition(x, n):
    """B(.5 + x, .5 + n - x) / B(.5, .5) / (p^x (1 - p)^(n - x)) = 20 at both ends."""
    found = anytime_interval(x, n)
    mixed = special.beta(0.5 + x, 0.5 + n - x) / special.beta(0.5, 0.5)
    for p in (found.low, found.high):
        assert mixed / (p**x * (1 - p) ** (n - x)) == pytest.approx(20, rel=1e-6)
    assert found.low < x / n < found.high


def test_it_is_wider_than_the_interval_for_one_look():
    for x, n in ((0, 30), (8, 100), (300, 1000), (50, 50)):
        once, always = clopper_pearson(x, n), anytime_interval(x, n)
        assert always.low <= once.low
        assert always.high >= once.high


def test_limits():
    assert (anytime_interval(0, 0).low, anytime_interval(0, 0).high) == (0, 1)
    assert anytime_interval(0, 50).low == 0
    assert anytime_interval(50, 50).high == 1
    with pytest.raises(AnalysisInputError, match="x=3, n=2"):
        anytime_interval(3, 2)


def test_only_the_prefix_counts():
    found = anytime_share([1, 0, 0, 0.5, None, 1, 1, None], is_self_weighting=True)
    assert (found.value, found.n, found.n_after) == (1.5 / 4, 4, 2)
    with pytest.raises(AnalysisInputError, match="from 0 to 1"):
        anytime_share([2], is_self_weighting=True)


def test_undefined_with_the_reason():
    late = anytime_share([None, 1], is_self_weighting=True)
    assert late.undefined_because == "the first unit in serving order is not labelled"
    strata = anytime_share([1, 0], is_self_weighting=False)
    assert strata.undefined_because == "the strata were not drawn in proportion"
    assert strata.value is None


def test_proportional_within_one_unit():
    assert is_proportional({"tax": (1200, 60), "docs": (800, 40)})
    assert is_proportional({"all": (10, 3)})
    assert is_proportional({})
    assert not is_proportional({"tax": (1200, 60), "law": (100, 20)})


def test_the_gate_takes_it():
    alpha = Estimate(value=0.9, low=0.8, high=0.95)
    y: list[float | None] = [0.0] * 300
    assert decide(anytime_share(y, is_self_weighting=True), alpha).state == "PASS"
    assert decide(anytime_share(y[:20], is_self_weighting=True), alpha).state == "HOLD"


@cache
def excludes(x, n, p, interval):
    found = interval(x, n)
    return not found.low <= p <= found.high


@pytest.mark.simulation
@pytest.mark.parametrize("p", [0.05, 0.10, 0.30])
def test_looking_every_day(p):
    """50 looks, from 20 units on, 20 more a day: at most 5% of runs ever exclude the truth.

    Expected 3.5% or less, against 23% to 36% with an ordinary interval.
    """
    rng = np.random.default_rng(7)
    n_runs, days = 1500, 50
    found = rng.binomial(20, p, size=(n_runs, days)).cumsum(axis=1)
    misses = dict.fromkeys((anytime_interval, wilson), 0)
    for run in found.tolist():
        for interval in misses:
            misses[interval] += any(
                excludes(x, 20 * (day + 1), p, interval) for day, x in enumerate(run)
            )
    rate = {interval: n / n_runs for interval, n in misses.items()}
    assert rate[anytime_interval] <= 0.05
    assert 0.18 <= rate[wilson] <= 0.40


@pytest.mark.simulation
def test_looking_after_every_unit():
    rng = np.random.default_rng(9)
    cases = (rng.random((1000, 250)) < 0.3).cumsum(axis=1).tolist()
    outside = sum(
        any(excludes(x, n, 0.3, anytime_interval) for n, x in enumerate(run, start=1))
        for run in cases
    )
    assert 0.01 <= outside / 1000 <= 0.05


@pytest.mark.simulation
def test_users_with_many_units_are_allowed_for():
    """Users of 20 units who mostly say the same: unallowed for, many runs exclude the truth."""
    rng = np.random.default_rng(11)
    n_runs, n_users = 300, 40
    outside = {True: 0, False: 0}
    for _ in range(n_runs):
        of_user = rng.beta(0.3 * 0.8, 0.7 * 0.8, size=n_users)
        users = rng.permutation(np.repeat(np.arange(n_users), 20))
        y = (rng.random(len(users)) < of_user[users]).astype(float).tolist()
        for allowed in outside:
            looks = [
                anytime_share(
                    y[:n], is_self_weighting=True, users=list(users[:n]) if allowed else None
                )
                for n in range(40, 801, 40)
            ]
            outside[allowed] += any(not look.low <= 0.3 <= look.high for look in looks)
    assert outside[True] / n_runs <= 0.06
    assert outside[False] / n_runs > 0.15


def test_one_unit_per_user_changes_nothing():
    y = [1, 0, 0, 1, 0, 0, 0, 1]
    alone = anytime_share(y, is_self_weighting=True, users=list("abcdefgh"))
    assert alone == anytime_share(y, is_self_weighting=True)
    unknown = anytime_share(y, is_self_weighting=True, users=[None] * 8)
    assert unknown == alone
    together = anytime_share(y, is_self_weighting=True, users=list("abbabbba"))
    assert together.value == alone.value
    assert together.low < alone.low
    assert together.high > alone.high


@pytest.mark.simulation
def test_split_ties_keep_the_bound():
    rng = np.random.default_rng(8)
    outside = 0
    for _ in range(400):
        y = rng.choice([0, 0.5, 1], p=[0.6, 0.2, 0.2], size=300)
        x = y.cumsum()
        outside += any(
            excludes(float(x[n - 1]), n, 0.3, anytime_interval) for n in range(10, 301, 10)
        )
    assert outside / 400 <= 0.05
