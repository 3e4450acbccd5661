"""The judges of an audit's project beside the humans of the audit, for those who read it."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.judges import JudgeQuality
from labeling.access import AuditRequest, audit_roles
from labeling.judge_files import judge_figure, judges_figure, share_chart
from labeling.judge_reports import JudgeReport, build_judge_report, build_judges_report
from labeling.models import Audit, Correctness, Judge
from labeling.reports import AuditData
from labeling.views.report_pages import csv_file, svg_file
from projects.roles import READERS

AMONG = {"human": "human judges", "model": "models", "rubric": "rubrics"}


@require_safe
@audit_roles(READERS)
def judges(request: AuditRequest) -> HttpResponse:
    """One table per kind, one row per judge: kinds are never pooled."""
    report = build_judges_report(request.audit)
    groups = [
        (kind.label, [found for found in report.judges if found.judge.kind == kind])
        for kind in Judge.Kind
    ]
    context = {
        "audit": request.audit,
        "report": report,
        "groups": [(name, found) for name, found in groups if found],
        "among": [(AMONG[found.kind], found) for found in report.among],
    }
    return render(request, "labeling/judges.html", context)


@require_safe
@audit_roles(READERS)
def judge(request: AuditRequest, pk: int) -> HttpResponse:
    """All figures of one judge, and the prompt or rubric it was given."""
    found = find_report(request.audit, pk)
    context = {
        "audit": request.audit,
        "found": found,
        "verdicts": named(found.quality, dict(Correctness.choices)),
        "modes": named(found.modes, AuditData(request.audit).mode_names) if found.modes else [],
        "matrix": [
            (dict(Correctness.choices)[row[0].human], row) for row in found.quality.confusion
        ],
        "labels": [dict(Correctness.choices)[label] for label in found.quality.labels],
        "chart": share_chart(found.share) if found.share else None,
    }
    return render(request, "labeling/judge.html", context)


@require_safe
@audit_roles(READERS)
def judge_csv(request: AuditRequest, pk: int) -> HttpResponse:
    """All figures of one judge with their exact numbers."""
    found = find_report(request.audit, pk)
    return csv_file(judge_figure(found), file_name(found, request.audit))


@require_safe
@audit_roles(READERS)
def judge_svg(request: AuditRequest, pk: int) -> HttpResponse:
    """The share with and without the judge, as a picture that needs nothing else."""
    found = find_report(request.audit, pk)
    source = f"{request.audit.name} · 95% intervals"
    return svg_file(judge_figure(found), file_name(found, request.audit), source=source)


def file_name(found: JudgeReport, audit: Audit) -> str:
    return f"{audit.slug}-judge-{found.judge.name}"


def find_report(audit: Audit, pk: int) -> JudgeReport:
    found = build_judge_report(audit, pk)
    if found is None:
        raise Http404
    return found


@require_safe
@audit_roles(READERS)
def judges_csv(request: AuditRequest) -> HttpResponse:
    """All figures of all judges with their exact numbers."""
    figure = judges_figure(build_judges_report(request.audit))
    return csv_file(figure, f"{request.audit.slug}-judges")


@require_safe
@audit_roles(READERS)
def judges_json(request: AuditRequest) -> HttpResponse:
    """The same figures as `judges --json`."""
    found = build_judges_report(request.audit).as_dict()
    return JsonResponse(found, json_dumps_params={"indent": 2})


def named(quality: JudgeQuality, names: dict[str, str]) -> list[tuple[str, object]]:
    """Each label's figures with its name; labels that nobody used are left out."""
    return [
        (names.get(entry.label, entry.label), entry)
        for entry in quality.per_label
        if entry.n_human or entry.n_judge
    ]
