"""Every drawn unit as a file: what figures rest on that is no label.

Skips, places that wait, decisions and times of work, and what an output and its user say.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from feedback.models import Feedback
from labeling.effort import active_times
from labeling.models import Adjudication, Audit, Skip

UNIT_COLUMNS = (
    *("audit", "unit", "kind", "stratum", "inclusion_probability", "serving"),
    *("n_awaited", "skipped_by", "active_ms", "adjudicated_correctness", "adjudicated_label"),
    *("user_reason", "release", "model", "domain", "user", "latency_ms"),
)
"""Every column; docs/exports.md describes each."""


def write_units(audit: Audit, path: Path) -> int:
    """One JSON line per drawn unit, in the order they were stored: it decides between equals."""
    n_rows = 0
    with path.open("w", encoding="utf-8") as file:
        for row in unit_rows(audit):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            n_rows += 1
    return n_rows


def unit_rows(audit: Audit) -> Iterator[dict[str, Any]]:
    skippers, times = skippers_of(audit), times_of(audit)
    for unit in units_of(audit).iterator(chunk_size=1000):
        pk, asks_mode = unit["pk"], unit["decided_asks_mode"]
        category = unit["decided_mode"] or unit["decided_correctness"] or ""
        yield {
            "audit": audit.slug,
            "unit": unit["name"],
            "kind": unit["kind"],
            "stratum": unit["stratum__name"] or "",
            "inclusion_probability": unit["inclusion_probability"],
            "serving": unit["serving"],
            "n_awaited": unit["n_awaited"],
            "skipped_by": skippers.get(pk, []),
            "active_ms": times.get(pk, []),
            "adjudicated_correctness": unit["decided_correctness"] or "",
            "adjudicated_label": category if asks_mode else "",
            "user_reason": unit["user_reason"] or "",
            "release": unit["output__release"] or "",
            "model": unit["output__model"] or "",
            "domain": unit["output__domain"] or "",
            "user": unit["output__user_key"] or "",
            "latency_ms": unit["output__latency_ms"],
        }


def units_of(audit: Audit) -> QuerySet[Any, dict[str, Any]]:
    decision = Adjudication.objects.current().filter(unit=OuterRef("pk"))
    said = Feedback.objects.as_of(audit.frame_until).ratings_of(OuterRef("output"))
    awaited = Count("seats", filter=Q(seats__is_done=False, seats__is_planted=False))
    units = audit.units.drawn().annotate(
        n_awaited=awaited,
        decided_correctness=Subquery(decision.values("correctness")[:1]),
        decided_mode=Subquery(decision.values("failure_mode__code")[:1]),
        decided_asks_mode=Subquery(decision.values("asks_mode")[:1]),
        user_reason=Subquery(said.values("reason")[:1]),
    )
    facts = ("release", "model", "domain", "user_key", "latency_ms")
    return units.order_by("pk").values(
        *("pk", "name", "kind", "stratum__name", "inclusion_probability", "serving", "n_awaited"),
        *("decided_correctness", "decided_mode", "decided_asks_mode", "user_reason"),
        *(f"output__{name}" for name in facts),
    )


def skippers_of(audit: Audit) -> dict[int, list[str]]:
    """Unit to the coders whose skip of it stands."""
    rows = Skip.objects.filter(unit__audit=audit, undone_at=None).order_by("unit", "coder__name")
    found: dict[int, list[str]] = defaultdict(list)
    for unit, coder in rows.values_list("unit_id", "coder__name"):
        found[unit].append(coder)
    return found


def times_of(audit: Audit) -> dict[int, list[int]]:
    """Unit to the active milliseconds of its current labels; not whose they are."""
    found: dict[int, list[int]] = defaultdict(list)
    for unit, active in active_times(audit):
        found[unit].append(active)
    return found
