"""Agreement: published tables, then limits, then invariants, then the reference package."""

import warnings
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.agreement import (
    agreement,
    agreement_from_patterns,
    fleiss_kappa,
    gwet_ac1,
    label_agreement,
    level_alpha,
    nominal_alpha,
    percent_agreement,
)
from analysis.bootstrap import MAX_BOOTSTRAP_PATTERNS
from analysis.errors import AnalysisInputError
from analysis.patterns import (
    patterns_from_count_table,
    patterns_from_labels,
    patterns_from_unit_counts,
)

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, examples A, B and C
KRIPP_A = {"r1": "0100000010", "r2": "1110010000"}
KRIPP_B = {"r1": "aabbdcccedda", "r2": "babbbccceddd"}
KRIPP_C = {"r1": "123321412...", "r2": "1233224125.3", "r3": ".3332342251.", "r4": "12332441251."}
# Fleiss 1971, Psychological Bulletin 76:378, table 1: 30 patients, 6 psychiatrists
FLEISS_1971 = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
# the worked example of "Fleiss' kappa": 10 subjects, 14 raters
FOURTEEN_RATERS = [
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
]  # fmt: skip


def test_krippendorff_2011_example_a(make_labels):
    assert agreement(make_labels(**KRIPP_A)).alpha.value == pytest.approx(2 / 21)


def test_krippendorff_2011_example_b(make_labels):
    assert agreement(make_labels(**KRIPP_B)).alpha.value == pytest.approx(0.692, abs=5e-4)


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_krippendorff_2011_example_c_with_gaps(make_labels, level, published):
    report = agreement(make_labels(**KRIPP_C), level=level)
    assert report.alpha.value == pytest.approx(published, abs=5e-4)
    assert report.alpha.n == 11  # the unit with one label is not pairable
    assert report.reference_difference < 1e-12


def test_gwet_four_raters(make_labels):
    """K. L. Gwet, irrCAC (R), cac.raw4raters: same table as example C."""
    patterns = patterns_from_labels(make_labels(**KRIPP_C))
    assert percent_agreement(patterns).value == pytest.approx(0.8181818, abs=5e-6)
    assert gwet_ac1(patterns).value == pytest.approx(0.77544, abs=5e-6)
    assert fleiss_kappa(patterns).value == pytest.approx(0.76117, abs=5e-6)
    assert nominal_alpha(patterns).value == pytest.approx(0.74342, abs=5e-6)


def test_gwet_three_by_three_abstractors():
    """K. L. Gwet, irrCAC (R), cont3x3abstractors: Scott's pi is Fleiss' kappa of two coders."""
    table = {(0, 0): 13, (1, 1): 20, (2, 2): 56, (1, 2): 7, (2, 1): 4}
    vectors = [
        np.bincount(cell, minlength=3).tolist() for cell, n in table.items() for _ in range(n)
    ]
    patterns = patterns_from_count_table(["Ectopic", "AIU", "NIU"], vectors)
    assert fleiss_kappa(patterns).value == pytest.approx(0.7962397, abs=1e-7)
    assert gwet_ac1(patterns).value == pytest.approx(0.8493305, abs=1e-7)
    assert nominal_alpha(patterns).value == pytest.approx(0.7972585, abs=1e-7)
    assert percent_agreement(patterns).value == pytest.approx(0.89, abs=1e-7)


def test_fleiss_1971_diagnoses():
    patterns = patterns_from_count_table(
        "12345", [[int(n) for n in row] for row in FLEISS_1971.split()]
    )
    assert list(patterns.labels_by_category) == [26, 26, 30, 55, 43]
    assert fleiss_kappa(patterns).value == pytest.approx(0.4302445, abs=1e-7)


def test_fourteen_raters():
    patterns = patterns_from_count_table("12345", FOURTEEN_RATERS)
    assert fleiss_kappa(patterns).value == pytest.approx(0.2099307, abs=1e-7)


def test_specific_agreement_of_two_coders():
    """Two coders: 2 a / (2 a + b + c). Feinstein & Cicchetti 1990, paradox 1: 40, 9, 6, 45."""
    vectors = [(2, 0)] * 40 + [(1, 1)] * 15 + [(0, 2)] * 45
    first, second = label_agreement(patterns_from_count_table(["yes", "no"], vectors))
    assert first.specific.value == pytest.approx(80 / 95)
    assert second.specific.value == pytest.approx(90 / 105)
    assert first.alpha.value == pytest.approx(second.alpha.value)  # two labels: one is the other


# ---- limits


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_no_overlap_has_no_alpha(make_labels, level):
    report = agreement(make_labels(ana="12..", ben="..12"), level=level)
    assert report.alpha.value is None
    assert report.alpha.undefined_because == "no unit has two labels"
    assert report.percent.undefined_because == "no unit has two labels"
    assert report.pairs == ()
    assert report.reference_difference is None


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_one_label_has_no_alpha_but_full_percent(make_labels, level):
    report = agreement(make_labels(ana="111", ben="111"), level=level)
    assert report.alpha.value is None
    assert report.alpha.undefined_because == "all pairable labels are equal"
    assert report.percent.value == 1
    assert report.ac1.undefined_because == "there is only one category"
    assert report.pairs[0].kappa.value is None


