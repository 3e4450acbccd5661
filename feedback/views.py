"""Feedback in: what is there, a file on its way, and its receipt. For leads and admins."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback import ingest, staging
from feedback.forms import MappingForm, PolarityForm, UploadForm, preview
from feedback.models import INSTRUMENTS, Feedback, Import, Output, RejectedRow
from feedback.receipts import mapping_remarks, receipt
from feedback.spreadsheet import neutralise
from projects.access import MemberRequest, project_roles
from projects.errors import InputError
from projects.models import Project
from projects.roles import LEADS

STEP_SECONDS = 0.8
STEP_ROWS = 1000
UNFINISHED = (Import.Status.UPLOADED, Import.Status.MAPPED)


@require_safe
@project_roles(LEADS)
def index(request: MemberRequest, project_slug: str) -> HttpResponse:
    """What is in, by release, and the imports with their receipts."""
    releases = by_release(request.project)
    total = {key: sum(row[key] for row in releases) for key in ("n", "n_rated", "n_negative")}
    total["n_unrated"] = total["n"] - total["n_rated"]
    imports = request.project.imports.select_related("created_by")[:50]
    context = {"project": request.project, "releases": releases, "total": total, "imports": imports}
    return render(request, "feedback/index.html", context)


def by_release(project: Project) -> list[dict[str, Any]]:
    """Count outputs, rated and negatively rated outputs of each release."""
    rated = Feedback.objects.current().filter(channel__in=INSTRUMENTS, output__project=project)
    counts = rated.values(name=F("output__release")).annotate(
        n_rated=Count("output", distinct=True),
        n_negative=Count("output", distinct=True, filter=Q(is_negative=True)),
    )
    by_name = {row["name"]: row for row in counts}
    none = {"n_rated": 0, "n_negative": 0}
    outputs = Output.objects.filter(project=project).values("release").annotate(n=Count("pk"))
    return [
        {"release": row["release"], "n": row["n"], **(by_name.get(row["release"]) or none)}
        for row in outputs.order_by("release")
    ]


@require_http_methods(["GET", "POST"])
@project_roles(LEADS)
def upload(request: MemberRequest, project_slug: str) -> HttpResponse:
    """Take a file; what it cannot be read for is said beside the field."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        staging.forget_abandoned(request.project)
        try:
            source = staging.stage(
                file, name=file.name, project=request.project, created_by=request.user
            )
            source.save()
            return redirect("feedback:import", project_slug, source.pk)
        except InputError as error:
            form.add_error("file", f"{staging.clean_name(file.name)}: {error}")
    status = 422 if form.errors else 200
    context = {"project": request.project, "form": form}
    return render(request, "feedback/upload.html", context, status=status)


@require_http_methods(["GET", "POST"])
@project_roles(LEADS)
def show_import(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """The step this import stands at: mapping, polarity, progress or receipt."""
    source = find_import(request, pk)
    if source.status == Import.Status.MAPPED and "rating" in source.mapping:
        if request.GET.get("step") == "mapping":
            return mapping_step(request, source)
        return polarity_step(request, source)
    if source.status in UNFINISHED:
        return mapping_step(request, source)
    if request.method == "POST":  # sent twice, or from a page that is out of date
        return redirect("feedback:import", project_slug, pk)
    return show_progress(request, source, "feedback/import.html")


def find_import(request: MemberRequest, pk: int) -> Import:
    imports = request.project.imports.select_related("project", "created_by")
    return get_object_or_404(imports, pk=pk)


def mapping_step(request: MemberRequest, source: Import) -> HttpResponse:
    form = MappingForm(source, request.POST if request.method == "POST" else None)
    if form.is_valid():
        source.mapping = form.cleaned_data["mapping"]
        if "rating" in source.mapping:
            unfinished = Import.objects.filter(pk=source.pk, status__in=UNFINISHED)
            unfinished.update(mapping=source.mapping, status=Import.Status.MAPPED)
        else:
            start_once(source)
        return redirect("feedback:import", request.project.slug, source.pk)
    known = request.project.imports.filter(sha256=source.sha256, status=Import.Status.DONE)
    context = {
        "project": request.project,
        "import": source,
        "form": form,
        "preview": preview(source),
        "same_file": known.first(),
    }
    status = 422 if form.errors else 200
    return render(request, "feedback/mapping.html", context, status=status)


def polarity_step(request: MemberRequest, source: Import) -> HttpResponse:
    form = PolarityForm(source, request.POST if request.method == "POST" else None)
    if form.is_valid():
        source.negative_values = form.cleaned_data["polarity"].as_list()
        start_once(source)
        return redirect("feedback:import", request.project.slug, source.pk)
    context = {
        "project": request.project,
        "import": source,
        "form": form,
        "remarks": mapping_remarks(source),
    }
    status = 422 if form.errors else 200
    return render(request, "feedback/polarity.html", context, status=status)


@transaction.atomic
def start_once(source: Import) -> None:
    """Start the import unless another click was faster."""
    current = Import.objects.select_for_update().get(pk=source.pk)
    if current.status in UNFINISHED:
        ingest.start(source)


@require_POST
@project_roles(LEADS)
def step(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """Take in rows for about a second, and say how far it is."""
    source = find_import(request, pk)
    if source.status == Import.Status.RUNNING:
        source = ingest.take_in(source, max_seconds=STEP_SECONDS, max_rows=STEP_ROWS)
    if request.headers.get("HX-Request") == "true":
        return show_progress(request, source, "feedback/_progress.html")
    return redirect("feedback:import", project_slug, pk)


def show_progress(request: MemberRequest, source: Import, template: str) -> HttpResponse:
    is_over = source.status != Import.Status.RUNNING
    context = {
        "project": request.project,
        "import": source,
        "receipt": receipt(source) if is_over else None,
    }
    return render(request, template, context)


@require_POST
@project_roles(LEADS)
def discard(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """Forget a file of which no row was taken yet."""
    source = find_import(request, pk)
    deleted, _ = request.project.imports.filter(pk=pk, status__in=UNFINISHED).delete()
    if deleted:
        staging.discard(source)
    return redirect("feedback:index", project_slug)


@require_safe
@project_roles(LEADS)
def rejected_csv(request: MemberRequest, project_slug: str, pk: int) -> StreamingHttpResponse:
    """Lines, reasons and rows as a table that a spreadsheet will not run (see `restore`)."""
    source = find_import(request, pk)
    response = StreamingHttpResponse(csv_lines(source), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejected-{source.pk}.csv"'
    return response


class Echo:
    """A file whose `write` gives back what it was given: csv then yields its lines."""

    def write(self, line: str) -> str:
        return line


def csv_lines(source: Import) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(["line", "reason", "row"])
    rows = RejectedRow.objects.filter(source=source).values_list("line", "reason", "raw")
    for row in rows.iterator(chunk_size=500):
        yield writer.writerow([neutralise(cell) for cell in row])
