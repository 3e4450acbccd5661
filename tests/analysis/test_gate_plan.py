"""How often the gate decides, how many units it needs, and how many hours that is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate
from analysis.gate import decide
from analysis.gate_plan import (
    GatePlan,
    hours_of_work,
    operating_characteristics,
    units_for_decision,
    units_still_to_decide,
)
from analysis.proportions import clopper_pearson
from analysis.shares import StratumSample, share

TEN_PERCENT = GatePlan(low=0.10, high=0.10)


def test_operating_characteristics_at_ten_percent_and_200_units():
    """Methods, section 7: truth 5% .70 known; 20% .97 too high; 8% .88 undecided."""
    five, eight, twenty = operating_characteristics(200, [0.05, 0.08, 0.20], TEN_PERCENT)
    assert five.known == pytest.approx(0.70, abs=0.005)
    assert twenty.too_high == pytest.approx(0.97, abs=0.005)
    assert eight.undecided == pytest.approx(0.88, abs=0.005)
    for found in (five, eight, twenty):
        assert found.known + found.too_high + found.undecided == pytest.approx(1)


@pytest.mark.parametrize("n", [40, 200, 333])
def test_the_plan_decides_as_the_gate_does(n):
    """Every possible number of cases, through the share's interval and the gate itself."""
    alpha = Estimate(value=0.9, low=0.8, high=0.95)
    plan = GatePlan()
    (found,) = operating_characteristics(n, [0.12], plan)
    known = too_high = 0.0
    chance = np.array([1.0])
    for _ in range(n):
        chance = np.convolve(chance, [0.88, 0.12])
    for x in range(n + 1):
        y = [1] * x + [0] * (n - x)
        state = decide(
            share([StratumSample("all", 10**9, y)], finite_population=False), alpha
        ).state
        known += chance[x] * (state == "PASS")
        too_high += chance[x] * (state == "STOP")
    assert found.known == pytest.approx(known, abs=1e-9)
    assert found.too_high == pytest.approx(too_high, abs=1e-9)


def test_units_for_a_decision_reach_the_chance_and_no_fewer_do():
    found = units_for_decision(0.05, TEN_PERCENT)
    assert found.decision == "known"
    (enough,) = operating_characteristics(found.units, [0.05], TEN_PERCENT)
    (fewer,) = operating_characteristics(found.units - 1, [0.05], TEN_PERCENT)
    assert enough.known >= 0.80 > fewer.known
    later = [operating_characteristics(found.units + k, [0.05], TEN_PERCENT)[0] for k in range(50)]
    assert min(each.known for each in later) >= 0.80
    assert units_for_decision(0.20, TEN_PERCENT).decision == "too high"
    assert units_for_decision(0.0, TEN_PERCENT).units == 36  # 1 - .025^(1/36) is under 10%


