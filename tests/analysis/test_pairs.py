"""Cohen's kappa of pairs of coders."""

import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from analysis.pairs import pairwise


def labels_of(table) -> pd.DataFrame:
    """Make the long table of two coders from a contingency table, first coder in rows."""
    cells = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    rows = [
        (unit, coder, f"c{label}")
        for unit, pair in enumerate(cells)
        for coder, label in zip(("ana", "ben"), pair, strict=True)
    ]
    return pd.DataFrame(rows, columns=["unit", "coder", "label"])


@pytest.mark.parametrize(
    ("table", "kappa", "tolerance"),
    [
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842, 5e-5),  # SAS PROC FREQ
        ([[40, 9], [6, 45]], 0.70, 5e-3),  # Feinstein & Cicchetti 1990, paradox 1
        ([[80, 10], [5, 5]], 0.32, 5e-3),  # Feinstein & Cicchetti 1990, paradox 1: same 85%
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.7964094, 1e-7),  # Gwet, cont3x3abstractors
    ],
)
def test_published_kappas(table, kappa, tolerance):
    (pair,) = pairwise(labels_of(table))
    assert pair.kappa.value == pytest.approx(kappa, abs=tolerance)
    assert pair.n == sum(map(sum, table))


def test_interval_is_that_of_sas():
    (pair,) = pairwise(labels_of([[0, 4, 1], [0, 8, 0], [0, 1, 5]]))
    assert (pair.kappa.low, pair.kappa.high) == pytest.approx((0.2137, 0.7547), abs=1e-4)


def test_interval_equals_statsmodels():
    table = [[20, 3, 1], [4, 17, 6], [2, 2, 9]]
    (pair,) = pairwise(labels_of(table))
    theirs = cohens_kappa(table)
    assert (pair.kappa.low, pair.kappa.high) == pytest.approx(
        (theirs.kappa_low, theirs.kappa_upp), abs=1e-10
    )


def test_only_coders_who_share_a_unit_are_paired(make_labels):
    pairs = pairwise(make_labels(ana="xy..", ben="xx.y", chi="...y"))
    assert [(pair.coders, pair.n) for pair in pairs] == [(("ana", "ben"), 2), (("ben", "chi"), 1)]


def test_one_label_throughout_has_a_reason_and_not_a_kappa(make_labels):
    (pair,) = pairwise(make_labels(ana="xx", ben="xx"))
    assert pair.percent == 1
    assert pair.kappa.value is None
    assert "one and the same label" in pair.kappa.undefined_because


def test_names_of_coders_only_order_the_pair(make_labels):
    (one,), (other,) = (
        pairwise(make_labels(ana="xyxy", ben="xyyy")),
        pairwise(make_labels(zoe="xyxy", ben="xyyy")),
    )
    assert other.coders == ("ben", "zoe")
    assert one.kappa.value == pytest.approx(other.kappa.value)
