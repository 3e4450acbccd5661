"""The judge's label as a stratum after the draw."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisInputError
from analysis.judge_strata import share_drawn_by_judge, share_with_judge
from analysis.judges import JudgedSample
from analysis.shares import StratumSample, share


def sample_of(y, said, *, n_frame, label="unwelcome", stratum=None):
    units = range(len(y))
    return JudgedSample(
        human=pd.DataFrame({label: y, "rest": [1 - each for each in y]}, index=list(units)),
        judge={unit: each for unit, each in enumerate(said) if each is not None},
        stratum=stratum or dict.fromkeys(units, "all"),
        n_frame=n_frame,
    )


GOOD_JUDGE: dict[str, list[Any]] = {
    "y": [1] * 9 + [0] * 3 + [1] * 1 + [0] * 87,
    "said": ["unwelcome"] * 12 + ["rest"] * 88,
}
FRAME = {"all": 10_000}
COUNTS = {("all", "unwelcome"): 900, ("all", "rest"): 9100}


def test_post_stratified_share_by_hand():
    """Cochran 1977, 5A.9: .09 * 9/12 + .91 * 1/88; without the judge 10/100."""
    found = share_with_judge(sample_of(**GOOD_JUDGE, n_frame=FRAME), "unwelcome", COUNTS)
    assert found.without.value == pytest.approx(0.10)
    assert found.with_judge.value == pytest.approx(0.09 * 9 / 12 + 0.91 / 88)
    assert found.judge_says == pytest.approx(0.09)
    widths = [each.high - each.low for each in (found.without, found.with_judge)]
    assert found.gain == pytest.approx(1 - widths[1] / widths[0])
    assert found.gain > 0.2
    assert [(c.judge_labels, c.n_frame, c.n) for c in found.classes] == [
        (("unwelcome",), 900, 12),
        (("rest",), 9100, 88),
    ]


def drawn_by(y, stratum, n_frame):
    sample = sample_of(y, [None] * len(y), n_frame=n_frame, stratum=dict(enumerate(stratum)))
    return share_drawn_by_judge(sample, "unwelcome")


def test_a_draw_by_the_judges_label_keeps_its_strata_and_says_what_they_are_worth():
    y, stratum = [1] * 9 + [0] + [0] * 89 + [1], ["said so"] * 10 + ["other"] * 90
    found = drawn_by(y, stratum, {"said so": 1000, "other": 9000})
    strata = [StratumSample("said so", 1000, y[:10]), StratumSample("other", 9000, y[10:])]
    assert found.with_judge == share(strata)
    assert found.without.value == found.with_judge.value == pytest.approx(0.1)
    at_random = share([StratumSample("all", 10_000, y)])
    assert found.without.low == pytest.approx(at_random.low, abs=0.01)
    assert found.without.high == pytest.approx(at_random.high, abs=0.01)
    assert found.gain > 0.4
    assert (found.is_drawn, found.is_divided) == (True, True)


def test_strata_that_know_nothing_are_worth_nothing():
    y = [1, 0, 0, 0, 0] * 20
    found = drawn_by(y, ["a", "b"] * 50, {"a": 5000, "b": 5000})
    assert abs(found.gain) < 0.05


def test_a_census_by_judge_leaves_nothing_to_gain():
    found = drawn_by([1, 0, 1, 0], ["a", "a", "b", "b"], {"a": 2, "b": 2})
    assert (found.without.low, found.without.high, found.gain) == (0.5, 0.5, None)


def test_a_draw_without_labels_has_a_reason():
    found = drawn_by([], [], {"a": 2, "b": 2})
    assert found.without.undefined_because == "no unit is labelled"
    assert found.gain is None


def test_it_is_the_share_of_these_strata():
    found = share_with_judge(sample_of(**GOOD_JUDGE, n_frame=FRAME), "unwelcome", COUNTS)
    y = GOOD_JUDGE["y"]
    expected = share([StratumSample("yes", 900, y[:12]), StratumSample("no", 9100, y[12:])])
    assert found.with_judge == expected


def test_a_judge_that_knows_nothing_gains_nothing():
    y = [1, 0, 0, 0] * 25
    said = ["unwelcome", "rest"] * 50
    counts = {("all", "unwelcome"): 5000, ("all", "rest"): 5000}
    blind = [y[i // 2 + 50 * (i % 2)] for i in range(100)]  # equal in both classes
    found = share_with_judge(sample_of(blind, said, n_frame=FRAME), "unwelcome", counts)
    assert found.with_judge.value == pytest.approx(found.without.value, abs=0.011)
    assert abs(found.gain) < 0.06


def test_a_class_with_fewer_than_five_human_labels_is_merged():
    y, said = [1] * 4 + [0] * 96, ["unwelcome"] * 4 + ["rest"] * 96
    found = share_with_judge(sample_of(y, said, n_frame=FRAME), "unwelcome", COUNTS)
    assert not found.is_divided
    assert found.with_judge == found.without
    assert found.gain == 0
    assert [(c.n_frame, c.n) for c in found.classes] == [(10_000, 100)]
    five = share_with_judge(
        sample_of([1] * 5 + [0] * 95, ["unwelcome"] * 5 + ["rest"] * 95, n_frame=FRAME),
        "unwelcome",
        COUNTS,
    )
    assert five.is_divided


def test_outputs_without_a_verdict_are_a_class_of_their_own():
    y = GOOD_JUDGE["y"] + [0] * 10
    said = GOOD_JUDGE["said"] + [None] * 10
    counts = {**COUNTS, ("all", "rest"): 8100, ("all", None): 1000}
    found = share_with_judge(sample_of(y, said, n_frame=FRAME), "unwelcome", counts)
    assert {c.judge_labels: c.n for c in found.classes} == {
        ("unwelcome",): 12,
        ("rest",): 88,
        (None,): 10,
    }
    assert found.judge_says == pytest.approx(900 / 9000)


def test_a_judge_on_another_axis_divides_by_each_of_its_labels():
    y = [1] * 20 + [0] * 30 + [0] * 40 + [0] * 3
    said = ["correct"] * 50 + ["incorrect"] * 40 + ["cannot_tell"] * 3
    counts = {("all", "correct"): 6000, ("all", "incorrect"): 3900, ("all", "cannot_tell"): 100}
    found = share_with_judge(sample_of(y, said, n_frame=FRAME), "unwelcome", counts)
    assert found.judge_says is None
    assert sorted(len(c.judge_labels) for c in found.classes) == [1, 2]
    assert found.with_judge.value == pytest.approx(0.6 * 20 / 50)


def test_strata_of_the_draw_stay_and_missing_ones_keep_their_names():
    stratum = {unit: "tax" if unit % 2 else "code" for unit in range(100)}
    frame = {"tax": 6000, "code": 4000, "law": 300}
    counts = {
        ("tax", "unwelcome"): 600,
        ("tax", "rest"): 5400,
        ("code", "unwelcome"): 300,
        ("code", "rest"): 3700,
        ("law", "rest"): 300,
    }
    sample = sample_of(**GOOD_JUDGE, n_frame=frame, stratum=stratum)
    found = share_with_judge(sample, "unwelcome", counts)
    assert found.is_divided
    assert found.with_judge.unsampled == found.without.unsampled == ("law",)
    assert {c.stratum for c in found.classes} == {"tax", "code", "law"}


def test_an_empty_sample_has_a_reason():
    found = share_with_judge(sample_of([], [], n_frame=FRAME), "unwelcome", COUNTS)
    assert found.with_judge.undefined_because == "no unit is labelled"
    assert found.gain is None


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({("all", "rest"): 9}, "on N=10000 outputs of stratum 'all': came 9"),
        ({**COUNTS, ("elsewhere", "rest"): 1}, "came 1 of 'rest' in 'elsewhere'"),
        ({("all", "unwelcome"): 9995, ("all", "rest"): 5}, "at most N=5 labelled units"),
    ],
)
def test_counts_that_do_not_fit_are_refused(counts, message):
    with pytest.raises(AnalysisInputError, match=message):
        share_with_judge(sample_of(**GOOD_JUDGE, n_frame=FRAME), "unwelcome", counts)


def test_order_of_rows_and_names_of_labels_change_nothing():
    one = sample_of(**GOOD_JUDGE, n_frame=FRAME)
    found = share_with_judge(one, "unwelcome", COUNTS)
    other = JudgedSample(
        human=one.human.sample(frac=1, random_state=3).rename(columns={"unwelcome": "zz"}),
        judge={unit: "zz" if said == "unwelcome" else "a" for unit, said in one.judge.items()},
        stratum=one.stratum,
        n_frame=FRAME,
    )
    again = share_with_judge(other, "zz", {("all", "a"): 9100, ("all", "zz"): 900})
    assert again.with_judge.low == pytest.approx(found.with_judge.low)
    assert again.gain == pytest.approx(found.gain)


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("sensitivity", "specificity", "narrower"),
    [(0.9, 0.98, 0.80), (0.7, 0.9, 0.98), (0.5, 0.5, 1.05)],
)
def test_interval_covers_and_is_narrower_for_a_good_judge(sensitivity, specificity, narrower):
    """P .08, n 100 of 5,000, simple random sample: the case of the judges' section."""
    rng = np.random.default_rng(11)
    covered = with_width = without_width = 0.0
    for _ in range(600):
        true = np.arange(5000) < 400
        said = rng.random(5000) < np.where(true, sensitivity, 1 - specificity)
        drawn = rng.choice(5000, 100, replace=False)
        counts = {("all", "bad"): int(said.sum()), ("all", "good"): int((~said).sum())}
        sample = sample_of(
            true[drawn].astype(float).tolist(),
            np.where(said[drawn], "bad", "good").tolist(),
            n_frame={"all": 5000},
            label="bad",
        )
        found = share_with_judge(sample, "bad", counts)
        covered += found.with_judge.low <= 0.08 <= found.with_judge.high
        with_width += found.with_judge.high - found.with_judge.low
        without_width += found.without.high - found.without.low
    assert covered / 600 >= 0.945
    assert with_width / without_width < narrower
