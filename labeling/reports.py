"""From stored labels to shares, agreement and the grid: one report for page, command and export.

Nothing here is stored: every figure is computed from the current labels when it is asked for.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.agreement import AgreementReport
from analysis.estimates import Estimate
from analysis.grid import Cell, CellDict, Grid, grid
from analysis.nonresponse import Bounds, NonresponseBounds
from analysis.shares import Share, share, share_difference
from labeling.audit_data import HEADLINE_MODE as HEADLINE_MODE
from labeling.audit_data import AuditData as AuditData
from labeling.firmness import (
    CANNOT_TELL,
    Response,
    RunningHeadline,
    Unanswered,
    WorkLeft,
    anytime_headline,
    as_range,
    bounds_as_dict,
    mode_bounds,
    response_of,
    work_left,
)
from labeling.firmness_words import anytime_line, bounds_line, response_line, work_line
from labeling.models import Audit, Label, Skip, Stratum, Unit
from labeling.progress import count_complete
from labeling.third_opinions import third_opinion_note


@dataclass(frozen=True, kw_only=True)
class ModeShare:
    """One failure mode's share of the frame, and how far it rests on all coders agreeing.

    ``unanswered``: the share if units that were skipped or could not be told were none or all of
    this mode; None for `cannot_tell` itself, and where there is no share.
    """

    code: str
    name: str
    share: Share
    all_said: Share
    any_said: Share
    mostly_noise: bool
    unanswered: Bounds | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "mode": self.code,
            **self.share.as_dict(),
            "all_said": self.all_said.value,
            "any_said": self.any_said.value,
            "mostly_noise": self.mostly_noise,
            "unanswered": as_range(self.unanswered) if self.unanswered else None,
        }


@dataclass(frozen=True, kw_only=True)
class StratumProgress:
    """How much of a stratum's sample has a label."""

    stratum: Stratum
    n_labelled: int


