"""A lead's page of gold and training units: what is known, how it was answered, one more."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from labeling import planting
from labeling.access import AuditRequest, audit_roles
from labeling.gold_list import MOST_DECISIONS, decisions_on_offer, gold_rows
from labeling.judgment_forms import GoldForm
from labeling.models import Correctness, Gold
from projects.errors import InputError
from projects.roles import LEADS


@require_http_methods(["GET", "POST"])
@audit_roles(LEADS)
def gold(request: AuditRequest) -> HttpResponse:
    """List the units and add one; `?decision=TOKEN` fills the form from a lead's decision."""
    if request.audit.is_imported:
        raise Http404
    form = GoldForm(request.POST if request.method == "POST" else None, audit=request.audit)
    if request.method == "POST" and form.is_valid():
        try:
            added = planting.add_gold(**form.cleaned_data, audit=request.audit, by=request.user)
        except InputError as error:
            form.refuse(error)
        else:
            what = "training" if added.is_training else "gold"
            messages.success(request, f"{added.unit.name} is a {what} unit now.")
            return redirect("labeling:gold", request.audit.slug)
    return show(request, form)


def show(request: AuditRequest, form: GoldForm) -> HttpResponse:
    audit = request.audit
    offered = decisions_on_offer(audit)
    context: dict[str, Any] = {
        "audit": audit,
        "rows": gold_rows(audit),
        "decisions": offered[:MOST_DECISIONS],
        "form": form,
        "filled": form.data or prefilled(request),
        "verdicts": Correctness.choices,
        "modes": audit.codebook.modes.all(),
    }
    return render(request, "labeling/gold.html", context, status=422 if form.errors else 200)


def prefilled(request: AuditRequest) -> dict[str, str]:
    """The fields of the decision that the address names; its mode by code, if this book has it."""
    token = request.GET.get("decision", "")
    decision = decisions_on_offer(request.audit).filter(unit__token=token).first()
    if decision is None or decision.unit.output is None:
        return {}
    return {
        "unit": decision.unit.output.external_id,
        "correctness": decision.correctness,
        "label": decision.failure_mode.code if decision.failure_mode else "",
        "explanation": decision.reason,
    }


@require_POST
@audit_roles(LEADS)
def retire(request: AuditRequest, token: str) -> HttpResponse:
    """Plant a unit no more; its answers so far stay."""
    found = Gold.objects.filter(unit__audit=request.audit, unit__token=token).first()
    if found is None:
        raise Http404
    planting.retire(found)
    messages.success(request, f"{found.unit.name} is retired.")
    return redirect("labeling:gold", request.audit.slug)
