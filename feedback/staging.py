"""A file on its way in: read once, and kept as JSON lines under DATA_DIR until it is imported.

The staged file has a name of ours, is readable by its owner alone, and is removed with the last
row, or when nobody has come back to the import for a week.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from feedback.cleaning import MAX_VALUE, RowError, as_value
from feedback.formats import Record
from feedback.formats.detection import open_source, read_records
from feedback.mapping import leaves
from feedback.models import Import
from projects.errors import InputError
from projects.models import Project, User

MAX_COLUMNS = 300
MAX_DIFFERENT = 200
"""A column with more different values than these has no histogram; it is no rating."""
MAX_RAW = 100_000
"""Characters of a rejected row that are kept for its download."""
ABANDONED_AFTER = timedelta(days=7)


class Columns:
    """What each column holds: how many rows fill it, and its values while they are few."""

    def __init__(self) -> None:
        self.n_filled: dict[str, int] = {}
        self.values: dict[str, dict[str, int] | None] = {}

    def add(self, record: dict[str, Any]) -> None:
        for name, raw in leaves(record):
            if name not in self.values:
                if len(self.values) == MAX_COLUMNS:
                    continue
                self.values[name] = {}
                self.n_filled[name] = 0
            if raw is None or raw == "":
                continue
            self.n_filled[name] += 1
            counts = self.values[name]
            if counts is not None:
                self.count(name, raw, counts)

    def count(self, name: str, raw: Any, counts: dict[str, int]) -> None:
        try:
            value = as_value(raw)
        except RowError:
            value = None
        if value is None or len(value) > MAX_VALUE:
            self.values[name] = None
        elif value:
            counts[value] = counts.get(value, 0) + 1
            if len(counts) > MAX_DIFFERENT:
                self.values[name] = None

    def as_json(self) -> dict[str, Any]:
        return {name: {"n": self.n_filled[name], "values": v} for name, v in self.values.items()}


def directory() -> Path:
    folder = Path(settings.DATA_DIR) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def staged_path(source: Import) -> Path:
    return directory() / Path(source.staged).name


def stage(
    file: IO[bytes], *, name: str, project: Project, created_by: User | None, expected: str = ""
) -> Import:
    """Read `file` to its end and keep its rows for the import, which is not saved yet.

    Raises
    ------
    InputError
        The file cannot be read as a whole, or has no row; nothing is kept then.
    """
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    source = open_source(file, expected=expected)
    path = directory() / f"{secrets.token_hex(16)}.jsonl"
    columns = Columns()
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            n_records = sum(1 for _ in copy_records(read_records(source), out, columns))
        if not n_records:
            raise InputError("expected at least one row below the header, got none.")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Import(
        project=project,
        created_by=created_by,
        file_name=clean_name(name),
        sha256=sha256,
        staged=path.name,
        n_records=n_records,
        format=source.format,
        columns=columns.as_json(),
    )


def copy_records(records: Iterator[Record], out: IO[bytes], columns: Columns) -> Iterator[None]:
    for line, text, data, problem in records:
        if data is None:
            raw = text[:MAX_RAW].replace("\0", "\\x00")
            staged = json.dumps({"line": line, "problem": problem, "raw": raw})
        else:
            columns.add(data)
            staged = f'{{"line": {line}, "record": {text}}}'
        out.write(staged.encode("utf-8", "backslashreplace") + b"\n")
        yield


def clean_name(name: str) -> str:
    """Keep the last part of a file's name, one printable line of at most 255 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c if c.isprintable() else "_" for c in last)[-255:] or "unnamed"


def read_staged(source: Import, position: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each staged row from byte `position` on, with the byte after it."""
    with staged_path(source).open("rb") as file:
        file.seek(position)
        for raw in file:
            position += len(raw)
            yield position, json.loads(raw)


def first_records(source: Import, n: int) -> list[dict[str, Any]]:
    """Give the first `n` readable records, for a preview."""
    found: list[dict[str, Any]] = []
    for _, row in read_staged(source, 0):
        if "record" in row:
            found.append(row["record"])
        if len(found) == n:
            break
    return found


def histogram(source: Import, column: str) -> dict[str, int]:
    """Give the counts of a column's values; empty when it has too many different ones."""
    return source.columns.get(column, {}).get("values") or {}


def discard(source: Import) -> None:
    staged_path(source).unlink(missing_ok=True)


def forget_abandoned(project: Project) -> None:
    """Remove what was staged for imports that nobody came back to."""
    unfinished = [Import.Status.UPLOADED, Import.Status.MAPPED, Import.Status.RUNNING]
    limit = timezone.now() - ABANDONED_AFTER
    for source in project.imports.filter(status__in=unfinished, created_at__lt=limit):
        discard(source)
        source.status = Import.Status.FAILED
        source.problem = "Nobody came back to this import for a week; upload the file again."
        source.save(update_fields=["status", "problem"])
    for path in directory().glob("*.jsonl"):  # also of uploads that never became an import
        if path.stat().st_mtime < limit.timestamp():
            path.unlink(missing_ok=True)
