"""A judge beside the humans: published tables, limits, invariants, then coverage."""

import numpy as np
import pandas as pd
import pytest

from analysis.domains import Design, weighted_kappa
from analysis.errors import AnalysisInputError
from analysis.judges import JudgedSample, beside_humans, judge_quality
from analysis.meetings import Meetings
from analysis.pairs import pairs_from_meetings, pairwise
from analysis.proportions import clopper_pearson


def sample_of(table, labels, *, n_frame=None, stratum=None, user=None):
    """Make a sample from a contingency table, humans in rows and the judge in columns."""
    cells = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    human = np.zeros((len(cells), len(labels)))
    for unit, (i, _) in enumerate(cells):
        human[unit, i] = 1
    return JudgedSample(
        human=pd.DataFrame(human, columns=labels),
        judge={unit: labels[j] for unit, (_, j) in enumerate(cells)},
        stratum=stratum or dict.fromkeys(range(len(cells)), "all"),
        n_frame=n_frame or {"all": 10**6},
        user=user,
    )


LIVER_SCAN = [
    [231, 27],
    [32, 54],
]  # Altman & Bland 1994, BMJ 308:1552: liver scan, 258 ill, 86 well


def test_sensitivity_and_specificity_of_altman_and_bland_1994():
    """BMJ 308:1552 and 309:102: sensitivity .90, specificity .63, predictive value .88."""
    found = judge_quality(sample_of(LIVER_SCAN, ["ill", "well"])).per_label[0]
    assert found.label == "ill"
    assert found.sensitivity.value == pytest.approx(231 / 258)
    assert found.specificity.value == pytest.approx(54 / 86)
    assert found.precision.value == pytest.approx(231 / 263)
    assert [found.sensitivity.n, found.specificity.n, found.precision.n] == [258, 86, 263]
    assert (found.n_human, found.n_judge, found.recall) == (258, 263, found.sensitivity)


def test_with_equal_weights_the_interval_is_clopper_pearson():
    found = judge_quality(sample_of(LIVER_SCAN, ["ill", "well"])).per_label[0].sensitivity
    exact = clopper_pearson(231, 258)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=2e-4)


@pytest.mark.parametrize(
    ("table", "kappa", "tolerance"),
    [
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842, 5e-5),  # SAS PROC FREQ
        ([[40, 9], [6, 45]], 0.70, 5e-3),  # Feinstein & Cicchetti 1990
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.7964094, 1e-7),  # Gwet, cont3x3abstractors
    ],
)
def test_published_kappas(table, kappa, tolerance):
    labels = ["a", "b", "c"][: len(table)]
    assert judge_quality(sample_of(table, labels)).kappa.value == pytest.approx(
        kappa, abs=tolerance
    )


def test_kappa_has_the_interval_of_a_pair_of_coders():
    """Of units that weigh alike: the error of `test_pairs.py`, which is that of SAS."""
    for table in (
        [[0, 4, 1], [0, 8, 0], [0, 1, 5]],
        [[20, 3, 1], [4, 17, 6], [2, 2, 9]],
        [[30, 0, 0], [0, 9, 0], [0, 0, 1]],
    ):
        found = judge_quality(sample_of(table, ["a", "b", "c"])).kappa
        cells = np.array(table)
        first, second = np.nonzero(cells)
        meetings = Meetings(
            first=np.zeros(len(first), dtype=np.int64),
            second=np.ones(len(first), dtype=np.int64),
            first_label=first,
            second_label=second,
            n_units=cells[first, second],
        )
        pair = pairs_from_meetings(meetings, ("human", "judge"), 3)[0].kappa
        assert (found.value, found.low, found.high) == pytest.approx(
            (pair.value, pair.low, pair.high)
        )


def test_kappa_weighs_a_unit_as_often_as_it_stands_for():
    """Weights that are all twice as large change nothing; those of 3 to 1 move value and ends."""
    human, judge = np.eye(2)[[0, 0, 0, 1, 1, 0] * 9], np.eye(2)[[0, 0, 1, 1, 1, 0] * 9]
    alike, three = np.ones(54), np.tile([1.0, 1, 3, 1, 1, 1], 9)

    def kappa(weight):
        design = Design(weight, np.zeros(54, dtype=np.int64), np.arange(54))
        return weighted_kappa(human, judge, design)

    plain, heavy = kappa(alike), kappa(three)
    double = kappa(2 * alike)
    assert (double.low, double.high) == pytest.approx((plain.low, plain.high))
    assert heavy.value < plain.value
    assert heavy.high - heavy.low > plain.high - plain.low


