"""The invited person's page: anyone may open it, and only a POST accepts."""

from enum import StrEnum

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from projects import invitations
from projects.access import public
from projects.errors import InputError
from projects.forms import JoinForm, SignInForm
from projects.models import Invitation, Membership, User


class Visitor(StrEnum):
    """Who has opened the link."""

    INVITED = "invited"
    SOMEONE_ELSE = "someone else"
    HAS_ACCOUNT = "has an account, not signed in"
    NEW = "new"


@public
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password1", "password2")
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show who invites to what; take the acceptance, with a new account where there is none."""
    invitation = invitations.find_open(token)
    if invitation is None:
        return not_valid(request)
    visitor = visitor_of(request.user, invitation)
    is_sent = request.method == "POST"
    form = JoinForm(
        request.POST if is_sent and visitor == Visitor.NEW else None, invitation=invitation
    )
    problem = ""
    if is_sent and (visitor == Visitor.INVITED or form.is_valid()):
        try:
            member = invitations.accept(token=token, user=person(request, form))
        except InputError as error:
            problem = str(error)
        else:
            return welcome(request, member) if member else not_valid(request)
    context = {
        "invitation": invitation,
        "visitor": visitor.name.lower(),
        "form": SignInForm() if visitor == Visitor.HAS_ACCOUNT else form,
        "problem": problem,
        "here": request.path,
    }
    return private(render(request, "projects/join.html", context, status=422 if is_sent else 200))


def visitor_of(user: User | AnonymousUser, invitation: Invitation) -> Visitor:
    if isinstance(user, User):
        return Visitor.INVITED if invitation.is_for(user) else Visitor.SOMEONE_ELSE
    has_account = invitations.has_account(invitation.email)
    return Visitor.HAS_ACCOUNT if has_account else Visitor.NEW


def person(request: HttpRequest, form: JoinForm) -> User:
    """The signed-in person, or the account that the form asks for, not stored yet."""
    return request.user if isinstance(request.user, User) else form.save(commit=False)


def welcome(request: HttpRequest, member: Membership) -> HttpResponse:
    if not request.user.is_authenticated:
        login(request, member.user, backend="django.contrib.auth.backends.ModelBackend")
    role = member.get_role_display().lower()
    messages.success(request, f"Welcome to {member.project.name}. Your role: {role}.")
    return redirect("labeling:home")


def not_valid(request: HttpRequest) -> HttpResponse:
    """One page for used, expired, revoked and unknown links: it tells nobody which it was."""
    return private(render(request, "projects/join_not_valid.html", status=404))


def private(response: HttpResponse) -> HttpResponse:
    """Keep the token in the address out of every Referer, that of our own style sheet too."""
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
