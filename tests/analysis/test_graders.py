"""Figures of graders: by hand, against published intervals, limits, invariants, the door."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis.errors import AnalysisInputError
from analysis.grader_record import GraderRecord
from analysis.graders import grader_quality
from tests.analysis.graders import quality_of, record


def ends(estimate):
    return estimate.low, estimate.high


def test_the_median_time_is_of_the_labels_whose_time_is_known():
    times = {"ana": [10, None, 40, 20]}
    found = quality_of("ana", record(ana="AABB", seconds=times)).active_time
    assert (found.median, found.n) == (20, 3)


def test_times_that_are_all_missing_give_no_median_and_say_why():
    found = quality_of("ana", record(ana="AB")).active_time
    assert (found.median, found.n) == (None, 0)
    assert found.undefined_because == "no label with a known time"


def test_skip_rate_has_the_published_wilson_interval():
    found = quality_of("ana", record(ana="A" * 133, skips={"ana": 15})).skip_rate
    assert (found.value, found.n) == (15 / 148, 148)
    assert ends(found) == pytest.approx((0.0624, 0.1605), abs=5e-5)  # Newcombe 1998


def test_gold_accuracy_has_the_published_wilson_interval():
    gold = {n: {"gold_label": "B"} for n in range(1, 30)}
    found = quality_of("ana", record(ana="B" + "A" * 30, units=gold)).gold_accuracy
    assert (found.value, found.n) == (1 / 29, 29)
    assert ends(found) == pytest.approx((0.0061, 0.1718), abs=5e-5)  # Newcombe 1998


def test_where_no_mode_is_asked_gold_is_judged_by_the_final_correctness():
    gold = {n: {"gold_correctness": "incorrect"} for n in (1, 2, 3)}
    made = record(ana="cxt", blind={"ana": "xxx"}, units=gold)
    found = quality_of("ana", made).gold_accuracy
    assert (found.value, found.n) == (1 / 3, 3)


def test_self_agreement_has_the_published_wilson_interval():
    again = {20 + n: {"repeat_of": n} for n in range(1, 21)}
    found = quality_of("ana", record(ana="A" * 20 + "B" * 20, units=again)).self_agreement
    assert (found.value, found.n) == (0, 20)
    assert ends(found) == pytest.approx((0, 0.1611), abs=5e-5)  # Newcombe 1998


def test_a_repeat_whose_original_the_coder_did_not_label_is_not_compared():
    made = record(ana=".A", ben="AA", units={2: {"repeat_of": 1}})
    assert quality_of("ana", made).self_agreement.n == 0
    assert quality_of("ben", made).self_agreement.value == 1


def test_repeats_are_not_compared_with_other_coders():
    made = record(ana="AAB", ben="AAA", units={3: {"repeat_of": 1}})
    assert quality_of("ana", made).agreement.n == 2
    assert quality_of("ana", made).agreement.value == 1


def test_agreement_is_the_mean_share_of_the_other_coders():
    found = quality_of("ana", record(ana="AABBA", ben="AAAB.", chi="AB.B.")).agreement
    shares = np.array([1, 0.5, 0, 1])
    assert (found.value, found.n) == (shares.mean(), 4)
    n_eff = 4 * 0.625 * 0.375 / shares.var(ddof=1)
    assert n_eff == pytest.approx(4.0909, abs=1e-4)
    assert ends(found) == pytest.approx(proportion_confint(0.625 * n_eff, n_eff, method="wilson"))


def test_full_agreement_still_has_an_interval():
    found = quality_of("ana", record(ana="A" * 20, ben="A" * 20)).agreement
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(1 - 0.1611, abs=5e-5)  # Newcombe 1998, 0 of 20


def test_verdict_bias_compares_blind_verdicts_on_the_same_units():
    blind = {"ana": "cccxc", "ben": "cxxxc", "chi": "cct.."}
    found = quality_of("ana", record(ana="AAAAA", ben="AAAAA", chi="AAA..", blind=blind))
    differences = [0, 0.5, 1, 0, 0]
    assert found.verdict_bias.value == pytest.approx(0.3)
    plain, wider = (
        stats.ttest_1samp(d, 0).confidence_interval(0.95)
        for d in (differences, [*differences, 1, -1])
    )
    expected = min(plain.low, wider.low), max(plain.high, wider.high)
    assert ends(found.verdict_bias) == pytest.approx(expected)


def test_a_bias_of_one_unit_has_no_interval_and_says_why():
    blind = {"ana": "c", "ben": "x"}
    found = quality_of("ana", record(ana="A", ben="B", blind=blind)).verdict_bias
    assert (found.value, found.low, found.n) == (1, None, 1)
    assert found.undefined_because == "interval withheld: a single unit"


def test_the_anchoring_meter_counts_moves_that_were_possible():
    blind, final = {"ana": "ccctxxct"}, {"ana": "cxtxxctt"}
    made = record(ana="AAAAAAAA", blind=blind, final=final, units={7: {"rated_negative": None}})
    found = quality_of("ana", made)
    # 1 stays, 2 and 3 and 4 move towards, 5 stays, 6 moves away, 7 has no complaint, 8 stays
    assert (found.moved_towards.value, found.moved_towards.n) == (3 / 5, 5)
    assert (found.moved_away.value, found.moved_away.n) == (1 / 4, 4)
    assert ends(found.moved_towards) == pytest.approx(proportion_confint(3, 5, method="wilson"))


def test_a_verdict_that_is_not_known_moves_nowhere():
    found = quality_of("ana", record(ana="AA", blind={"ana": ".."}, final={"ana": "xx"}))
    assert (found.moved_towards.value, found.moved_towards.n) == (None, 0)
    assert found.verdict_bias.undefined_because == "no unit with another coder's verdict"


# Limits


def test_one_label_of_one_coder():
    found = quality_of("ana", record(ana="A"))
    assert (found.n_labels, found.skip_rate.value) == (1, 0)
    for estimate in (found.gold_accuracy, found.self_agreement, found.agreement):
        assert estimate.value is None
        assert estimate.undefined_because
    assert [flag.fires for flag in found.flags] == [False] * 7
    assert all(flag.not_judged_because for flag in found.flags)


def test_a_coder_with_skips_alone_is_there():
    found = quality_of("ben", record(ana="AA", skips={"ben": 3}))
    assert (found.n_labels, found.skip_rate.value) == (0, 1)
    assert found.agreement.undefined_because == "no unit with another coder"


def test_nobody_did_anything():
    assert grader_quality(record()) == []
    assert [q.coder for q in grader_quality(record(skips={"ana": 0}))] == ["ana"]
    assert quality_of("ana", record(skips={"ana": 0})).skip_rate.value is None


# Invariants

TEAM = {"ana": "AABBACDABB", "ben": "AABBACDAAB", "chi": "ACBBACDABA", "dee": "BBBBBBBBBB"}


def test_the_order_of_rows_does_not_matter():
    made = record(**TEAM, skips={"ana": 2}, units={1: {"gold_label": "A"}, 9: {"repeat_of": 2}})
    mixed = GraderRecord(
        labels=made.labels.sample(frac=1, random_state=1),
        units=made.units.sample(frac=1, random_state=2),
        skips=made.skips,
    )
    assert grader_quality(mixed) == grader_quality(made)


def test_the_names_of_coders_do_not_matter():
    names = {"ana": "z", "ben": "b", "chi": "y", "dee": "a"}
    found = {q.coder: q for q in grader_quality(record(**TEAM))}
    renamed = {q.coder: q for q in grader_quality(record(**{names[k]: v for k, v in TEAM.items()}))}
    for old, new in names.items():
        assert replace(renamed[new], coder=old, flags=()) == replace(found[old], flags=())
        assert [f.measured for f in renamed[new].flags] == [f.measured for f in found[old].flags]


def test_no_figure_is_nan():
    made = record(**TEAM, seconds={"ana": [1, 2, None] + [5] * 7})
    for quality in grader_quality(made):
        for value in vars(quality).values():
            numbers = [v for v in getattr(value, "__dict__", {}).values() if isinstance(v, float)]
            assert not np.isnan(numbers).any()


# The door


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("correctness", "right", r"expected correctness in .*'right'"),
        ("blind_correctness", "maybe", r"expected blind_correctness in .*'maybe'"),
        ("seconds", -1.0, "seconds to be a number of 0 or more"),
        ("seconds", "soon", "seconds to be a number of 0 or more: came 'soon'"),
        ("order", None, "order to be a number of 0 or more"),
        ("order", 1, "coder 'ana' has 1 twice"),
        ("label", "", "row 1 has neither"),
        ("unit", 99, "99 is not"),
        ("unit", 2, "labeled unit 2 2 times"),
    ],
)
def test_labels_that_cannot_be_read_are_refused(column, value, message):
    made = record(ana="AB")
    made.labels[column] = made.labels[column].astype(object)
    made.labels.loc[made.labels.index[0 if column != "order" or value is None else 1], column] = (
        value
    )
    with pytest.raises(AnalysisInputError, match=message):
        grader_quality(made)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"gold_correctness": "yes"}, "expected gold_correctness in"),
        ({"n_words": -4}, "n_words to be a number of 0 or more"),
        ({"repeat_of": 1}, "unit 1 repeats itself"),
        ({"unit": 2}, "2 comes twice"),
    ],
)
def test_units_that_cannot_be_read_are_refused(facts, message):
    with pytest.raises(AnalysisInputError, match=message):
        grader_quality(record(ana="AB", units={1: facts}))


@pytest.mark.parametrize("table", ["labels", "units"])
def test_a_missing_column_is_named(table):
    made = record(ana="AB")
    lacking = replace(made, **{table: getattr(made, table).drop(columns="unit")})
    with pytest.raises(AnalysisInputError, match=rf"in the {table}, missing \['unit'\]"):
        grader_quality(lacking)


def test_fewer_than_no_skips_are_refused():
    with pytest.raises(AnalysisInputError, match="skips of 0 or more"):
        grader_quality(record(ana="A", skips={"ana": -1}))


@pytest.mark.simulation
def test_the_intervals_of_agreement_and_bias_hold_the_truth_in_95_percent():
    held_agreement, held_bias, runs, n = 0, 0, 600, 40
    for seed in range(runs):
        rng = np.random.default_rng([7, seed])
        # Two answers; ana is right on 80%, the others on 85%; half of the units are correct.
        truth = rng.random(n) < 0.5
        right = rng.random((3, n)) < np.array([[0.80], [0.85], [0.85]])
        said = np.where(truth == right, "c", "x")
        letters = dict(zip(("ana", "ben", "chi"), map("".join, said), strict=True))
        found = quality_of("ana", record(**letters))
        held_agreement += found.agreement.low <= 0.8 * 0.85 + 0.2 * 0.15 <= found.agreement.high
        held_bias += found.verdict_bias.low <= 0 <= found.verdict_bias.high
    # 2.6 standard errors below 95%
    assert held_agreement / runs > 0.925
    assert held_bias / runs > 0.925


def test_numbers_of_words_may_be_missing():
    made = record(ana="AB", seconds={"ana": [1, 2]}, units={1: {"n_words": None}})
    assert quality_of("ana", made).flags[0].n == 1
    assert isinstance(made.units, pd.DataFrame)
