"""Alpha equals the package krippendorff, given coders by units, on every set and on random data."""

import json
import warnings
from importlib.metadata import version

import krippendorff
import numpy as np
import pandas as pd
import pytest

from analysis.agreement import MAX_REFERENCE_UNITS, agreement_from_patterns, level_alpha
from analysis.long_table import as_number
from analysis.ordered import LEVELS
from analysis.patterns import patterns_from_count_table, patterns_from_labels
from analysis.reliability_file import read_reliability

TOLERANCE = 1e-10
FILES = [
    "data/canonical/dawid_skene_1979.csv",
    "data/canonical/fleiss_10x14.csv",
    "data/canonical/krippendorff_4x12.csv",
    "data/canonical/krippendorff_binary_2x10.csv",
    "data/canonical/krippendorff_nominal_2x12.csv",
    "data/demo/ratings.csv",
    "data/demo/ratings_up.csv",
    "data/llmfao/reliability.csv",
    "data/xstest/reliability.csv",
    "data/xsum_hallucination/reliability.csv",
    "oracles/fleiss1971_diagnoses.csv",
    "oracles/gwet_cac_raw4raters.csv",
    "oracles/gwet_cont3x3abstractors.csv",
    "oracles/kripp2011_A.csv",
    "oracles/kripp2011_B.csv",
    "oracles/kripp2011_C.csv",
    "oracles/wikipedia_fleiss.csv",
]


def values_of(categories):
    numbers = [as_number(label) for label in categories]
    return [float(k) for k in range(len(numbers))] if None in numbers else numbers


def theirs(labels, categories, level):
    """The package's alpha of the table coders x units; None where it has none."""
    value = dict(zip(categories, values_of(categories), strict=True))
    wide = labels.assign(value=labels["label"].astype(str).map(value)).pivot(
        index="coder", columns="unit", values="value"
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = krippendorff.alpha(
                reliability_data=wide.to_numpy(dtype=float), level_of_measurement=level
            )
    except ValueError:  # one value alone
        return None
    return found if np.isfinite(found) else None


def theirs_of_counts(patterns, level):
    """The same of units whose coders are not known."""
    return krippendorff.alpha(
        value_counts=np.repeat(patterns.counts, patterns.n_units, axis=0),
        value_domain=values_of(patterns.categories),
        level_of_measurement=level,
    )


def levels_of(categories):
    """Words have an order, the alphabet's or the file's, and no distance."""
    return LEVELS[:2] if None in map(as_number, categories) else LEVELS


@pytest.mark.data
def test_every_file_with_labels_is_named_here(shared_dir):
    folders = [
        *("data/canonical", "data/demo", "data/llmfao"),
        *("data/xstest", "data/xsum_hallucination", "oracles"),
    ]
    found = {
        path.relative_to(shared_dir).as_posix()
        for folder in folders
        for path in (shared_dir / folder).glob("*.csv")
    }
    no_labels = {"values.csv", "units.csv", "truth.csv", "weekly_metrics.csv"}
    no_labels |= {"ab_judged.csv", "ab_thumbs.csv"}
    assert set(FILES) == {name for name in found if name.split("/")[-1] not in no_labels}
    sets = json.loads((shared_dir / "data" / "expected.json").read_text())["sets"].values()
    assert {f"data/{entry['file']}" for entry in sets} <= set(FILES)


@pytest.mark.data
@pytest.mark.parametrize("name", FILES)
def test_every_set_has_the_packages_alpha_at_every_level(shared_dir, name):
    data = read_reliability(shared_dir / name)
    patterns = data.patterns
    for level in levels_of(patterns.categories):
        ours = level_alpha(patterns, level).value
        if data.labels is None:
            expected = theirs_of_counts(patterns, level)
        else:
            expected = theirs(data.labels, patterns.categories, level)
        assert ours == pytest.approx(expected, abs=TOLERANCE), level


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("seed", range(25))
def test_random_data_with_gaps_have_the_packages_alpha(seed, level):
    rng = np.random.default_rng(seed)
    n_units, n_coders, n_values = rng.integers(2, 200), rng.integers(2, 9), rng.integers(2, 15)
    values = np.unique(rng.choice([0.0, 0.5, 1, 2, 3, 10, 1000, *rng.random(9)], n_values))
    truth = rng.choice(values, n_units)
    gap = rng.random() * 0.9
    rows = [
        (unit, coder, str(truth[unit] if rng.random() < 0.7 else rng.choice(values)))
        for unit in range(n_units)
        for coder in range(n_coders)
        if rng.random() > gap
    ]
    labels = pd.DataFrame(rows, columns=["unit", "coder", "label"])
    patterns = patterns_from_labels(labels, [str(value) for value in values])
    ours = level_alpha(patterns, level).value
    assert ours == pytest.approx(theirs(labels, patterns.categories, level), abs=TOLERANCE)


def test_the_report_checks_itself_up_to_fifty_thousand_units():
    rng = np.random.default_rng(1)
    vectors = rng.multinomial(3, [0.4, 0.3, 0.2, 0.1, 0, 0, 0, 0], size=MAX_REFERENCE_UNITS + 1)
    below = agreement_from_patterns(patterns_from_count_table("abcdefgh", vectors[1:]))
    assert below.reference.difference < TOLERANCE
    assert below.reference.package == f"krippendorff {version('krippendorff')}"
    above = agreement_from_patterns(patterns_from_count_table("abcdefgh", vectors))
    assert above.reference.difference is None
    assert "too large for the reference: 50001 units" in above.reference.undefined_because
