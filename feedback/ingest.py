"""Take a staged file in, batch by batch; a kill at any point resumes to the same end state.

A batch and the position after it are one transaction under a lock on the import, so each row is
taken once. What is stored already is found by its id and event key: the same file
again adds nothing.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback import staging
from feedback.cleaning import RowError
from feedback.intake import Taken, take_rows
from feedback.models import Channel, Content, Feedback, Import, Output, RejectedRow
from feedback.polarity import Polarity, is_scale
from feedback.rows import Row, RowReader
from projects.models import Project
from projects.table_statistics import refresh_statistics

MAX_REASON = 300
ATTEMPTS = 3


@dataclass
class Batch:
    """Rows read from the staged file up to byte `position`."""

    position: int
    is_last: bool = False
    rows: list[tuple[int, Row, dict[str, Any]]] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


def reader_of(source: Import) -> RowReader:
    return RowReader(
        source.project,
        mapping=source.mapping,
        polarity=Polarity.from_list(source.negative_values),
        default_channel=default_channel(source),
    )


def default_channel(source: Import) -> Channel:
    """Rating for a numeric scale (or too many values to list), thumb for everything else."""
    column = source.mapping.get("rating", "")
    counts = staging.histogram(source, column)
    many = column in source.columns and source.columns[column]["values"] is None
    return Channel.RATING if many or is_scale(counts) else Channel.THUMB


def start(source: Import) -> None:
    source.status = Import.Status.RUNNING
    source.save(update_fields=["status", "mapping", "negative_values"])


def take_in(source: Import, *, max_seconds: float, max_rows: int = 1000) -> Import:
    """Take in batches until the file is done or the time is up; give the import as it is then."""
    until = time.monotonic() + max_seconds
    reader = reader_of(source)
    while source.status == Import.Status.RUNNING:
        source = take_in_batch(source, reader, max_rows=max_rows)
        if time.monotonic() >= until:
            break
    return source


def take_in_batch(source: Import, reader: RowReader, *, max_rows: int) -> Import:
    """Take in the next rows in one transaction; when another writer was faster, look again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                source = advance(source, reader, max_rows=max_rows)
            break
        except IntegrityError:  # feedback came in by the API meanwhile
            if attempt == ATTEMPTS:
                raise
    if source.status in {Import.Status.DONE, Import.Status.FAILED}:
        staging.discard(source)
        refresh_statistics(source.n_new, Output, Content, Feedback)
    return source


def advance(source: Import, reader: RowReader, *, max_rows: int) -> Import:
    """Do one batch under the locks: one import at a time writes into a project."""
    Project.objects.select_for_update(no_key=True).get(pk=source.project_id)
    source = Import.objects.select_for_update().select_related("project").get(pk=source.pk)
    if source.status != Import.Status.RUNNING:
        return source
    try:
        batch = read_batch(source, reader, max_rows=max_rows)
    except FileNotFoundError:
        return fail(source, "The staged file is gone; import the file again, it adds no row twice.")
    taken = take_rows(source, [(line, row) for line, row, _ in batch.rows])
    records = {line: record for line, _, record in batch.rows}
    batch.rejected += [
        rejection(source, line, reason, as_raw(source, reader, records[line]))
        for line, reason in taken.rejected
    ]
    RejectedRow.objects.bulk_create(batch.rejected)
    return record_progress(source, batch, taken)


def read_batch(source: Import, reader: RowReader, *, max_rows: int) -> Batch:
    batch = Batch(position=source.position)
    rows = staging.read_staged(source, source.position)
    for _ in range(max_rows):
        step = next(rows, None)
        if step is None:
            batch.is_last = True
            break
        batch.position, staged = step
        line = staged["line"]
        if "problem" in staged:
            raw = "" if "user" in source.mapping else staged["raw"]
            batch.rejected.append(rejection(source, line, staged["problem"], raw))
            continue
        try:
            batch.rows.append((line, reader.read(staged["record"]), staged["record"]))
        except RowError as error:
            raw = as_raw(source, reader, staged["record"])
            batch.rejected.append(rejection(source, line, str(error), raw))
    rows.close()  # type: ignore[attr-defined]
    return batch


def rejection(source: Import, line: int, reason: str, raw: str) -> RejectedRow:
    return RejectedRow(source=source, line=line, reason=reason[:MAX_REASON], raw=raw)


def as_raw(source: Import, reader: RowReader, record: dict[str, Any]) -> str:
    """Give a rejected record for its download: as JSON, its users pseudonymised."""
    text = json.dumps(reader.without_user(record), ensure_ascii=False)
    return text[: staging.MAX_RAW]


def record_progress(source: Import, batch: Batch, taken: Taken) -> Import:
    source.position = batch.position
    source.n_new += taken.n_new
    source.n_duplicate += taken.n_duplicate
    source.n_rejected += len(batch.rejected)
    if batch.is_last:
        source.status = Import.Status.DONE
        source.finished_at = timezone.now()
        if source.n_rejected == source.n_records:
            source.status = Import.Status.FAILED
            source.problem = "Every row was rejected, so nothing was stored."
    source.save(
        update_fields=[
            *("position", "n_new", "n_duplicate", "n_rejected", "status", "finished_at", "problem")
        ]
    )
    return source


def fail(source: Import, problem: str) -> Import:
    source.status = Import.Status.FAILED
    source.problem = problem
    source.save(update_fields=["status", "problem"])
    return source
