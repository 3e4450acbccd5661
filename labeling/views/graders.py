"""How each grader works, for those who read an audit; names are for those who lead the team."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling import grader_words
from labeling.access import AuditRequest, audit_roles
from labeling.grader_reports import GraderReport, GraderRow, build_grader_report
from labeling.grader_words import Figure, FlagWords
from labeling.models import Coder, Correctness, FailureMode
from projects.roles import LEADS, READERS


@dataclass(frozen=True, kw_only=True)
class ShownGrader:
    """One row of the table; `person` is empty for those who may not know it."""

    pk: int
    name: str
    person: str
    n_labels: int
    figures: list[Figure]
    flags: list[FlagWords]

    @property
    def fired(self) -> list[FlagWords]:
        return [flag for flag in self.flags if flag.fires]


@require_safe
@audit_roles(READERS)
def graders(request: AuditRequest) -> HttpResponse:
    """One row per coder: figures with intervals, and the flags that fire."""
    report = build_grader_report(request.audit)
    shown = shown_graders(request, report, report.rows)
    shown.sort(key=lambda grader: (not grader.fired, grader.person or grader.name))
    context = {
        **about(report, report.middle_n),
        "graders": shown,
        "columns": grader_words.FIGURES.values(),
    }
    return render(request, "labeling/graders.html", context)


@require_safe
@audit_roles(READERS)
def grader(request: AuditRequest, pk: int) -> HttpResponse:
    """All figures and all flags of one coder, each explained."""
    report = build_grader_report(request.audit)
    row = next((row for row in report.rows if row.pk == pk), None)
    if row is None:
        raise Http404
    (shown,) = shown_graders(request, report, (row,))
    context = {**about(report, shown.n_labels), "grader": shown}
    return render(request, "labeling/grader.html", context)


@require_safe
@audit_roles(READERS)
def graders_json(request: AuditRequest) -> HttpResponse:
    """The same figures as `graders --json`: pseudonyms, never names."""
    found = build_grader_report(request.audit).as_dict()
    return JsonResponse(found, json_dumps_params={"indent": 2})


def about(report: GraderReport, n_labels: int) -> dict[str, object]:
    return {
        "audit": report.audit,
        "any_flag": grader_words.any_flag_words(n_labels),
        "notice": grader_words.NOTICE,
        "thirds": grader_words.THIRDS if report.n_thirds else "",
    }


def shown_graders(
    request: AuditRequest, report: GraderReport, rows: tuple[GraderRow, ...]
) -> list[ShownGrader]:
    people = names_of_people(report) if request.membership.role in LEADS else {}
    named = {pseudonym: f"{person} ({pseudonym})" for pseudonym, person in people.items()}
    modes = names_of_answers(report)
    return [
        ShownGrader(
            pk=row.pk,
            name=row.quality.coder,
            person=people.get(row.quality.coder, ""),
            n_labels=row.quality.n_labels,
            figures=grader_words.figures(row.quality),
            flags=grader_words.flags(row.quality, modes=modes, people=named),
        )
        for row in rows
    ]


def names_of_answers(report: GraderReport) -> dict[str, str]:
    """Code to name, of all versions of the codebook; the latest name wins."""
    codebook = report.audit.codebook
    modes = FailureMode.objects.filter(
        codebook__project=codebook.project_id, codebook__name=codebook.name
    )
    rows = modes.order_by("codebook__version").values_list("code", "name")
    return {**dict(Correctness.choices), **dict(rows)}


def names_of_people(report: GraderReport) -> dict[str, str]:
    """Pseudonym to display name; coders of a file are no members."""
    members = Coder.objects.filter(pk__in=[row.pk for row in report.rows], user__isnull=False)
    return {
        coder.name: coder.user.display_name
        for coder in members.select_related("user")
        if coder.user
    }
