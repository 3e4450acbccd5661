"""An audit for those who read it: overview and exports; a lead may close it."""

import json
import tempfile
from pathlib import Path

from django.contrib import messages
from django.db.models import Count
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from labeling import workflow
from labeling.access import AuditRequest, audit_roles
from labeling.codebook_versions import newest_version
from labeling.disagreements import disputed_units, undecided
from labeling.exports import CONTENT_TYPES, FORMATS, SUFFIXES, counted_labels, export_labels
from labeling.flags import open_flags
from labeling.models import Audit, Label
from labeling.opening import checklist, open_audit
from labeling.reports import build_report
from projects.errors import InputError
from projects.roles import LEADS, READERS


@require_safe
@audit_roles(READERS)
def overview(request: AuditRequest) -> HttpResponse:
    """Progress, disagreements waiting, and the way to everything else."""
    audit = request.audit
    report = build_report(audit)
    leads = request.membership.role in LEADS
    context = {
        "audit": audit,
        "report": report,
        "n_flags": open_flags(audit).count() if leads else None,
        "coders": labels_by_coder(audit),
        "n_waiting": undecided(disputed_units(audit)).count(),
        "leads": leads,
        "newest_codebook": newest_version(audit.codebook),
        "checks": checklist(audit) if leads and audit.is_prepared else [],
        "labels_here": request.membership.role == "lead" and audit.is_open,
    }
    return render(request, "labeling/audit.html", context)


def labels_by_coder(audit: Audit) -> list[tuple[str, int]]:
    counted = Label.objects.counted().filter(unit__in=audit.units.drawn())
    rows = counted.values_list("coder__name")
    return list(rows.annotate(n=Count("pk")).order_by("-n")[:50])


@require_safe
@audit_roles(READERS)
def exports(request: AuditRequest) -> HttpResponse:
    """What can be downloaded, and what each file holds."""
    n_labels = counted_labels(request.audit).count()
    return render(request, "labeling/exports.html", {"audit": request.audit, "n_labels": n_labels})


@require_safe
@audit_roles(READERS)
def export(request: AuditRequest, kind: str) -> HttpResponseBase:
    """Download a label set, or its manifest with `?manifest=1`."""
    if kind not in FORMATS:
        raise Http404
    name = f"{request.audit.slug}-{kind}.{SUFFIXES.get(kind, 'csv')}"
    with tempfile.TemporaryDirectory(prefix="bd-export-") as folder:
        path = Path(folder) / name
        manifest = export_labels(request.audit, kind=kind, out=path)
        if "manifest" in request.GET:
            body = json.dumps(manifest, ensure_ascii=False, indent=2)
            return attachment(HttpResponse(body, "application/json"), f"{name}.manifest.json")
        file = path.open("rb")  # stays readable when the folder is gone
    response = FileResponse(file, content_type=CONTENT_TYPES[kind])
    response.headers["X-Content-SHA256"] = manifest["sha256"]
    return attachment(response, name)


def attachment(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@audit_roles(LEADS)
def open_for_labeling(request: AuditRequest) -> HttpResponse:
    """Graders get units from now on; a second time changes nothing."""
    try:
        open_audit(request.audit)
    except InputError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The audit is open for labeling.")
    return redirect("labeling:audit", request.audit.slug)


@require_POST
@audit_roles(LEADS)
def close(request: AuditRequest) -> HttpResponse:
    """No more labels; reopen undoes it."""
    workflow.close_audit(request.audit)
    return redirect("labeling:audit", request.audit.slug)


@require_POST
@audit_roles(LEADS)
def reopen(request: AuditRequest) -> HttpResponse:
    workflow.reopen_audit(request.audit)
    return redirect("labeling:audit", request.audit.slug)
