"""The sampling frame of an audit: who is eligible, how many per stratum, and who is drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analysis.planner import margin_for_units, units_for_margin
from analysis.sampling import allocate
from feedback.controls import (
    check_sham_share,
    control_strata,
    count_shams,
    sham_warnings,
    split_shams,
)
from feedback.frame_source import DatabaseSource, FrameSource
from feedback.frame_sql import Share, draw_text, number_text
from feedback.frame_strata import CONTROLLED, FRAMES, FrameCounts, FrameStratum, read_frame
from feedback.sample_split import SampleSplit, margin_of
from projects.errors import InputError
from projects.models import Project

BEST_AT_MOST = 6
MOST_STRATA = 60  # SQLite joins at most 500 selects
MOST_CODERS = 50
FEWEST = 20  # units per stratum, or all of a smaller one
WORST_CASE = 0.5  # the share at which the widest interval is reached


@dataclass(frozen=True, kw_only=True)
class FramePlan:
    """What to draw. The same plan over the same feedback draws the same outputs."""

    project: Project
    frame: str
    seed: int
    until: datetime
    size: int | None = None
    margin: float | None = None
    strata_field: str = ""
    n_thumbs_up: int = 0
    n_unrated: int = 0
    sham_share: float = 0.0
    coders: int = 3
    source: FrameSource | None = None
    split: SampleSplit | None = None

    @property
    def place(self) -> FrameSource:
        """The source named by the plan, or the project's own feedback."""
        return self.source or DatabaseSource(self.project, self.until)


@dataclass(frozen=True, kw_only=True)
class FramePreview:
    """The frame and the sample that a plan would draw from it."""

    n_outputs: int
    n_rated: int
    n_negative: int
    strata: tuple[FrameStratum, ...]
    cut: str
    warnings: tuple[str, ...]
    is_split: bool = False

    @property
    def n_frame(self) -> int:
        return sum(stratum.n_frame for stratum in self.strata if stratum.in_frame)

    @property
    def n_sampled(self) -> int:
        return sum(stratum.n_sampled for stratum in self.strata if stratum.in_frame)

    @property
    def n_controls(self) -> int:
        return sum(stratum.n_sampled for stratum in self.strata if not stratum.in_frame)

    @property
    def n_unrated(self) -> int:
        return sum(stratum.n_sampled for stratum in self.strata if not stratum.is_rated)

    @property
    def n_units(self) -> int:
        return self.n_sampled + self.n_controls

    @property
    def response_rate(self) -> float | None:
        """The part of the outputs that anyone rated; None without outputs."""
        return self.n_rated / self.n_outputs if self.n_outputs else None

    @property
    def margin(self) -> float:
        """Half width of the 95% interval of a share of 50%, once every unit is labelled."""
        if self.is_split:
            return margin_of([stratum for stratum in self.strata if stratum.in_frame])
        return margin_for_units(WORST_CASE, self.n_sampled, self.n_frame)


@dataclass(frozen=True)
class DrawnOutput:
    """One drawn output: its id in the product, its stratum and its permanent random number."""

    external_id: str
    stratum: FrameStratum
    prn: str


def preview(plan: FramePlan) -> FramePreview:
    """Count the frame and share the sample out over its strata, without drawing.

    Raises
    ------
    InputError
        The plan is wrong, or nothing is in the frame.
    """
    check_plan(plan)
    read = read_frame(plan.place, plan.frame, plan.strata_field)
    frame = [stratum for stratum in read.strata if stratum.n_frame]
    if not frame:
        raise InputError(f"no {read.sought} in project {plan.project.slug!r}: {read.found}.")
    if len(frame) > MOST_STRATA:
        raise InputError(
            f"strata: expected a field with at most {MOST_STRATA} strata, "
            f"{plan.strata_field!r} gives {len(frame)}."
        )
    if plan.split:
        plan.split.check_sides(frame)
    size, warnings = sample_size(plan, frame)
    if len(frame) > BEST_AT_MOST:
        warnings.append(
            f"{len(frame)} strata: at most about {BEST_AT_MOST} keep enough units in each."
        )
    strata = share_out(frame, size, plan.split)
    if plan.split:
        warnings.append(plan.split.sentence(strata, FEWEST))
    strata += controls(plan, read, size, warnings)
    return FramePreview(
        n_outputs=read.n_outputs,
        n_rated=read.n_rated,
        n_negative=read.n_negative,
        strata=tuple(strata),
        cut=read.cut,
        warnings=(*read.warnings, *warnings),
        is_split=plan.split is not None,
    )


def draw(plan: FramePlan, frame: FramePreview) -> list[DrawnOutput]:
    """Draw the previewed sample, in draw order."""
    place = plan.place
    relation = place.relation(plan.strata_field, FRAMES[plan.frame].channels)
    rows = draw_from(plan, frame, relation, is_rated=True)
    if frame.n_unrated:
        rows += draw_from(plan, frame, place.unrated(), is_rated=False)
    drawn = [DrawnOutput(str(id_), frame.strata[position], prn) for position, id_, prn in rows]
    return sorted(drawn, key=lambda output: (output.prn, output.external_id))


