"""Count vectors over categories: all that agreement without coder identity depends on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import AnalysisInputError
from analysis.estimates import IntArray
from analysis.long_table import category_order, code_labels

MAX_CELLS = 200_000_000


@dataclass(frozen=True, eq=False)
class Patterns:
    """The distinct count vectors of the units, and how many units have each.

    Attributes
    ----------
    categories : tuple of str, length K
    counts : int array, shape (P, K)
        How many coders gave each category; the rows are distinct and sorted.
    n_units : int array, shape (P,)
        How many units have that row.
    """

    categories: tuple[str, ...]
    counts: IntArray
    n_units: IntArray

    @property
    def labels_per_unit(self) -> IntArray:
        """m_u of each pattern."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    @property
    def total_units(self) -> int:
        return int(self.n_units.sum())

    @property
    def total_labels(self) -> int:
        return int(self.n_units @ self.labels_per_unit)

    @property
    def total_pairable_units(self) -> int:
        """Units with at least two labels."""
        return int(self.n_units[self.labels_per_unit >= 2].sum())

    def ordered_as(self, categories: Sequence[str]) -> "Patterns":
        """Return the same patterns over other categories: all used ones, in any order, and more."""
        column = {text: index for index, text in enumerate(categories)}
        counts = np.zeros((len(self.counts), len(column)), dtype=np.int64)
        for text in self.used_categories:
            counts[:, column[text]] = self.counts[:, self.categories.index(text)]
        return _distinct(counts, tuple(categories), self.n_units)

    @property
    def used_categories(self) -> tuple[str, ...]:
        given = self.labels_by_category
        return tuple(name for name, n in zip(self.categories, given, strict=True) if n)

    @property
    def labels_by_category(self) -> IntArray:
        """How often each category was given, shape (K,)."""
        return (self.n_units @ self.counts).astype(np.int64)

    @property
    def units_by_category(self) -> IntArray:
        """On how many units each category was given at least once, shape (K,)."""
        return (self.n_units @ (self.counts > 0)).astype(np.int64)


def patterns_from_labels(labels: pd.DataFrame, domain: Sequence[str] | None = None) -> Patterns:
    """Fold a long table into patterns.

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``. A missing judgment is a missing row (a row whose
        label is None or nan is left out).
    domain : sequence of str, optional
        Every label a coder could have used, in codebook order. Default: the labels seen, in
        numeric order when all are numbers, else in alphabetical order.

    Raises
    ------
    AnalysisInputError
        A column is missing, a coder labeled a unit twice, a label is outside `domain`, or there
        are no labels and no `domain` (with a domain, no labels give zero patterns).
    """
    coded = code_labels(labels, domain)
    ones = np.ones(len(coded.unit), dtype=np.int64)
    return _fold(coded.unit, coded.label, ones, coded.categories)


def patterns_from_unit_counts(
    rows: Iterable[tuple[object, str | None, int]], domain: Sequence[str] | None = None
) -> Patterns:
    """Fold the rows of ``SELECT unit, label, count(*) ... GROUP BY unit, label``.

    A row whose label is None is left out; a (unit, label) that comes twice is added up.
    Domain and errors as in `patterns_from_labels`; a count below one is refused.
    """
    found: dict[str, int] = {}
    units: dict[object, int] = {}
    unit, label, n = [], [], []
    for unit_id, text, count in rows:
        if text is None:
            continue
        if count < 1:
            raise AnalysisInputError(
                f"expected counts of at least 1: unit {unit_id!r} has {count} of {text!r}."
            )
        unit.append(units.setdefault(unit_id, len(units)))
        label.append(found.setdefault(str(text), len(found)))
        n.append(count)
    if not n and domain is None:
        raise AnalysisInputError("no labels: expected at least one row of unit, label, count.")
    categories = category_order(found, domain)
    column = {text: index for index, text in enumerate(categories)}
    place = np.array([column[text] for text in found], dtype=np.int64)
    label_codes = place[np.array(label, dtype=np.int64)] if n else np.zeros(0, dtype=np.int64)
    return _fold(np.array(unit, dtype=np.int64), label_codes, np.array(n, np.int64), categories)


def patterns_from_count_table(
    categories: Sequence[str], counts: Iterable[Sequence[int]]
) -> Patterns:
    """Fold one count vector per unit; units without labels are left out."""
    names = tuple(categories)
    table = np.array(list(counts), dtype=np.int64).reshape(-1, len(names))
    return _distinct(table[table.sum(axis=1) > 0], names)


def patterns_from_vectors(
    categories: Sequence[str], counts: IntArray, n_units: IntArray
) -> Patterns:
    """Fold count vectors that stand for many units each; equal ones are added up.

    Vectors without labels are left out.
    """
    labelled = counts.sum(axis=1) > 0
    return _distinct(counts[labelled], tuple(categories), n_units[labelled])


def merged(parts: Sequence[Patterns]) -> Patterns:
    """Add up patterns of separate units over the same categories, in the same order."""
    return patterns_from_vectors(
        parts[0].categories,
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.n_units for part in parts]),
    )


def _fold(unit: IntArray, label: IntArray, n: IntArray, categories: tuple[str, ...]) -> Patterns:
    n_units, k = int(unit.max(initial=-1)) + 1, len(categories)
    if n_units * k > MAX_CELLS:
        raise AnalysisInputError(
            f"expected labels from a short list: {k} different labels on {n_units} units."
        )
    cells = np.bincount(unit * k + label, weights=n, minlength=n_units * k)
    return _distinct(cells.astype(np.int64).reshape(n_units, k), categories)


def _distinct(
    table: IntArray, categories: tuple[str, ...], n_units: IntArray | None = None
) -> Patterns:
    """Return the distinct rows, sorted; through one integer key per row where it fits."""
    if len(table) == 0:
        return Patterns(categories, table, np.zeros(0, dtype=np.int64))
    base = int(table.max(initial=0)) + 1
    if len(categories) * np.log2(base) < 62:
        powers = np.array([base**i for i in range(len(categories))][::-1], dtype=np.int64)
        _, first, place, n_rows = np.unique(
            table @ powers, return_index=True, return_inverse=True, return_counts=True
        )
        rows = table[first]
    else:
        rows, place, n_rows = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    if n_units is None:
        return Patterns(categories, rows, n_rows.astype(np.int64))
    total = np.bincount(place.reshape(-1), weights=n_units, minlength=len(rows))
    return Patterns(categories, rows, total.astype(np.int64))
