"""How often a coder gives a label, against the other coders of the same units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.estimates import Estimate, FloatArray, IntArray
from analysis.proportions import mean_of_sums


@dataclass(frozen=True, kw_only=True)
class LabelBias:
    """One label: the coder's share of it, the others' on the same units, and own minus others."""

    label: str
    own: float
    others: float
    difference: Estimate


@dataclass(frozen=True, kw_only=True)
class CoderBias:
    """One coder on the ``n_units`` units that another coder labeled too."""

    coder: str
    n_units: int
    by_label: tuple[LabelBias, ...]


class BiasSums:
    """Sums over units: the mean of d_u and its spread follow from them.

    d_u is 1 or 0, whether the coder gave the label to unit u, minus the share of that label among
    the unit's other coders; so each unit counts once, however many coders it has.
    """

    def __init__(self, coders: Sequence[str], categories: Sequence[str]) -> None:
        shape = (len(coders), len(categories))
        self._coders, self._categories = coders, categories
        self._n = np.zeros(len(coders))
        self._own, self._others, self._squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def add(self, unit: IntArray, coder: IntArray, label: IntArray, counts: IntArray) -> None:
        """Add the labels of some units; `unit` is the row in `counts`, the units' count vectors."""
        met = counts.sum(axis=1)[unit] >= 2
        unit, coder, label = unit[met], coder[met], label[met]
        size = len(self._coders)
        n_others = counts.sum(axis=1)[unit] - 1
        self._n += np.bincount(coder, minlength=size)
        for k in range(len(self._categories)):
            own = (label == k).astype(np.float64)
            others = (counts[unit, k] - own) / n_others
            self._own[:, k] += np.bincount(coder, own, size)
            self._others[:, k] += np.bincount(coder, others, size)
            self._squares[:, k] += np.bincount(coder, (own - others) ** 2, size)

    def bias(self) -> tuple[CoderBias, ...]:
        return tuple(
            CoderBias(coder=coder, n_units=int(self._n[c]), by_label=self._of(c))
            for c, coder in enumerate(self._coders)
            if self._n[c] > 0
        )

    def _of(self, coder: int) -> tuple[LabelBias, ...]:
        n = int(self._n[coder])
        rows: list[FloatArray] = [sums[coder] for sums in (self._own, self._others, self._squares)]
        return tuple(
            LabelBias(
                label=label,
                own=float(own / n),
                others=float(others / n),
                difference=mean_of_sums(float(own - others), float(squares), n),
            )
            for label, own, others, squares in zip(self._categories, *rows, strict=True)
        )
