"""The headline of two audits, or of two strata, against each other; and of a series of audits."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.compare import Decomposition, decompose
from analysis.estimates import Estimate
from analysis.shares import Share, StratumSample, share, share_difference
from analysis.stability import DEFAULT_MARGIN, StabilityStep, Window, stability
from labeling.audit_data import HEADLINE_MODE, AuditData
from labeling.domain_shares import cut_by_domain, pool_small
from labeling.models import Audit, Stratum
from labeling.reliability import CANNOT_TELL
from labeling.reports import mode_share
from labeling.trends import codebooks_of
from projects.errors import InputError
from projects.models import Project

MOST_WINDOWS = 30


class Side:
    """What is compared: an audit, or one stratum of it."""

    def __init__(self, data: AuditData, stratum: str = "") -> None:
        self.data = data
        self.audit = data.audit
        self.stratum = stratum

    @property
    def key(self) -> str:
        """As people type it: SLUG or SLUG:STRATUM."""
        return f"{self.audit.slug}:{self.stratum}" if self.stratum else self.audit.slug

    @property
    def name(self) -> str:
        return f"{self.stratum} of {self.audit.name}" if self.stratum else self.audit.name

    @property
    def strata(self) -> list[Stratum]:
        every = self.data.headline_strata
        return [each for each in every if self.stratum in ("", each.name)]

    @cached_property
    def share(self) -> Share:
        """The headline."""
        return self.share_of(HEADLINE_MODE)

    def share_of(self, mode: str) -> Share:
        """Without finite population: a comparison speaks of what comes next."""
        if not self.stratum or mode not in self.data.modes.weights:
            return mode_share(self.data, mode, finite_population=False)
        return share(samples(self.data, self.strata, mode), finite_population=False)

    def as_dict(self) -> dict[str, Any]:
        return {"audit": self.audit.slug, "stratum": self.stratum or None, **self.share.as_dict()}


def samples(
    data: AuditData, strata: list[Stratum], mode: str = HEADLINE_MODE
) -> list[StratumSample]:
    return data.samples(data.modes.weights[mode].astype(float), strata)


@dataclass(frozen=True, kw_only=True)
class ModeChange:
    """The change of one failure mode's share, or of `cannot_tell`; not known without both."""

    code: str
    name: str
    before: Share
    after: Share
    difference: Estimate

    def as_dict(self) -> dict[str, Any]:
        return {
            "mode": self.code,
            "name": self.name,
            "a": self.before.as_dict(),
            "b": self.after.as_dict(),
            "difference": self.difference.as_dict(),
        }


SEVERAL_AT_ONCE = (
    "Each change has its own 95% interval, not widened for the number of them: of twenty changes "
    "that are none, one leaves out zero by chance."
)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """``second`` minus ``first``. The parts are None, with the reason, where no frame is cut."""

    first: Side
    second: Side
    difference: Estimate
    modes: tuple[ModeChange, ...]
    parts: Decomposition | None
    parts_undefined_because: str
    pooled: tuple[str, ...]
    warnings: tuple[str, ...]
    steps: tuple[StabilityStep, ...]
    margin: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "a": self.first.as_dict(),
            "b": self.second.as_dict(),
            "difference": self.difference.as_dict(),
            "modes": [mode.as_dict() for mode in self.modes],
            "modes_note": SEVERAL_AT_ONCE,
            "parts": parts_as_dict(self.parts),
            "parts_undefined_because": self.parts_undefined_because or None,
            "pooled_domains": list(self.pooled),
            "warnings": list(self.warnings),
            "margin": self.margin,
            "stability": [step_as_dict(step) for step in self.steps],
        }


def compare(first: Side, second: Side, *, margin: float = DEFAULT_MARGIN) -> Comparison:
    """Compare two sides, and follow the closed audits of the second one's frame.

    Raises
    ------
    InputError
        One side is the other or a part of it, or the margin is not between 0 and 1.
    """
    same = first.audit.pk == second.audit.pk
    if same and (first.stratum == second.stratum or "" in (first.stratum, second.stratum)):
        came = f"{first.key} and {second.key}"
        raise InputError(f"compare: expected two sides without a unit in common, got {came}.")
    if not 0 < margin < 1:
        raise InputError(f"margin: expected a number between 0 and 1, got {margin:g}.")
    parts, reason, pooled = cut_change(first, second)
    return Comparison(
        first=first,
        second=second,
        difference=share_difference(second.share, first.share),
        modes=tuple(mode_changes(first, second)),
        parts=parts,
        parts_undefined_because=reason,
        pooled=pooled,
        warnings=tuple(warnings_about(first, second)),
        steps=follow(second.audit, margin=margin),
        margin=margin,
    )