@dataclass(frozen=True, kw_only=True)
class StratumShare:
    """The headline in one stratum."""

    name: str
    share: Share


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the report page, `report --json` and the exports' manifest say of one audit."""

    audit: Audit
    n_frame: int
    n_sampled: int
    n_labelled: int
    n_complete: int
    n_ties: int
    n_adjudicated: int
    n_skips: int
    n_late: int
    headline: Share
    headline_for_future: Share
    shares: tuple[ModeShare, ...]
    agreement: AgreementReport
    grid: Grid | None
    grid_undefined_because: str
    progress: tuple[StratumProgress, ...]
    by_stratum: tuple[StratumShare, ...]
    data: AuditData = field(repr=False, compare=False)
    unanswered: Unanswered = field(repr=False, compare=False)

    @cached_property
    def response(self) -> Response | None:
        return response_of(self.data, self.unanswered)

    @property
    def response_line(self) -> str:
        """What stands beside the headline's n; empty for a label set, which nobody drew."""
        return response_line(self.response) if self.response else ""

    @property
    def rated_share(self) -> float | None:
        """How many of the outputs users rated at all; None for a label set."""
        if self.audit.is_imported or not self.audit.n_outputs:
            return None
        return self.audit.n_rated / self.audit.n_outputs

    @cached_property
    def nonresponse(self) -> NonresponseBounds | None:
        """What the headline could be if nobody's answer were missing; None without a headline."""
        if self.headline.value is None:
            return None
        return mode_bounds(self.data, self.unanswered, HEADLINE_MODE)

    @cached_property
    def anytime(self) -> RunningHeadline | None:
        """The headline with an interval that may be looked at every day; of open audits alone."""
        return anytime_headline(self.data, self.unanswered)

    @cached_property
    def work_left(self) -> WorkLeft | None:
        return work_left(self.audit)

    @property
    def firmness_lines(self) -> tuple[str, ...]:
        """What stands beside the headline, in words."""
        lines = [
            bounds_line(self.nonresponse) if self.nonresponse else "",
            anytime_line(self.anytime) if self.anytime else "",
            work_line(self.work_left) if self.work_left else "",
        ]
        return tuple(line for line in lines if line)

    @property
    def difference(self) -> Estimate | None:
        """Second stratum minus first, without finite population; None unless there are two."""
        if len(self.by_stratum) != 2:
            return None
        first, second = self.by_stratum
        return share_difference(second.share, first.share)

    def as_dict(self) -> dict[str, Any]:
        return {
            "audit": self.audit.slug,
            "n_frame": self.n_frame,
            "n_sampled": self.n_sampled,
            "n_labelled": self.n_labelled,
            "headline": self.headline.as_dict(),
            "shares": [mode.as_dict() for mode in self.shares],
            "agreement": self.agreement.as_dict(),
            "grid": self.grid.as_dict() if self.grid else no_grid(self.grid_undefined_because),
            "grid_undefined_because": self.grid_undefined_because or None,
            "n_outputs": self.audit.n_outputs,
            "n_rated": None if self.audit.is_imported else self.audit.n_rated,
            "n_negative": None if self.audit.is_imported else self.audit.n_negative,
            "rated_share": self.rated_share,
            "response": self.response.as_dict() if self.response else None,
            "nonresponse": bounds_as_dict(self.nonresponse),
            "anytime": self.anytime.as_dict() if self.anytime else None,
            "work_left": self.work_left.as_dict() if self.work_left else None,
        }

    @property
    def agreement_note(self) -> str:
        """What agreement is computed on, where that is not every label that counts."""
        return third_opinion_note(self.audit)

    @property
    def headline_sentence(self) -> str:
        """The one line that the page, the command and the demo print."""
        alpha = self.agreement.alpha.value
        agreed = "alpha not known" if alpha is None else f"alpha {alpha:.2f}"
        return (
            f"Unwelcome but correct: {points(self.headline)} of {self.of_what}, "
            f"n = {self.headline.n:,} of {self.headline.n_frame:,}, {agreed}"
        )

    @property
    def of_what(self) -> str:
        """What the shares are shares of."""
        if self.audit.is_imported:
            return "the label set"
        if self.audit.frame == Audit.Frame.DISAGREED:
            return "the outputs that a user disagreed with"
        if self.headline.n_frame < self.audit.n_negative:
            return f"the lowest {self.headline.n_frame:,} of {self.audit.n_negative:,} negatives"
        return "negative feedback"


GRID_CELLS = ("down_correct", "down_incorrect", "up_correct", "up_incorrect")


def no_grid(reason: str) -> dict[str, CellDict]:
    """The cells of a grid that is not defined, each with the reason."""
    cell = Cell(n=0, n_cell=0, share=None, low=None, high=None, undefined_because=reason)
    return dict.fromkeys(GRID_CELLS, cell.as_dict())


def points(found: Share) -> str:
    """A share as a person reads it: `30.8% [27.2, 34.5]`, or why there is none."""
    if found.value is None or found.low is None or found.high is None:
        return f"not known ({found.undefined_because})"
    return f"{100 * found.value:.1f}% [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def build_report(audit: Audit) -> Report:
    """Compute the whole report of an audit from its current labels."""
    return report_of(AuditData(audit))


def report_of(data: AuditData) -> Report:
    """The report of rows that other figures of one page are made of too."""
    audit = data.audit
    agreed = agreement_of(data)
    unanswered = Unanswered(data)
    headline = mode_share(data, HEADLINE_MODE)
    graded, reason = build_grid(data)
    in_frame = [stratum for stratum in data.strata if stratum.in_frame]
    labelled = data.labelled_units
    in_frame_labelled = labelled[labelled["kind"] == Unit.Kind.SAMPLED]
    return Report(
        audit=audit,
        n_frame=sum(stratum.n_frame for stratum in in_frame),
        n_sampled=sum(stratum.n_sampled for stratum in in_frame),
        n_labelled=len(in_frame_labelled),
        n_complete=count_complete(audit),
        n_ties=data.modes.n_ties,
        n_adjudicated=data.modes.n_adjudicated,
        n_skips=Skip.objects.filter(unit__in=audit.units.drawn(), undone_at=None).count(),
        n_late=Label.objects.current().filter(unit__in=audit.units.drawn(), is_late=True).count(),
        headline=headline,
        headline_for_future=mode_share(data, HEADLINE_MODE, finite_population=False),
        shares=mode_shares(data, agreed, unanswered),
        agreement=agreed,
        grid=graded,
        grid_undefined_because=reason,
        progress=progress_by_stratum(data),
        by_stratum=headline_by_stratum(data),
        data=data,
        unanswered=unanswered,
    )


