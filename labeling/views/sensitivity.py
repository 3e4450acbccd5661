"""How coders' error could move the shares: on a page of its own, beside the report."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.access import AuditRequest, audit_roles
from labeling.reports import build_report
from labeling.sensitivity import build_sensitivity
from projects.roles import READERS


@require_safe
@audit_roles(READERS)
def sensitivity(request: AuditRequest) -> HttpResponse:
    """Dawid-Skene and Rogan-Gladen lines beside the shares, or why there are none."""
    found = build_sensitivity(build_report(request.audit))
    context = {"audit": request.audit, "report": found.report, "found": found}
    return render(request, "labeling/sensitivity.html", context)
