"""The codebook versions of one audit: its labels by version, and its way to a later one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from labeling.access import AuditRequest, audit_roles
from labeling.agreement_units import readable_units
from labeling.codebook_versions import adopt
from labeling.disagreements import disputed_units
from labeling.gold_list import planted_stock
from labeling.models import Codebook
from labeling.opening import outdated
from labeling.version_figures import older_labels, summary, version_figures
from labeling.views.codebooks import whole_number
from projects.errors import InputError
from projects.roles import LEADS, READERS

PAGE = 100


@require_safe
@audit_roles(READERS)
def versions(request: AuditRequest) -> HttpResponse:
    """Agreement before and after each version, and the labels that an older one gave."""
    audit = request.audit
    figures = version_figures(audit)
    readable = readable_units(audit, request.membership.role)
    page = Paginator(older_labels(audit).filter(unit__in=readable), PAGE).get_page(
        request.GET.get("page")
    )
    units = {label.unit_id for label in page}
    may_open = disputed_units(audit).filter(pk__in=units)
    context = {
        "audit": audit,
        "figures": figures,
        "sentences": summary(figures),
        "page": page,
        "decidable": set(may_open.values_list("pk", flat=True))
        if request.membership.role in LEADS
        else set(),
    }
    return render(request, "labeling/versions.html", context)


@require_POST
@audit_roles(LEADS)
def move_on(request: AuditRequest) -> HttpResponse:
    """Let the audit go on under a later version of its codebook."""
    audit = request.audit
    before = audit.codebook
    later = get_object_or_404(
        Codebook,
        project=audit.project,
        name=before.name,
        version=whole_number(request.POST.get("version", "")),
    )
    try:
        adopt(audit, later)
    except InputError as error:
        messages.error(request, str(error))
    else:
        told = f"“{audit.name}” goes on under {later}. Labels so far keep {before}."
        messages.success(request, told)
        audit.refresh_from_db()
        if n_outdated := planted_stock(audit).n_outdated:
            messages.warning(request, outdated(n_outdated))
    return redirect("labeling:audit", audit.slug)