def test_variation_only_outside_the_pairs_is_no_variation(make_labels):
    report = agreement(make_labels(ana="112", ben="11."))
    assert report.alpha.undefined_because == "all pairable labels are equal"


def test_full_agreement_is_one_without_a_false_interval(make_labels):
    alpha = agreement(make_labels(ana="1212121212", ben="1212121212")).alpha
    assert (alpha.value, alpha.low, alpha.high) == (1, None, None)
    assert "every bootstrap replicate gives the same value" in alpha.undefined_because


def test_interval_is_withheld_when_too_many_replicates_are_undefined(make_labels):
    alpha = agreement(make_labels(ana="11111112", ben="11111111")).alpha
    assert alpha.value is not None
    assert alpha.low is None
    assert "replicates are undefined" in alpha.undefined_because


def test_an_audit_without_labels_yet_is_undefined_not_an_error():
    report = agreement_from_patterns(patterns_from_unit_counts([], ["x", "y"]))
    assert report.alpha.undefined_because == "no unit has two labels"
    assert report.n_labels == 0


def test_an_unused_label_has_a_reason(make_labels):
    report = agreement(make_labels(ana="xxy", ben="xyy"), domain=["x", "y", "z"])
    assert "carries this label" in report.per_label[2].alpha.undefined_because


def test_many_patterns_take_the_jackknife():
    rng = np.random.default_rng(0)
    vectors = rng.multinomial(60, [0.25] * 4, size=40_000)
    vectors[::2] = rng.multinomial(60, [0.1, 0.2, 0.3, 0.4], size=20_000)
    patterns = patterns_from_count_table("abcd", vectors)
    assert len(patterns.n_units) > MAX_BOOTSTRAP_PATTERNS
    report = agreement_from_patterns(patterns)
    assert report.alpha.low < report.alpha.value < report.alpha.high
    assert report.alpha.high - report.alpha.low < 0.01
    assert report.p_below_667 == pytest.approx(1)


def test_measurements_have_no_figures_per_label():
    labels = pd.DataFrame(
        {
            "unit": [u for u in range(150) for _ in range(2)],
            "coder": ["ana", "ben"] * 150,
            "label": [str(u + d / 4) for u in range(150) for d in range(2)],
        }
    )
    report = agreement(labels, level="interval")
    assert report.per_label == ()
    assert report.alpha.value > 0.99
    assert report.alpha.low is not None


def test_levels_that_need_numbers_or_an_order_say_so(make_labels):
    words = make_labels(ana="xyz", ben="xyy")
    with pytest.raises(AnalysisInputError, match="level interval"):
        agreement(words, level="interval")
    with pytest.raises(AnalysisInputError, match="order of the labels"):
        agreement(words, level="ordinal")
    assert agreement(words, level="ordinal", domain=["x", "z", "y"]).alpha.value is not None
    with pytest.raises(AnalysisInputError, match="expected a level out of"):
        agreement(words, level="metric")
    with pytest.raises(AnalysisInputError, match="seed"):
        agreement(words, seed=-1)


# ---- invariants


def test_same_seed_same_report(make_labels):
    labels = make_labels(**KRIPP_C)
    assert agreement(labels, seed=7) == agreement(labels, seed=7)
    assert agreement(labels, seed=7).alpha != agreement(labels, seed=8).alpha


def test_order_of_rows_does_not_matter(make_labels):
    labels = make_labels(**KRIPP_C)
    assert agreement(labels.sample(frac=1, random_state=1)) == agreement(labels)


def test_names_of_coders_do_not_matter(make_labels):
    labels = make_labels(**KRIPP_C)
    names = {"r1": "zoe", "r2": "ben", "r3": "ana", "r4": "chi"}
    one, other = agreement(labels), agreement(labels.assign(coder=labels["coder"].map(names)))
    assert replace(other, pairs=()) == replace(one, pairs=())
    renamed = {frozenset(names[coder] for coder in pair.coders): pair for pair in one.pairs}
    assert len(other.pairs) == 6
    for pair in other.pairs:
        before = renamed[frozenset(pair.coders)]
        assert (pair.n, pair.percent) == (before.n, before.percent)
        assert (pair.kappa.value, pair.kappa.low, pair.kappa.high) == pytest.approx(
            (before.kappa.value, before.kappa.low, before.kappa.high)
        )


