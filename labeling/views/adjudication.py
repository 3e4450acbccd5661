"""The lead decides where coders disagree: labels side by side, without names, with a reason."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from labeling import workflow
from labeling.access import AuditRequest, audit_roles
from labeling.disagreements import anonymous_labels, disputed_units, waiting_units
from labeling.judgment_forms import AdjudicationForm
from labeling.models import Adjudication, Correctness, Unit
from labeling.shown import what_graders_see, what_the_user_said
from projects.errors import InputError
from projects.roles import LEADS


@require_safe
@audit_roles(LEADS)
def queue(request: AuditRequest) -> HttpResponse:
    """The first unit that waits for a decision; when none does, the decisions so far."""
    first = waiting_units(request.audit).first()
    if first:
        return redirect("labeling:adjudicate", request.audit.slug, first.token)
    decided = Adjudication.objects.current().filter(unit__audit=request.audit)
    context = {
        "audit": request.audit,
        "n_disputed": disputed_units(request.audit).count(),
        "decisions": decided.select_related("unit", "failure_mode").order_by("-created_at")[:200],
    }
    return render(request, "labeling/adjudicated.html", context)


@require_http_methods(["GET", "POST"])
@audit_roles(LEADS)
def adjudicate(request: AuditRequest, token: str) -> HttpResponse:
    """Show one disputed unit, or take the lead's decision and go to the next."""
    unit = (
        disputed_units(request.audit)
        .select_related("output__content", "stratum")
        .filter(token=token)
        .first()
    )
    if unit is None:
        raise Http404
    unit.audit = request.audit
    form = AdjudicationForm(
        request.POST if request.method == "POST" else None, audit=request.audit, unit=unit
    )
    if request.method == "POST" and form.is_valid() and decide(request, unit, form):
        return redirect("labeling:adjudication", request.audit.slug)
    context = page_context(request, unit, form)
    return render(request, "labeling/adjudicate.html", context, status=422 if form.errors else 200)


def decide(request: AuditRequest, unit: Unit, form: AdjudicationForm) -> bool:
    try:
        workflow.adjudicate(
            unit=unit,
            lead=request.user,
            judgment=form.judgment(),
            reason=form.cleaned_data["reason"],
        )
    except InputError as error:
        form.refuse(error)
        return False
    messages.success(request, f"Decision on {unit.name} recorded; the labels stay as they are.")
    return True


def page_context(request: AuditRequest, unit: Unit, form: AdjudicationForm) -> dict[str, Any]:
    return {
        "audit": request.audit,
        "unit": unit,
        "shown": what_graders_see(unit, request.audit),
        "said": what_the_user_said(unit),
        "labels": anonymous_labels(unit),
        "form": form,
        "verdicts": Correctness.choices,
        "modes": request.audit.codebook.modes.all(),
        "asks_mode": unit.asks_mode,
        "decision": Adjudication.objects.current().filter(unit=unit).first(),
        "n_waiting": waiting_units(request.audit).count(),
    }
