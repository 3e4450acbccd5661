"""May this release ship? One state with its reasons, from the newest finished audit."""

from dataclasses import dataclass
from typing import Any

from analysis.gate import decide
from labeling.models import Audit
from labeling.reports import Report, build_report
from projects.models import Project
from release.policy import DEFAULT_POLICY, Policy

FRAMES = (Audit.Frame.NEGATIVE, Audit.Frame.BOTTOM_DECILE, Audit.Frame.RATED)
"""The frames whose headline is a share of negative ratings."""

EXIT_CODES = {"PASS": 0, "HOLD": 10, "STOP": 20, "UNKNOWN": 30}


@dataclass(frozen=True, kw_only=True)
class GateVerdict:
    """State, reasons in words, and the headline it rests on (None: there is none)."""

    state: str
    reasons: tuple[str, ...]
    policy: Policy
    report: Report | None

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.state]

    def as_dict(self) -> dict[str, Any]:
        headline = None
        if self.report:
            audit = {"audit": self.report.audit.slug}
            headline = self.report.headline_for_future.as_dict() | audit
        return {
            "state": self.state,
            "reasons": list(self.reasons),
            "policy_version": self.policy.version,
            "headline": headline,
        }


def judge_release(project: Project, *, policy: Policy = DEFAULT_POLICY) -> GateVerdict:
    """Judge by the interval without finite population: the verdict is about what comes next."""
    report = newest_finished_report(project)
    if report is None:
        reason = "No audit of negative feedback is finished: nothing is known about this release."
        return GateVerdict(state="UNKNOWN", reasons=(reason,), policy=policy, report=None)
    found = decide(
        report.headline_for_future,
        report.agreement.alpha,
        low=policy.low,
        high=policy.high,
        alpha_floor=policy.alpha_floor,
    )
    state, doubts = found.state, []
    if report.headline_for_future.too_imprecise:
        doubts.append(f"Too imprecise: {report.headline_for_future.too_imprecise}.")
        state = "HOLD" if state == "PASS" else state
    if report.n_labelled < report.n_sampled:
        doubts.append(f"Only {report.n_labelled:,} of {report.n_sampled:,} units are labelled.")
    source = f"From audit {report.audit.slug}, {report.n_labelled:,} units labelled."
    return GateVerdict(
        state=state, reasons=(*found.reasons, *doubts, source), policy=policy, report=report
    )


def newest_finished_report(project: Project) -> Report | None:
    """The newest audit that is closed, or whose every sampled unit is labelled.

    An audit that is still being labelled is not asked: who looks every day would stop at the
    luckiest day.
    """
    audits = Audit.objects.filter(project=project, frame__in=FRAMES)
    for audit in audits.select_related("codebook", "project").order_by("-created_at", "-pk"):
        report = build_report(audit)
        if report.n_labelled and (audit.is_closed or report.n_complete == report.n_sampled):
            return report
    return None
