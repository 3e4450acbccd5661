"""People of a project: who has access and until when, and invitations. For leads and admins."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from projects import invitations, people
from projects.access import MemberRequest, project_roles
from projects.errors import InputError
from projects.forms import EndDateForm, InviteForm
from projects.models import Invitation, Membership
from projects.roles import LEADS, may_manage


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """A member as the page shows it, and whether the person who looks may change it."""

    member: Membership
    state: str
    is_me: bool
    may_change: bool


@require_http_methods(["GET", "POST"])
@project_roles(LEADS)
def index(request: MemberRequest, project_slug: str) -> HttpResponse:
    """Members and open invitations; a POST invites, and its answer alone shows the link.

    No redirect after that POST: the token would have to be kept somewhere in between. Sent again,
    the form makes a new link and the one before stops working.
    """
    is_sent = request.method == "POST"
    form = InviteForm(request.POST if is_sent else None, inviter_role=request.membership.role)
    invited, link = None, ""
    if form.is_valid():
        try:
            invited, token = invitations.invite(
                project=request.project, by=request.membership, **form.cleaned_data
            )
        except InputError as error:
            form.add_error(None, str(error))
        else:
            link = request.build_absolute_uri(reverse("projects:join", args=[token]))
            form = InviteForm(inviter_role=request.membership.role)
    context = {
        "project": request.project,
        "rows": member_rows(request.membership),
        "invitations": open_invitations(request.membership),
        "form": form,
        "invited": invited,
        "link": link,
    }
    return render(request, "projects/people.html", context, status=422 if form.errors else 200)


def member_rows(viewer: Membership) -> list[MemberRow]:
    """Active members first, then those without access; by user name."""
    members = viewer.project.memberships.select_related("user").order_by("user__username")
    current = set(members.current().values_list("pk", flat=True))
    rows = [
        MemberRow(
            member=member,
            state=state_of(member, is_current=member.pk in current),
            is_me=member.pk == viewer.pk,
            may_change=member.pk != viewer.pk and may_manage(viewer.role, member.role),
        )
        for member in members
    ]
    return sorted(rows, key=lambda row: row.state != "active")


def state_of(member: Membership, *, is_current: bool) -> str:
    if member.removed_at:
        return "deactivated"
    if not member.user.is_active:
        return "account switched off"
    return "active" if is_current else "ended"


def open_invitations(viewer: Membership) -> list[tuple[Invitation, bool]]:
    """Each with whether the viewer may revoke it."""
    found = Invitation.objects.open().filter(project=viewer.project).select_related("invited_by")
    return [(invitation, may_manage(viewer.role, invitation.role)) for invitation in found]


@require_POST
@project_roles(LEADS)
def revoke(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """Make an open invitation's link stop working."""
    invitation = get_object_or_404(request.project.invitations, pk=pk)
    with told(request, f"The link for {invitation.email} does not work any more."):
        invitations.revoke(invitation=invitation, by=request.membership)
    return redirect("projects:people", project_slug)


@require_POST
@project_roles(LEADS)
def deactivate(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """End a member's access from the next request on."""
    member = find_member(request, pk)
    with told(request, f"{member.user.display_name} has no access any more. All labels stay."):
        people.deactivate(member=member, by=request.membership)
    return redirect("projects:people", project_slug)


@require_POST
@project_roles(LEADS)
def reactivate(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """Let a deactivated member in again."""
    member = find_member(request, pk)
    with told(request, f"{member.user.display_name} has access again."):
        people.reactivate(member=member, by=request.membership)
    return redirect("projects:people", project_slug)


@require_POST
@project_roles(LEADS)
def end_date(request: MemberRequest, project_slug: str, pk: int) -> HttpResponse:
    """Set a member's last day; an empty field takes it away."""
    member = find_member(request, pk)
    form = EndDateForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Last day: expected a date such as 2027-01-31, or nothing.")
        return redirect("projects:people", project_slug)
    ends_on = form.cleaned_data["ends_on"]
    until = f"{ends_on} is the last day of" if ends_on else "There is no last day for"
    with told(request, f"{until} {member.user.display_name}."):
        people.set_end_date(member=member, ends_on=ends_on, by=request.membership)
    return redirect("projects:people", project_slug)


def find_member(request: MemberRequest, pk: int) -> Membership:
    return get_object_or_404(request.project.memberships.select_related("user"), pk=pk)


@contextmanager
def told(request: MemberRequest, done: str) -> Iterator[None]:
    """Say on the next page that it was done, or the sentence why it was not."""
    try:
        yield
    except InputError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
