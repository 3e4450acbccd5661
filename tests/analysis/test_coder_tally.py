"""Coders in one pass: their pairs, their confusions, each one's bias against the rest."""

import numpy as np
import pandas as pd
import pytest

from analysis.coder_tally import CoderTally, tally_of_labels
from analysis.pairs import pairwise
from analysis.proportions import mean_difference


@pytest.fixture
def random_labels():
    """Five coders with gaps, some units with one label alone."""

    def make(seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        rows = [
            (unit, coder, "abcd"[(unit + (rng.random() < 0.3) * rng.integers(1, 4)) % 4])
            for unit in range(80)
            for coder in "vwxyz"
            if rng.random() < 0.5
        ]
        return pd.DataFrame(rows, columns=["unit", "coder", "label"])

    return make


def codes(labels):
    table = labels.sort_values(["unit", "coder"])
    columns = (table["unit"], table["coder"].map("vwxyz".index), table["label"].map("abcd".index))
    return [np.asarray(column, dtype=np.int64) for column in columns]


def test_pairs_are_those_of_the_whole_table_however_it_is_cut(random_labels):
    labels = random_labels(1)
    tally = CoderTally("vwxyz", "abcd")
    unit, coder, label = codes(labels)
    for first in range(0, 80, 13):
        own = (unit >= first) & (unit < first + 13)
        tally.add(unit[own], coder[own], label[own])
    expected = pairwise(labels, domain=list("abcd"))
    assert len(expected) == 10
    for one, other in zip(tally.pairs(), expected, strict=True):
        assert (one.coders, one.n) == (other.coders, other.n)
        assert one.percent == pytest.approx(other.percent, abs=1e-12)
        assert one.kappa.value == pytest.approx(other.kappa.value, abs=1e-12)
        assert (one.kappa.low, one.kappa.high) == pytest.approx(
            (other.kappa.low, other.kappa.high), abs=1e-12
        )


def test_of_many_pairs_those_with_the_most_units_are_kept_in_order_of_names(random_labels):
    tally = tally_of_labels(random_labels(2))
    every = tally.pairs()
    kept = tally.pairs(at_most=3)
    assert min(pair.n for pair in kept) >= sorted(pair.n for pair in every)[-3]
    assert [pair.coders for pair in kept] == sorted(pair.coders for pair in kept)
    assert len(kept) == 3


def test_a_table_of_two_coders_is_their_contingency_table(make_labels):
    tally = tally_of_labels(make_labels(ana="xyxyz", ben="xxyy."))
    assert tally.table("ana", "ben").counts.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    tally = tally_of_labels(make_labels(ana="xyy", ben="xxx"))
    assert tally.table("ana", "ben").counts.tolist() == [[1, 0], [2, 0]]
    assert tally.table("ben", "ana").counts.tolist() == [[1, 2], [0, 0]]


def test_pair_tables_hold_every_shared_unit_and_give_the_percent(random_labels):
    tally = tally_of_labels(random_labels(3))
    for pair in tally.pairs():
        counts = tally.table(*pair.coders).counts
        assert counts.sum() == pair.n
        assert counts.trace() / pair.n == pytest.approx(pair.percent)


def test_bias_by_hand(make_labels):
    """Ana says x on 2 of 3 shared units; the others there: half, none, all of them."""
    (ana, *_) = tally_of_labels(make_labels(ana="xyxx", ben="xyx.", chi="yyx.")).bias()
    x = ana.by_label[0]
    assert (ana.coder, ana.n_units, x.label) == ("ana", 3, "x")
    assert (x.own, x.others) == pytest.approx((2 / 3, 0.5))
    assert x.difference.value == pytest.approx(1 / 6)


def test_bias_has_the_interval_of_paired_differences(random_labels):
    labels = random_labels(4)
    for found in tally_of_labels(labels).bias():
        for label in found.by_label:
            said = labels["label"] == label.label
            own = labels[labels["coder"] == found.coder].set_index("unit").index
            rest = labels[(labels["coder"] != found.coder) & labels["unit"].isin(own)]
            others = said[rest.index].groupby(rest["unit"]).mean()
            mine = said[labels["coder"] == found.coder]
            mine.index = own
            apart = (mine[others.index].astype(float) - others).to_numpy()
            expected = mean_difference(apart, none="")
            assert label.difference.value == pytest.approx(apart.mean(), abs=1e-12)
            assert (label.difference.low, label.difference.high) == pytest.approx(
                (expected.low, expected.high), abs=1e-9
            )
            assert found.n_units == len(apart)


def test_who_shares_no_unit_has_no_bias(make_labels):
    tally = tally_of_labels(make_labels(ana="x.", ben=".y"))
    assert tally.bias() == ()
    assert tally.pairs() == []
    assert tally.n_coders == 2


def test_a_single_unit_has_no_interval(make_labels):
    ana, _ = tally_of_labels(make_labels(ana="x", ben="y")).bias()
    assert ana.by_label[0].difference.value == 1
    assert "a single unit" in ana.by_label[0].difference.undefined_because


def test_units_that_disagree_most_come_first(make_labels):
    tally = tally_of_labels(make_labels(ana="xxxx", ben="xyyx", chi="xxz."))
    found = [(row.unit, row.counts) for row in tally.disputed()]
    assert found == [(2, {"x": 1, "y": 1, "z": 1}), (1, {"x": 2, "y": 1})]
    assert tally.disputed()[0].entropy == pytest.approx(np.log2(3))


def test_measurements_have_pairs_and_no_bias():
    rows = [(u, c, f"{u}.{d}") for u in range(101) for d, c in enumerate("ab")]
    tally = tally_of_labels(pd.DataFrame(rows, columns=["unit", "coder", "label"]))
    assert tally.pairs()[0].n == 101
    assert tally.bias() == ()
    assert tally.disputed() == ()