def test_names_of_labels_do_not_matter(make_labels):
    labels = make_labels(**KRIPP_C)
    renamed = labels.assign(label=labels["label"].map(dict(zip("12345", "qbzax", strict=True))))
    one, other = agreement(labels), agreement(renamed)
    for name in ("alpha", "percent", "ac1", "fleiss"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.value == pytest.approx(second.value, abs=1e-12)
        assert (first.low, first.high) == pytest.approx((second.low, second.high), abs=1e-9)


def test_report_as_dict_is_the_contract_of_the_command(make_labels):
    found = agreement(make_labels(ana="xxyy", ben="xyyy"))
    told: dict[str, Any] = found.as_dict()
    assert list(told) == [
        "level", "n_units", "n_coders", "n_labels", "alpha", "percent", "ac1", "fleiss",
        "per_label", "pairs", "p_below_667", "p_below_800", "observed_disagreement",
        "expected_disagreement", "reference", "seed",
    ]  # fmt: skip
    assert list(told["alpha"]) == ["value", "low", "high", "undefined_because"]
    assert list(told["per_label"][0]) == ["label", "alpha", "n", "specific", "n_units", "too_few"]
    assert list(told["per_label"][0]["specific"]) == list(told["alpha"])
    (pair,) = told["pairs"]
    assert pair == {
        "coders": ["ana", "ben"],
        "n": 4,
        "percent": 0.75,
        "kappa": pytest.approx(0.5),
        "kappa_low": found.pairs[0].kappa.low,
        "kappa_high": found.pairs[0].kappa.high,
        "kappa_undefined_because": None,
    }
    assert pair["kappa_low"] < 0.5 < pair["kappa_high"]


def test_alpha_is_one_minus_the_disagreements_that_as_dict_gives(make_labels):
    told: dict[str, Any] = agreement(make_labels(**KRIPP_B), seed=5).as_dict()
    ratio = told["observed_disagreement"] / told["expected_disagreement"]
    assert 1 - ratio == pytest.approx(told["alpha"]["value"])
    assert 0 < told["p_below_667"] < told["p_below_800"] < 1
    assert told["seed"] == 5


def test_as_dict_names_the_reference_package_and_the_difference(make_labels):
    told = agreement(make_labels(**KRIPP_B)).reference.as_dict()
    assert told["package"] == f"krippendorff {version('krippendorff')}"
    assert told["difference"] == pytest.approx(0, abs=1e-12)
    assert told["undefined_because"] is None
    told = agreement(make_labels(ana="11", ben="11")).reference.as_dict()
    assert (told["difference"], told["undefined_because"]) == (None, "alpha is undefined")


def test_a_pair_without_a_kappa_says_why(make_labels):
    (pair,) = agreement(make_labels(ana="xx", ben="xx")).pairs
    told = pair.as_dict()
    assert (told["kappa"], told["kappa_low"], told["kappa_high"]) == (None, None, None)
    assert "one and the same label" in str(told["kappa_undefined_because"])


# ---- the reference package, on random data with gaps


@st.composite
def reliability(draw):
    n_coders, n_units = draw(st.integers(2, 5)), draw(st.integers(1, 12))
    cell = st.one_of(st.none(), st.integers(0, 4))
    row = st.lists(cell, min_size=n_units, max_size=n_units)
    return draw(st.lists(row, min_size=n_coders, max_size=n_coders))


@settings(max_examples=150, deadline=None)
@given(table=reliability(), level=st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_equals_the_reference_package(table, level):
    values = np.array([[np.nan if v is None else v for v in row] for row in table], dtype=float)
    rows = [
        (u, c, str(int(values[c, u]))) for c, u in zip(*np.nonzero(~np.isnan(values)), strict=True)
    ]
    if not rows:
        return
    ours = level_alpha(
        patterns_from_labels(pd.DataFrame(rows, columns=["unit", "coder", "label"])), level
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = krippendorff.alpha(reliability_data=values, level_of_measurement=level)
    except ValueError:
        theirs = float("nan")
    if ours.value is None:
        assert not np.isfinite(theirs)
    else:
        assert ours.value == pytest.approx(theirs, abs=1e-10)


# ---- coverage


EVEN, SKEWED = (0.4, 0.3, 0.2, 0.1), (0.85, 0.05, 0.05, 0.05)
GOAL, AUDITS = 0.935, 120


def at_least(goal: float, n: int) -> float:
    """The goal less three standard errors of a share of `n` simulated audits."""
    return goal - 3 * np.sqrt(goal * (1 - goal) / n)


@pytest.mark.simulation
@pytest.mark.parametrize("n_units", [50, 200])
@pytest.mark.parametrize("chances", [EVEN, SKEWED], ids=["even", "skewed"])
def test_bca_interval_covers_alpha(n_units, chances):
    """Three coders at 85%, four labels: the goal is that the 95% interval covers in 93.5%."""
    rng = np.random.default_rng(11)

    def audit(n_units: int) -> np.ndarray:
        truth = rng.choice(4, size=n_units, p=chances)
        counts = np.zeros((n_units, 4), dtype=int)
        for _ in range(3):
            wrong = rng.integers(1, 4, size=n_units)
            given = np.where(rng.random(n_units) < 0.85, truth, (truth + wrong) % 4)
            counts[np.arange(n_units), given] += 1
        return counts

    true = nominal_alpha(patterns_from_count_table("abcd", audit(400_000)))
    covered = 0
    for seed in range(AUDITS):
        found = nominal_alpha(patterns_from_count_table("abcd", audit(n_units)), seed=seed)
        covered += found.low <= true.value <= found.high
    assert covered / AUDITS >= at_least(GOAL, AUDITS)
