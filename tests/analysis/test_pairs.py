"""Cohen's kappa of pairs of coders."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from analysis.meetings import Meetings
from analysis.pairs import pairs_from_meetings, pairwise


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


def kappa_and_error(table, extra=0):
    """Written out anew, cell by cell, from Fleiss, Cohen & Everitt 1969."""
    n, k = sum(map(sum, table)), len(table)
    p = (np.array(table) + extra / k**2) / (n + extra)
    row, column = p.sum(axis=1), p.sum(axis=0)
    chance = float(row @ column)
    kappa = (float(np.trace(p)) - chance) / (1 - chance)
    total = 0.0
    for i in range(k):
        for j in range(k):
            total += p[i, j] * ((i == j) - (column[i] + row[j]) * (1 - kappa)) ** 2
    return kappa, math.sqrt((total - (kappa - chance * (1 - kappa)) ** 2) / n) / (1 - chance)


def interval_of(table):
    """Student's t on the atanh scale, of the table and of that with two units more, together."""
    ends = []
    for extra in (0, 2):
        kappa, se = kappa_and_error(table, extra)
        half = stats.t.ppf(0.975, sum(map(sum, table)) - 1) * se / (1 - kappa**2)
        ends += [math.tanh(math.atanh(kappa) + side * half) for side in (-1, 1)]
    return min(ends), max(ends)


@pytest.mark.parametrize(
    "table",
    [
        [[0, 4, 1], [0, 8, 0], [0, 1, 5]],
        [[20, 3, 1], [4, 17, 6], [2, 2, 9]],
        [[80, 10], [5, 5]],
        [[30, 1], [0, 1]],
    ],
)
def test_the_interval_is_that_of_its_formula(table):
    (pair,) = pairwise(labels_of(table), domain=[f"c{label}" for label in range(len(table))])
    assert (pair.kappa.low, pair.kappa.high) == pytest.approx(interval_of(table), abs=1e-12)


def test_the_formula_of_the_error_is_that_of_sas_and_statsmodels():
    """SAS PROC FREQ prints the plain interval (0.2137, 0.7547)."""
    kappa, se = kappa_and_error([[0, 4, 1], [0, 8, 0], [0, 1, 5]])
    assert (kappa - 1.96 * se, kappa + 1.96 * se) == pytest.approx((0.2137, 0.7547), abs=1e-4)
    table = [[20, 3, 1], [4, 17, 6], [2, 2, 9]]
    theirs = cohens_kappa(table)
    assert kappa_and_error(table) == pytest.approx((theirs.kappa, theirs.std_kappa), abs=1e-12)


def test_perfect_agreement_has_an_interval_too():
    """Its standard error is zero, which says nothing of how many units there were."""
    (few,), (many,) = (pairwise(labels_of([[n, 0], [0, n]])) for n in (5, 50))
    assert few.kappa.value == many.kappa.value == few.kappa.high == 1
    assert few.kappa.low < 0.7 < many.kappa.low < 1


@pytest.mark.simulation
@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize(
    "cells",
    [
        [[0.40, 0.09], [0.06, 0.45]],
        [[0.80, 0.10], [0.05, 0.05]],
        [[0.45, 0.05, 0.02], [0.06, 0.20, 0.04], [0.02, 0.03, 0.13]],
    ],
)
def test_the_interval_covers(n, cells):
    """Of 1,500 draws; the plain large-sample interval holds .87 to .94 of these."""
    truth = np.array(cells)
    chance = float(truth.sum(axis=1) @ truth.sum(axis=0))
    kappa = (float(np.trace(truth)) - chance) / (1 - chance)
    rng = np.random.default_rng(7)
    covered = []
    for counts in rng.multinomial(n, truth.ravel(), size=1500):
        met = counts.nonzero()[0]
        meetings = Meetings(
            first=np.zeros(len(met), dtype=np.int64),
            second=np.ones(len(met), dtype=np.int64),
            first_label=met // len(truth),
            second_label=met % len(truth),
            n_units=counts[met],
        )
        (pair,) = pairs_from_meetings(meetings, ["ana", "ben"], len(truth))
        found = pair.kappa
        if found.value is not None:
            covered.append(found.low <= kappa <= found.high)
    assert len(covered) > 1400
    assert np.mean(covered) > 0.937


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
