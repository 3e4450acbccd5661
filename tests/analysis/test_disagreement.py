"""Which labels are taken for each other, and how much a unit's labels differ."""

import numpy as np
import pytest
from scipy import stats

from analysis.agreement import level_alpha, nominal_alpha
from analysis.disagreement import coincidences, confusions, entropy, patterns_by_entropy
from analysis.patterns import merged, patterns_from_count_table, patterns_from_labels

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, example C
KRIPP_C = {"r1": "123321412...", "r2": "1233224125.3", "r3": ".3332342251.", "r4": "12332441251."}


@pytest.fixture
def example_c(make_labels):
    return patterns_from_labels(make_labels(**KRIPP_C))


def test_the_published_coincidence_matrix(example_c):
    """Krippendorff 2011, page 7: the coincidences of example C."""
    found = coincidences(example_c).observed
    assert found == pytest.approx(
        np.array(
            [
                [7, 4 / 3, 1 / 3, 1 / 3, 0],
                [4 / 3, 10, 4 / 3, 1 / 3, 0],
                [1 / 3, 4 / 3, 8, 1 / 3, 0],
                [1 / 3, 1 / 3, 1 / 3, 4, 0],
                [0, 0, 0, 0, 3],
            ]
        )
    )


def test_alpha_follows_from_the_two_matrices(example_c):
    found = coincidences(example_c)
    apart = [m.sum() - m.trace() for m in (found.observed, found.expected)]
    assert 1 - apart[0] / apart[1] == pytest.approx(nominal_alpha(example_c).value, abs=1e-12)
    values = np.arange(1, 6)
    squares = (values[:, None] - values[None, :]) ** 2
    ratio = (found.observed * squares).sum() / (found.expected * squares).sum()
    assert 1 - ratio == pytest.approx(level_alpha(example_c, "interval").value, abs=1e-12)


def test_confusions_are_the_part_of_the_matrix_off_its_diagonal(example_c):
    found = confusions(example_c)
    assert found[0].labels in [("1", "2"), ("2", "3")]
    assert [row.weight for row in found] == pytest.approx([8 / 3] * 2 + [2 / 3] * 4)
    assert sum(row.share for row in found) == pytest.approx(1)
    expected = coincidences(example_c).expected
    by_labels = {row.labels: row for row in found}
    assert by_labels["1", "2"].ratio == pytest.approx((4 / 3) / expected[0, 1])
    assert by_labels["1", "2"].n_units == 2


def test_units_with_one_label_confuse_nothing():
    patterns = patterns_from_count_table("xy", [(1, 0), (0, 1), (2, 0)])
    assert confusions(patterns) == ()
    assert coincidences(patterns).observed.tolist() == [[2, 0], [0, 0]]
    nothing = coincidences(patterns_from_count_table("xy", []))
    assert nothing.expected.tolist() == [[0, 0], [0, 0]]


def test_entropy_is_that_of_scipy():
    counts = np.random.default_rng(0).integers(0, 4, size=(50, 5)) + np.eye(50, 5, dtype=int)
    assert entropy(counts) == pytest.approx(stats.entropy(counts, axis=1, base=2))


def test_patterns_that_differ_come_by_entropy_then_labels_then_units():
    vectors = [(1, 1, 0)] * 2 + [(2, 2, 0)] + [(1, 1, 1)] + [(2, 1, 0)] + [(3, 0, 0)] * 5
    found = patterns_by_entropy(patterns_from_count_table("xyz", vectors))
    assert [(row.counts, row.n_units) for row in found] == [
        ({"x": 1, "y": 1, "z": 1}, 1),
        ({"x": 2, "y": 2}, 1),
        ({"x": 1, "y": 1}, 2),
        ({"x": 2, "y": 1}, 1),
    ]


def test_parts_add_up_to_the_whole(example_c):
    halves = [
        patterns_from_count_table(example_c.categories, example_c.counts[rows].repeat(2, axis=0))
        for rows in (slice(0, 3), slice(3, None))
    ]
    whole = merged(halves)
    assert whole.counts.tolist() == example_c.counts.tolist()
    assert whole.n_units.tolist() == [2] * len(example_c.counts)


def test_categories_in_another_order_change_no_nominal_alpha(example_c):
    turned = example_c.ordered_as(("5", "1", "unused", "4", "2", "3"))
    assert turned.labels_by_category.tolist() == [3, 9, 0, 5, 13, 11]
    assert nominal_alpha(turned).value == pytest.approx(nominal_alpha(example_c).value, abs=1e-12)
    assert turned.ordered_as(example_c.used_categories).counts.tolist() == example_c.counts.tolist()
