"""Label sets out: what was labelled, by whom (pseudonymised), with weights and a manifest.

An export is written beside its target and renamed when it is whole; a failure leaves nothing.
"""

import csv
import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import duckdb
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from feedback.models import Feedback
from feedback.spreadsheet import neutralise
from labeling.codebook_versions import mode_names
from labeling.grader_export import RECORD_COLUMNS, withheld_from_record, write_grader_record
from labeling.judge_export import VERDICT_COLUMNS, withheld_from_verdicts, write_judge_verdicts
from labeling.models import PLANTED, Adjudication, Audit, Correctness, Label, Unit
from labeling.third_opinions import seats_outside_agreement
from labeling.unit_export import UNIT_COLUMNS, write_units
from projects.errors import InputError

COLUMNS = {
    "audit": "VARCHAR",
    "codebook": "VARCHAR",
    "unit": "VARCHAR",
    "kind": "VARCHAR",
    "stratum": "VARCHAR",
    "inclusion_probability": "DOUBLE",
    "weight": "DOUBLE",
    "coder": "VARCHAR",
    "seat": "BIGINT",
    "blind_correctness": "VARCHAR",
    "is_blind": "BOOLEAN",
    "correctness": "VARCHAR",
    "label": "VARCHAR",
    "further_labels": "VARCHAR",
    "note": "VARCHAR",
    "revision_reason": "VARCHAR",
    "labelled_at": "VARCHAR",
    "adjudicated_correctness": "VARCHAR",
    "adjudicated_label": "VARCHAR",
    "adjudication_reason": "VARCHAR",
    "user_rating": "VARCHAR",
    "user_rated_negative": "BOOLEAN",
    "user_reason": "VARCHAR",
    "user_comment": "VARCHAR",
    "release": "VARCHAR",
    "model": "VARCHAR",
    "domain": "VARCHAR",
    "user": "VARCHAR",
    "latency_ms": "BIGINT",
    "conversation": "VARCHAR",
    "output": "VARCHAR",
}
"""Every column with its type; docs/exports.md describes each."""

STRATUM_FACTS = ("name", "n_frame", "n_sampled", "in_frame", "is_negative", "is_rated")
RELIABILITY_COLUMNS = ("unit", "coder", "label")
RECORD = "grader-record"
JUDGES = "judge-verdicts"
UNITS = "units"
FORMATS = ("csv", "jsonl", "parquet", "reliability", UNITS, RECORD, JUDGES)
COLUMNS_OF = {
    "reliability": RELIABILITY_COLUMNS,
    UNITS: UNIT_COLUMNS,
    RECORD: RECORD_COLUMNS,
    JUDGES: VERDICT_COLUMNS,
}
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "reliability": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    UNITS: "application/x-ndjson",
    RECORD: "text/csv; charset=utf-8",
    JUDGES: "text/csv; charset=utf-8",
}
SUFFIXES = {"jsonl": "jsonl", "parquet": "parquet", UNITS: "jsonl"}
"""Of the formats that are no csv."""


def export_labels(audit: Audit, *, kind: str, out: Path) -> dict[str, Any]:
    """Write the audit's counted labels to `out` and the manifest beside it; return the manifest.

    csv, jsonl and parquet hold one row per counted label with all `COLUMNS`; reliability holds
    unit, coder, label of sampled units, as agreement is computed from; units holds every drawn
    unit, labelled or not (`labeling.unit_export`); grader-record holds the planted units too
    (`labeling.grader_export`), judge-verdicts what judges said of drawn units.
    CSV text that a spreadsheet would run is neutralised (`feedback.spreadsheet`); jsonl, parquet,
    reliability and units are exact.
    A link is followed. Only a plain file is replaced; a device or a pipe is refused.

    Raises
    ------
    InputError
        One of the two paths is taken by something that is no file.
    OSError
        The folder cannot be written to; nothing is left there.
    """
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    check_replaceable(out)
    check_replaceable(manifest_path(out))
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
        partial, partial_manifest = Path(folder) / "labels", Path(folder) / "manifest"
        n_rows = WRITERS[kind](audit, partial)
        manifest = build_manifest(audit, kind=kind, n_rows=n_rows, file=partial, name=out.name)
        write_manifest(manifest, partial_manifest)
        partial.replace(out)
        partial_manifest.replace(manifest_path(out))
    return manifest


