"""The codebooks of a project: to read and print for everyone in it, to write for its leads."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeling.codebook_diff import diff
from labeling.codebook_forms import VersionForm
from labeling.codebook_versions import (
    RESERVED_KEYS,
    fingerprint,
    grows_here,
    n_labels_by_code,
    newest_version,
    next_version,
    used_codes,
)
from labeling.codebooks import default_codebook, modes_with_examples, read_modes
from labeling.models import Audit, Codebook
from labeling.reports import HEADLINE_MODE
from projects.access import MemberRequest, project_roles
from projects.errors import InputError
from projects.roles import EVERYONE, LEADS, READERS


@require_safe
@project_roles(READERS)
def codebooks(request: MemberRequest, project_slug: str) -> HttpResponse:
    """Every version of every codebook, newest first, with the audits that are under it."""
    found = Codebook.objects.filter(project=request.project).select_related("created_by")
    counted = found.annotate(n_modes=Count("modes", distinct=True))
    context = {
        "project": request.project,
        "codebooks": counted.prefetch_related("audits").order_by("name", "-version"),
        "leads": request.membership.role in LEADS,
    }
    return render(request, "labeling/codebooks.html", context)


@require_POST
@project_roles(LEADS)
def codebook_default(request: MemberRequest, project_slug: str) -> HttpResponse:
    """Make the default codebook now; otherwise the first audit makes it."""
    return redirect(*address(default_codebook(request.project)))


@require_safe
@project_roles(EVERYONE)
def codebook(request: MemberRequest, project_slug: str, name: str, version: int) -> HttpResponse:
    """One version, as graders read it and as it is printed."""
    shown = find_codebook(request, name, version)
    versions = Codebook.objects.filter(project=request.project, name=name).order_by("-version")
    role = request.membership.role
    context: dict[str, Any] = {
        "project": request.project,
        "codebook": shown,
        "modes": modes_with_examples(shown),
        "versions": versions,
        "newest": versions[0],
        "reads": role in READERS,
        "edits": role in LEADS and grows_here(shown),
    }
    if role in READERS:
        audits = Audit.objects.filter(project=request.project, codebook__name=name)
        context["audits"] = audits.filter(codebook=shown)
        context["behind"] = audits.not_closed().filter(codebook__version__lt=version)
    return render(request, "labeling/codebook.html", context)


@require_safe
@project_roles(EVERYONE)
def codebook_diff(
    request: MemberRequest, project_slug: str, name: str, version: int
) -> HttpResponse:
    """What changed from the version `with` (else the one before) to this one."""
    new = find_codebook(request, name, version)
    old = find_codebook(request, name, whole_number(request.GET.get("with") or str(version - 1)))
    changes = diff(read_modes(old), read_modes(new))
    context = {
        "project": request.project,
        "old": old,
        "new": new,
        "changes": [change for change in changes if change.kind != "same"],
        "same": [change.mode.name for change in changes if change.kind == "same"],
        "versions": Codebook.objects.filter(project=request.project, name=name).exclude(pk=new.pk),
    }
    return render(request, "labeling/codebook_diff.html", context)


@require_http_methods(["GET", "POST"])
@project_roles(LEADS)
def codebook_edit(
    request: MemberRequest, project_slug: str, name: str, version: int
) -> HttpResponse:
    """Show this version as a form, or write it as the next one and go there."""
    base = find_codebook(request, name, version)
    if not grows_here(base):
        raise Http404
    newest = newest_version(base)
    in_place = newest == base and not base.is_frozen
    form = VersionForm(
        request.POST if request.method == "POST" else None,
        known=read_modes(base),
        used=used_codes(base),
        n_labels=n_labels_by_code(base),
        initial={"seen": fingerprint(newest), "note": base.note if in_place else ""},
    )
    made = save(request, base, form) if request.method == "POST" and form.is_valid() else None
    if made:
        return redirect(*address(made))
    context = {
        "project": request.project,
        "codebook": base,
        "newest": newest,
        "in_place": in_place,
        "form": form,
        "headline_mode": HEADLINE_MODE,
        "reserved_keys": sorted(RESERVED_KEYS),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "labeling/codebook_edit.html", context, status=status)


def save(request: MemberRequest, base: Codebook, form: VersionForm) -> Codebook | None:
    removed = form.removed()
    try:
        made = next_version(
            base,
            form.written(),
            note=form.cleaned_data["note"],
            by=request.user,
            removed=removed,
            seen=form.cleaned_data["seen"],
        )
    except InputError as error:
        form.refuse(error)
        return None
    kept = sum(n for code, n in n_labels_by_code(made).items() if code in removed)
    many = "1 label keeps" if kept == 1 else f"{kept:,} labels keep"
    left = f" {many} a mode that is removed; reports go on showing it." if kept else ""
    messages.success(request, f"Codebook {made} is saved.{left}")
    return made


def address(codebook: Codebook) -> tuple[str, str, str, int]:
    """The route of a version's page, and what it is reversed with."""
    return "labeling:codebook", codebook.project.slug, codebook.name, codebook.version


def find_codebook(request: MemberRequest, name: str, version: int) -> Codebook:
    found = Codebook.objects.filter(project=request.project).select_related("project")
    return get_object_or_404(found, name=name, version=version)


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Http404 from error