def test_confusion_counts_units_and_shares_add_up():
    table = [[20, 3, 1], [4, 17, 6], [2, 2, 9]]
    found = judge_quality(sample_of(table, ["a", "b", "c"]))
    assert [[cell.n for cell in row] for row in found.confusion] == table
    for row in found.confusion:
        assert sum(cell.of_human.value for cell in row) == pytest.approx(1)
        assert all(cell.of_human.low <= cell.of_human.value <= cell.of_human.high for cell in row)
    for column in zip(*found.confusion, strict=True):
        assert sum(cell.of_judge.value for cell in column) == pytest.approx(1)
    assert sum(c.of_all.value for row in found.confusion for c in row) == pytest.approx(1)
    assert found.confusion[0][1].human == "a"
    assert found.confusion[0][1].judge == "b"
    assert found.percent.value == pytest.approx(46 / 64)


def test_units_are_weighted_to_the_frame():
    """By hand: 100 of 100 in one stratum, 100 of 900 in the other."""
    units = range(200)
    said = ["bad"] * 60 + ["good"] * 40 + ["bad"] * 10 + ["good"] * 90
    true = [1] * 50 + [0] * 10 + [1] * 5 + [0] * 35 + [1] * 4 + [0] * 6 + [1] * 8 + [0] * 82
    found = judge_quality(
        JudgedSample(
            human=pd.DataFrame({"bad": true, "good": [1 - y for y in true]}),
            judge=dict(zip(units, said, strict=True)),
            stratum={unit: "down" if unit < 100 else "up" for unit in units},
            n_frame={"down": 100, "up": 900},
        )
    )
    bad = found.per_label[0]
    assert bad.sensitivity.value == pytest.approx((50 + 9 * 4) / (55 + 9 * 12))
    assert bad.specificity.value == pytest.approx((35 + 9 * 82) / (45 + 9 * 88))
    assert bad.precision.value == pytest.approx((50 + 9 * 4) / (60 + 9 * 10))
    plain = clopper_pearson(54, 67)
    assert bad.sensitivity.high - bad.sensitivity.low > plain.high - plain.low


def test_a_split_tie_counts_for_both_labels():
    human = pd.DataFrame({"a": [1, 0.5, 0], "b": [0, 0.5, 1]})
    sample = JudgedSample(
        human=human,
        judge={0: "a", 1: "a", 2: "b"},
        stratum=dict.fromkeys(range(3), "all"),
        n_frame={"all": 9},
    )
    found = judge_quality(sample)
    assert found.percent.value == pytest.approx(2.5 / 3)
    assert found.per_label[0].sensitivity.value == 1
    assert found.per_label[0].precision.value == 0.75


def test_limits_have_reasons_and_no_nan():
    one_label = judge_quality(sample_of([[9, 0], [0, 0]], ["a", "b"]))
    assert one_label.kappa.undefined_because == (
        "both sides used one and the same label throughout"
    )
    assert one_label.per_label[0].specificity.value is None
    assert "every judged unit" in one_label.per_label[0].specificity.undefined_because
    assert one_label.per_label[1].precision.undefined_because == (
        "the judge gives no labelled unit this label"
    )
    perfect = judge_quality(sample_of([[9, 0], [0, 9]], ["a", "b"]))
    assert perfect.kappa.value == perfect.kappa.high == 1
    assert 0.3 < perfect.kappa.low < 1
    assert perfect.percent.value == perfect.percent.high == 1
    assert 0.6 < perfect.percent.low < 1


