"""One simulated design of `bench.coverage`, and whether an interval held the truth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Held = Floats | dict[str, Floats]


@dataclass(frozen=True, kw_only=True)
class Design:
    """One row and column of a table, and what is drawn: whether the interval held the truth.

    ``arguments`` go to the function of `kind`; designs of one cell differ in them alone. Where
    ``row`` is empty the function gives several rows from the same samples.
    """

    kind: str
    row: str
    n: int
    arguments: tuple[Any, ...]


def holds(found: Any, truth: float) -> float:
    """1 or 0; nan where no interval is given, which counts on neither side."""
    if found.low is None:
        return float("nan")
    return float(found.low - 1e-12 <= truth <= found.high + 1e-12)
