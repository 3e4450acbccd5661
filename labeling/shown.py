"""What may be on a page about a unit. What a person may not see never enters the context."""

from typing import Any

from django.db.models import F

from feedback.models import INSTRUMENTS, Channel, Feedback, Output
from labeling.models import Audit, Unit

SHORT_TURN = 400
"""Characters; so much stands above the output without pushing it out of view."""


def shown_output(unit: Unit) -> Output:
    """The unit's output; units of an imported set may have none and have no page."""
    if unit.output is None:
        raise ValueError(f"Unit {unit.name} of an imported label set has no output to show.")
    return unit.output


def what_graders_see(unit: Unit, audit: Audit) -> dict[str, Any]:
    """Prompt, conversation, output, latency. No release, no model, no user, no stratum."""
    output = shown_output(unit)
    turns = output.content.conversation
    n_earlier = n_folded(turns)
    limit = audit.project.latency_limit_ms
    return {
        "earlier": turns[:n_earlier],
        "turns": turns[n_earlier:],
        "text": output.content.text,
        "asked_at": output.created_at,
        "latency_s": None if output.latency_ms is None else output.latency_ms / 1000,
        "limit_s": limit / 1000,
        "is_slow": output.latency_ms is not None and output.latency_ms > limit,
    }


def what_a_lead_answers_beside(unit: Unit, audit: Audit) -> dict[str, Any]:
    """The same, with the output first in view: only a short last turn stays open above it."""
    shown = what_graders_see(unit, audit)
    turns = [*shown["earlier"], *shown["turns"]]
    n_open = int(bool(turns) and len(turns[-1]["content"]) <= SHORT_TURN)
    n_earlier = len(turns) - n_open
    return {**shown, "earlier": turns[:n_earlier], "turns": turns[n_earlier:]}


def n_folded(turns: list[dict[str, str]]) -> int:
    """How many turns wait behind a click: a long conversation but its end, and a system prompt."""
    if len(turns) > 3:
        return len(turns) - 2
    return int(len(turns) > 1 and turns[0]["role"] == "system")


def what_the_user_said(unit: Unit) -> list[Feedback]:
    """The feedback that the unit was drawn by: what came after the draw is not shown."""
    said = Feedback.objects.as_of(unit.audit.frame_until).filter(output=unit.output_id)
    shown = said.filter(channel__in=(*INSTRUMENTS, Channel.DISAGREE))
    return list(shown.order_by(F("given_at").asc(nulls_last=True), "pk")[:5])
