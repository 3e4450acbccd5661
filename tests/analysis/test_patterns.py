"""Folding labels into count vectors."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisInputError
from analysis.patterns import patterns_from_labels, patterns_from_unit_counts


def test_units_with_the_same_counts_are_one_pattern(make_labels):
    patterns = patterns_from_labels(make_labels(ana="xyx", ben="xxy"))
    assert patterns.categories == ("x", "y")
    assert patterns.counts.tolist() == [[1, 1], [2, 0]]
    assert patterns.n_units.tolist() == [2, 1]
    assert (patterns.total_units, patterns.total_labels) == (3, 6)


def test_a_group_by_gives_the_same_patterns_as_the_long_table(make_labels):
    labels = make_labels(ana="xyx.", ben="xxyz")
    rows = labels.groupby(["unit", "label"]).size().reset_index().itertuples(index=False)
    one, other = patterns_from_unit_counts(rows), patterns_from_labels(labels)
    assert one.categories == other.categories
    assert np.array_equal(one.counts, other.counts)
    assert np.array_equal(one.n_units, other.n_units)


def test_categories_come_in_numeric_order_or_in_the_codebooks(make_labels):
    labels = pd.DataFrame({"unit": [1, 2, 3], "coder": "ana", "label": ["10", "9", "-1"]})
    assert patterns_from_labels(labels).categories == ("-1", "9", "10")
    codebook = ["10", "9", "-1", "other"]
    assert patterns_from_labels(labels, codebook).categories == tuple(codebook)


def test_a_missing_label_is_a_missing_judgment():
    labels = pd.DataFrame({"unit": [1, 1], "coder": ["ana", "ben"], "label": ["x", None]})
    assert patterns_from_labels(labels).total_labels == 1


def test_counts_too_long_for_one_key_fold_all_the_same():
    rows = [(unit, f"label {k:02}", 3) for unit in (1, 2) for k in range(40)]
    patterns = patterns_from_unit_counts(rows)
    assert patterns.counts.shape == (1, 40)
    assert patterns.n_units.tolist() == [2]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"unit": [1], "label": ["x"]}, r"missing \['coder'\]"),
        ({"unit": [], "coder": [], "label": []}, "no labels"),
        ({"unit": [1, 1], "coder": ["a", "a"], "label": ["x", "y"]}, "coder 'a' labeled unit 1"),
        ({"unit": [1, None], "coder": ["a", "b"], "label": ["x", "y"]}, "row 2 has none"),
        ({"unit": [1], "coder": ["a"], "label": ["refusl"]}, r"outside the domain .*\['refusl'\]"),
    ],
)
def test_bad_tables_are_refused_with_what_came(labels, message):
    domain = ["refusal", "x", "y"] if labels["unit"] else None
    with pytest.raises(AnalysisInputError, match=message):
        patterns_from_labels(pd.DataFrame(labels), domain)


def test_a_count_of_zero_is_refused():
    with pytest.raises(AnalysisInputError, match="unit 3 has 0 of 'x'"):
        patterns_from_unit_counts([(3, "x", 0)])