def agreement_of(data: AuditData) -> AgreementReport:
    """Agreement on the failure mode over sampled units, before adjudication and third opinions."""
    return data.agreement.report()


def headline_strata(data: AuditData) -> list[Stratum]:
    """Negative feedback of the frame: what every share here is a share of."""
    return data.headline_strata


def mode_share(data: AuditData, code: str, *, finite_population: bool = True) -> Share:
    weights = data.modes.weights
    if code in weights:
        return share_of(data, weights[code], finite_population=finite_population)
    zero = share_of(data, pd.Series(0.0, index=weights.index))
    reason = f"codebook {data.audit.codebook} has no mode {code}"
    return replace(
        zero, value=None, low=None, high=None, too_imprecise=None, undefined_because=reason
    )


def share_of(data: AuditData, weights: pd.Series, *, finite_population: bool = True) -> Share:
    """A share of the negative feedback; an imported set is a sample of nobody knows what."""
    finite = finite_population and not data.audit.is_imported
    samples = data.samples(weights.astype(float), headline_strata(data))
    return share(samples, finite_population=finite)


def mode_shares(
    data: AuditData, agreed: AgreementReport, unanswered: Unanswered
) -> tuple[ModeShare, ...]:
    """Each mode's share, largest first, with the range that coders' error could move it in."""
    consensus = data.modes
    specific = {entry.label: entry.specific.value for entry in agreed.per_label}
    found = [
        ModeShare(
            code=code,
            name=data.mode_names.get(code, code),
            share=mode_share(data, code),
            all_said=share_of(data, consensus.all_said[code]),
            any_said=share_of(data, consensus.any_said[code]),
            mostly_noise=is_under_half(specific.get(code)),
            unanswered=mode_bounds(data, unanswered, code).both
            if code != CANNOT_TELL and data.headline_strata
            else None,
        )
        for code in consensus.weights.columns
    ]
    return tuple(sorted(found, key=lambda mode: -(mode.share.value or 0.0)))


def headline_by_stratum(data: AuditData) -> tuple[StratumShare, ...]:
    """The headline in each stratum of the negative feedback, where there are several.

    Without finite population: strata are compared, and a comparison speaks of what comes next.
    """
    strata = sorted(headline_strata(data), key=lambda stratum: stratum.name)
    if len(strata) < 2 or HEADLINE_MODE not in data.modes.weights:
        return ()
    samples = data.samples(data.modes.weights[HEADLINE_MODE].astype(float), strata)
    return tuple(
        StratumShare(name=sample.name, share=share([sample], finite_population=False))
        for sample in samples
    )


def build_grid(data: AuditData) -> tuple[Grid | None, str]:
    """The 2x2 grid, or why it is not defined for this audit."""
    audit = data.audit
    if audit.is_imported:
        return None, "an imported label set has no frame of rated outputs"
    down = headline_strata(data)
    up = [stratum for stratum in data.strata if stratum.is_rated and not stratum.is_negative]
    n_down = sum(stratum.n_frame for stratum in down)
    if audit.frame == Audit.Frame.DISAGREED or n_down != audit.n_negative:
        return None, "the frame holds only a part of the negative feedback"
    n_up = audit.n_rated - audit.n_negative
    return grid(data.grid_samples(down), data.grid_samples(up) if up else None, n_up=n_up), ""


def progress_by_stratum(data: AuditData) -> tuple[StratumProgress, ...]:
    counts = data.labelled_units["stratum"].value_counts()
    return tuple(
        StratumProgress(stratum=stratum, n_labelled=int(counts.get(stratum.pk, 0)))
        for stratum in data.strata
    )


def is_under_half(specific_agreement: float | None) -> bool:
    return specific_agreement is not None and specific_agreement < 0.5
