"""One label per unit: adjudicated, else the majority, ties split evenly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.estimates import IntArray
from analysis.long_table import category_order, code_labels


@dataclass(frozen=True, eq=False, kw_only=True)
class Consensus:
    """The label of each unit, as weights over labels.

    Attributes
    ----------
    weights : DataFrame of float, units x labels
        Each row adds up to 1: one label has 1, or the tied modes share it evenly.
    all_said, any_said : DataFrame of bool, units x labels
        Whether every coder, or at least one, gave the label; weight them like the share itself
        to print the range "all coders said it ... any coder said it". On a unit that only the
        lead labeled both are the lead's label.
    source : Series of str, per unit
        "adjudicated", "majority" or "tie".
    """

    weights: pd.DataFrame
    all_said: pd.DataFrame
    any_said: pd.DataFrame
    source: "pd.Series[str]"

    @property
    def n_ties(self) -> int:
        """Units whose tie was split; a tie that was adjudicated is not one."""
        return int((self.source == "tie").sum())

    @property
    def n_adjudicated(self) -> int:
        return int((self.source == "adjudicated").sum())

    def unanimity(self) -> dict[str, tuple[float, float] | None]:
        """Per label, the share of units where all said it and where any said it, unweighted."""
        if self.weights.empty:
            return dict.fromkeys(self.weights.columns)
        return {
            label: (float(self.all_said[label].mean()), float(self.any_said[label].mean()))
            for label in self.weights.columns
        }


def unit_labels(
    labels: pd.DataFrame,
    adjudicated: Mapping[object, str] | None = None,
    *,
    domain: Sequence[str] | None = None,
) -> Consensus:
    """Take each unit's label: adjudicated, else the majority, ties split over the tied modes.

    Never the mean of coders: their errors would inflate rare labels.

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``; current labels, before adjudication.
    adjudicated : mapping of unit to label
        The lead's decisions; a unit without labels is added.
    domain : sequence of str, optional
        All labels, in codebook order.

    Raises
    ------
    AnalysisInputError
        See `patterns_from_labels`; also for an adjudicated label outside `domain`.
    """
    decided = {unit: str(label) for unit, label in (adjudicated or {}).items()}
    coded = code_labels(labels, domain)
    categories = category_order({*coded.categories, *decided.values()}, domain)
    place = {label: index for index, label in enumerate(categories)}
    columns = np.array([place[label] for label in coded.categories], dtype=np.int64)
    labeled = set(coded.units)
    units = [*coded.units, *(unit for unit in decided if unit not in labeled)]
    counts = np.zeros((len(units), len(categories)), dtype=np.int64)
    np.add.at(counts, (coded.unit, columns[coded.label]), 1)
    return _resolve(counts, units, categories, decided)


def unit_labels_from_counts(
    rows: IntArray, categories: Sequence[str], adjudicated: Mapping[object, str] | None = None
) -> Consensus:
    """Take each unit's label where only counts are known; see `unit_labels`.

    Parameters
    ----------
    rows : int array, shape (R, 3)
        A unit's key, a place in `categories`, and how many coders gave it that label.
    """
    decided = {unit: str(label) for unit, label in (adjudicated or {}).items()}
    keys, row = np.unique(rows[:, 0], return_inverse=True)
    labeled = keys.tolist()
    known = set(labeled)
    units = [*labeled, *(unit for unit in decided if unit not in known)]
    counts = np.zeros((len(units), len(categories)), dtype=np.int64)
    np.add.at(counts, (row, rows[:, 1]), rows[:, 2])
    return _resolve(counts, units, categories, decided)


def _resolve(
    counts: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    units: Sequence[object],
    categories: Sequence[str],
    decided: Mapping[object, str],
) -> Consensus:
    modes = (counts == counts.max(axis=1, keepdims=True, initial=0)) & (counts > 0)
    weights = modes / np.maximum(modes.sum(axis=1, keepdims=True), 1)
    source = np.where(modes.sum(axis=1) > 1, "tie", "majority").astype(object)
    rows = {unit: row for row, unit in enumerate(units) if unit in decided}
    for unit, row in rows.items():
        chosen = categories.index(decided[unit])
        weights[row], source[row] = 0.0, "adjudicated"
        weights[row, chosen] = 1.0
        if counts[row].sum() == 0:
            counts[row, chosen] = 1
    index = pd.Index(np.array([*units, None], dtype=object)[:-1], name="unit")
    columns = list(categories)
    total = counts.sum(axis=1, keepdims=True)
    return Consensus(
        weights=pd.DataFrame(weights, index=index, columns=columns),
        all_said=pd.DataFrame(counts == total, index=index, columns=columns),
        any_said=pd.DataFrame(counts > 0, index=index, columns=columns),
        source=pd.Series(source, index=index, dtype=object),
    )
