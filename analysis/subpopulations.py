"""The share within a part of a frame (a domain, a release) whose size is not known.

The part and the strata need not coincide. How much of a stratum lies in it is estimated from all
drawn units, labelled or not, since what a part is made of is known before anybody labels.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisInputError
from analysis.estimates import FloatArray
from analysis.proportions import z_quantile
from analysis.shares import (
    MAX_UNSAMPLED,
    Share,
    cluster_deff,
    effective_n,
    exact_bounds,
    too_imprecise,
    unknown_share,
    user_codes,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class StratumPart:
    """What was found where a stratum and the part overlap.

    Attributes
    ----------
    name : str
    n_frame : int
        N_h, outputs of the whole stratum.
    n_drawn : int
        n_h, drawn units of the whole stratum.
    n_inside : int
        d_h, how many of these lie in the part.
    y : array of float in [0, 1], one per labelled unit of the part in this stratum
    users : sequence of hashable, one per labelled unit; None is a cluster of one
    """

    name: str
    n_frame: int
    n_drawn: int
    n_inside: int
    y: npt.ArrayLike
    users: Sequence[Hashable]

    @property
    def size(self) -> float:
        """N_h d_h / n_h: the estimated number of outputs where stratum and part overlap."""
        return self.n_frame * self.n_inside / self.n_drawn if self.n_drawn else 0.0

    @property
    def n(self) -> int:
        return int(np.size(self.y))


def subpopulation_share(parts: Sequence[StratumPart], *, level: float = 0.95) -> Share:
    """Estimate the share within a part of the frame: the ratio estimator, by linearisation.

    p = sum A_h ybar_h, A_h proportional to N_h d_h / n_h. With m1_h and s2_h smoothed as in
    `share`, q = sum A_h m1_h and a_h = d_h / n_h, the variance is

    v = sum A_h^2 [s2_h / k_h + (1 - a_h) (m1_h - q)^2 n_h / (n_h - 1) / d_h],

    k_h the labelled units of the part. The second term is for the sizes, which are estimated
    (Cochran 1977, 5A.14); it is zero where the part is the whole stratum, and the result is then
    that of `share` without finite population. n_eff = q (1 - q) / v, and on as in `share`.

    Returns
    -------
    Share
        ``n_frame`` is the estimated size of the part, rounded. Strata in which the part was drawn
        but not labelled are treated as `share` treats them.

    Raises
    ------
    AnalysisInputError
        d_h > n_h, n_h > N_h, more labelled than drawn, or y outside [0, 1].
    """
    z_quantile(level)
    _check(parts)
    total = sum(part.size for part in parts)
    found = [part for part in parts if part.n]
    names = tuple(part.name for part in parts if part.size and not part.n)
    known = sum(part.size for part in found)
    gap = 1 - known / total if names else 0.0
    if not found or gap > MAX_UNSAMPLED:
        reason = f"no labelled unit of it in the strata {list(names)}, over 5% of it"
        return unknown_share(
            reason if found else "no unit in it is labelled yet",
            n=sum(part.n for part in found),
            n_frame=round(total),
            unsampled=names,
            finite_population=False,
            level=level,
        )
    sample = _Sample.of(found)
    p = sample.mean(sample.mean_h)
    deff, df = sample.user_deff(), max(1, sample.n_users - len(found))
    n_eff = sample.effective_n(deff=deff, df=df, level=level)
    bounds = exact_bounds(p, n_eff, level)
    low, high = (1 - gap) * bounds.low, (1 - gap) * bounds.high + gap
    return Share(
        value=p,
        low=low,
        high=high,
        n=len(sample.y),
        n_frame=round(total),
        n_eff=n_eff,
        df=df,
        deff_users=deff,
        top_user_share=float(np.bincount(sample.user).max() / len(sample.y)),
        too_imprecise=too_imprecise(len(sample.y), n_eff, low, high),
        unsampled=names,
        undefined_because=None,
        finite_population=False,
        level=level,
    )


@dataclass(frozen=True, eq=False)
class _Sample:
    """The labelled units of a part in one array, and per stratum k, weight A, d and n."""

    y: FloatArray
    user: npt.NDArray[np.int64]
    stratum: npt.NDArray[np.int64]
    k: FloatArray
    weight: FloatArray
    n_inside: FloatArray
    n_drawn: FloatArray

    @classmethod
    def of(cls, parts: Sequence[StratumPart]) -> "_Sample":
        sizes = np.array([part.size for part in parts])
        return cls(
            y=np.concatenate([np.asarray(p.y, dtype=np.float64).reshape(-1) for p in parts]),
            user=user_codes([user for part in parts for user in part.users]),
            stratum=np.repeat(np.arange(len(parts)), [p.n for p in parts]).astype(np.int64),
            k=np.array([float(part.n) for part in parts]),
            weight=sizes / sizes.sum(),
            n_inside=np.array([float(part.n_inside) for part in parts]),
            n_drawn=np.array([float(part.n_drawn) for part in parts]),
        )

    @property
    def n_users(self) -> int:
        return int(self.user.max()) + 1

    @property
    def mean_h(self) -> FloatArray:
        return self.sums(self.y) / self.k

    def sums(self, values: FloatArray) -> FloatArray:
        added = np.bincount(self.stratum, weights=values, minlength=len(self.k))
        return added.astype(np.float64)

    def mean(self, by_stratum: FloatArray) -> float:
        return min(max(float(self.weight @ by_stratum), 0.0), 1.0)

    def user_deff(self) -> float:
        """Return the design effect of users, at least 1; see `analysis.shares`."""
        residual = (self.weight / self.k)[self.stratum] * (self.y - self.mean_h[self.stratum])
        return cluster_deff(residual, self.user)

    def effective_n(self, *, deff: float, df: int, level: float) -> float:
        m1 = (self.sums(self.y) + 0.5) / (self.k + 1)
        s2 = (self.sums(self.y**2) + 0.5) / (self.k + 1) - m1**2
        q = float(self.weight @ m1)
        outside = 1 - self.n_inside / self.n_drawn
        rest = self.n_drawn / np.maximum(self.n_drawn - 1, 1)
        sizes = outside * (m1 - q) ** 2 * rest / self.n_inside
        variance = float((self.weight**2 * (s2 / self.k + sizes)).sum())
        simple = q * (1 - q) / variance
        return effective_n(simple, n=float(len(self.y)), deff=deff, df=df, level=level)


def _check(parts: Sequence[StratumPart]) -> None:
    for part in parts:
        y = np.asarray(part.y, dtype=np.float64)
        if not part.n <= part.n_inside <= part.n_drawn <= part.n_frame:
            raise AnalysisInputError(
                f"expected labelled <= inside <= drawn <= frame in stratum {part.name!r}: came "
                f"{part.n}, {part.n_inside}, {part.n_drawn}, {part.n_frame}."
            )
        if y.size and not (np.isfinite(y).all() and y.min() >= 0 and y.max() <= 1):
            raise AnalysisInputError(f"expected values from 0 to 1 in stratum {part.name!r}.")
        if len(part.users) != part.n:
            raise AnalysisInputError(
                f"expected one user per labelled unit in stratum {part.name!r}: "
                f"came {len(part.users)} users for {part.n} units."
            )
