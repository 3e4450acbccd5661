"""What is on the desk: the context of each step, and which part of the page an answer replaces.

What a person may not see yet is not in the context: the user's words enter it with the verdict.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now, TruncDay
from django.http import HttpResponse
from django.shortcuts import render

from labeling.access import AuditRequest
from labeling.codebooks import modes_of, modes_with_examples
from labeling.desk_keys import Keys, keys_of
from labeling.drafts import FIELDS, draft_of
from labeling.flags import thread_of, unread_flag
from labeling.judgment_forms import JudgmentForm
from labeling.models import (
    Audit,
    Coder,
    Correctness,
    Draft,
    FailureMode,
    Label,
    Skip,
    Unit,
    Verdict,
)
from labeling.my_work import label_fields
from labeling.queue import explain_empty_queue
from labeling.sealing import is_sealed, last_said, sealed_since
from labeling.shown import what_graders_see, what_the_user_said
from labeling.workflow import verdict_of
from projects.prepared import Prepared

CHOOSE = "choose"
"""The id of the part that a verdict replaces: the output beside it stays as the grader left it."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One unit for one coder, with what went wrong in the request that asks for it."""

    unit: Unit
    coder: Coder
    verdict: Verdict | None = None
    form: JudgmentForm | None = None
    saved: Label | None = None
    problem: str = ""

    @property
    def status(self) -> int:
        return 422 if self.problem or (self.form and self.form.is_bound) else 200


def is_fragment(request: AuditRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def wants_choices_only(request: AuditRequest, shown: Shown) -> bool:
    """A verdict's answer, and a label's when it was refused, leave the output where it is."""
    is_refused = shown.form is not None and shown.form.is_bound
    return is_fragment(request) and (request.headers.get("HX-Target") == CHOOSE or is_refused)


def unit_page(request: AuditRequest, shown: Shown) -> HttpResponse:
    """The unit in the coder's present step: the page, the unit, or its choices alone."""
    audit, unit = request.audit, shown.unit
    keys = keys_of(request.user)
    context = {
        "unit_token": unit.token,
        "keys": keys,
        **step(audit, shown, keys, revising="revise" in request.GET),
    }
    if wants_choices_only(request, shown):
        response = render_desk(request, context, status=shown.status, part="labeling/_choose.html")
        response.headers["HX-Retarget"] = f"#{CHOOSE}"
        return response
    context["shown"] = what_graders_see(unit, audit)
    context |= counts(audit, shown.coder, shown.saved)
    return render_desk(request, context, status=shown.status)


def empty_page(
    request: AuditRequest, coder: Coder, *, saved: Label | None, problem: str
) -> HttpResponse:
    context = {
        "keys": keys_of(request.user),
        "why": explain_empty_queue(request.audit, coder),
        "problem": problem,
        **counts(request.audit, coder, saved),
    }
    return render_desk(request, context, status=422 if problem else 200)


def render_desk(
    request: AuditRequest,
    context: dict[str, Any],
    *,
    status: int,
    part: str = "labeling/_unit.html",
) -> HttpResponse:
    """The whole page with its drawers, or for htmx the part alone."""
    context |= {"audit": request.audit, "is_fragment": is_fragment(request)}
    if not is_fragment(request):
        part = "labeling/desk.html"
        context["definitions"] = modes_with_examples(request.audit.codebook)
    response = render(request, part, context, status=status)
    response.headers["X-Desk"] = "unit"  # the page shows "Not saved" for an answer without it
    return response


# The steps


def step(audit: Audit, shown: Shown, keys: Keys, *, revising: bool) -> dict[str, Any]:
    """The first step, or the second once there is a verdict."""
    unit, coder = shown.unit, shown.coder
    verdict = shown.verdict or verdict_of(unit, coder)
    last = last_said(unit, coder) if verdict else None
    last_sealed = sealed_since(last, audit)
    sealed = last is not None and is_sealed(unit, coder)
    draft = draft_of(unit, coder)
    if draft and last_sealed and draft.updated_at <= last_sealed:
        draft = None
    typed = draft.fields if draft else {}
    context: dict[str, Any] = {
        "verdicts": verdict_choices(None if sealed else verdict, keys),
        "verdict": None if sealed else verdict,
        "is_sealed": sealed,
        "problem": shown.problem,
        "skip_reasons": Skip.Reason.choices,
        "typed": typed,
        "draft": draft,
        "flag_thread": thread_of(unit, coder),
    }
    if verdict or not audit.is_blind:
        context["said"] = what_the_user_said(unit)
    if verdict:
        locked = "" if sealed else verdict.correctness
        form = shown.form or JudgmentForm(audit=audit, unit=unit, locked=locked)
        typed = what_is_filled_in(form, draft)
        if last:
            context["sent_at"] = None if last.superseded_at else last.created_at
        if last and not last_sealed:
            typed = typed or label_fields(last, audit)
        context |= mode_step(audit, unit, locked, form, typed, revising=revising)
    return context


def verdict_choices(verdict: Verdict | None, keys: Keys) -> list[dict[str, Any]]:
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
    audit: Audit,
    unit: Unit,
    locked: str,
    form: JudgmentForm,
    typed: Mapping[str, Any],
    *,
    revising: bool,
) -> dict[str, Any]:
    """The second step: the modes that the verdict allows, or all of them when it is revised.

    `locked` is the blind verdict; empty where it is sealed, and any may be chosen.
    """
    chosen = typed.get("correctness") or locked
    revising = revising or not locked or chosen != locked
    asks_mode = unit.asks_mode and (revising or locked != Correctness.CANNOT_TELL)
    return {
        "form": form,
        "typed": typed,
        # A new one also after an error: nothing was stored under the one that was sent.
        "submission_id": uuid.uuid4(),
        "asks_mode": asks_mode,
        "modes": offered_modes(audit, locked, revising=revising) if asks_mode else [],
        "chosen_verdict": chosen,
        "revising": revising,
    }


def offered_modes(audit: Audit, locked: str, *, revising: bool) -> list[FailureMode]:
    modes = modes_of(audit.codebook)
    if revising:
        return modes
    return [mode for mode in modes if mode.needs_verdict in ("", locked)]


def what_is_filled_in(form: JudgmentForm, draft: Draft | None) -> Mapping[str, Any]:
    """What was just sent, else the draft; empty where there is neither."""
    if form.is_bound:
        sent = form.data
        typed = {name: sent.get(name, "") for name in FIELDS}
        return {**typed, "further_modes": sent.getlist("further_modes")}  # type: ignore[attr-defined]
    return draft.fields if draft else {}


# Counted, never stored


def counts(audit: Audit, coder: Coder, saved: Label | None) -> dict[str, Any]:
    """The receipt, and the coder's labels in this audit: `n_mine`, and `n_today` of them.

    `answered`: a unit whose flag has an answer that the coder has not read yet.
    """
    done = vars(DONE.first(coder=coder.pk, audit=audit.pk))
    flag = unread_flag(coder)
    answered = Unit.objects.select_related("audit").get(pk=flag.unit_id) if flag else None
    return {
        "saved": saved,
        "answered": answered,
        "n_mine": done["n_mine"],
        "n_today": done["n_today"],
    }


def coders_with_counts(*, coder: int, audit: int) -> QuerySet[Coder]:
    own = Q(labels__superseded_at=None, labels__unit__audit=audit)
    today = Q(labels__created_at__gte=TruncDay(Now()))
    return Coder.objects.filter(pk=coder).annotate(
        n_mine=Count("labels", filter=own), n_today=Count("labels", filter=own & today)
    )


DONE = Prepared(coders_with_counts, "coder", "audit")
