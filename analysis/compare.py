"""What a change of a share between two audits is made of: the mix of domains, and the rates.

Kitagawa 1955, Journal of the American Statistical Association 50:1168: two parts that add up to
the change exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.estimates import Estimate, undefined
from analysis.proportions import Interval, mover_sum
from analysis.shares import Share, StratumSample, share, share_difference

Domains = Mapping[str, Sequence[StratumSample]]


@dataclass(frozen=True, kw_only=True)
class DomainChange:
    """One domain's part of the change.

    Attributes
    ----------
    weight_before, weight_after : the domain's part of the frame
    before, after : Share
        Within the domain; undefined where it is not in that frame.
    mix : what its growth or shrinking adds: zero where its share is the average one
    rate : what the change of its own share adds
    """

    domain: str
    weight_before: float
    weight_after: float
    before: Share
    after: Share
    mix: Estimate
    rate: Estimate


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """``difference`` = ``mix`` + ``rate``, and each is the sum over the domains."""

    difference: Estimate
    mix: Estimate
    rate: Estimate
    domains: tuple[DomainChange, ...]


def decompose(before: Domains, after: Domains, *, finite_population: bool = True) -> Decomposition:
    """Divide the change of a share, after minus before, into mix and rate.

    With w the parts of the frame, which are known, and p the shares within domains:
    mix = sum (w2 - w1) (p1 + p2) / 2, rate = sum (p2 - p1) (w1 + w2) / 2. Intervals: MOVER over
    the shares of the domains. A domain that is in one frame alone is all mix.

    Parameters
    ----------
    before, after : mapping of domain to its strata
        Each stratum lies in one domain.
    finite_population : bool
        As in `share`: True for two closed periods.

    Returns
    -------
    Decomposition
        Mix and rate are undefined, with the reason, where a domain of a frame has no usable
        share; ``difference`` is then still what `share_difference` says.

    Raises
    ------
    AnalysisInputError
        See `share`; a stratum's name twice in one frame.
    """
    whole = [_all(side, finite_population=finite_population) for side in (before, after)]
    difference = share_difference(whole[1], whole[0])
    sides = [_shares(side, finite_population=finite_population) for side in (before, after)]
    names = sorted({*sides[0], *sides[1]})
    weights = [_weights(side, names) for side in (before, after)]
    rows = [_Row.of(name, sides, weights) for name in names]
    reason = difference.undefined_because or next(filter(None, (row.reason for row in rows)), None)
    if reason or not rows:
        return _without_parts(difference, rows, reason or "no unit is labelled")
    centre = [term for row in rows for term in row.mean(row.mean_weight)]
    return Decomposition(
        difference=difference,
        mix=_sum([term for row in rows for term in row.mean(row.growth)]),
        rate=_sum([term for row in rows for term in row.rate()]),
        domains=tuple(_change(row, centre) for row in rows),
    )


@dataclass(frozen=True)
class _Term:
    """c times one share; ``key`` says which, so that a share that comes twice is one term."""

    key: tuple[str, str]
    c: float
    p: float
    interval: Interval


@dataclass(frozen=True)
class _Row:
    """A domain with its two shares, of which one may not exist."""

    name: str
    before: Share
    after: Share
    w1: float
    w2: float

    @classmethod
    def of(
        cls, name: str, sides: Sequence[Mapping[str, Share]], weights: Sequence[Mapping[str, float]]
    ) -> "_Row":
        nothing = replace(share([]), undefined_because=f"{name!r} is not in this frame")
        found = [side.get(name, nothing) for side in sides]
        return cls(name, found[0], found[1], weights[0][name], weights[1][name])

    @property
    def growth(self) -> float:
        return self.w2 - self.w1

    @property
    def mean_weight(self) -> float:
        return (self.w1 + self.w2) / 2

    @property
    def reason(self) -> str | None:
        for w, found in ((self.w1, self.before), (self.w2, self.after)):
            if w > 0 and found.value is None:
                return f"no share in {self.name!r}: {found.undefined_because}"
        return None

    def mean(self, c: float) -> list[_Term]:
        """Terms of c (p1 + p2) / 2; of c p where the domain is in one frame alone."""
        if self.w1 == 0:
            return self._term("after", c)
        if self.w2 == 0:
            return self._term("before", c)
        return self._term("before", c / 2) + self._term("after", c / 2)

    def rate(self) -> list[_Term]:
        if self.w1 == 0 or self.w2 == 0:
            return []
        return self._term("after", self.mean_weight) + self._term("before", -self.mean_weight)

    def _term(self, side: str, c: float) -> list[_Term]:
        found = self.before if side == "before" else self.after
        if found.value is None or found.low is None or found.high is None:
            return []
        return [_Term((self.name, side), c, found.value, Interval(found.low, found.high))]


def _all(side: Domains, *, finite_population: bool) -> Share:
    strata = [stratum for of_domain in side.values() for stratum in of_domain]
    return share(strata, finite_population=finite_population)


def _shares(side: Domains, *, finite_population: bool) -> dict[str, Share]:
    return {
        name: share(strata, finite_population=finite_population)
        for name, strata in side.items()
        if sum(stratum.n_frame for stratum in strata)
    }


def _weights(side: Domains, names: Sequence[str]) -> dict[str, float]:
    sizes = {name: sum(stratum.n_frame for stratum in side.get(name, ())) for name in names}
    total = sum(sizes.values())
    return {name: size / total if total else 0.0 for name, size in sizes.items()}


def _change(row: _Row, centre: Sequence[_Term]) -> DomainChange:
    """Mix of a domain: its growth times how far its share lies from the average one."""
    apart = [replace(term, c=-row.growth * term.c) for term in centre]
    return _domain_change(row, mix=_sum(row.mean(row.growth) + apart), rate=_sum(row.rate()))


def _sum(terms: Sequence[_Term]) -> Estimate:
    by_share: dict[tuple[str, str], _Term] = {}
    for term in terms:
        known = by_share.get(term.key)
        by_share[term.key] = replace(term, c=term.c + (known.c if known else 0.0))
    return mover_sum([(term.c, term.p, term.interval) for term in by_share.values()])


def _domain_change(row: _Row, *, mix: Estimate, rate: Estimate) -> DomainChange:
    return DomainChange(
        domain=row.name,
        weight_before=row.w1,
        weight_after=row.w2,
        before=row.before,
        after=row.after,
        mix=mix,
        rate=rate,
    )


def _without_parts(difference: Estimate, rows: Sequence[_Row], reason: str) -> Decomposition:
    none = undefined(reason)
    return Decomposition(
        difference=difference,
        mix=none,
        rate=none,
        domains=tuple(_domain_change(row, mix=none, rate=none) for row in rows),
    )
