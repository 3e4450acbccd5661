"""How far a share could move if the units nobody could judge were all of the label, or none.

Worst-case bounds (Horowitz & Manski 1998, Journal of Econometrics 84:37): nothing is assumed of
units that were skipped, or on which coders could not tell.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisInputError
from analysis.estimates import FloatArray
from analysis.shares import Share, StratumSample, share


@dataclass(frozen=True, eq=False)
class AnsweredStratum(StratumSample):
    """A stratum with what was asked in vain; ``y`` and ``users`` are of the labelled units.

    Attributes
    ----------
    cannot_tell : array of float in [0, 1], one per labelled unit, optional
        How far the unit's label is cannot_tell; its part in ``y`` is zero.
    n_skipped : int
        Units that were served, skipped by whoever got them, and have no label. Units that were
        not served yet are not among them: serving is in draw order, so they are missing by chance.
    skipped_users : sequence of hashable, one per skipped unit, optional
    """

    cannot_tell: npt.ArrayLike | None = None
    n_skipped: int = 0
    skipped_users: Sequence[Hashable] | None = None


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The share if none of ``n`` units had the label, and if all had.

    ``n`` is a fraction where ties were split. ``low`` and ``high`` hold the sampling error too:
    the lower end of one interval and the upper end of the other.
    """

    n: float
    if_none: Share
    if_all: Share

    @property
    def low(self) -> float | None:
        return self.if_none.low

    @property
    def high(self) -> float | None:
        return self.if_all.high

    @property
    def sentence(self) -> str:
        """The bounds in words: "between 18.0% and 26.0%"."""
        if self.if_none.value is None or self.if_all.value is None:
            return f"unknown: {self.if_none.undefined_because or self.if_all.undefined_because}"
        return f"between {self.if_none.value:.1%} and {self.if_all.value:.1%}"


@dataclass(frozen=True, kw_only=True)
class NonresponseBounds:
    """The share as reported (skipped units left out, cannot_tell not the label), and its bounds.

    The share as reported lies within each of the three.
    """

    reported: Share
    skips: Bounds
    cannot_tell: Bounds
    both: Bounds


def nonresponse_bounds(
    strata: Sequence[StratumSample], *, finite_population: bool = True, level: float = 0.95
) -> NonresponseBounds:
    """Bound a share by what skipped and cannot_tell units could be.

    Parameters
    ----------
    strata : sequence of StratumSample or AnsweredStratum
        A plain stratum has neither skips nor cannot_tell.

    Raises
    ------
    AnalysisInputError
        See `share`; a unit with y + cannot_tell over one; fewer or more users than skipped units;
        more labelled and skipped units than outputs.
    """
    answered = [_answered(stratum) for stratum in strata]

    def bounds(*, skips: bool, cannot_tell: bool) -> Bounds:
        ends = (
            share(
                [
                    stratum.completed(part, skips=skips, cannot_tell=cannot_tell)
                    for stratum in answered
                ],
                finite_population=finite_population,
                level=level,
            )
            for part in (0.0, 1.0)
        )
        n_skipped = sum(stratum.n_skipped for stratum in answered) if skips else 0
        unsure = sum(float(stratum.unsure.sum()) for stratum in answered) if cannot_tell else 0.0
        return Bounds(n=n_skipped + unsure, if_none=next(ends), if_all=next(ends))

    return NonresponseBounds(
        reported=share(strata, finite_population=finite_population, level=level),
        skips=bounds(skips=True, cannot_tell=False),
        cannot_tell=bounds(skips=False, cannot_tell=True),
        both=bounds(skips=True, cannot_tell=True),
    )


@dataclass(frozen=True, eq=False)
class _Answered:
    """A checked stratum."""

    name: str
    n_frame: int
    y: FloatArray
    unsure: FloatArray
    users: list[Hashable]
    n_skipped: int
    skipped_users: list[Hashable]

    def completed(self, part: float, *, skips: bool, cannot_tell: bool) -> StratumSample:
        """Give the units in question the label (1) or not (0)."""
        y, users = self.y + part * self.unsure * cannot_tell, self.users
        if skips:
            y, users = np.append(y, np.full(self.n_skipped, part)), users + self.skipped_users
        return StratumSample(self.name, self.n_frame, y, users)


def _answered(stratum: StratumSample) -> _Answered:
    y = np.asarray(stratum.y, dtype=np.float64).reshape(-1)
    unsure, n_skipped, skipped = np.zeros(len(y)), 0, None
    if isinstance(stratum, AnsweredStratum):
        n_skipped, skipped = stratum.n_skipped, stratum.skipped_users
        if stratum.cannot_tell is not None:
            unsure = np.asarray(stratum.cannot_tell, dtype=np.float64).reshape(-1)
    where = f"in stratum {stratum.name!r}"
    if unsure.shape != y.shape or (unsure < 0).any() or not (y + unsure <= 1 + 1e-9).all():
        raise AnalysisInputError(
            f"expected cannot_tell >= 0 and y + cannot_tell <= 1 for every unit {where}."
        )
    if n_skipped < 0 or (skipped is not None and len(skipped) != n_skipped):
        raise AnalysisInputError(
            f"expected one user for each of {n_skipped} skipped units {where}."
        )
    return _Answered(
        name=stratum.name,
        n_frame=stratum.n_frame,
        y=y,
        unsure=np.minimum(unsure, 1 - y),
        users=list(stratum.users) if stratum.users is not None else [None] * len(y),
        n_skipped=n_skipped,
        skipped_users=list(skipped) if skipped is not None else [None] * n_skipped,
    )