def test_design_effect_completion_and_frame():
    plain = units_for_decision(0.05, TEN_PERCENT).units
    clustered = units_for_decision(0.05, replace(TEN_PERCENT, deff=2)).units
    half = units_for_decision(0.05, replace(TEN_PERCENT, completion=0.5)).units
    small = units_for_decision(0.05, replace(TEN_PERCENT, n_frame=800)).units
    assert clustered == half == 2 * plain
    assert small < plain
    wide = units_for_decision(0.05, replace(TEN_PERCENT, n_frame=10**9 // 10**4)).units
    assert wide == pytest.approx(plain, abs=5)


def test_without_replacement_is_the_hypergeometric_chance():
    """By simulation from a frame of 400 with 20 cases."""
    rng = np.random.default_rng(1)
    x = rng.hypergeometric(20, 380, 200, size=40_000)
    (found,) = operating_characteristics(200, [0.05], replace(TEN_PERCENT, n_frame=400))
    at_most = max(k for k in range(40) if clopper_pearson(k, 200).high <= 0.10)
    assert found.known == pytest.approx((x <= at_most).mean(), abs=0.01)


def test_coders_errors_move_what_the_gate_sees():
    erring = replace(TEN_PERCENT, sensitivity=0.85, specificity=0.97)
    assert erring.observed(0.05) == pytest.approx(0.05 * 0.85 + 0.95 * 0.03)
    (plain,) = operating_characteristics(200, [0.05], TEN_PERCENT)
    (seen,) = operating_characteristics(200, [0.05], erring)
    assert seen.known < plain.known
    assert (
        units_for_decision(0.05, erring).units > 1.5 * units_for_decision(0.05, TEN_PERCENT).units
    )


def test_where_no_number_of_units_decides_the_reason_is_given():
    between = units_for_decision(0.20, GatePlan())
    assert between.units is None
    assert "20.0% lies between the thresholds" in between.undefined_because
    near = units_for_decision(0.0999, TEN_PERCENT)
    assert near.undefined_because == "more than 20,000 units would be needed"
    small = units_for_decision(0.08, replace(TEN_PERCENT, n_frame=200))
    assert small.undefined_because == "not even all 200 outputs of the frame would decide it"


def test_label_so_many_more_to_decide():
    now = share([StratumSample("all", 5000, [1] * 6 + [0] * 94)], finite_population=False)
    found = units_still_to_decide(now, TEN_PERCENT)
    assert found.decision == "known"
    assert found.units == units_for_decision(0.06, TEN_PERCENT).units - 100
    decided = share([StratumSample("all", 5000, [1] * 4 + [0] * 196)], finite_population=False)
    assert units_still_to_decide(decided, TEN_PERCENT).units == 0
    nothing = units_still_to_decide(share([]), TEN_PERCENT)
    assert nothing.undefined_because == "no unit is labelled"
    straddling = share([StratumSample("all", 5000, [1] * 20 + [0] * 80)])
    assert (
        "between the thresholds" in units_still_to_decide(straddling, GatePlan()).undefined_because
    )


def test_users_make_more_units_necessary():
    y, users = [1] * 8 + [0] * 120, [unit // 4 for unit in range(128)]
    alone = share([StratumSample("all", 10**6, y)], finite_population=False)
    grouped = share([StratumSample("all", 10**6, y, users)], finite_population=False)
    more = [units_still_to_decide(each, TEN_PERCENT).units for each in (alone, grouped)]
    assert more[1] > 2 * more[0]


def test_hours_from_measured_times():
    found = hours_of_work(120, coders_per_unit=3, seconds=[30, 90, float("nan"), 60])
    assert found.value == pytest.approx(120 * 3 * 60 / 3600)
    assert (found.n, found.low < found.value < found.high) == (3, True)
    assert hours_of_work(120, coders_per_unit=3, seconds=[]).undefined_because == (
        "no label with a known time"
    )
    assert hours_of_work(120, coders_per_unit=3, seconds=[36]).value == pytest.approx(3.6)


def ends_of(seconds):
    found = hours_of_work(3600, coders_per_unit=1, seconds=seconds)
    return found.low, found.high


def test_times_without_skewness_have_the_interval_of_student():
    times = [30, 40, 50, 60, 70]
    expected = stats.ttest_1samp(times, 0).confidence_interval()
    assert ends_of(times) == pytest.approx((expected.low, expected.high))
    assert ends_of([60, 60, 60]) == pytest.approx((60, 60))
    two = stats.ttest_1samp([50, 60], 0).confidence_interval()
    assert ends_of([50, 60]) == pytest.approx((max(0, two.low), two.high))


def test_a_few_long_times_lift_the_upper_end():
    """Hall 1992: t at which t + g t^2/3 + g^2 t^3/27 + g/6n is Student's quantile over root n."""
    times = np.array([20.0, 22, 25, 26, 28, 30, 31, 35, 40, 160])
    low, high = ends_of(times)
    student = stats.ttest_1samp(times, 0).confidence_interval()
    assert low == pytest.approx(student.low)
    g, n = stats.skew(times, bias=False), 10
    w = (times.mean() - high) / times.std(ddof=1)
    transformed = w + g * w**2 / 3 + g**2 * w**3 / 27 + g / (6 * n)
    assert transformed == pytest.approx(-stats.t.ppf(0.975, 9) / n**0.5)
    assert ends_of(10 * times) == pytest.approx((10 * low, 10 * high))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 0.3}, "low <= high"),
        ({"deff": 0}, "design effect"),
        ({"completion": 0}, "completion"),
        ({"sensitivity": 1.2}, "sensitivity"),
    ],
)
def test_impossible_plans_are_refused(change, message):
    with pytest.raises(AnalysisInputError, match=message):
        operating_characteristics(100, [0.1], replace(GatePlan(), **change))
    with pytest.raises(AnalysisInputError, match="came 300"):
        operating_characteristics(300, [0.1], replace(GatePlan(), n_frame=200))