def mode_changes(first: Side, second: Side) -> Iterable[ModeChange]:
    """Every mode of either codebook, in the order of the second one, `cannot_tell` last."""
    names = {**first.data.mode_names, **second.data.mode_names}
    own = [code for code in second.data.mode_names if code != CANNOT_TELL]
    gone = [code for code in first.data.mode_names if code not in {*own, CANNOT_TELL}]
    for code in [*own, *gone, *([CANNOT_TELL] if CANNOT_TELL in names else [])]:
        before, after = first.share_of(code), second.share_of(code)
        yield ModeChange(
            code=code,
            name=names[code],
            before=before,
            after=after,
            difference=share_difference(after, before),
        )


def cut_change(first: Side, second: Side) -> tuple[Decomposition | None, str, tuple[str, ...]]:
    """The change cut into mix and rate, or why not, and the domains that were pooled."""
    before, after = (cut_by_domain(side.data, side.strata) for side in (first, second))
    reason = before.undefined_because or after.undefined_because
    if reason:
        return None, reason, ()
    old, new, pooled = pool_small(before.domains, after.domains)
    return decompose(old, new, finite_population=False), "", pooled


def warnings_about(first: Side, second: Side) -> Iterable[str]:
    """What makes the two sides unlike, beside what they measure."""
    a, b = first.audit, second.audit
    if a.pk == b.pk:
        return
    if a.frame != b.frame or a.kind != b.kind:
        yield "The two frames are of different kinds, so their shares are of different things."
    old, new = labelled_under(a), labelled_under(b)
    if old != new:
        yield f"The codebooks differ: {old} and {new}."
    if a.project_id == b.project_id:
        common = len(set(first.data.units["name"]) & set(second.data.units["name"]))
        if common and not (a.is_imported or b.is_imported):
            yield (
                f"{common:,} outputs are in both samples; the interval takes the samples as "
                "independent."
            )


def follow(audit: Audit, *, margin: float) -> tuple[StabilityStep, ...]:
    """Whether the headline stayed where it was, over the closed audits of one frame."""
    if audit.is_imported:
        return ()
    closed = Audit.objects.filter(
        project=audit.project_id, frame=audit.frame, kind=audit.kind, status=Audit.Status.CLOSED
    )
    newest = closed.select_related("codebook", "project").order_by("-created_at", "-pk")
    windows = [window_of(each) for each in list(newest[:MOST_WINDOWS])[::-1]]
    return stability([window for window in windows if window], margin=margin)


def window_of(audit: Audit) -> Window | None:
    data = AuditData(audit)
    if HEADLINE_MODE not in data.modes.weights or data.modes.weights.empty:
        return None
    return Window(
        name=audit.name,
        strata=samples(data, data.headline_strata),
        codebook=labelled_under(audit),
    )


def labelled_under(audit: Audit) -> str:
    """The versions its labels were given under, as the trend has them; without any, its own."""
    return " + ".join(codebooks_of(audit)) or str(audit.codebook)


def find_side(typed: str, *, project: Project | None = None) -> Side:
    """The audit or stratum that somebody named, as SLUG or SLUG:STRATUM.

    Raises
    ------
    InputError
        There is no such audit in the project, or no such stratum of the headline.
    """
    slug, _, stratum = typed.partition(":")
    audits = Audit.objects.select_related("codebook", "project")
    if project is not None:
        audits = audits.filter(project=project)
    audit = audits.filter(slug=slug).first()
    if audit is None:
        raise InputError(f"compare: expected the slug of an audit, got {slug!r}.")
    data = AuditData(audit)
    names = [each.name for each in data.headline_strata]
    if stratum and stratum not in names:
        there = f"there are: {', '.join(names)}"
        raise InputError(f"compare: expected a stratum of {slug}, got {stratum!r}; {there}.")
    return Side(data, stratum)


def parts_as_dict(found: Decomposition | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "difference": found.difference.as_dict(),
        "mix": found.mix.as_dict(),
        "rate": found.rate.as_dict(),
        "domains": [
            {
                "domain": row.domain,
                "weight_a": row.weight_before,
                "weight_b": row.weight_after,
                "a": row.before.as_dict(),
                "b": row.after.as_dict(),
                "mix": row.mix.as_dict(),
                "rate": row.rate.as_dict(),
            }
            for row in found.domains
        ],
    }


def step_as_dict(step: StabilityStep) -> dict[str, Any]:
    return {
        "audit": step.name,
        "state": step.state,
        "difference": step.difference.as_dict(),
        "n_windows": step.n_windows,
        "is_break": step.is_break,
        "to_decide": step.to_decide.as_dict() if step.to_decide else None,
    }
