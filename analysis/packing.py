"""Count vectors as a few integers, so that a database can group units by them.

A label of category k adds 2^(bits * k) to its unit's integer; the sum over the labels of the unit
holds all counts, each in its own bits, as long as no count needs more bits than that.
"""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import BoolArray, IntArray

TERM_BITS = 30
"""PostgreSQL adds 32-bit integers up in 64 bits, and wider ones in slow decimals."""


@dataclass(frozen=True, kw_only=True)
class Packing:
    """Where the count of each category lies: ``bits`` wide, in one of ``n_columns`` integers."""

    n_categories: int
    bits: int

    @classmethod
    def for_labels(cls, n_categories: int, *, most_labels: int) -> "Packing":
        """Return the packing that holds up to `most_labels` labels on a unit."""
        return cls(n_categories=n_categories, bits=max(1, most_labels.bit_length()))

    @property
    def per_column(self) -> int:
        return TERM_BITS // self.bits + 1

    @property
    def n_columns(self) -> int:
        return max(1, -(-self.n_categories // self.per_column))

    def terms(self, column: int) -> dict[int, int]:
        """Return what a label of each category of one column adds to that column."""
        first = column * self.per_column
        last = min(first + self.per_column, self.n_categories)
        return {category: 1 << self.bits * (category - first) for category in range(first, last)}

    def unpack(self, keys: IntArray) -> IntArray:
        """Return count vectors, shape (R, n_categories), from keys of shape (R, n_columns)."""
        category = np.arange(self.n_categories)
        shift = self.bits * (category % self.per_column)
        return (keys[:, category // self.per_column] >> shift) & ((1 << self.bits) - 1)


def overflowed(counts: IntArray, n_labels: IntArray) -> BoolArray:
    """Say which unpacked rows are wrong, given how many labels each had: a carry loses some."""
    return np.asarray(counts.sum(axis=1) != n_labels)
