"""The grader record: what every figure and flag on the page of graders is computed from.

It tells gold units and repeats, so it is for those who read an audit and for no grader.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db.models import Sum

from feedback.spreadsheet import neutralise
from labeling.effort import WALL
from labeling.grader_data import GraderData, Pair, known_answer
from labeling.models import Audit, Codebook, Effort, Label, Skip

RECORD_COLUMNS = (
    *("audit", "codebook", "row", "coder", "unit", "kind", "repeat_of", "seat", "third_opinion"),
    *("blind_correctness", "correctness", "label", "gold_correctness", "gold_label"),
    *("user_complained", "active_ms", "wall_ms", "n_words", "imported", "skip_reason"),
    "created_at",
)
"""Every column; docs/exports.md describes each."""


def write_grader_record(audit: Audit, path: Path) -> int:
    """One row per label that the page of graders counts, in the order given; then the skips."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, RECORD_COLUMNS, restval="", lineterminator="\r\n")
        writer.writeheader()
        n_rows = 0
        for row in record_rows(audit):
            writer.writerow({key: neutralise(written(value)) for key, value in row.items()})
            n_rows += 1
    return n_rows


def written(value: object) -> object:
    """yes and no for what is one; text and numbers as they are."""
    return ("no", "yes")[value] if isinstance(value, bool) else value


def record_rows(audit: Audit) -> Iterator[dict[str, Any]]:
    data, times = GraderData(audit), times_spent(audit)
    versions = {book.pk: str(book) for book in Codebook.objects.filter(project=audit.project_id)}
    for label in data.labels:
        pair = (label.unit_id, label.coder_id)
        yield {
            "audit": audit.slug,
            "codebook": versions[label.codebook_id],
            "row": "label",
            **label_columns(data, label),
            **times.get(pair, {}),
        }
    for skip in standing_skips(audit):
        yield {
            "audit": audit.slug,
            "row": "skip",
            "coder": skip.coder.name,
            **unit_columns(skip.unit),
            "skip_reason": skip.reason,
            "created_at": skip.created_at.isoformat(),
            **times.get((skip.unit_id, skip.coder_id), {}),
        }


def label_columns(data: GraderData, label: Any) -> dict[str, Any]:
    coder, mode, blind, correctness, _ = data.judgment(label)
    unit = data.units[label.unit_id]
    gold_label, gold_correctness = known_answer(unit)
    return {
        "coder": coder,
        **unit_columns(unit),
        "seat": label.seat__position,
        "third_opinion": (label.unit_id, label.coder_id) in data.thirds,
        "blind_correctness": blind,
        "correctness": correctness,
        "label": mode,
        "gold_correctness": gold_correctness,
        "gold_label": gold_label,
        "user_complained": bool(unit.complains),
        "n_words": data.n_words.get(unit.output_id),
        "imported": label.is_imported,
        "created_at": label.created_at.isoformat(),
    }


def unit_columns(unit: Any) -> dict[str, str]:
    """A repeat has the name of its original."""
    repeated = unit.name if unit.repeats_id is not None else ""
    return {"unit": unit.name, "kind": unit.kind, "repeat_of": repeated}


def times_spent(audit: Audit) -> dict[Pair, dict[str, int | None]]:
    """Active and wall milliseconds, all showings of a unit together; no active time: not known."""
    rows = Effort.objects.filter(unit__audit=audit).values_list("unit_id", "coder_id")
    return {
        (unit, coder): {"active_ms": active or None, "wall_ms": round(wall.total_seconds() * 1000)}
        for unit, coder, active, wall in rows.annotate(active=Sum("active_ms"), wall=WALL)
    }


def standing_skips(audit: Audit) -> Any:
    skips = Skip.objects.filter(unit__audit=audit, undone_at=None).select_related("unit", "coder")
    return skips.order_by("created_at", "pk").iterator(chunk_size=1000)


def withheld_from_record(audit: Audit, n_rows: int) -> dict[str, int]:
    """What is not in the record, by reason; `n_rows` are labels and standing skips together."""
    labels, skips = Label.objects.filter(unit__audit=audit), Skip.objects.filter(unit__audit=audit)
    late = labels.current().filter(is_late=True).count()
    n_labels = n_rows - skips.filter(undone_at=None).count()
    return {
        "superseded or undone; on gold units, later than the first": labels.count()
        - late
        - n_labels,
        "late": late,
        "skips that were taken back": skips.exclude(undone_at=None).count(),
    }
