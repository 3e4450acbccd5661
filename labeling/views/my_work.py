"""A grader's own work: today, in all, and everything sent, to open again."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeling.access import AuditRequest, audit_roles, coder_of_request
from labeling.models import Audit
from labeling.my_work import ACCURACY_BATCH, own_flags, sent_labels, sent_line, work_in
from labeling.planting import repeat_gap
from labeling.sealing import sealed_before
from labeling.workflow import coder_of
from projects.access import PersonRequest, signed_in
from projects.models import Membership
from projects.roles import LABELERS

PER_PAGE = 50


@require_safe
@signed_in
def my_work(request: PersonRequest) -> HttpResponse:
    """Per project and open audit: labels, time, skips, flags, and how far the audit is."""
    memberships = Membership.objects.current().filter(user=request.user, role__in=LABELERS)
    places = [place(member) for member in memberships.select_related("project")]
    context = {"places": places, "accuracy_batch": ACCURACY_BATCH}
    return render(request, "labeling/my_work.html", context)


def place(member: Membership) -> dict[str, Any]:
    coder = coder_of(member.project, member.user)
    audits = Audit.objects.open().filter(project=member.project, kind=Audit.Kind.SAMPLED)
    return {
        "project": member.project,
        "works": [work_in(audit, coder) for audit in audits.select_related("codebook")[:30]],
    }


@require_safe
@audit_roles(LABELERS)
def mine(request: AuditRequest) -> HttpResponse:
    """What the person has sent in this audit; while it is open, each to open again.

    What they chose is shown of the latest labels alone (`labeling/sealing.py`).
    """
    coder = coder_of_request(request)
    pages = Paginator(sent_labels(request.audit, coder), PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    sealed = sealed_before(request.audit, coder)
    context = {
        "audit": request.audit,
        "page": page,
        "sent": [sent_line(label, sealed_before=sealed) for label in page],
        "n_readable": repeat_gap(request.audit),
        "flags": own_flags(request.audit, coder),
    }
    return render(request, "labeling/mine.html", context)
