"""An estimate: value, interval, n, and the reason when either is undefined."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EstimateDict = dict[str, float | str | None]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95% interval; None, never nan, where something is undefined.

    ``undefined_because`` says why ``value`` is None, or, when the value is known,
    why its interval was withheld.
    """

    value: float | None
    low: float | None
    high: float | None
    undefined_because: str | None = None
    n: int | None = None

    def as_dict(self) -> EstimateDict:
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "undefined_because": self.undefined_because,
        }


def undefined(reason: str, *, n: int | None = None) -> Estimate:
    """Return an estimate without a value, with the reason."""
    return Estimate(value=None, low=None, high=None, undefined_because=reason, n=n)