def test_units_without_a_verdict_are_counted_and_left_out():
    sample = sample_of(LIVER_SCAN, ["ill", "well"])
    some = {unit: said for unit, said in sample.judge.items() if unit % 2}
    found = judge_quality(
        JudgedSample(
            human=sample.human,
            judge={**some, "elsewhere": "ill", 0: None},
            stratum=sample.stratum,
            n_frame=sample.n_frame,
        )
    )
    assert (found.n_units, found.n_without_verdict) == (172, 172)
    none = judge_quality(
        JudgedSample(human=sample.human, judge={}, stratum=sample.stratum, n_frame=sample.n_frame)
    )
    assert none.percent.undefined_because == "no labelled unit has a verdict of this judge"
    assert none.kappa.value is None


def test_a_unit_without_a_stratum_is_refused():
    sample = sample_of(LIVER_SCAN, ["ill", "well"], n_frame={"other": 500})
    with pytest.raises(AnalysisInputError, match="known N_h for unit 0: came 'all'"):
        judge_quality(sample)
    with pytest.raises(AnalysisInputError, match=r"at most N=343 .*'all': came 344"):
        judge_quality(sample_of(LIVER_SCAN, ["ill", "well"], n_frame={"all": 343}))
    with pytest.raises(AnalysisInputError, match="outside the domain"):
        judge_quality(sample_of(LIVER_SCAN, ["ill", "well"]), domain=["ill"])


def test_order_of_rows_and_names_of_labels_change_nothing():
    one = sample_of([[20, 3, 1], [4, 17, 6], [2, 2, 9]], ["a", "b", "c"])
    renamed = {"a": "z", "b": "y", "c": "x"}
    other = JudgedSample(
        human=one.human.rename(columns=renamed).sample(frac=1, random_state=1),
        judge={unit: renamed[said] for unit, said in reversed(one.judge.items())},
        stratum=one.stratum,
        n_frame=one.n_frame,
    )
    found, again = judge_quality(one), judge_quality(other)
    assert again.kappa.value == pytest.approx(found.kappa.value)
    assert again.kappa.low == pytest.approx(found.kappa.low)
    assert again.per_label[2].sensitivity.low == pytest.approx(found.per_label[0].sensitivity.low)
    assert again.per_label[2].label == "z"


def test_users_widen_the_intervals():
    table = [[40, 40], [40, 40]]
    alone = judge_quality(sample_of(table, ["a", "b"]))
    users = {unit: f"user {unit // 8}" for unit in range(160)}
    together = judge_quality(sample_of(table, ["a", "b"], user=users))
    assert together.kappa.high - together.kappa.low > 1.9 * (alone.kappa.high - alone.kappa.low)
    assert together.percent.low < alone.percent.low


def test_judge_beside_humans_by_hand(make_labels):
    labels = make_labels(ana="xxyy.", ben="xyyyx", chi="x.yx.")
    judge = {1: "x", 2: "x", 3: "x", 4: "y", 5: "x"}
    found = beside_humans(labels, judge)
    assert found.n_units == 4  # unit 5 has one human label
    assert found.human_human.value == pytest.approx((1 + 0 + 1 + 1 / 3) / 4)
    assert found.judge_human.value == pytest.approx((1 + 1 / 2 + 0 + 2 / 3) / 4)
    assert found.difference.value == pytest.approx(
        found.judge_human.value - found.human_human.value
    )
    assert found.difference.low < found.difference.value < found.difference.high


def test_a_judge_that_is_one_of_two_coders_agrees_as_they_do(make_labels):
    labels = make_labels(ana="xyxyxxyyxy", ben="xyxxyxyyyx")
    ana = labels[labels["coder"] == "ana"]
    found = beside_humans(labels, dict(zip(ana["unit"], ana["label"], strict=True)))
    assert found.judge_human.value == pytest.approx((1 + found.human_human.value) / 2)
    ben = labels[labels["coder"] == "ben"]
    whole = pd.concat([ana, ben])
    one = sample_of([[3, 2], [2, 3]], ["x", "y"])
    assert judge_quality(one).kappa.value == pytest.approx(pairwise(whole)[0].kappa.value)


def test_without_two_human_labels_there_is_nothing_to_compare(make_labels):
    found = beside_humans(make_labels(ana="xy", ben=".."), {1: "x", 2: "y"})
    assert found.n_units == 0
    assert found.difference.undefined_because == "no unit has two human labels and a verdict"


