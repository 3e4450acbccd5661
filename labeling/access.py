"""The doors of an audit: the project's doors, found through the audit in the address."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from labeling.models import Audit, Coder
from labeling.workflow import coder_of
from projects.access import MemberRequest, project_roles
from projects.models import Project
from projects.prepared import Prepared
from projects.roles import Role

P = ParamSpec("P")


class AuditRequest(MemberRequest):
    """A request that came through an audit's door."""

    audit: Audit


def audits_called(*, slug: str) -> QuerySet[Audit]:
    return Audit.objects.select_related("codebook", "project").filter(slug=slug)


CALLED = Prepared(audits_called, texts=("slug",))


def project_of_audit(audit: Audit | None, **_: object) -> Project | None:
    return audit.project if audit else None


def audit_roles(
    roles: frozenset[Role],
) -> Callable[
    [Callable[Concatenate[AuditRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]
]:
    """Members of the audit's project with one of `roles`; the view takes ``request.audit``."""

    def decorate(
        view: Callable[Concatenate[AuditRequest, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @project_roles(roles, find_project=project_of_audit)
        def guarded(request: MemberRequest, /, audit: Any, **kwargs: Any) -> HttpResponseBase:
            request.audit = audit  # type: ignore[attr-defined]
            return view(request, **kwargs)  # type: ignore[call-arg, arg-type]

        @wraps(guarded)
        def found(request: HttpRequest, audit_slug: str, **kwargs: Any) -> HttpResponseBase:
            return guarded(request, audit=CALLED.first(slug=audit_slug), **kwargs)

        return found

    return decorate


def coder_of_request(request: AuditRequest) -> Coder:
    """The signed-in member as a coder of this project."""
    return coder_of(request.project, request.user)
