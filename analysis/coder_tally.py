"""Who said what beside whom, in one pass over labels that come unit by unit."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.coder_bias import BiasSums, CoderBias
from analysis.disagreement import DisputedUnit, MostDisputed
from analysis.estimates import IntArray
from analysis.long_table import code_labels
from analysis.meetings import MeetingCounter
from analysis.nominal import MAX_LABELS_SHOWN
from analysis.pairs import MAX_PAIRS, Pair, PairTable, pair_table, pairs_from_meetings

MAX_DISPUTED = 200


class CoderTally:
    """Counts of labels by coder; their size does not depend on the number of units.

    Above 100 categories (measurements, not labels) bias and disputed units are left empty.
    """

    def __init__(self, coders: Sequence[str], categories: Sequence[str]) -> None:
        self.coders, self.categories = tuple(coders), tuple(categories)
        self._n_labels = np.zeros(len(coders), dtype=np.int64)
        self._meetings = MeetingCounter(len(coders), len(categories))
        shown = self.categories if len(categories) <= MAX_LABELS_SHOWN else ()
        self._bias = BiasSums(self.coders, shown)
        self._disputed = MostDisputed(shown, at_most=MAX_DISPUTED)
        self._shown = bool(shown)

    def add(self, unit: IntArray, coder: IntArray, label: IntArray) -> None:
        """Count the labels of some units, all labels of each; codes of coders and categories."""
        if len(unit) == 0:
            return
        order = np.lexsort([coder, unit])
        unit, coder, label = unit[order], coder[order], label[order]
        self._n_labels += np.bincount(coder, minlength=len(self.coders))
        self._meetings.add(unit, coder, label)
        if self._shown:
            keys, row = np.unique(unit, return_inverse=True)
            size = len(self.categories)
            counts = np.bincount(row * size + label, minlength=len(keys) * size)
            counts = counts.reshape(len(keys), size)
            self._bias.add(row, coder, label, counts)
            self._disputed.add(keys, counts)

    @property
    def n_coders(self) -> int:
        """Coders with a label."""
        return int(np.count_nonzero(self._n_labels))

    def pairs(self, *, at_most: int = MAX_PAIRS) -> list[Pair]:
        """Compare every two coders who met, or the `at_most` pairs with the most shared units."""
        found = self._meetings.meetings()
        return pairs_from_meetings(found, self.coders, len(self.categories), at_most=at_most)

    def table(self, first: str, second: str) -> PairTable:
        """Return the confusion matrix of two coders, `first` in rows."""
        pair = self.coders.index(first), self.coders.index(second)
        return pair_table(self._meetings.meetings(), pair, self.coders, self.categories)

    def bias(self) -> tuple[CoderBias, ...]:
        return self._bias.bias()

    def disputed(self) -> tuple[DisputedUnit, ...]:
        """Return up to 200 units whose labels differ, the most entropy first."""
        return self._disputed.units()


def tally_of_labels(labels: pd.DataFrame, domain: Sequence[str] | None = None) -> CoderTally:
    """Tally a long table; columns, domain and errors as in `patterns_from_labels`.

    A unit is known by its place in the order of first appearance.
    """
    coded = code_labels(labels, domain)
    tally = CoderTally(coded.coders, coded.categories)
    tally.add(coded.unit, coded.coder, coded.label)
    return tally
