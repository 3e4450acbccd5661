"""What judges said of an audit's drawn units, as a file: for what compares them with people."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from feedback.spreadsheet import neutralise
from labeling.models import Audit, JudgeVerdict

VERDICT_COLUMNS = (
    *("audit", "unit", "unit_kind", "stratum", "inclusion_probability", "user"),
    *("judge", "version", "kind", "correctness", "label", "score", "rationale", "judged_at"),
)
"""Every column; docs/exports.md describes each."""


def write_judge_verdicts(audit: Audit, path: Path) -> int:
    """One row per current verdict on a drawn unit, in draw order, then by judge."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, VERDICT_COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        n_rows = 0
        for row in verdict_rows(audit):
            writer.writerow({key: neutralise(value) for key, value in row.items()})
            n_rows += 1
    return n_rows


def verdict_rows(audit: Audit) -> Iterator[dict[str, Any]]:
    for said in verdicts_on(audit).iterator(chunk_size=1000):
        yield {
            "audit": audit.slug,
            "unit": said.unit_name,
            "unit_kind": said.unit_kind,
            "stratum": said.unit_stratum,
            "inclusion_probability": said.unit_pi,
            "user": said.output.user_key,
            "judge": said.judge.name,
            "version": said.judge.version,
            "kind": said.judge.kind,
            "correctness": said.correctness,
            "label": said.failure_mode.code if said.failure_mode else "",
            "score": said.score,
            "rationale": said.rationale,
            "judged_at": said.created_at.isoformat(),
        }


def verdicts_on(audit: Audit) -> QuerySet[Any]:
    """Current verdicts of every judge, each with its unit's name, kind, stratum and chance."""
    drawn = audit.units.drawn().filter(output=OuterRef("output"))
    return (
        JudgeVerdict.objects.current()
        .filter(output__in=audit.units.drawn().values("output"))
        .annotate(
            unit_name=Subquery(drawn.values("name")[:1]),
            unit_kind=Subquery(drawn.values("kind")[:1]),
            unit_stratum=Subquery(drawn.values("stratum__name")[:1]),
            unit_pi=Subquery(drawn.values("inclusion_probability")[:1]),
            unit_prn=Subquery(drawn.values("prn")[:1]),
        )
        .select_related("judge", "failure_mode", "output")
        .order_by("unit_prn", "unit_name", "judge_id")
    )


def withheld_from_verdicts(audit: Audit) -> dict[str, int]:
    said = JudgeVerdict.objects.filter(output__in=audit.units.drawn().values("output"))
    return {"superseded": said.exclude(superseded_at=None).count()}
