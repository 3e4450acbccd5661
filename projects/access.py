"""The doors. Every view declares who may enter; what a person may not see does not exist.

A view without one of these decorators fails a test that walks the URLconf.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import urlencode

from projects.models import Membership, Project, User
from projects.prepared import Prepared
from projects.roles import Role

P = ParamSpec("P")


class MemberRequest(HttpRequest):
    """A request that came through a project's door."""

    user: User
    membership: Membership
    project: Project


class PersonRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User


def public(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Anyone may enter: sign-in, health, error pages."""
    view.door = "public"  # type: ignore[attr-defined]
    return view


def signed_in(
    view: Callable[Concatenate[PersonRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Any person with an account."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    guarded.door = "signed in"  # type: ignore[attr-defined]
    return guarded


def project_roles(
    roles: frozenset[Role], *, find_project: Callable[..., Project | None] | None = None
) -> Callable[
    [Callable[Concatenate[MemberRequest, P], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """Members of the project with one of `roles`; for everybody else the page is a 404.

    The project is named by the view's ``project_slug``, or found by `find_project` from the view's
    arguments (None: there is no such thing).
    """

    def decorate(
        view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_sign_in(request)
            membership = find_membership(request.user, find_project, kwargs)
            if membership is None or membership.role not in roles:
                raise Http404
            request.membership = membership  # type: ignore[attr-defined]
            request.project = membership.project  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        guarded.door = sorted(roles)  # type: ignore[attr-defined]
        return guarded

    return decorate


def find_membership(
    user: User, find_project: Callable[..., Project | None] | None, kwargs: dict[str, Any]
) -> Membership | None:
    if find_project is None:
        current = Membership.objects.current().filter(user=user).select_related("project")
        return current.filter(project__slug=kwargs["project_slug"]).first()
    project = find_project(**kwargs)
    if project is None:
        return None
    membership = CURRENT.first(user=user.pk, project=project.pk)
    if membership is not None:
        membership.project = project
    return membership


def current_memberships(*, user: int, project: int) -> QuerySet[Membership]:
    return Membership.objects.current().filter(user=user, project=project)


CURRENT = Prepared(current_memberships, "user", "project")
"""Every answer at the desk asks it, by the database's clock."""


def ask_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """A redirect to the sign-in page; for htmx a 401 that the page itself can show."""
    if request.headers.get("HX-Request") == "true":
        return render(request, "projects/_signed_out.html", status=401)
    query = urlencode({"next": request.get_full_path()})
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
