"""The grader's desk: one unit at a time, blind verdict first, then the reveal and the mode.

For htmx each step is one request that answers with the next state of `_unit.html`; without
JavaScript the same forms post, redirect and show the whole page.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from labeling import seating, workflow
from labeling.access import AuditRequest, audit_roles, coder_of_request
from labeling.judgment_forms import JudgmentForm, SkipForm, VerdictForm
from labeling.models import (
    Audit,
    Coder,
    Correctness,
    FailureMode,
    Label,
    Seat,
    Skip,
    Unit,
    Verdict,
)
from labeling.queue import explain_empty_queue
from labeling.shown import what_graders_see, what_the_user_said
from labeling.training import must_train
from projects.errors import InputError
from projects.roles import LABELERS

P = ParamSpec("P")


def takes_answers(
    view: Callable[Concatenate[AuditRequest, P], HttpResponse],
) -> Callable[..., HttpResponseBase]:
    """A labeler's POST. Opened as a page (after signing in again, say) it leads to the desk."""

    @require_http_methods(["GET", "POST"])
    @vary_on_headers("HX-Request")
    @audit_roles(LABELERS)
    def posted(request: AuditRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST":
            return view(request, *args, **kwargs)
        return redirect("labeling:desk", request.audit.slug)

    return wraps(view)(posted)


@require_GET
@vary_on_headers("HX-Request")
@audit_roles(LABELERS)
def desk(request: AuditRequest) -> HttpResponse:
    """The coder's open unit, or the next one; an empty queue says why."""
    coder = coder_of_request(request)
    if request.audit.is_open and must_train(request.audit, coder):
        return redirect("labeling:training", request.audit.slug)
    return show_next(request, coder)


@require_GET
@vary_on_headers("HX-Request")
@audit_roles(LABELERS)
def unit(request: AuditRequest, token: str) -> HttpResponse:
    """A unit the coder holds or has judged, in its present step (`?revise=1`: all verdicts)."""
    coder = coder_of_request(request)
    shown = get_unit(request.audit, token)
    judged = Verdict.objects.filter(unit=shown, coder=coder).exists()
    if not judged and not Seat.objects.filter(unit=shown, coder=coder).exists():
        raise Http404
    return show_unit(request, shown, coder)


@takes_answers
def verdict(request: AuditRequest, token: str) -> HttpResponse:
    """Store and lock the blind verdict, then reveal."""
    coder = coder_of_request(request)
    unit = get_unit(request.audit, token)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        return show_unit(request, unit, coder, problem=form.problem)
    chosen = form.cleaned_data["correctness"]
    try:
        locked = workflow.record_verdict(unit=unit, coder=coder, correctness=chosen)
    except InputError as error:
        return show_unit(request, unit, coder, problem=str(error))
    if locked.correctness != chosen:
        was = locked.get_correctness_display()
        problem = f"Your verdict was locked before as “{was}” and stays; change it with a reason."
        return show_unit(request, unit, coder, problem=problem)
    return answer(request, lambda: show_unit(request, unit, coder))


@takes_answers
def label(request: AuditRequest, token: str) -> HttpResponse:
    """Take the grader's label for the unit and move on to the next."""
    coder = coder_of_request(request)
    unit = get_unit(request.audit, token)
    locked = Verdict.objects.filter(unit=unit, coder=coder).first()
    if locked is None:
        problem = "The verdict comes first: say whether the answer was right."
        return show_unit(request, unit, coder, problem=problem)
    form = JudgmentForm(request.POST, audit=request.audit, unit=unit, locked=locked.correctness)
    if form.is_valid():
        try:
            saved = workflow.record_label(
                unit=unit, coder=coder, judgment=form.judgment(), submission_id=form.submission
            )
        except InputError as error:
            form.refuse(error)
        else:
            return answer(request, lambda: show_next(request, coder, saved=saved), saved=saved)
    return show_unit(request, unit, coder, form=form)


@takes_answers
def skip(request: AuditRequest, token: str) -> HttpResponse:
    """Pass on the unit with a reason; it goes back for others."""
    coder = coder_of_request(request)
    unit = get_unit(request.audit, token)
    form = SkipForm(request.POST)
    if not form.is_valid():
        return show_unit(request, unit, coder, problem=form.problem)
    try:
        workflow.skip_unit(unit=unit, coder=coder, **form.cleaned_data)
    except InputError as error:
        return show_unit(request, unit, coder, problem=str(error))
    return answer(request, lambda: show_next(request, coder))


@takes_answers
def undo(request: AuditRequest) -> HttpResponse:
    """Take back the last label or skip; the old one stays in the history."""
    coder = coder_of_request(request)
    try:
        undone = workflow.undo_last(request.audit, coder)
    except InputError as error:
        return show_next(request, coder, problem=str(error))
    if undone is None:
        return show_next(request, coder, problem="There is nothing to undo in this audit.")
    unit = get_unit(request.audit, undone.token)
    return answer(request, lambda: show_unit(request, unit, coder), unit=unit)


def answer(
    request: AuditRequest,
    fragment: Callable[[], HttpResponse],
    *,
    saved: Label | None = None,
    unit: Unit | None = None,
) -> HttpResponse:
    """The next state for htmx in the same response; for a plain form a redirect.

    The redirect goes to `unit`, else to the desk; the receipt of `saved` waits there.
    """
    if request.headers.get("HX-Request") == "true":
        return fragment()
    if saved:
        late = " as late: it stays outside the figures" if saved.is_late else ""
        messages.success(request, f"Saved at {saved.created_at:%H:%M:%S} UTC{late}.")
    if unit:
        return redirect("labeling:unit", request.audit.slug, unit.token)
    return redirect("labeling:desk", request.audit.slug)


def get_unit(audit: Audit, token: str) -> Unit:
    """The unit of this audit that the token names; tokens are shown to its coders alone."""
    units = Unit.objects.select_related("output__content", "stratum").filter(
        audit=audit, output__isnull=False
    )
    unit = units.filter(token=token).first()
    if unit is None:
        raise Http404
    unit.audit = audit
    return unit


def show_next(
    request: AuditRequest, coder: Coder, *, saved: Label | None = None, problem: str = ""
) -> HttpResponse:
    seat: Seat | None = None
    if request.audit.is_open and not request.audit.is_imported:
        seat = seating.claim_next(request.audit, coder)
    if seat is None:
        return show_empty(request, coder, saved=saved, problem=problem)
    unit = Unit.objects.select_related("output__content", "stratum").get(pk=seat.unit_id)
    unit.audit = request.audit
    return show_unit(request, unit, coder, saved=saved, problem=problem)


def show_empty(
    request: AuditRequest, coder: Coder, *, saved: Label | None, problem: str
) -> HttpResponse:
    context = {
        "audit": request.audit,
        "why": explain_empty_queue(request.audit, coder),
        "problem": problem,
        **progress(request.audit, coder, saved),
    }
    return render_desk(request, context, status=422 if problem else 200)


def show_unit(
    request: AuditRequest,
    unit: Unit,
    coder: Coder,
    *,
    form: JudgmentForm | None = None,
    saved: Label | None = None,
    problem: str = "",
) -> HttpResponse:
    """The unit in the coder's present step; 422 when a form was wrong.

    What the user said enters the context only once the verdict is locked.
    """
    audit = request.audit
    modes = list(audit.codebook.modes.all())
    verdict = Verdict.objects.filter(unit=unit, coder=coder).first()
    context: dict[str, Any] = {
        "audit": audit,
        "unit_token": unit.token,
        "shown": what_graders_see(unit, audit),
        "verdicts": verdict_choices(verdict),
        "verdict": verdict,
        "problem": problem,
        "skip_reasons": Skip.Reason.choices,
        "codebook": audit.codebook,
        "definitions": modes,
        **progress(audit, coder, saved),
    }
    if verdict or not audit.is_blind:
        context["said"] = what_the_user_said(unit)
    if verdict:
        form = form or JudgmentForm(audit=audit, unit=unit, locked=verdict.correctness)
        context |= mode_step(unit, modes, verdict, form, revising="revise" in request.GET)
    failed = bool(problem) or bool(form and form.is_bound)
    return render_desk(request, context, status=422 if failed else 200)


def verdict_choices(verdict: Verdict | None) -> list[dict[str, Any]]:
    keys = {"correct": "c", "incorrect": "x", "cannot_tell": "t"}
    return [
        {
            "value": value,
            "label": label,
            "key": keys[value],
            "is_chosen": verdict is not None and verdict.correctness == value,
        }
        for value, label in Correctness.choices
    ]


def mode_step(
    unit: Unit,
    modes: list[FailureMode],
    verdict: Verdict,
    form: JudgmentForm,
    *,
    revising: bool,
) -> dict[str, Any]:
    """The second step: the modes that the verdict allows, or all of them when it is revised."""
    sent = form.data
    chosen = sent.get("correctness") or verdict.correctness
    revising = revising or chosen != verdict.correctness
    asks_mode = unit.asks_mode and (revising or verdict.correctness != Correctness.CANNOT_TELL)
    if not revising:
        modes = [mode for mode in modes if mode.needs_verdict in ("", verdict.correctness)]
    return {
        "form": form,
        # A new one also after an error: nothing was stored under the one that was sent.
        "submission_id": uuid.uuid4(),
        "asks_mode": asks_mode,
        "modes": modes if asks_mode else [],
        "chosen_mode": sent.get("failure_mode", ""),
        "chosen_further": sent.getlist("further_modes") if isinstance(sent, QueryDict) else [],
        "chosen_verdict": chosen,
        "revising": revising,
    }


def progress(audit: Audit, coder: Coder, saved: Label | None) -> dict[str, Any]:
    """Counted, never stored: the coder's labels here, and today's over all audits."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "saved": saved,
        "n_units": audit.units.drawn().count(),
        **count_labels(audit, coder, since=midnight),
    }


def count_labels(audit: Audit, coder: Coder, *, since: dt.datetime) -> dict[str, int]:
    """`n_mine` in this audit, `n_today` in all audits of the project."""
    return (
        Label.objects.current()
        .filter(coder=coder)
        .aggregate(
            n_mine=Count("pk", filter=Q(unit__audit=audit)),
            n_today=Count("pk", filter=Q(created_at__gte=since)),
        )
    )


def render_desk(request: AuditRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "labeling/_unit.html" if is_fragment else "labeling/desk.html"
    response = render(request, template, context | {"is_fragment": is_fragment}, status=status)
    response.headers["X-Desk"] = "unit"  # the page shows "Not saved" for an answer without it
    return response
