"""The settings of an audit, for its leads."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from labeling.access import AuditRequest, audit_roles
from labeling.audit_options import change_options
from labeling.gold_list import planted_stock
from labeling.settings_form import SettingsForm
from projects.errors import InputError
from projects.roles import LEADS


@require_http_methods(["GET", "POST"])
@audit_roles(LEADS)
def settings(request: AuditRequest) -> HttpResponse:
    """Show the settings, or store them; those of a closed audit are only shown."""
    audit = request.audit
    if audit.is_imported:
        raise Http404
    form = SettingsForm(request.POST if request.method == "POST" else None, audit=audit)
    if request.method == "POST" and form.is_valid() and store(request, form):
        return redirect("labeling:settings", audit.slug)
    context = {"audit": audit, "form": form, "stock": planted_stock(audit)}
    return render(
        request, "labeling/audit_settings.html", context, status=422 if form.errors else 200
    )


def store(request: AuditRequest, form: SettingsForm) -> bool:
    let_in = form.let_in_people()
    try:
        change_options(request.audit, form.options(), let_in=let_in)
    except InputError as error:
        form.refuse(error)
        return False
    messages.success(request, "The settings are saved and hold from the next unit on.")
    if form.cleaned_data["by_invitation"] and not let_in:
        messages.warning(request, "Nobody is let in: nobody gets a unit.")
    return True
