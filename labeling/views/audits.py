"""The page that previews a frame and draws an audit from it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from feedback.frames import FramePreview, preview
from labeling.audit_options import LabelsAsked
from labeling.codebooks import current_codebook
from labeling.drawing import draw_audit
from labeling.forms import AuditForm
from labeling.models import Audit
from projects.access import MemberRequest, project_roles
from projects.errors import InputError
from projects.roles import LEADS


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@project_roles(LEADS)
def audit_new(request: MemberRequest, project_slug: str) -> HttpResponse:
    """Show the form, preview N and n per stratum, or draw and go to the audit."""
    if request.method != "POST":
        return show_form(request, AuditForm(project=request.project))
    is_draw = "draw" in request.POST
    form = AuditForm(request.POST, project=request.project, is_preview=not is_draw)
    try:
        if form.is_valid() and is_draw:
            audit = draw_from(form, request)
            messages.success(request, f"{audit.units.count():,} units are drawn{opened(audit)}.")
            return redirect("labeling:audit", audit.slug)
        frame = preview(form.plan()) if form.is_valid() else None
    except InputError as error:
        form.refuse(error)
        frame = None
    return show_form(request, form, frame)


def draw_from(form: AuditForm, request: MemberRequest) -> Audit:
    return draw_audit(
        form.plan(),
        slug=form.cleaned_data["slug"],
        name=form.cleaned_data["name"],
        codebook=form.cleaned_data["codebook"] or current_codebook(request.project),
        created_by=request.user,
        is_blind=form.cleaned_data["is_blind"],
        asks_third=form.cleaned_data["asks_third"],
        max_labels_per_coder=form.cleaned_data["max_labels"],
        is_prepared=form.cleaned_data["is_prepared"],
    )


def opened(audit: Audit) -> str:
    return " and open" if audit.is_open else "; nobody gets one before you open the audit"


def show_form(
    request: MemberRequest, form: AuditForm, frame: FramePreview | None = None
) -> HttpResponse:
    """Answer htmx with the preview alone, otherwise the page; 422 when the form has errors."""
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "labeling/_preview.html" if is_fragment else "labeling/audit_new.html"
    context = {
        "project": request.project,
        "form": form,
        "frame": frame,
        "asked": labels_asked(form, frame),
        "margin_points": frame.margin * 100 if frame else 0,
        "response_percent": 100 * (frame.response_rate or 0) if frame else 0,
    }
    return render(request, template, context, status=422 if form.errors else 200)


def labels_asked(form: AuditForm, frame: FramePreview | None) -> LabelsAsked | None:
    if frame is None:
        return None
    given = form.cleaned_data
    return LabelsAsked.of(frame.n_units, coders=given["coders"], asks_third=given["asks_third"])
