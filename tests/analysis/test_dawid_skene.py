"""Dawid & Skene 1979: the published table, limits, invariants, then simulation."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.dawid_skene import dawid_skene, dawid_skene_of
from analysis.errors import AnalysisInputError
from analysis.long_table import code_labels
from analysis.proportions import clopper_pearson
from analysis.reliability_file import read_reliability


@pytest.mark.data
def test_published_class_shares(shared_dir):
    """Dawid & Skene 1979, table 4: .40, .42, .11, .07; observer 1 saw each patient three times."""
    path = shared_dir / "data" / "canonical" / "dawid_skene_1979.csv"
    coded = code_labels(read_reliability(path).labels)
    names = sorted({name.split("_")[0] for name in coded.coders})
    observer = np.array([names.index(name.split("_")[0]) for name in coded.coders])
    one_observer = replace(coded, coders=tuple(names), coder=observer[coded.coder])
    found = dawid_skene_of(one_observer, np.ones(45))
    assert found.converged
    assert [round(share.value, 2) for share in found.shares] == [0.40, 0.42, 0.11, 0.07]
    assert found.coders[0].n == 135
    rows = [[cell.value for cell in row] for row in found.coders[0].matrix]
    assert np.array(rows).sum(axis=1) == pytest.approx(1)
    unsure = found.posterior.max(axis=1) < 0.99
    assert found.posterior.index[unsure].tolist() == ["35", "38"]


@pytest.mark.data
def test_demo_prevalence(shared_dir):
    demo = shared_dir / "data" / "demo"
    expected = json.loads((demo / "expected.json").read_text())["ds_prevalence"]
    found = dawid_skene(read_reliability(demo / "ratings.csv").labels)
    values = [share.value for share in found.shares]
    assert dict(zip(found.labels, values, strict=True)) == pytest.approx(expected, abs=1e-4)
    accuracy = {coder.coder: coder.accuracy for coder in found.coders}
    assert min(accuracy, key=accuracy.__getitem__) == "eli"


def test_the_likelihood_of_a_brute_force_search_is_reached(make_labels):
    """Two labels, three coders: no point of a fine random search is likelier."""
    labels = make_labels(ana="xxxyyyxxyx", ben="xxyyyyxxxx", chi="xyxyyxxxyx")
    found = dawid_skene(labels)
    rng = np.random.default_rng(1)
    said = np.array([list("xxxyyyxxyx"), list("xxyyyyxxxx"), list("xyxyyxxxyx")]) == "x"
    p, x, y = rng.random(100_000), rng.random((100_000, 3)), rng.random((100_000, 3))
    log = np.zeros(100_000)
    for unit in said.T:
        of_x = p * np.where(unit, x, 1 - x).prod(axis=1)
        of_y = (1 - p) * np.where(unit, y, 1 - y).prod(axis=1)
        log += np.log(of_x + of_y)
    assert log.max() <= found.log_likelihood + 1e-6


def test_fewer_than_three_coders_are_refused(make_labels):
    two = dawid_skene(make_labels(ana="xyxy", ben="xyyy"))
    assert two.undefined_because == "only 2 coders, fewer than 3"
    assert two.shares[0].value is None
    assert two.posterior.empty
    assert not two.converged
    thin = dawid_skene(make_labels(ana="xyxy", ben="xyyy", chi="x..."))
    assert thin.undefined_because == "only 2.2 labels per unit on average, fewer than 3"
    none = dawid_skene(make_labels(ana="..").astype(str), domain=["x", "y"])
    assert none.undefined_because == "no labels"


def test_coders_who_agree_give_back_their_labels(make_labels):
    found = dawid_skene(make_labels(ana="xxxy", ben="xxxy", chi="xxxy"), domain=["x", "y", "z"])
    assert [share.value for share in found.shares] == pytest.approx([0.75, 0.25, 0])
    assert found.shares[0].low < 0.75 < found.shares[0].high
    assert found.converged
    cells = found.coders[0].matrix
    assert cells[0][0].value == 1
    assert cells[2][2].undefined_because == "the coder saw no unit of this label"
    one = dawid_skene(make_labels(ana="xx", ben="xx", chi="xx"))
    assert (one.shares[0].value, one.shares[0].high) == (1, 1)


def test_weights_make_the_shares_speak_of_the_frame(make_labels):
    labels = make_labels(ana="xxyy", ben="xxyy", chi="xxyy")
    found = dawid_skene(labels, weights={1: 9.0, 2: 9.0, 3: 1.0, 4: 1.0})
    assert found.shares[0].value == pytest.approx(0.9)
    with pytest.raises(AnalysisInputError, match="a weight above 0"):
        dawid_skene(labels, weights={1: 9.0})


def test_the_interval_knows_that_the_confusion_is_estimated():
    labels = simulated(np.random.default_rng(6), n=200, prevalence=0.3, accuracy=0.8)
    found = dawid_skene(labels).shares[0]
    exact = clopper_pearson(found.value * 200, 200)
    assert found.high - found.low > 1.1 * (exact.high - exact.low)
    alike = dawid_skene(labels, weights=dict.fromkeys(range(200), 7.0)).shares[0]
    assert (alike.low, alike.high) == pytest.approx((found.low, found.high))


def test_with_very_many_coders_the_interval_is_withheld():
    rows = [(unit, f"coder {unit * 3 + i}", "xy"[i % 2]) for unit in range(200) for i in range(3)]
    labels = pd.DataFrame(rows, columns=["unit", "coder", "label"])
    found = dawid_skene(labels).shares[0]
    assert found.value is not None
    assert "withheld" in found.undefined_because


def test_order_and_names_change_nothing():
    rng = np.random.default_rng(2)
    labels = simulated(rng, n=60, prevalence=0.3, accuracy=0.8)
    found = dawid_skene(labels)
    other = labels.sample(frac=1, random_state=1)
    other["coder"] = other["coder"].map({"ana": "z", "ben": "y", "chi": "x", "dee": "w"})
    other["label"] = other["label"].map({"x": "2", "y": "1"})
    again = dawid_skene(other)
    assert again.labels == ("1", "2")
    assert again.shares[1].value == pytest.approx(found.shares[0].value, abs=1e-9)
    assert again.shares[1].low == pytest.approx(found.shares[0].low, abs=1e-9)
    assert again.coders[3].accuracy == pytest.approx(found.coders[0].accuracy, abs=1e-9)


def simulated(rng, *, n, prevalence, accuracy, coders=("ana", "ben", "chi", "dee")):
    true = rng.random(n) < prevalence
    rows = []
    for coder in coders:
        right = rng.random(n) < accuracy
        rows += [
            (unit, coder, "x" if is_x == ok else "y")
            for unit, (is_x, ok) in enumerate(zip(true, right, strict=True))
        ]
    return pd.DataFrame(rows, columns=["unit", "coder", "label"])


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("n", "prevalence", "accuracy", "coders"),
    [
        (100, 0.10, 0.85, ("ana", "ben", "chi")),
        (200, 0.30, 0.85, ("ana", "ben", "chi")),
        (200, 0.10, 0.90, ("ana", "ben", "chi", "dee")),
    ],
)
def test_share_covers_where_the_model_is_true(n, prevalence, accuracy, coders):
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(150):
        labels = simulated(rng, n=n, prevalence=prevalence, accuracy=accuracy, coders=coders)
        one = dawid_skene(labels, domain=["x", "y"]).shares[0]
        covered += one.low <= prevalence <= one.high
    assert covered / 150 >= 0.94
