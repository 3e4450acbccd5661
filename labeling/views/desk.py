"""The grader's desk: one unit at a time, blind verdict first, then the reveal and the mode.

For htmx each step is one request that answers with the next state of `_unit.html`; without
JavaScript the same forms post, redirect and show the whole page.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from labeling import seating, workflow
from labeling.access import AuditRequest, audit_roles, coder_of_request
from labeling.effort import record_effort
from labeling.judgment_forms import DraftForm, JudgmentForm, SkipForm, TimeForm, VerdictForm
from labeling.models import Audit, Coder, Label, Seat, Unit, Verdict
from labeling.sealing import is_sealed
from labeling.training import must_train
from labeling.undo import undo_last
from labeling.views.desk_page import Shown, empty_page, is_fragment, unit_page
from projects.errors import InputError
from projects.prepared import Prepared
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
        if request.POST.get("page_user", request.user.username) != request.user.username:
            return not_the_pages_person(request)
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
    shown = get_given_unit(request.audit, token, coder)
    return unit_page(request, Shown(unit=shown, coder=coder))


@takes_answers
def verdict(request: AuditRequest, token: str) -> HttpResponse:
    """Store and lock the blind verdict, then reveal."""
    coder = coder_of_request(request)
    unit = get_given_unit(request.audit, token, coder)
    form = VerdictForm(request.POST)
    if not form.is_valid():
        return unit_page(request, Shown(unit=unit, coder=coder, problem=form.problem))
    chosen = form.cleaned_data["correctness"]
    try:
        locked = workflow.record_verdict(unit=unit, coder=coder, correctness=chosen)
    except InputError as error:
        return unit_page(request, Shown(unit=unit, coder=coder, problem=str(error)))
    if locked.correctness != chosen and not is_sealed(unit, coder):
        was = locked.get_correctness_display()
        problem = f"Your verdict was locked before as “{was}” and stays; change it with a reason."
        return unit_page(request, Shown(unit=unit, coder=coder, problem=problem))
    return answer(
        request, lambda: unit_page(request, Shown(unit=unit, coder=coder, verdict=locked))
    )


@takes_answers
def label(request: AuditRequest, token: str) -> HttpResponse:
    """Take the grader's label for the unit and move on to the next."""
    coder = coder_of_request(request)
    unit = get_unit(request.audit, token)
    locked = workflow.verdict_of(unit, coder)
    if locked is None:
        unit = get_given_unit(request.audit, token, coder)
        problem = "The verdict comes first: say whether the answer was right."
        return unit_page(request, Shown(unit=unit, coder=coder, problem=problem))
    form = judgment_form(request, unit, coder, locked)
    if form.is_valid():
        try:
            saved, seat = label_and_claim(request, unit, coder, form)
        except InputError as error:
            form.refuse(error)
        else:
            following = NextUnit(coder=coder, seat=seat, saved=saved)
            return answer(request, lambda: show_seat(request, following), saved=saved)
    return unit_page(request, Shown(unit=unit, coder=coder, verdict=locked, form=form))


def judgment_form(request: AuditRequest, unit: Unit, coder: Coder, locked: Verdict) -> JudgmentForm:
    """The judgment as it was sent; of a sealed unit nothing stands for what is left out."""
    submission = request.POST.get("submission_id", "")
    known = submission if SUBMISSION.fullmatch(submission) else ""
    afresh = is_sealed(unit, coder, submission=known)
    blind = "" if afresh else locked.correctness
    return JudgmentForm(request.POST, audit=request.audit, unit=unit, locked=blind, afresh=afresh)


@takes_answers
def skip(request: AuditRequest, token: str) -> HttpResponse:
    """Pass on the unit with a reason; it goes back for others."""
    coder = coder_of_request(request)
    unit = get_given_unit(request.audit, token, coder)
    form = SkipForm(request.POST)
    if not form.is_valid():
        return unit_page(request, Shown(unit=unit, coder=coder, problem=form.problem))
    try:
        with transaction.atomic():
            take_time(request, unit, coder)
            workflow.skip_unit(unit=unit, coder=coder, **form.cleaned_data)
    except InputError as error:
        return unit_page(request, Shown(unit=unit, coder=coder, problem=str(error)))
    return answer(request, lambda: show_next(request, coder))


@takes_answers
def undo(request: AuditRequest) -> HttpResponse:
    """Take back the last label or skip; the old one stays in the history."""
    coder = coder_of_request(request)
    try:
        undone = undo_last(
            request.audit,
            coder,
            shown=request.POST.get("shown", "")[:64],
            n_done=counted(request.POST.get("n_done", "")),
        )
    except InputError as error:
        return show_next(request, coder, problem=str(error))
    if undone is None:
        return show_next(request, coder, problem="There is nothing to undo in this audit.")
    unit = get_unit(request.audit, undone.token)
    return answer(request, lambda: unit_page(request, Shown(unit=unit, coder=coder)), unit=unit)


