"""One label per unit."""

import numpy as np
import pandas as pd
import pytest

from analysis.consensus import unit_labels, unit_labels_from_counts
from analysis.errors import AnalysisInputError


def test_majority_tie_and_adjudication(make_labels):
    labels = make_labels(ana="xxxx", ben="xyyy", chi="x.zy")
    found = unit_labels(labels, {3: "z"}, domain=["x", "y", "z"])
    assert found.weights.to_numpy().tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 1, 0]]
    assert list(found.source) == ["majority", "tie", "adjudicated", "majority"]
    assert (found.n_ties, found.n_adjudicated) == (1, 1)


def test_all_said_and_any_said(make_labels):
    found = unit_labels(make_labels(ana="xxxy", ben="xyxy"))
    assert found.unanimity() == {"x": (0.5, 0.75), "y": (0.25, 0.5)}
    assert found.all_said["x"].tolist() == [True, False, True, False]


def test_a_unit_that_only_the_lead_labeled_is_known(make_labels):
    found = unit_labels(make_labels(ana="xy"), {9: "y"})
    assert list(found.weights.loc[9]) == [0, 1]
    assert list(found.any_said.loc[9]) == [False, True]


def test_no_labels_yet_is_empty():
    empty = pd.DataFrame(columns=["unit", "coder", "label"])
    found = unit_labels(empty, {}, domain=["x", "y"])
    assert len(found.weights) == 0
    assert found.unanimity() == {"x": None, "y": None}


def test_an_adjudicated_label_outside_the_domain_is_refused(make_labels):
    with pytest.raises(AnalysisInputError, match="outside the domain"):
        unit_labels(make_labels(ana="x"), {1: "q"}, domain=["x", "y"])


def test_counts_give_the_consensus_of_the_labels(make_labels):
    labels = make_labels(ana="xyxz.", ben="xxyz.", chi="yx.zx")
    places = {"x": 0, "y": 1, "z": 2}
    counts = labels.groupby(["unit", "label"]).size().reset_index()
    rows = np.array([(u, places[label], n) for u, label, n in counts.itertuples(index=False)])
    decided: dict[object, str] = {3: "z", 9: "y"}
    found = unit_labels_from_counts(rows, ["x", "y", "z"], decided)
    expected = unit_labels(labels, decided, domain=["x", "y", "z"])
    for name in ("weights", "all_said", "any_said"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.loc[other.index].to_numpy().tolist() == other.to_numpy().tolist()
    assert found.source.to_dict() == expected.source.to_dict()
