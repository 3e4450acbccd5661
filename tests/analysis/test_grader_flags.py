"""Flags on graders: where each starts to fire, when it is not judged, what it is measured by."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from analysis.grader_flag_rates import COUNTS, FLAGS, HONEST, SIZES, false_alarm_rate
from analysis.grader_flags import COPIER_CHANCE, DRIFT_LEVEL
from analysis.grader_pairs import (
    COINCIDENCE,
    PairAgreement,
    accuracies,
    binomial_tail,
    pair_agreement,
    shared_errors,
)
from analysis.grader_record import code_record
from analysis.grader_runs import expected_runs, run_limit
from analysis.graders import grader_quality
from analysis.proportions import wilson
from tests.analysis.graders import flag_of, quality_of, record


def test_every_coder_has_every_flag_in_one_order():
    for quality in grader_quality(record(ana="AB", ben="AB")):
        assert tuple(flag.id for flag in quality.flags) == FLAGS


# Speed: 100 words at 600 a minute take 10 seconds


@pytest.mark.parametrize(("n_fast", "fires"), [(8, False), (9, True)])
def test_speed_fires_when_surely_over_a_quarter_were_too_fast_to_read(n_fast, fires):
    times = {"ana": [9.9] * n_fast + [10.0] * (20 - n_fast)}
    found = flag_of("speed", "ana", record(ana="A" * 20, seconds=times))
    assert (found.fires, found.measured, found.threshold, found.n) == (fires, n_fast / 20, 0.45, 20)
    assert wilson(8, 20).low < 0.25 < wilson(9, 20).low


def test_speed_is_not_judged_on_nine_times():
    found = flag_of("speed", "ana", record(ana="A" * 20, seconds={"ana": [1] * 9 + [None] * 11}))
    assert (found.fires, found.measured, found.n) == (False, None, 9)
    assert found.not_judged_because == "fewer than 10 labels with a known time"
    assert found.false_alarm.value is None


# Straight-lining


def test_one_label_throughout_is_a_run_when_the_others_use_several():
    made = record(ana="A" * 30, ben="ABC" * 10)
    found = flag_of("straight_lining", "ana", made)
    # ana's share 1 and the others' 1/3 make 2/3; (2/3)^r (1 + (30 - r)/3) <= .01 from r = 16 on
    assert (found.fires, found.measured, found.threshold, found.about) == (True, 30, 16, "A")
    assert not flag_of("straight_lining", "ben", made).fires


def test_one_label_throughout_is_no_sign_when_everybody_gives_it():
    found = flag_of("straight_lining", "ana", record(ana="A" * 30, ben="A" * 30))
    assert not found.fires


def test_the_run_that_is_shown_is_the_longest_when_none_is_too_long():
    made = record(ana="AAAACACACACB" * 2, ben="AACA" * 6)
    found = flag_of("straight_lining", "ana", made)
    assert (found.fires, found.measured, found.about) == (False, 4, "A")


def test_the_order_is_the_coders_own_not_the_rows():
    made = record(ana="A" * 15 + "B" * 15, ben="AB" * 15)
    made.labels.loc[made.labels["coder"] == "ana", "order"] = [*range(0, 30, 2), *range(1, 30, 2)]
    assert flag_of("straight_lining", "ana", made).measured == 1


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_expected_runs_bound_the_chance_of_a_run(p):
    n, chance = 10, np.zeros(11)
    for draws in product([0, 1], repeat=n):
        longest = max(len(run) for run in "".join(map(str, draws)).split("0"))
        chance[: longest + 1] += p ** sum(draws) * (1 - p) ** (n - sum(draws))
    bound = expected_runs(np.arange(1, 11), n=n, p=p)
    assert np.all(bound >= chance[1:] - 1e-12)
    assert bound[5:] == pytest.approx(chance[6:])  # two runs of 6 do not fit into 10


def test_a_run_of_everything_can_be_likely():
    assert run_limit(5, 0.99, chance=0.01) == 6


# Gold and repeats


@pytest.mark.parametrize(("right", "fires"), [(4, True), (5, False)])
def test_gold_fires_when_wilsons_upper_end_is_under_the_bar(right, fires):
    made = record(ana="A" * 10, units={n: {"gold_label": "AB"[n > right]} for n in range(1, 11)})
    found = flag_of("gold", "ana", made)
    assert (found.fires, found.measured, found.threshold, found.n) == (fires, right / 10, 0.4, 10)
    assert wilson(4, 10).high < 0.70 < wilson(5, 10).high


def test_gold_is_not_judged_on_four_units():
    made = record(ana="A" * 4, units={n: {"gold_label": "B"} for n in range(1, 5)})
    assert flag_of("gold", "ana", made).not_judged_because.startswith("fewer than 5")


def test_another_bar_has_no_known_false_alarm_rate():
    made = record(ana="A" * 10, units={n: {"gold_label": "B"} for n in range(1, 11)})
    found = flag_of("gold", "ana", made, gold_bar=0.9)
    assert (found.fires, found.threshold) == (True, 0.7)
    assert found.false_alarm.undefined_because == "simulated for a bar of 70% alone"


@pytest.mark.parametrize(("equal", "fires"), [(1, True), (2, False)])
def test_repeats_fire_when_wilsons_upper_end_is_under_a_half(equal, fires):
    again = {10 + n: {"repeat_of": n} for n in range(1, 11)}
    made = record(ana="A" * 10 + "A" * equal + "B" * (10 - equal), units=again)
    found = flag_of("repeats", "ana", made)
    assert (found.fires, found.measured, found.threshold) == (fires, equal / 10, 0.1)


# Agreement beyond difficulty


def test_agreement_compares_with_the_others_on_the_same_units():
    # On units where the others agree, ana differs from both; where they differ, so does everyone.
    made = record(ana="B" * 15 + "C" * 5, ben="A" * 20, chi="A" * 15 + "B" * 5)
    found = flag_of("agreement", "ana", made)
    difference = np.array([-1.0] * 15 + [0.0] * 5)
    standard_error = difference.std(ddof=1) / 20**0.5
    assert (found.fires, found.measured) == (True, -0.75)
    assert found.threshold == pytest.approx(-0.08 - stats.t.ppf(0.99, 19) * standard_error)
    assert not flag_of("agreement", "ben", made).fires


def test_hard_units_are_no_sign():
    assert not flag_of("agreement", "ana", record(ana="A" * 20, ben="B" * 20, chi="C" * 20)).fires


def test_agreement_is_not_judged_with_one_other_coder():
    found = flag_of("agreement", "ana", record(ana="A" * 20, ben="B" * 20))
    assert found.not_judged_because == "fewer than 15 units with two other coders"


# Copying


def test_the_same_wrong_answers_on_gold_fire_on_both():
    gold = {n: {"gold_label": "A"} for n in range(1, 21)}
    # ana and ben share their 6 errors; chi and dee err elsewhere.
    made = record(
        ana="B" * 6 + "A" * 14,
        ben="B" * 6 + "A" * 14,
        chi="A" * 14 + "C" * 6,
        dee="A" * 8 + "D" * 6 + "A" * 6,
        units=gold,
    )
    for coder, other in (("ana", "ben"), ("ben", "ana")):
        found = flag_of("copier", coder, made)
        assert (found.fires, found.measured, found.n, found.about) == (True, 1, 6, other)
    assert not flag_of("copier", "chi", made).fires


def test_agreeing_on_right_answers_is_no_sign():
    gold = {n: {"gold_label": "A"} for n in range(1, 21)}
    found = flag_of("copier", "ana", record(ana="A" * 20, ben="A" * 20, units=gold))
    assert found.not_judged_because == "too few units tell this coder from another"


def test_accuracies_are_found_from_agreement_alone():
    true = np.array([0.9, 0.8, 0.6, 0.85, 0.75])
    chance = np.outer(true, true) + COINCIDENCE * np.outer(1 - true, 1 - true)
    met = 1e6 * (1 - np.eye(5))
    pairs = PairAgreement(met=met, same=met * chance)
    pairs.same[0, 1] = pairs.same[1, 0] = 1e6  # the pair to be judged is left out
    (found,) = accuracies(pairs, first=np.array([0]), second=np.array([1]))
    assert found == pytest.approx(true, abs=1e-3)


def test_the_expected_share_of_equal_errors_by_enumeration():
    coded = code_record(record(ana="ABABC", ben="ABBBC", chi="AACAB"))
    pair = {"first": np.array([0]), "second": np.array([1])}
    (right,) = accuracies(pair_agreement(coded), **pair)
    against = beside = 0.0
    for is_right in product([True, False], repeat=3):
        weight = np.prod(np.where(is_right, right, 1 - right))
        n_right = sum(is_right)
        if n_right == 2:  # the one who is wrong stands alone
            against += weight * (not is_right[2])
            beside += weight * is_right[2]
        if n_right == 1:  # the two who are wrong may coincide; with c, they stand together
            against += COINCIDENCE * weight * is_right[2]
            beside += COINCIDENCE * weight * (not is_right[2])
    found = next(p for p in shared_errors(coded, unlikely=np.inf)[0].pairs if p.other == 1)
    # Of five units 2, 4 and 5 find ana and ben together against chi, 3 tells nothing: all differ.
    assert (found.n, found.n_same) == (3, 3)
    assert found.expected == pytest.approx(against / (against + beside))
    assert found.chance == pytest.approx(found.expected**3)


def test_binomial_tail_equals_scipy():
    x = np.arange(11)
    assert binomial_tail(x, n=10, p=0.3) == pytest.approx(stats.binom.sf(x - 1, 10, 0.3))


def test_the_threshold_of_copying_is_the_least_share_that_fires():
    gold = {n: {"gold_label": "A"} for n in range(1, 41)}
    made = record(
        ana="B" * 10 + "A" * 30, ben="B" * 5 + "A" * 25 + "B" * 10, chi="A" * 40, units=gold
    )
    found = flag_of("copier", "ana", made)
    shared = shared_errors(code_record(made), unlikely=COPIER_CHANCE)[0].pairs
    pair = next(pair for pair in shared if pair.other == 1)
    least = round(found.threshold * found.n)
    chances = binomial_tail(np.array([least - 1, least]), n=pair.n, p=pair.expected) * 2
    assert (found.n, found.measured) == (pair.n, pair.n_same / pair.n)
    assert chances[1] < COPIER_CHANCE
    assert chances[0] >= COPIER_CHANCE or (least - 1) / pair.n <= (1 + pair.expected) / 2


# Drift


def test_drift_compares_the_last_third_with_the_first():
    made = record(ana="A" * 30 + "B" * 12 + "A" * 3, ben="A" * 45, chi="A" * 45)
    found = flag_of("drift", "ana", made)
    first, last = np.ones(15), np.array([0.0] * 12 + [1.0] * 3)
    standard_error = ((first.var(ddof=1) + last.var(ddof=1)) / 15) ** 0.5
    assert (found.fires, found.measured) == (True, pytest.approx(-0.8))
    assert found.threshold == pytest.approx(-stats.t.ppf(DRIFT_LEVEL, 28) * standard_error)


def test_whoever_the_others_drift_away_from_has_not_drifted():
    made = record(ana="A" * 45, ben="A" * 30 + "B" * 15, chi="A" * 30 + "C" * 15)
    assert flag_of("drift", "ana", made).measured == -1
    assert not flag_of("drift", "ana", made).fires


def test_drift_is_not_judged_on_29_units():
    found = flag_of("drift", "ana", record(ana="A" * 29, ben="A" * 29))
    assert found.not_judged_because == "fewer than 30 units with another coder"


# False alarms


@pytest.mark.parametrize(("n", "size"), [(1, 25), (30, 25), (40, 50), (283, 400), (9999, 400)])
def test_the_false_alarm_rate_is_that_of_the_nearest_number_of_labels(n, size):
    row = COUNTS[HONEST][size]
    found = false_alarm_rate("speed", n)
    assert (found.value, found.n) == (row.of("speed") / row.n, row.judged_on("speed"))
    assert found.low <= found.value <= found.high


def test_a_judged_flag_carries_its_false_alarm_rate():
    found = flag_of("speed", "ana", record(ana="A" * 20, seconds={"ana": [60] * 20}))
    assert found.false_alarm == false_alarm_rate("speed", 20)
    assert found.not_judged_because is None


def test_the_rate_of_a_flag_that_nobody_could_be_judged_on_is_not_known():
    found = false_alarm_rate("repeats", 25)
    assert (found.value, found.n) == (None, 0)
    assert found.undefined_because == "no simulated grader with 25 labels could be judged"


@pytest.mark.parametrize("size", SIZES)
def test_honest_graders_are_rarely_flagged(size):
    row = COUNTS[HONEST][size]
    for flag in FLAGS:
        assert row.of(flag) <= 0.0125 * row.n
    assert row.any_flag <= 0.05 * row.n


def test_flags_do_not_depend_on_each_other_being_judged():
    found = quality_of("ana", record(ana="A" * 12, seconds={"ana": [1] * 12}))
    assert [flag.id for flag in found.flags if flag.fires] == ["speed"]
