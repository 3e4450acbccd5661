"""One Content-Security-Policy on every response; requests that no page could answer; the log."""

import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.views.defaults import bad_request

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
    ]
)


def security_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, outermost: what any inner layer answers carries the policy."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=()"
        )
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    return respond


def refuse_unreadable(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a NUL in an address, or a form that is not in UTF-8, is a 400 on every database.

    PostgreSQL refuses NUL in text, and Python knows charsets that no text can be decoded by.
    """

    def respond(request: HttpRequest) -> HttpResponse:
        has_nul = "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
        charset = (request.content_params or {}).get("charset", "utf-8")
        if has_nul or charset.lower() not in ("utf-8", "utf8", "us-ascii"):
            return bad_request(request, SuspiciousOperation())
        return get_response(request)

    return respond


def client_address(request: HttpRequest) -> str:
    """Where a sign-in comes from: the address our own proxy saw, or the peer's without a proxy."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    last = forwarded.rpartition(",")[2].strip()
    return str(last or request.META.get("REMOTE_ADDR", ""))


class HideInvitationLinks(logging.Filter):
    """Django logs the address of what it refuses; that of an invitation is a secret."""

    LINK = re.compile(r"/join/[^/\s]+")

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "/join/" in said:
            record.msg, record.args = self.LINK.sub("/join/...", said), ()
        return True