def draw_from(
    plan: FramePlan, frame: FramePreview, relation: str, *, is_rated: bool
) -> list[tuple[Any, ...]]:
    """Draw the strata that are in this relation; a position is the stratum's among all."""
    shares = [
        Share(stratum.cut, stratum.n_sampled if stratum.is_rated is is_rated else 0)
        for stratum in frame.strata
    ]
    return plan.place.rows(draw_text(relation, plan.seed, shares))


def check_plan(plan: FramePlan) -> None:
    """Refuse what no frame could make good, before anything is counted."""
    if plan.frame not in FRAMES:
        raise InputError(f"frame: expected one of {listed(FRAMES)}, got {plan.frame!r}.")
    fields = plan.place.strata_fields
    if plan.strata_field and plan.strata_field not in fields:
        raise InputError(
            f"strata: expected one of {listed(fields)}, or none, got {plan.strata_field!r}."
        )
    if (plan.size is None) == (plan.margin is None):
        came = "neither" if plan.size is None else "both"
        raise InputError(f"size or margin: expected one of the two, got {came}.")
    check_numbers(plan)
    for name, asked in (("thumbs-up", plan.n_thumbs_up), ("sham-share", plan.sham_share)):
        if asked and plan.frame not in CONTROLLED:
            raise InputError(
                f"{name}: expected with the frames {listed(CONTROLLED)} only, "
                f"got {asked} with the frame {plan.frame!r}."
            )


def check_numbers(plan: FramePlan) -> None:
    if plan.size is not None and plan.size < 1:
        raise InputError(f"size: expected 1 unit or more, got {plan.size}.")
    if plan.margin is not None and not 0 < plan.margin < WORST_CASE:
        raise InputError(f"margin: expected a number above 0 and below 0.5, got {plan.margin}.")
    if not 1 <= plan.coders <= MOST_CODERS:
        raise InputError(f"coders: expected 1 to {MOST_CODERS} per unit, got {plan.coders}.")
    if plan.n_thumbs_up < 0:
        raise InputError(f"thumbs-up: expected 0 or more units, got {plan.n_thumbs_up}.")
    check_sham_share(plan.sham_share, plan.n_thumbs_up)
    if plan.split:
        plan.split.check()
    if not -(2**63) <= plan.seed < 2**63:
        raise InputError(f"seed: expected a whole number of 64 bits, got {plan.seed}.")


def sample_size(plan: FramePlan, frame: Sequence[FrameStratum]) -> tuple[int, list[str]]:
    """Give the number of units asked for, or needed for the margin, and what to say about it."""
    n_frame = sum(stratum.n_frame for stratum in frame)
    if plan.margin is not None:
        size = units_for_margin(WORST_CASE, plan.margin, n_frame)
        if plan.split:
            size = plan.split.size_for(plan.margin, frame, at_least=size, fewest=FEWEST)
        said = (
            f"{size:,} units give ±{plan.margin * 100:g} points at the worst case, a share of 50%."
        )
        return size, [said]
    size = plan.size or 0
    if size > n_frame:
        return n_frame, [f"{size:,} units asked for, {n_frame:,} in the frame: all are taken."]
    return size, []


def share_out(
    frame: Sequence[FrameStratum], size: int, split: SampleSplit | None = None
) -> list[FrameStratum]:
    """Give each stratum its n; one without a unit could not be estimated, so that is refused."""
    counts = {stratum.name: stratum.n_frame for stratum in frame}
    sizes = split.sizes(frame, size, FEWEST) if split else allocate(counts, size, FEWEST)
    empty = [name for name, n in sizes.items() if n == 0]
    if empty:
        enough = sum(min(FEWEST, stratum.n_frame) for stratum in frame)
        raise InputError(
            f"size: expected {enough:,} units or more for {len(frame)} strata ({FEWEST} each, or "
            f"all of a smaller one), got {size:,}: none would fall on {listed(empty)}."
        )
    return [replace(stratum, n_sampled=sizes[stratum.name]) for stratum in frame]


def controls(
    plan: FramePlan, read: FrameCounts, n_sampled: int, warnings: list[str]
) -> list[FrameStratum]:
    """Give the strata of thumbs-up and unrated controls: outside the frame."""
    n_up = read.n_rated - read.n_negative
    place = plan.place
    wants_unrated = plan.n_unrated or plan.sham_share
    n_unrated = int(place.rows(number_text(place.unrated()))[0][0]) if wants_unrated else 0
    wanted = plan.n_thumbs_up, plan.n_unrated
    if plan.sham_share:
        n_shams = count_shams(plan.sham_share, n_sampled)
        wanted = split_shams(n_shams, n_up, n_unrated)
        warnings.extend(sham_warnings(n_shams, n_up, n_unrated))
    elif plan.n_thumbs_up:
        check_thumbs_up(plan, n_up, warnings)
    return control_strata(*wanted, n_up_there=n_up, n_unrated_there=n_unrated)


def check_thumbs_up(plan: FramePlan, n_up: int, warnings: list[str]) -> None:
    if not n_up:
        raise InputError(
            f"thumbs-up: expected outputs that are rated and not negative in project "
            f"{plan.project.slug!r}, there are none."
        )
    if plan.n_thumbs_up > n_up:
        warnings.append(
            f"{plan.n_thumbs_up:,} thumbs-up controls asked for, {n_up:,} outputs are rated "
            "and not negative: all are taken."
        )


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)
