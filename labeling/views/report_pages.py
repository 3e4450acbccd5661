"""The report of an audit, its figures as files, the units behind them; the trend of a project."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.access import AuditRequest, audit_roles
from labeling.agreement_units import readable_units
from labeling.breakdowns import Breakdowns
from labeling.chart_shapes import Heatmap
from labeling.disagreements import disputed_units, undecided
from labeling.models import Correctness
from labeling.report_files import (
    AUDIT_FIGURES,
    Figure,
    breakdown_chart,
    csv_text,
    group_name,
    shares_chart,
    svg_text,
    trend_chart,
    trend_figure,
)
from labeling.report_json import report_as_dict
from labeling.report_words import agreement_sentence, precision_sentence
from labeling.reports import AuditData, build_report, points, report_of
from labeling.trends import trends
from labeling.unit_list import ROWS, Choice, UnitList
from projects.access import MemberRequest, project_roles
from projects.roles import LEADS, READERS

UNITS_PER_PAGE = 50
FIELDS = (("domain", "domains"), ("release", "releases"), ("model", "models"))


@require_safe
@audit_roles(READERS)
def report(request: AuditRequest) -> HttpResponse:
    """Headline, shares, grid, breakdowns, agreement: the page a release owner reads."""
    data = AuditData(request.audit)
    found = report_of(data)
    context = {
        "audit": request.audit,
        "report": found,
        "headline_points": points(found.headline),
        "chart": shares_chart(found.shares),
        "agreement_sentence": agreement_sentence(found.agreement),
        "n_waiting": undecided(disputed_units(request.audit)).count(),
        **breakdown_context(Breakdowns(data)),
    }
    return render(request, "labeling/report.html", context)


def breakdown_context(found: Breakdowns) -> dict[str, Any]:
    by_field = [(name, found.headline_by(field)) for field, name in FIELDS]
    reasons = found.reasons()
    named = [finding for finding in reasons if finding.reason]
    return {
        "unknown_because": found.unknown_because,
        "breakdowns": [
            {
                "figure": name,
                "found": breakdown,
                "rows": [(group_name(group), group) for group in breakdown.groups],
                "chart": breakdown_chart(breakdown),
                "sentence": precision_sentence([group.share for group in breakdown.groups]),
            }
            for name, breakdown in by_field
        ],
        "reasons": [(group_name(finding), finding) for finding in reasons],
        "main_reason": max(named, key=lambda finding: finding.n, default=None),
        "reason_modes": [
            found.data.mode_names.get(code, code) for code in found.data.modes.weights.columns
        ],
        "latencies": found.latencies(),
    }


@require_safe
@audit_roles(READERS)
def report_json(request: AuditRequest) -> HttpResponse:
    """The same figures as `report --json`."""
    return JsonResponse(
        report_as_dict(build_report(request.audit)), json_dumps_params={"indent": 2}
    )


@require_safe
@audit_roles(READERS)
def figure_csv(request: AuditRequest, figure: str) -> HttpResponse:
    """One table of the report with its exact numbers."""
    return csv_file(find_figure(request, figure), f"{request.audit.slug}-{figure}")


@require_safe
@audit_roles(READERS)
def figure_svg(request: AuditRequest, figure: str) -> HttpResponse:
    """One chart of the report, as a picture that needs nothing else."""
    found = find_figure(request, figure)
    source = request.audit.name
    if not isinstance(found.chart, Heatmap):
        source += " · 95% intervals"
    return svg_file(found, f"{request.audit.slug}-{figure}", source=source)


def find_figure(request: AuditRequest, name: str) -> Figure:
    if name not in AUDIT_FIGURES:
        raise Http404
    return AUDIT_FIGURES[name](AuditData(request.audit))


@require_safe
@audit_roles(READERS)
def units(request: AuditRequest) -> HttpResponse:
    """The labelled units that a cell of the grid counts, or any other choice of them."""
    data = AuditData(request.audit)
    choice = read_choice(request, set(data.mode_names))
    readable = readable_units(request.audit, request.membership.role)
    found = UnitList(data, choice, set(readable.values_list("pk", flat=True)))
    page = Paginator(found.keys, UNITS_PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "audit": request.audit,
        "choice": choice,
        "n_disputed": found.n_disputed,
        "n_waiting": found.n_waiting,
        "page": page,
        "rows": found.page(list(page.object_list)),
        "query": query.urlencode(),
        "leads": request.membership.role in LEADS,
        "thumbs": ROWS.items(),
        "verdicts": Correctness.choices,
        "modes": data.mode_names.items(),
    }
    return render(request, "labeling/units.html", context)


def read_choice(request: AuditRequest, modes: set[str]) -> Choice:
    """What the address asks for; 404 for what there is not."""
    known = {"thumb": set(ROWS), "correctness": set(Correctness.values), "mode": modes}
    asked = {name: request.GET.get(name, "") for name in known}
    if any(value and value not in known[name] for name, value in asked.items()):
        raise Http404
    return Choice(**asked, only_disputed="disputed" in request.GET)


@require_safe
@project_roles(READERS)
def trend(request: MemberRequest, project_slug: str) -> HttpResponse:
    """The headline over the closed audits of a project."""
    found = [(one, trend_chart(one)) for one in trends(request.project)]
    context = {"project": request.project, "trends": found}
    return render(request, "labeling/trend.html", context)


@require_safe
@project_roles(READERS)
def trend_csv(request: MemberRequest, project_slug: str, frame: str) -> HttpResponse:
    return csv_file(find_trend(request, frame), f"{request.project.slug}-trend-{frame}")


@require_safe
@project_roles(READERS)
def trend_svg(request: MemberRequest, project_slug: str, frame: str) -> HttpResponse:
    source = f"{request.project.name} · closed audits · 95% intervals"
    name = f"{request.project.slug}-trend-{frame}"
    return svg_file(find_trend(request, frame), name, source=source)


def find_trend(request: MemberRequest, frame: str) -> Figure:
    for found in trends(request.project):
        if found.frame == frame:
            return trend_figure(found)
    raise Http404


def csv_file(figure: Figure, name: str) -> HttpResponse:
    return attached(csv_text(figure), "text/csv; charset=utf-8", f"{name}.csv")


def svg_file(figure: Figure, name: str, *, source: str) -> HttpResponse:
    """The chart as a file; a figure that has none, or nothing to draw, does not exist as one."""
    if figure.chart is None or not figure.chart.layouts:
        raise Http404
    return attached(svg_text(figure, source=source), "image/svg+xml; charset=utf-8", f"{name}.svg")


def attached(text: str, content_type: str, name: str) -> HttpResponse:
    """A download: never shown in the place of a page, never taken for another type."""
    return HttpResponse(
        text,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
