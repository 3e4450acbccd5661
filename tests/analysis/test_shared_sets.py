"""The third-party sets beside the repository against the values published with them."""

import csv
import json
from functools import partial
from typing import Any

import pytest

from analysis.agreement import (
    agreement,
    fleiss_kappa,
    gwet_ac1,
    level_alpha,
    percent_agreement,
)
from analysis.consensus import unit_labels
from analysis.pairs import pairwise
from analysis.patterns import patterns_from_labels
from analysis.reliability_file import read_reliability

pytestmark = pytest.mark.data

SETS = [
    "canonical/krippendorff_4x12",
    "canonical/krippendorff_binary_2x10",
    "canonical/krippendorff_nominal_2x12",
    "canonical/fleiss_10x14",
    "canonical/dawid_skene_1979",
    "xstest",
    "xstest/gpt4",
    "xstest/llama2new",
    "xstest/llama2orig",
    "xstest/mistralguard",
    "xstest/mistralinstruct",
    "xsum_hallucination",
    "llmfao",
]
COEFFICIENTS: dict[str, Any] = {
    "Fleiss": fleiss_kappa,
    "AC1": gwet_ac1,
    "percent": percent_agreement,
    **{
        f"alpha_{level}": partial(level_alpha, level=level)
        for level in ("nominal", "ordinal", "interval", "ratio")
    },
}


@pytest.fixture(scope="session")
def expected(shared_dir):
    return json.loads((shared_dir / "data" / "expected.json").read_text())["sets"]


def labels_of(shared_dir, entry, name):
    labels = read_reliability(shared_dir / "data" / entry["file"]).labels
    if name.startswith("xstest/"):
        labels = labels[labels["unit"].str.startswith(name.split("/")[1] + "|")]
    return labels


def test_every_set_is_checked(expected):
    assert sorted(SETS) == sorted(expected)


@pytest.mark.parametrize("name", SETS)
def test_set_has_the_expected_agreement(shared_dir, expected, name):
    entry = expected[name]
    labels = labels_of(shared_dir, entry, name)
    report = agreement(labels)
    found = {each.label: each.n for each in report.per_label}
    assert (report.n_units, report.n_coders) == (entry["n_units"], entry["n_raters"])
    assert found == entry["label_counts"]
    assert report.alpha.n == entry["n_units_with_2plus"]
    assert report.fleiss.value == pytest.approx(entry["irrCAC_identity"]["fleiss"], abs=1e-6)
    assert report.ac1.value == pytest.approx(entry["irrCAC_identity"]["gwet_ac"], abs=1e-6)
    assert report.percent.value == pytest.approx(entry["irrCAC_identity"]["pa"], abs=1e-6)
    assert report.reference_difference < 1e-10
    for level, alpha in entry["alpha"].items():
        patterns = patterns_from_labels(labels, entry["order"])
        assert level_alpha(patterns, level).value == pytest.approx(alpha, abs=1e-6)
    if report.n_units >= 400:
        assert (report.alpha.low, report.alpha.high) == pytest.approx(
            entry["alpha_boot95_units"]["nominal"], abs=0.01
        )


@pytest.mark.parametrize("name", SETS)
def test_set_has_the_expected_cohen_kappa(shared_dir, expected, name):
    entry = expected[name]
    for pair in pairwise(labels_of(shared_dir, entry, name)) if "cohen" in entry else ():
        cohen = entry["cohen"]["~".join(pair.coders)]
        assert pair.n == cohen["n"]
        assert pair.percent == pytest.approx(cohen["po"], abs=1e-6)
        assert pair.kappa.value == pytest.approx(cohen["kappa"], abs=1e-6)


def test_every_oracle_file_has_its_published_values(shared_dir):
    folder, checked = shared_dir / "oracles", 0
    with (folder / "values.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["data"].endswith(".csv")]
    for row in rows:
        data = read_reliability(folder / row["data"])
        if row["coefficient"] in COEFFICIENTS:
            found = COEFFICIENTS[row["coefficient"]](data.patterns).value
        elif row["coefficient"] == "Scott":  # of two coders: Fleiss' kappa
            found = fleiss_kappa(data.patterns).value
        elif row["coefficient"] == "Cohen":
            found = pairwise(data.labels)[0].kappa.value
        else:  # Conger and Brennan-Prediger are left out on purpose
            assert row["coefficient"] in ("Conger", "BP")
            continue
        assert found == pytest.approx(float(row["value"]), abs=float(row["tolerance"])), row["id"]
        checked += 1
    assert checked >= 16


def test_shapes_of_the_oracle_files(shared_dir):
    shapes = {
        path.stem: read_reliability(path).shape
        for path in (shared_dir / "oracles").glob("*.csv")
        if path.stem != "values"
    }
    assert shapes == {
        "fleiss1971_diagnoses": "wide",
        "gwet_cac_raw4raters": "wide",
        "gwet_cont3x3abstractors": "contingency",
        "kripp2011_A": "wide",
        "kripp2011_B": "wide",
        "kripp2011_C": "wide",
        "wikipedia_fleiss": "counts",
    }


def test_demo_failure_modes(shared_dir):
    demo = shared_dir / "data" / "demo"
    expected = json.loads((demo / "expected.json").read_text())
    labels = read_reliability(demo / "ratings.csv").labels
    alpha = agreement(labels).alpha.value
    assert alpha == pytest.approx(expected["alpha_failure_mode"], abs=1e-6)
    found = unit_labels(labels)
    assert found.n_ties == expected["majority_unwelcome"]["ties_3_way"]
    clear = found.weights["unwelcome_but_correct"] == 1
    assert abs(clear.sum() - expected["majority_unwelcome"]["x"]) <= found.n_ties
