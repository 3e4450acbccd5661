"""Count vectors in a few integers, and back."""

import numpy as np
import pytest

from analysis.packing import TERM_BITS, Packing, overflowed


def packed(packing, counts):
    """The sums that a database would make, label by label."""
    terms = [packing.terms(column) for column in range(packing.n_columns)]
    return np.array(
        [[sum(n * term.get(k, 0) for k, n in enumerate(row)) for term in terms] for row in counts]
    )


@pytest.mark.parametrize("most", [1, 2, 3, 4, 60, 32_767])
@pytest.mark.parametrize("n_categories", [1, 2, 8, 16, 64])
def test_what_is_packed_comes_back(most, n_categories):
    counts = np.random.default_rng(most).integers(0, most + 1, size=(50, n_categories))
    packing = Packing.for_labels(n_categories, most_labels=most)
    keys = packed(packing, counts)
    assert keys.max() < 2**63
    assert packing.unpack(keys).tolist() == counts.tolist()


def test_no_term_is_wider_than_postgresql_adds_up_fast():
    for bits in range(1, 16):
        packing = Packing(n_categories=64, bits=bits)
        terms = [t for c in range(packing.n_columns) for t in packing.terms(c).values()]
        assert len(terms) == 64
        assert max(terms) <= 2**TERM_BITS


def test_a_count_that_does_not_fit_is_noticed():
    counts = np.array([[1, 1, 1], [4, 0, 0], [0, 0, 4], [3, 0, 0]])
    packing = Packing.for_labels(3, most_labels=3)
    found = packing.unpack(packed(packing, counts))
    assert overflowed(found, counts.sum(axis=1)).tolist() == [False, True, True, False]
