"""The headline over a project's closed audits, one line for each kind of frame."""

from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.estimates import Estimate
from analysis.shares import Share, share_difference
from labeling.models import PLANTED, Audit, Codebook, Label
from labeling.reports import HEADLINE_MODE, AuditData, mode_share
from projects.models import Project

MAX_AUDITS = 24


@dataclass(frozen=True, kw_only=True)
class TrendPoint:
    """One closed audit; ``codebooks`` are the versions its labels were given under.

    ``change`` is against the audit before it, None for the first and across a break.
    """

    audit: Audit
    codebooks: tuple[str, ...]
    share: Share
    is_break: bool = False
    change: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The closed audits of one kind of frame, oldest first, the latest 24 of them."""

    frame: str
    name: str
    points: tuple[TrendPoint, ...]
    n_left_out: int

    @property
    def breaks(self) -> tuple[TrendPoint, ...]:
        return tuple(point for point in self.points if point.is_break)


def trends(project: Project) -> tuple[Trend, ...]:
    """One trend per kind of frame; shares of different frames are not of the same thing."""
    closed = Audit.objects.filter(
        project=project, kind=Audit.Kind.SAMPLED, status=Audit.Status.CLOSED
    )
    by_frame: dict[str, list[Audit]] = {}
    for audit in closed.select_related("codebook", "project").order_by("frame_until", "pk"):
        by_frame.setdefault(audit.frame, []).append(audit)
    return tuple(trend(frame, audits) for frame, audits in sorted(by_frame.items()))


def trend(frame: str, audits: list[Audit]) -> Trend:
    shown = audits[-MAX_AUDITS:]
    points = [
        TrendPoint(audit=audit, codebooks=codebooks_of(audit), share=headline_of(audit))
        for audit in shown
    ]
    return Trend(
        frame=frame,
        name=Audit.Frame(frame).label,
        points=tuple(compared(points)),
        n_left_out=len(audits) - len(shown),
    )


def headline_of(audit: Audit) -> Share:
    """Without finite population: audits are compared, and a comparison speaks of what comes."""
    return mode_share(AuditData(audit), HEADLINE_MODE, finite_population=False)


def codebooks_of(audit: Audit) -> tuple[str, ...]:
    labels = Label.objects.counted().filter(unit__audit=audit).exclude(unit__kind__in=PLANTED)
    used = Codebook.objects.filter(pk__in=labels.order_by().values("codebook").distinct())
    return tuple(str(version) for version in used.order_by("name", "version"))


def compared(points: list[TrendPoint]) -> list[TrendPoint]:
    """Each point with its change; across a change of codebook there is none."""
    found = points[:1]
    codebooks = points[0].codebooks if points else ()
    for before, after in pairwise(points):
        is_break = bool(codebooks and after.codebooks and codebooks != after.codebooks)
        change = None if is_break else share_difference(after.share, before.share)
        found.append(replace(after, is_break=is_break, change=change))
        codebooks = after.codebooks or codebooks
    return found
