"""Flags: the grader's own thread on a unit, and the lead's answers."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from labeling import flags
from labeling.access import AuditRequest, audit_roles, coder_of_request
from labeling.models import Coder, Flag, Seat, Unit, Verdict
from labeling.shown import shown_output, what_a_lead_answers_beside
from projects.errors import InputError
from projects.roles import LABELERS, LEADS


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@audit_roles(LABELERS)
def flag(request: AuditRequest, token: str) -> HttpResponse:
    """The coder's own thread on one unit, or one more message in it."""
    coder = coder_of_request(request)
    unit = known_unit(request, token, coder)
    problem = ""
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            flags.raise_flag(unit=unit, coder=coder, user=request.user, text=text)
        except InputError as error:
            problem = str(error)
        else:
            if not is_htmx(request):
                return redirect(way_back(request, unit))
    thread = flags.thread_of(unit, coder)
    flags.mark_read(unit, coder, thread)
    context = {
        "audit": request.audit,
        "unit_token": unit.token,
        "text_of_output": shown_output(unit).content.text,
        "flag_thread": thread,
        "flag_problem": problem,
        "flag_text": request.POST.get("text", "") if problem else "",
        "may_open": on_desk(unit, request),
    }
    template = "labeling/_flag_thread.html" if is_htmx(request) else "labeling/flag.html"
    response = render(request, template, context, status=422 if problem else 200)
    response.headers["X-Desk"] = "unit"  # a proxy's page does not carry it
    return response


def known_unit(request: AuditRequest, token: str, coder: Coder) -> Unit:
    units = Unit.objects.filter(audit=request.audit, output__isnull=False)
    unit = units.select_related("output__content").filter(token=token).first()
    if unit is None or not flags.knows_unit(unit, coder):
        raise Http404
    return unit


def is_htmx(request: AuditRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def on_desk(unit: Unit, request: AuditRequest) -> bool:
    """Whether the unit's page is open to the coder: a unit that was skipped at sight is not."""
    mine = {"unit": unit, "coder__user": request.user}
    found = Seat.objects.filter(**mine).exists() or Verdict.objects.filter(**mine).exists()
    return request.audit.is_open and found


def way_back(request: AuditRequest, unit: Unit) -> str:
    """Back to where the message was written: the unit, else the thread's own page."""
    from_desk = "on_page" not in request.POST and on_desk(unit, request)
    name = "unit" if from_desk else "flag"
    return reverse(f"labeling:{name}", args=[request.audit.slug, unit.token])


@require_safe
@audit_roles(LEADS)
def queue(request: AuditRequest) -> HttpResponse:
    """The flag that has waited longest, to answer; below it all others."""
    return show_flag(request, flags.waiting_first(request.audit).first())


@require_http_methods(["GET", "POST"])
@audit_roles(LEADS)
def answer(request: AuditRequest, pk: int) -> HttpResponse:
    """One flag's thread, or the lead's reply to it and then the next."""
    flag = get_object_or_404(flags.flags_with_last_word(request.audit), pk=pk)
    if request.method != "POST":
        return show_flag(request, flag)
    resolve = "resolve" in request.POST
    try:
        flags.reply(
            flag=flag, lead=request.user, text=request.POST.get("text", ""), resolve=resolve
        )
    except InputError as error:
        return show_flag(request, flag, problem=str(error))
    messages.success(request, "Replied and resolved." if resolve else "Replied.")
    return redirect("labeling:flags", request.audit.slug)


def show_flag(request: AuditRequest, flag: Flag | None, *, problem: str = "") -> HttpResponse:
    every = flags.flags_with_last_word(request.audit)
    context: dict[str, Any] = {
        "audit": request.audit,
        "flag": flag,
        "open_flags": flags.waiting_first(request.audit),
        "resolved_flags": every.exclude(resolved_at=None).order_by("-resolved_at")[:100],
        "problem": problem,
        "text": request.POST.get("text", "") if problem else "",
    }
    if flag:
        unit = Unit.objects.select_related("output__content").get(pk=flag.unit_id)
        context |= {
            "shown": what_a_lead_answers_beside(unit, request.audit),
            "thread": flags.thread_of(unit, flag.coder),
            "is_blind_still": is_blind_still(request, flag),
        }
    return render(request, "labeling/flags.html", context, status=422 if problem else 200)


def is_blind_still(request: AuditRequest, flag: Flag) -> bool:
    """Whether the coder has yet to lock a verdict, so that a reply must reveal nothing."""
    locked = Verdict.objects.filter(unit=flag.unit, coder=flag.coder).exists()
    return request.audit.is_blind and not locked
