"""Training before an audit: a blind verdict, the reveal and the mode, then the known answer."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from labeling.access import AuditRequest, audit_roles, coder_of_request
from labeling.codebooks import modes_with_examples
from labeling.desk_keys import keys_of
from labeling.judgment_forms import TrainingForm
from labeling.models import Audit, Coder, Correctness, Gold, TrainingAnswer
from labeling.shown import what_graders_see, what_the_user_said
from labeling.training import (
    TrainingState,
    is_answer_right,
    record_training_mode,
    record_training_verdict,
    training_state,
)
from projects.errors import InputError
from projects.roles import LABELERS


@require_safe
@audit_roles(LABELERS)
def training(request: AuditRequest) -> HttpResponse:
    """The next training unit in its present step, or how the attempt ended.

    `?again=1` after an attempt that did not reach the bar shows the first unit once more.
    """
    audit, coder = request.audit, coder_of_request(request)
    if not audit.is_open:
        return redirect("labeling:desk", audit.slug)
    state = training_state(audit, coder)
    if state.is_over and state.must_train and "again" in request.GET:
        first = training_golds(audit).filter(retired_at=None).first()
        if first:
            return show_unit(request, first, state, attempt=state.attempt + 1)
    if state.is_over or state.upcoming is None:
        context = {"audit": audit, "state": state}
        return render(request, "labeling/training_over.html", context)
    gold = get_gold(audit, state.upcoming.unit.token)
    return show_unit(request, gold, state, attempt=state.attempt, answer=state.waiting)


@require_http_methods(["GET", "POST"])
@audit_roles(LABELERS)
def training_unit(request: AuditRequest, token: str) -> HttpResponse:
    """Take the verdict or the mode on a training unit; afterwards show the known answer."""
    audit, coder = request.audit, coder_of_request(request)
    gold = get_gold(audit, token)
    if request.method == "POST":
        return take_answer(request, gold, coder)
    given = TrainingAnswer.objects.filter(gold=gold, coder=coder, answered_at__isnull=False)
    answer = given.select_related("failure_mode").order_by("-attempt").first()
    if answer is None:
        return redirect("labeling:training", audit.slug)
    answer.gold = gold
    return show_answer(request, answer, training_state(audit, coder))


def take_answer(request: AuditRequest, gold: Gold, coder: Coder) -> HttpResponse:
    """Store what this step asks; 422 with one sentence when it cannot be."""
    audit = request.audit
    form = TrainingForm(request.POST, audit=audit)
    attempt = form.cleaned_data["attempt"] if form.is_valid() else 1
    answer = TrainingAnswer.objects.filter(gold=gold, coder=coder, attempt=attempt).first()
    try:
        if form.problem:
            raise InputError(form.problem)
        if answer is None:
            record_training_verdict(
                gold=gold,
                coder=coder,
                attempt=attempt,
                correctness=form.cleaned_data["correctness"],
            )
            return redirect("labeling:training", audit.slug)
        answer.gold = gold
        if form.cleaned_data["correctness"]:  # the verdict once more: it is locked
            return redirect("labeling:training", audit.slug)
        record_training_mode(answer=answer, mode=form.cleaned_data["failure_mode"])
    except InputError as error:
        state = training_state(audit, coder)
        if not state.must_train:
            messages.error(request, str(error))
            return redirect("labeling:training", audit.slug)
        return show_unit(request, gold, state, attempt=attempt, answer=answer, problem=str(error))
    return redirect("labeling:training-unit", audit.slug, gold.unit.token)


def training_golds(audit: Audit) -> Any:
    golds = Gold.objects.filter(unit__audit=audit, is_training=True)
    return golds.select_related("unit__output__content", "unit__stratum", "failure_mode").order_by(
        "created_at", "pk"
    )


def get_gold(audit: Audit, token: str) -> Gold:
    """The training unit of this audit with that token; silent gold has no page here."""
    gold: Gold | None = training_golds(audit).filter(unit__token=token).first()
    if gold is None or not audit.is_open:
        raise Http404
    gold.unit.audit = audit
    return gold


def show_unit(
    request: AuditRequest,
    gold: Gold,
    state: TrainingState,
    *,
    attempt: int,
    answer: TrainingAnswer | None = None,
    problem: str = "",
) -> HttpResponse:
    """The blind step or the mode step; as at the desk, the verdict comes before the reveal."""
    audit = request.audit
    context: dict[str, Any] = {**unit_context(request, gold, state), "problem": problem}
    context |= {"attempt": attempt, "answer": answer}
    if attempt > state.attempt:
        context |= {"n_done": 0, "n_right": 0}
    if answer:
        context["modes"] = [
            mode
            for mode in context["definitions"]
            if mode.needs_verdict in ("", answer.correctness)
        ]
        context["asks_mode"] = answer.correctness != Correctness.CANNOT_TELL
    if answer or not audit.is_blind:
        context["said"] = what_the_user_said(gold.unit)
    return render(request, "labeling/training.html", context, status=422 if problem else 200)


def show_answer(
    request: AuditRequest, answer: TrainingAnswer, state: TrainingState
) -> HttpResponse:
    """What the coder said beside what is known, and why."""
    context = {
        **unit_context(request, answer.gold, state),
        "answer": answer,
        "gold": answer.gold,
        "said": what_the_user_said(answer.gold.unit),
        "is_right": is_answer_right(answer),
        "is_told": True,
    }
    return render(request, "labeling/training.html", context)


def unit_context(request: AuditRequest, gold: Gold, state: TrainingState) -> dict[str, Any]:
    audit, keys = request.audit, keys_of(request.user)
    return {
        "audit": audit,
        "keys": keys,
        "unit_token": gold.unit.token,
        "shown": what_graders_see(gold.unit, audit),
        "verdicts": [
            {"value": value, "label": label, "key": keys[value]}
            for value, label in Correctness.choices
        ],
        "definitions": modes_with_examples(audit.codebook),
        "n_done": state.n_done,
        "n_right": state.n_right,
        "n_units": state.n_units,
    }
