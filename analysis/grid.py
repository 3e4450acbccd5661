"""The 2x2 grid: rated up or down against correct or incorrect, as shares of all rated outputs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisInputError
from analysis.shares import Share, StratumSample, share

CellDict = dict[str, float | int | str | None]


@dataclass(frozen=True, eq=False)
class GridStratum(StratumSample):
    """A stratum of one row: ``y`` is the correct part of each unit, `incorrect` the other.

    Without `incorrect` it is 1 - y. With it, a unit whose verdict is cannot_tell has zero in
    both: it counts as neither, so the two cells of a row need not add up to the row.
    """

    incorrect: npt.ArrayLike | None = None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell.

    ``n`` is the number of labelled units behind the row, ``n_cell`` how many of them fell in
    this cell (a fraction where ties were split). ``share`` is of all rated outputs, and None,
    with ``undefined_because``, where correctness in this row is not known.
    """

    n: int
    n_cell: float
    share: float | None
    low: float | None
    high: float | None
    undefined_because: str | None = None

    def as_dict(self) -> CellDict:
        return {
            "n": self.n,
            "share": self.share,
            "low": self.low,
            "high": self.high,
            "undefined_because": self.undefined_because,
        }


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Four cells and the exactly known share of outputs rated down."""

    down_correct: Cell
    down_incorrect: Cell
    up_correct: Cell
    up_incorrect: Cell
    n_down: int
    n_up: int | None
    down_share: float | None

    def as_dict(self) -> dict[str, CellDict]:
        return {
            "down_correct": self.down_correct.as_dict(),
            "down_incorrect": self.down_incorrect.as_dict(),
            "up_correct": self.up_correct.as_dict(),
            "up_incorrect": self.up_incorrect.as_dict(),
        }


def grid(
    down: Sequence[StratumSample],
    up: Sequence[StratumSample] | None,
    *,
    n_up: int | None = None,
    finite_population: bool = True,
) -> Grid:
    """Estimate the grid from labelled thumbs-down and labelled thumbs-up.

    Cell = W_t * P(correct | t). W_t is known exactly from the frame, so the interval of a cell
    is W_t times the interval of the share within the row (Cochran 1977, 5.3).

    Parameters
    ----------
    down, up : sequences of StratumSample or GridStratum
        The two rows. Strata of `up` may be empty of labels: then its cells are undefined.
    n_up : int, optional
        How many outputs were rated up, where `up` is None. Without either, the share of all
        rated outputs is not known for any cell.
    """
    n_down = sum(stratum.n_frame for stratum in down)
    if up is not None:
        counted = sum(stratum.n_frame for stratum in up)
        if n_up is not None and n_up != counted:
            raise AnalysisInputError(f"expected n_up={counted} as in the strata: came {n_up}.")
        n_up = counted
    rated = None if n_up is None else n_down + n_up
    down_weight = n_down / rated if rated else None
    up_weight = None if down_weight is None else 1 - down_weight
    first, second = _row(down, down_weight, finite_population)
    third, fourth = _row(up or (), up_weight, finite_population)
    return Grid(
        down_correct=first,
        down_incorrect=second,
        up_correct=third,
        up_incorrect=fourth,
        n_down=n_down,
        n_up=n_up,
        down_share=down_weight,
    )


def _row(
    strata: Sequence[StratumSample], weight: float | None, finite_population: bool
) -> tuple[Cell, Cell]:
    other = [
        StratumSample(stratum.name, stratum.n_frame, _incorrect(stratum), stratum.users)
        for stratum in strata
    ]
    correct, incorrect = (
        _cell(share(row, finite_population=finite_population), row, weight)
        for row in (list(strata), other)
    )
    return correct, incorrect


def _incorrect(stratum: StratumSample) -> npt.NDArray[np.float64]:
    correct = np.asarray(stratum.y, dtype=np.float64)
    if not isinstance(stratum, GridStratum) or stratum.incorrect is None:
        return 1 - correct
    incorrect = np.asarray(stratum.incorrect, dtype=np.float64)
    if incorrect.shape != correct.shape or (correct + incorrect > 1 + 1e-9).any():
        raise AnalysisInputError(
            f"expected correct + incorrect <= 1 for every unit in stratum {stratum.name!r}."
        )
    return incorrect


def _cell(within: Share, strata: Sequence[StratumSample], weight: float | None) -> Cell:
    found = float(sum(np.sum(np.asarray(stratum.y, dtype=np.float64)) for stratum in strata))
    reason = within.undefined_because
    if weight is None:
        reason = "the number of outputs rated up is not known"
    elif within.value is None:
        reason = f"correctness is not known in this row: {reason}"
    if weight is None or within.value is None or within.low is None or within.high is None:
        return Cell(
            n=within.n, n_cell=found, share=None, low=None, high=None, undefined_because=reason
        )
    return Cell(
        n=within.n,
        n_cell=found,
        share=weight * within.value,
        low=weight * within.low,
        high=weight * within.high,
    )
