"""How many units an audit needs: for a margin, for a decision of the gate, and in hours of work."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Self

from django.utils import timezone

from analysis.estimates import Estimate
from analysis.gate import Decision, decide
from analysis.gate_plan import (
    GatePlan,
    OperatingCharacteristic,
    UnitsToDecide,
    hours_of_work,
    operating_characteristics,
    units_for_decision,
    units_still_to_decide,
)
from analysis.planner import margin_for_units, units_for_margin
from analysis.shares import Share
from feedback.frame_source import DatabaseSource
from feedback.frame_strata import read_frame
from labeling.effort import seconds_per_label
from labeling.reports import Report
from projects.errors import InputError
from projects.models import Project
from release.gate import FRAMES, newest_finished_report
from release.policy import DEFAULT_POLICY, Policy

SIZES = (100, 200, 400, 800)
TRUTHS = (0.02, 0.05, 0.08, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
GUESS = 0.30
"""The share that is assumed where no audit has found one."""
GUESSED_FRAME = 1_000
"""The frame that is assumed where there is no negative feedback."""
LARGEST_FRAME = 10**9
MOST_UNITS = 20_000
"""As far as the search for a number of units goes, too."""


def written(value: float) -> str:
    """A number as it was typed; a whole one may be larger than any float."""
    return str(value) if isinstance(value, int) else f"{value:g}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the newest finished audit shows (None: there is none), and the frame there is today."""

    report: Report | None
    n_frame: int
    seconds: Sequence[float]

    @classmethod
    def of(cls, project: Project) -> Self:
        report = newest_finished_report(project)
        now = DatabaseSource(project, timezone.now())
        return cls(
            report=report,
            n_frame=read_frame(now, "negative", "").n_negative,
            seconds=seconds_per_label(report.audit) if report else (),
        )

    def assumptions(self, policy: Policy = DEFAULT_POLICY) -> "Assumptions":
        """What is assumed until somebody says otherwise."""
        n_frame = self.n_frame or GUESSED_FRAME
        first = Assumptions(n_frame=n_frame, low=policy.low, high=policy.high)
        if self.report is None or self.report.headline.value is None:
            return first
        future = self.report.headline_for_future
        return replace(
            first,
            truth=round(self.report.headline.value, 3),
            deff=min(round(future.n / future.n_eff, 2), 100.0) if future.n_eff else 1.0,
            completion=max(round(self.report.n_labelled / self.report.n_sampled, 3), 0.01),
            coders=self.report.audit.coders_per_unit,
        )


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What a plan rests on; shares, limits and chances are fractions, `units` None: several."""

    n_frame: int
    margin: float = 0.05
    truth: float = GUESS
    low: float = DEFAULT_POLICY.low
    high: float = DEFAULT_POLICY.high
    units: int | None = None
    coders: int = 3
    deff: float = 1.0
    completion: float = 1.0
    sensitivity: float = 1.0
    specificity: float = 1.0

    def check(self) -> None:
        """Refuse what no plan can be made for, by the name of the field."""
        most = min(self.n_frame, MOST_UNITS)
        rules = (
            ("n_frame", 1 <= self.n_frame <= LARGEST_FRAME, f"1 to {LARGEST_FRAME:,} outputs"),
            ("margin", 0.001 <= self.margin < 0.5, "from 0.1 to below 50 points"),
            ("truth", 0 <= self.truth <= 1, "a share from 0% to 100%"),
            ("low", 0 <= self.low <= 1, "a share from 0% to 100%"),
            ("high", self.low <= self.high <= 1, "a share from the lower limit to 100%"),
            ("units", self.units is None or 1 <= self.units <= most, f"1 to {most:,} units"),
            ("coders", 1 <= self.coders <= 50, "1 to 50 coders per unit"),
            ("deff", 0.1 <= self.deff <= 100, "a design effect from 0.1 to 100"),
            ("completion", 0.01 <= self.completion <= 1, "1% to 100%"),
            ("sensitivity", 0 <= self.sensitivity <= 1, "0% to 100%"),
            ("specificity", 0 <= self.specificity <= 1, "0% to 100%"),
        )
        for name, holds, expected in rules:
            if not holds:
                raise InputError(
                    f"{name}: expected {expected}, got {written(getattr(self, name))}."
                )

    @property
    def gate_plan(self) -> GatePlan:
        return GatePlan(
            low=self.low,
            high=self.high,
            n_frame=self.n_frame,
            deff=self.deff,
            completion=self.completion,
            sensitivity=self.sensitivity,
            specificity=self.specificity,
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Units for the margin and for the decision, what each costs, and how often the gate decides.

    ``characteristics`` holds, for each number of units, one entry per true share.
    """

    assumed: Assumptions
    for_margin: int
    hours_for_margin: Estimate
    for_decision: UnitsToDecide
    hours_for_decision: Estimate | None
    margin_of_units: float | None
    characteristics: tuple[tuple[OperatingCharacteristic, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        hours = self.hours_for_decision
        return {
            "assumed": asdict(self.assumed),
            "margin": {"units": self.for_margin, "hours": self.hours_for_margin.as_dict()},
            "decision": {
                **asdict(self.for_decision),
                "hours": hours.as_dict() if hours else None,
            },
            "margin_of_units": self.margin_of_units,
            "operating_characteristics": [
                asdict(entry) for of_size in self.characteristics for entry in of_size
            ],
        }


def make_plan(assumed: Assumptions, seconds: Sequence[float]) -> Plan:
    """Plan under these assumptions, with the measured active seconds of labels.

    Raises
    ------
    InputError
        An assumption is out of its range.
    """
    assumed.check()
    gate = assumed.gate_plan
    observed = gate.observed(assumed.truth)
    sampling = (assumed.n_frame, assumed.deff, assumed.completion)
    for_margin = units_for_margin(observed, assumed.margin, *sampling)
    decision = units_for_decision(assumed.truth, gate)
    sizes = [assumed.units] if assumed.units else sizes_to_show(assumed.n_frame, for_margin)
    truths = sorted({*TRUTHS, assumed.truth})

    def hours(units: int) -> Estimate:
        return hours_of_work(units, coders_per_unit=assumed.coders, seconds=seconds)

    return Plan(
        assumed=assumed,
        for_margin=for_margin,
        hours_for_margin=hours(for_margin),
        for_decision=decision,
        hours_for_decision=None if decision.units is None else hours(decision.units),
        margin_of_units=(
            margin_for_units(observed, assumed.units, *sampling) if assumed.units else None
        ),
        characteristics=tuple(operating_characteristics(n, truths, gate) for n in sizes),
    )


def sizes_to_show(n_frame: int, for_margin: int) -> list[int]:
    """Round numbers that the frame holds, and the number for the margin."""
    return sorted({min(for_margin, MOST_UNITS), *(n for n in SIZES if n <= n_frame)})


@dataclass(frozen=True, kw_only=True)
class ToDecide:
    """What stands between a report and a decision of the gate.

    ``n_drawn`` is how many drawn units have no label yet. ``by_now`` is what the interval decides
    that may be looked at every day; None where the audit has none.
    """

    policy: Policy
    more: UnitsToDecide
    hours: Estimate | None
    n_drawn: int
    by_now: Decision | None

    @property
    def may_stop(self) -> bool:
        return self.by_now is not None and self.by_now.state in ("PASS", "STOP")


def to_decide(report: Report, policy: Policy = DEFAULT_POLICY) -> ToDecide | None:
    """How many more units to label; None for a share that the gate does not judge."""
    audit = report.audit
    if audit.is_imported or audit.frame not in FRAMES or report.headline.value is None:
        return None
    gate = GatePlan(low=policy.low, high=policy.high, n_frame=report.headline.n_frame)
    more = more_units(report.headline_for_future, gate)
    hours = None
    if more.units:
        seconds = seconds_per_label(audit)
        hours = hours_of_work(more.units, coders_per_unit=audit.coders_per_unit, seconds=seconds)
    return ToDecide(
        policy=policy,
        more=more,
        hours=hours,
        n_drawn=report.n_sampled - report.n_labelled,
        by_now=decide_by_now(report, policy),
    )


def decision_as_dict(report: Report) -> dict[str, Any] | None:
    """The decision line of the report page, for its JSON."""
    found = to_decide(report)
    if found is None:
        return None
    return {
        **asdict(found.more),
        "low_limit": found.policy.low,
        "high_limit": found.policy.high,
        "hours": found.hours.as_dict() if found.hours else None,
        "n_without_label": found.n_drawn,
        "may_stop": found.may_stop,
    }


@lru_cache(maxsize=256)
def more_units(headline: Share, gate: GatePlan) -> UnitsToDecide:
    """Kept, since a share close to a limit takes seconds and every reader of a report asks."""
    return units_still_to_decide(headline, gate)


def decide_by_now(report: Report, policy: Policy) -> Decision | None:
    if report.anytime is None or report.anytime.share.value is None:
        return None
    return decide(
        report.anytime.share,
        report.agreement.alpha,
        low=policy.low,
        high=policy.high,
        alpha_floor=policy.alpha_floor,
    )