def counted(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@takes_answers
def keep(request: AuditRequest, token: str) -> HttpResponse:
    """The page's sign of life: what is typed is kept, and the seat stays the coder's."""
    coder = coder_of_request(request)
    unit = get_given_unit(request.audit, token, coder)
    take_time(request, unit, coder)
    seating.extend_lease(unit, coder)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"problem": form.problem}, status=422)
    if form.is_draft and not workflow.keep_typed(
        unit=unit, coder=coder, fields=form.fields_to_keep, submission_id=form.submission
    ):
        return JsonResponse({})  # a label already: what is typed now is sent anew
    return JsonResponse({"kept_at": f"{timezone.now():%H:%M:%S}"})


def not_the_pages_person(request: AuditRequest) -> HttpResponse:
    """Somebody else signed in since the page was opened: its choices are not theirs."""
    return HttpResponse(status=401) if is_fragment(request) else redirect("projects:sign-in")


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
    if is_fragment(request):
        return fragment()
    if saved:
        late = " as late: it stays outside the figures" if saved.is_late else ""
        messages.success(request, f"Saved at {saved.created_at:%H:%M:%S} UTC{late}.")
    if unit:
        return redirect("labeling:unit", request.audit.slug, unit.token)
    return redirect("labeling:desk", request.audit.slug)


SUBMISSION = re.compile(r"[0-9a-fA-F-]{1,40}")


def units_called(*, audit: int, token: str) -> QuerySet[Unit]:
    units = Unit.objects.select_related("stratum").filter(output__isnull=False)
    return units.filter(audit=audit, token=token)


UNIT = Prepared(units_called, "audit", texts=("token",))


def get_unit(audit: Audit, token: str) -> Unit:
    """The unit of this audit that the token names; tokens are shown to its coders alone.

    Its text is read where it is shown: most answers leave the output on the page as it is.
    """
    unit = UNIT.first(audit=audit.pk, token=token)
    if unit is None:
        raise Http404
    unit.audit = audit
    return unit


def get_given_unit(audit: Audit, token: str, coder: Coder) -> Unit:
    """The unit, if it ever came to this coder's desk: a token alone opens nothing."""
    unit = get_unit(audit, token)
    if not seating.was_given(unit, coder):
        raise Http404
    return unit


def label_and_claim(
    request: AuditRequest, unit: Unit, coder: Coder, form: JudgmentForm
) -> tuple[Label, Seat | None]:
    """The label and the next seat are one transaction: one COMMIT, and both or neither.

    The coder is locked first, as by every claim, so that two tabs never wait for each other.
    """
    with transaction.atomic():
        seating.lock_coder(coder)
        saved = workflow.record_label(
            unit=unit, coder=coder, judgment=form.judgment(), submission_id=form.submission
        )
        take_time(request, unit, coder, seat=saved.seat)
        return saved, seating.take_next(request.audit, coder)


def take_time(request: AuditRequest, unit: Unit, coder: Coder, *, seat: Seat | None = None) -> None:
    """The active time of the whole showing, as the page reports it; without scripts none.

    It comes with the label or skip, which holds the verdict's time as well, and with `keep`.
    """
    form = TimeForm(request.POST)
    if form.is_valid():
        record_effort(unit=unit, coder=coder, seat=seat, **form.cleaned_data)


@dataclass(frozen=True, kw_only=True)
class NextUnit:
    """The seat to show next, None where there is none, and what was just saved or went wrong."""

    coder: Coder
    seat: Seat | None
    saved: Label | None = None
    problem: str = ""


def show_next(request: AuditRequest, coder: Coder, *, problem: str = "") -> HttpResponse:
    seat = seating.claim_next(request.audit, coder)
    return show_seat(request, NextUnit(coder=coder, seat=seat, problem=problem))


def units_with_text(*, unit: int) -> QuerySet[Unit]:
    return Unit.objects.select_related("output__content", "stratum").filter(pk=unit)


UNIT_WITH_TEXT = Prepared(units_with_text, "unit")


def show_seat(request: AuditRequest, following: NextUnit) -> HttpResponse:
    coder, saved, problem = following.coder, following.saved, following.problem
    if following.seat is None:
        return empty_page(request, coder, saved=saved, problem=problem)
    unit = UNIT_WITH_TEXT.first(unit=following.seat.unit_id)
    assert unit is not None  # its seat protects it
    unit.audit = request.audit
    return unit_page(request, Shown(unit=unit, coder=coder, saved=saved, problem=problem))
