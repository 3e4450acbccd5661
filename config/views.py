"""The demo's own page: what an audit estimated beside what is known to be true."""

from collections import Counter
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.shares import Share
from config.demo import known_truth, seed_of_demo
from labeling.access import AuditRequest, audit_roles
from labeling.reliability import CANNOT_TELL
from labeling.reports import HEADLINE_MODE, Report, build_report
from projects.roles import READERS


@dataclass(frozen=True, kw_only=True)
class TruthRow:
    """One share: known from the generator, and estimated from the labels."""

    name: str
    n_true: int
    n_frame: int
    estimate: Share

    @property
    def truth(self) -> float:
        return self.n_true / self.n_frame

    @property
    def is_inside(self) -> bool:
        low, high = self.estimate.low, self.estimate.high
        return low is not None and high is not None and low <= self.truth <= high


@require_safe
@audit_roles(READERS)
def truth(request: AuditRequest) -> HttpResponse:
    """Each share with its interval beside the truth; outside the demo nobody knows that."""
    seed = seed_of_demo(request.audit)
    if seed is None:
        raise Http404
    report = build_report(request.audit)
    rows = truth_rows(report, seed)
    context = {
        "audit": request.audit,
        "report": report,
        "headline": next(row for row in rows if row.name == "Unwelcome but correct"),
        "rows": rows,
        "by_release": truth_by_release(report, seed),
        "n_inside": sum(row.is_inside for row in rows),
    }
    return render(request, "labeling/truth.html", context)


def truth_rows(report: Report, seed: int) -> list[TruthRow]:
    down = [output for output in known_truth(seed).outputs if output.thumb == "down"]
    true = Counter(output.failure_mode for output in down)
    return [
        TruthRow(name=mode.name, n_true=true[mode.code], n_frame=len(down), estimate=mode.share)
        for mode in report.shares
        if mode.code != CANNOT_TELL
    ]


def truth_by_release(report: Report, seed: int) -> list[TruthRow]:
    down = [output for output in known_truth(seed).outputs if output.thumb == "down"]
    rows = []
    for part in report.by_stratum:
        inside = [output for output in down if part.name.endswith(output.release)]
        n_true = sum(output.failure_mode == HEADLINE_MODE for output in inside)
        name = f"Unwelcome but correct, {part.name}"
        rows.append(TruthRow(name=name, n_true=n_true, n_frame=len(inside), estimate=part.share))
    return rows