def check_replaceable(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise InputError(f"--out: expected a file or nothing at {path}, got something else.")


def manifest_path(out: Path) -> Path:
    return out.with_name(out.name + ".manifest.json")


def write_manifest(manifest: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def counted_labels(audit: Audit) -> QuerySet[Label]:
    """One statement, so that the rows are one state of the database, however long it takes."""
    decision = Adjudication.objects.current().filter(unit=OuterRef("unit"))
    said = Feedback.objects.as_of(audit.frame_until).ratings_of(OuterRef("unit__output"))
    return (
        Label.objects.counted()
        .filter(unit__audit=audit)
        .exclude(unit__kind__in=PLANTED)
        .annotate(
            decided_correctness=Subquery(decision.values("correctness")[:1]),
            decided_mode=Subquery(decision.values("failure_mode__code")[:1]),
            decided_reason=Subquery(decision.values("reason")[:1]),
            user_rating=Subquery(said.values("value")[:1]),
            user_negative=Subquery(said.values("is_negative")[:1]),
            user_reason=Subquery(said.values("reason")[:1]),
            user_comment=Subquery(said.values("comment")[:1]),
        )
        .select_related(
            "unit__stratum",
            "unit__output__content",
            "coder",
            "seat",
            "verdict",
            "failure_mode",
            "codebook",
        )
        .order_by("unit__prn", "unit_id", "coder_id")
    )


def label_rows(audit: Audit) -> Iterator[dict[str, Any]]:
    """Counted labels as export rows, in draw order."""
    further = further_modes(audit)
    for label in counted_labels(audit).iterator(chunk_size=1000):
        yield {
            "audit": audit.slug,
            "codebook": str(label.codebook),
            **unit_columns(label.unit),
            **label_columns(label, further.get(label.pk, "")),
            **output_columns(label.unit),
        }


def unit_columns(unit: Unit) -> dict[str, Any]:
    pi = unit.inclusion_probability
    return {
        "unit": unit.name,
        "kind": unit.kind,
        "stratum": unit.stratum.name if unit.stratum else "",
        "inclusion_probability": pi,
        "weight": 1 / pi if pi else None,
    }


def label_columns(label: Any, further: str) -> dict[str, Any]:
    decided = label.decided_mode or label.decided_correctness or ""
    return {
        "coder": label.coder.name,
        "seat": label.seat.position if label.seat else None,
        "blind_correctness": label.verdict.correctness if label.verdict else "",
        "is_blind": label.verdict.is_blind if label.verdict else None,
        "correctness": label.correctness,
        "label": label.category if label.asks_mode else "",
        "further_labels": further,
        "note": label.note,
        "revision_reason": label.revision_reason,
        "labelled_at": label.created_at.isoformat(),
        "adjudicated_correctness": label.decided_correctness or "",
        "adjudicated_label": decided if label.asks_mode else "",
        "adjudication_reason": label.decided_reason or "",
        "user_rating": label.user_rating or "",
        "user_rated_negative": label.user_negative,
        "user_reason": label.user_reason or "",
        "user_comment": label.user_comment or "",
    }


def output_columns(unit: Unit) -> dict[str, Any]:
    output = unit.output
    if output is None:
        empty = dict.fromkeys(("release", "model", "domain", "user", "conversation", "output"), "")
        return {**empty, "latency_ms": None}
    return {
        "release": output.release,
        "model": output.model,
        "domain": output.domain,
        "user": output.user_key,
        "latency_ms": output.latency_ms,
        "conversation": json.dumps(output.content.conversation, ensure_ascii=False),
        "output": output.content.text,
    }


def further_modes(audit: Audit) -> dict[int, str]:
    through = Label.further_modes.through.objects.filter(label__unit__audit=audit)
    found: dict[int, list[str]] = {}
    for label, code in through.values_list("label_id", "failuremode__code").order_by("pk"):
        found.setdefault(label, []).append(code)
    return {label: " ".join(codes) for label, codes in found.items()}


def write_csv(audit: Audit, path: Path) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(COLUMNS), lineterminator="\r\n")
        writer.writeheader()
        n_rows = 0
        for row in label_rows(audit):
            writer.writerow(
                {
                    key: neutralise(value, may_be_number=key == "user_rating")
                    for key, value in row.items()
                }
            )
            n_rows += 1
    return n_rows


def write_jsonl(audit: Audit, path: Path) -> int:
    with path.open("w", encoding="utf-8") as file:
        return dump_lines(audit, file)


def dump_lines(audit: Audit, file: IO[str]) -> int:
    n_rows = 0
    for row in label_rows(audit):
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        n_rows += 1
    return n_rows


def write_parquet(audit: Audit, path: Path) -> int:
    """Through JSON lines with explicit column types; types are never sniffed."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        lines = Path(folder) / "rows.jsonl"
        n_rows = write_jsonl(audit, lines)
        columns = ", ".join(f"{name!r}: {kind!r}" for name, kind in COLUMNS.items())
        source = "read_json($lines, format='newline_delimited', columns={" + columns + "}"
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT * FROM {source}, maximum_object_size=67108864)) "  # noqa: S608 - our own column names
                "TO $target (FORMAT parquet, COMPRESSION zstd)",
                {"lines": str(lines), "target": str(path)},
            )
    return n_rows


def write_reliability(audit: Audit, path: Path) -> int:
    """The reliability data: unit, coder, label of sampled units; exact, as `agreement` reads it."""
    labels = Label.objects.counted().filter(unit__audit=audit, asks_mode=True)
    rows = (
        labels.exclude(seat__in=seats_outside_agreement(audit))
        .filter(unit__kind=Unit.Kind.SAMPLED)
        .order_by("unit__prn", "unit_id", "coder_id")
        .values_list("unit__name", "coder__name", "failure_mode__code", "correctness")
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(RELIABILITY_COLUMNS)
        n_rows = 0
        for unit, coder, mode, correctness in rows.iterator(chunk_size=5000):
            writer.writerow((unit, coder, mode or correctness))
            n_rows += 1
    return n_rows


WRITERS = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "reliability": write_reliability,
    UNITS: write_units,
    RECORD: write_grader_record,
    JUDGES: write_judge_verdicts,
}


def build_manifest(
    audit: Audit, *, kind: str, n_rows: int, file: Path, name: str
) -> dict[str, Any]:
    """What the file is, how to check it, and what it does not hold, with the reason."""
    withheld = withheld_of(audit, kind, n_rows)
    return {
        "file": name,
        "format": kind,
        "sha256": file_digest(file),
        "n_rows": n_rows,
        "columns": list(COLUMNS_OF.get(kind, COLUMNS)),
        "audit": audit.slug,
        "project": audit.project.slug,
        "audit_status": audit.status,
        "codebook": audit.codebook.name,
        "codebook_version": audit.codebook.version,
        "frame": audit.frame,
        "seed": audit.seed,
        "coders_per_unit": audit.coders_per_unit,
        "asks_third": audit.asks_third,
        "strata": list(audit.strata.values(*STRATUM_FACTS)),
        "n_outputs": audit.n_outputs,
        "n_rated": audit.n_rated,
        "n_negative": audit.n_negative,
        "modes": mode_codes(audit),
        "withheld": {reason: count for reason, count in withheld.items() if count},
        "coders": "members under a pseudonym, imported coders as their file named them",
        "exported_at": timezone.now().isoformat(),
    }


def withheld_of(audit: Audit, kind: str, n_rows: int) -> dict[str, int]:
    if kind == RECORD:
        return withheld_from_record(audit, n_rows)
    if kind == JUDGES:
        return withheld_from_verdicts(audit)
    if kind == UNITS:
        return {}
    labels = Label.objects.filter(unit__audit=audit).exclude(unit__kind__in=PLANTED)
    late = labels.current().filter(is_late=True).count()
    superseded = labels.exclude(superseded_at=None).count()
    withheld = {"superseded or undone": superseded, "late": late}
    if kind == "reliability":
        withheld["on thumbs-up units, where no mode is asked"] = (
            labels.counted().filter(asks_mode=False).count()
        )
        third = labels.counted().filter(asks_mode=True, seat__in=seats_outside_agreement(audit))
        withheld["third opinions, asked because the first labels differed"] = third.count()
    return withheld


def mode_codes(audit: Audit) -> list[str]:
    """Every category that the failure mode's agreement is computed over, in codebook order."""
    codes = list(mode_names(audit))
    cannot_tell = str(Correctness.CANNOT_TELL)
    said = Label.objects.counted().filter(unit__audit=audit, asks_mode=True, failure_mode=None)
    if cannot_tell not in codes and (not audit.is_imported or said.exists()):
        codes.append(cannot_tell)
    return codes


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