def judged_by_stratum(rng, *, sizes, prevalence, sensitivity, specificity):
    """Draw units with the judge's label as the stratum: `sizes` from its "bad" and its "good"."""
    bad = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    chance = [prevalence * sensitivity / bad, prevalence * (1 - sensitivity) / (1 - bad)]
    said = ["bad"] * sizes[0] + ["good"] * sizes[1]
    y = (rng.random(sum(sizes)) < np.repeat(chance, sizes)).astype(float)
    return JudgedSample(
        human=pd.DataFrame({"bad": y, "good": 1 - y}),
        judge=dict(enumerate(said)),
        stratum=dict(enumerate(said)),
        n_frame={"bad": round(10**6 * bad), "good": round(10**6 * (1 - bad))},
    )


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("sizes", "prevalence", "sensitivity", "specificity"),
    [
        ((60, 140), 0.20, 0.80, 0.90),
        ((140, 60), 0.20, 0.80, 0.90),
        ((280, 120), 0.08, 0.70, 0.95),
        ((140, 60), 0.05, 0.95, 0.97),  # few units that the judge misses, each of great weight
    ],
)
def test_quality_covers_when_the_judge_chose_the_sample(
    sizes, prevalence, sensitivity, specificity
):
    rng = np.random.default_rng(8)
    hit = prevalence * sensitivity
    precision = hit / (hit + (1 - prevalence) * (1 - specificity))
    truth = np.array([sensitivity, specificity, precision])
    covered = np.zeros(3)
    for _ in range(300):
        sample = judged_by_stratum(
            rng,
            sizes=sizes,
            prevalence=prevalence,
            sensitivity=sensitivity,
            specificity=specificity,
        )
        found = judge_quality(sample).per_label[0]
        estimates = (found.sensitivity, found.specificity, found.precision)
        low, high = (np.array([getattr(e, end) for e in estimates]) for end in ("low", "high"))
        covered += (low <= truth) & (truth <= high)
    assert (covered / 300 >= 0.94).all(), covered / 300


@pytest.mark.simulation
def test_kappa_and_recall_cover_over_four_strata():
    """A judge that does worse where the mode is common; 50 units from strata of unlike size."""
    rng = np.random.default_rng(9)
    n_frame, n_h = {"a": 4000, "b": 3000, "c": 2000, "d": 1000}, 50
    prevalence = {"a": 0.05, "b": 0.1, "c": 0.3, "d": 0.4}
    sens, spec = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}, 0.9
    weight = {h: n_frame[h] / 10_000 for h in n_frame}
    bad = {h: (prevalence[h] * sens[h], prevalence[h] * (1 - sens[h])) for h in n_frame}
    good = {h: ((1 - prevalence[h]) * (1 - spec), (1 - prevalence[h]) * spec) for h in n_frame}
    cells = np.array([bad[h] + good[h] for h in n_frame])
    all_of_it = np.array(list(weight.values())) @ cells
    recall = all_of_it[0] / all_of_it[:2].sum()
    humans, judge = all_of_it[:2].sum(), all_of_it[[0, 2]].sum()
    chance = humans * judge + (1 - humans) * (1 - judge)
    kappa = (all_of_it[[0, 3]].sum() - chance) / (1 - chance)
    covered = np.zeros(2)
    for _ in range(500):
        drawn = np.concatenate([rng.choice(4, n_h, p=chances) for chances in cells])
        y = (drawn < 2).astype(float)
        sample = JudgedSample(
            human=pd.DataFrame({"bad": y, "good": 1 - y}),
            judge={unit: "bad" if cell in (0, 2) else "good" for unit, cell in enumerate(drawn)},
            stratum={unit: "abcd"[unit // n_h] for unit in range(4 * n_h)},
            n_frame=n_frame,
        )
        found = judge_quality(sample)
        one = found.per_label[0].recall
        covered += [one.low <= recall <= one.high, found.kappa.low <= kappa <= found.kappa.high]
    assert (covered / 500 >= 0.94).all(), covered / 500


def test_without_any_label_agreement_beside_humans_is_undefined():
    none = pd.DataFrame([], columns=["unit", "coder", "label"])
    found = beside_humans(none, {"u": "correct"})
    assert found.n_units == 0
    assert found.judge_human.undefined_because
