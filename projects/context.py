"""What every page may know about the person."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def membership(request: HttpRequest) -> dict[str, Any]:
    """`demo_mode`, and the role the door let this request in with (None outside a project)."""
    return {
        "demo_mode": settings.DEMO_MODE,
        "membership": getattr(request, "membership", None),
    }
