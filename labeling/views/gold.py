"""A lead's page of gold and training units: what is known, how it was answered, one more."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from labeling import planting
from labeling.access import AuditRequest, audit_roles
from labeling.gold_candidates import (
    decisions_on_offer,
    find_outputs,
    free_outputs,
    unanimous_units,
)
from labeling.gold_list import gold_rows
from labeling.judgment_forms import GoldForm
from labeling.models import Audit, Correctness, Gold
from projects.errors import InputError
from projects.roles import LEADS

MOST_DECISIONS = 20


@require_http_methods(["GET", "POST"])
@audit_roles(LEADS)
def gold(request: AuditRequest) -> HttpResponse:
    """List the units and add one.

    `?search=WORDS` finds outputs; `?decision=TOKEN`, `?unanimous=TOKEN` and `?output=ID` fill the
    form from a lead's decision, from labels that are all the same, and with an output alone.
    """
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
    search = request.GET.get("search", "")[:200]
    context: dict[str, Any] = {
        "audit": audit,
        "rows": gold_rows(audit),
        "search": search,
        "found": find_outputs(audit, search),
        "decisions": decisions_on_offer(audit)[:MOST_DECISIONS],
        "unanimous": unanimous_units(audit),
        "form": form,
        "filled": form.data or prefilled(request),
        "verdicts": Correctness.choices,
        "modes": audit.codebook.modes.all(),
    }
    return render(request, "labeling/gold.html", context, status=422 if form.errors else 200)


def prefilled(request: AuditRequest) -> dict[str, str]:
    """The fields of what the address names; its mode by code, if this book has it."""
    named = {name: request.GET.get(name, "") for name in FILLED_FROM}
    name = next((name for name, value in named.items() if value), "")
    return FILLED_FROM[name](request.audit, named[name]) if name else {}


def from_decision(audit: Audit, token: str) -> dict[str, str]:
    decision = decisions_on_offer(audit).filter(unit__token=token).first()
    if decision is None or decision.unit.output is None:
        return {}
    return {
        "unit": decision.unit.output.external_id,
        "correctness": decision.correctness,
        "label": decision.failure_mode.code if decision.failure_mode else "",
        "explanation": decision.reason,
    }


def from_labels(audit: Audit, token: str) -> dict[str, str]:
    for unit in unanimous_units(audit, token=token):
        return {"unit": unit.name, "correctness": unit.correctness, "label": unit.mode}
    return {}


def from_search(audit: Audit, external_id: str) -> dict[str, str]:
    is_free = free_outputs(audit).filter(external_id=external_id).exists()
    return {"unit": external_id} if is_free else {}


FILLED_FROM: dict[str, Callable[[Audit, str], dict[str, str]]] = {
    "decision": from_decision,
    "unanimous": from_labels,
    "output": from_search,
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
