"""What two coders said on the units both labeled, counted; kappas need nothing else."""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import IntArray


@dataclass(frozen=True, eq=False, kw_only=True)
class Meetings:
    """Distinct meetings: on ``n_units`` units two coders gave two labels.

    The coder in ``first`` comes before the one in ``second``; rows are sorted by coders, then
    labels, and distinct.
    """

    first: IntArray
    second: IntArray
    first_label: IntArray
    second_label: IntArray
    n_units: IntArray


class MeetingCounter:
    """Adds meetings up; it grows with pairs of coders and of labels, not with units."""

    def __init__(self, n_coders: int, n_categories: int) -> None:
        self._sizes = (max(n_coders, 1), max(n_coders, 1), max(n_categories, 1))
        self._keys: list[IntArray] = []
        self._counts: list[IntArray] = []
        self._n_folded = self._n_waiting = 0

    def add(self, unit: IntArray, coder: IntArray, label: IntArray) -> None:
        """Count all labels of some units, sorted by unit, then coder."""
        coders, _, categories = self._sizes
        for step in range(1, int(np.bincount(unit - unit.min()).max()) if len(unit) else 1):
            a = np.flatnonzero(unit[step:] == unit[:-step])
            b = a + step
            pair = coder[a] * coders + coder[b]
            self._wait(*_count((pair * categories + label[a]) * categories + label[b]))

    def _wait(self, keys: IntArray, counts: IntArray) -> None:
        self._keys.append(keys)
        self._counts.append(counts)
        self._n_waiting += len(keys)
        if self._n_waiting > max(2 * self._n_folded, 1_000_000):
            self._fold()

    def _fold(self) -> None:
        keys, counts = np.concatenate(self._keys), np.concatenate(self._counts)
        keys, counts = _count(keys, counts)
        self._keys, self._counts = [keys], [counts]
        self._n_folded, self._n_waiting = len(keys), 0

    def meetings(self) -> Meetings:
        coders, _, categories = self._sizes
        if not self._keys:
            nothing = np.zeros(0, dtype=np.int64)
            self._wait(nothing, nothing)
        self._fold()
        rest, second_label = np.divmod(self._keys[0], categories)
        pair, first_label = np.divmod(rest, categories)
        first, second = np.divmod(pair, coders)
        return Meetings(
            first=first,
            second=second,
            first_label=first_label,
            second_label=second_label,
            n_units=self._counts[0],
        )


def _count(keys: IntArray, counts: IntArray | None = None) -> tuple[IntArray, IntArray]:
    if counts is None:
        distinct, n = np.unique(keys, return_counts=True)
        return distinct, n.astype(np.int64)
    distinct, place = np.unique(keys, return_inverse=True)
    total = np.bincount(place.reshape(-1), weights=counts, minlength=len(distinct))
    return distinct, total.astype(np.int64)
