"""Verdicts of a judge from a file: each row is new, duplicate or rejected with its reason.

The same file again adds nothing, so an import that was cut off is simply done again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from feedback.cleaning import RowError, as_name, as_score, as_text, as_value, shown
from feedback.formats import Record
from feedback.formats.detection import open_source, read_records
from labeling.codebooks import current_codebook
from labeling.judges import Judgement, outputs_by_name, record_judgements
from labeling.models import Correctness, FailureMode, Judge, JudgeVerdict
from projects.errors import InputError
from projects.table_statistics import refresh_statistics

BATCH_ROWS = 2000
MAX_LISTED = 100
COLUMNS = {
    "output": ("output", "output_id", "external_id", "unit", "unit_id", "id"),
    "verdict": ("verdict", "correctness"),
    "mode": ("mode", "failure_mode"),
    "score": ("score",),
    "rationale": ("rationale", "explanation"),
}
"""Each field with the names its column may have; the first that a row has is taken."""
NEEDED = ("output", "verdict")


@dataclass
class JudgementImport:
    """What became of the rows of a file."""

    judge: Judge
    n_rows: int = 0
    n_new: int = 0
    n_duplicate: int = 0
    n_rejected: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)

    def reject(self, line: int, reason: str) -> None:
        self.n_rejected += 1
        if len(self.rejected) < MAX_LISTED:
            self.rejected.append((line, reason))

    def as_dict(self) -> dict[str, Any]:
        return {
            "judge": str(self.judge),
            "kind": self.judge.kind,
            "project": self.judge.project.slug,
            "n_rows": self.n_rows,
            "n_new": self.n_new,
            "n_duplicate": self.n_duplicate,
            "n_rejected": self.n_rejected,
            "rejected": [{"line": line, "reason": reason} for line, reason in self.rejected],
        }


@dataclass(frozen=True)
class JudgementRow:
    """A clean row; its output is not looked up yet."""

    line: int
    output: str
    correctness: str
    mode: FailureMode | None
    score: float | None
    rationale: str

    def of(self, output_id: int) -> Judgement:
        return Judgement(
            output_id=output_id,
            correctness=self.correctness,
            mode=self.mode,
            score=self.score,
            rationale=self.rationale,
        )


def read_file(path: Path) -> Iterator[Record]:
    """The records of CSV, JSON lines or a JSON list, one by one.

    Raises
    ------
    InputError
        The file cannot be opened, or is none of the three, or cannot be read on.
    """
    try:
        with path.open("rb") as file:
            yield from read_records(open_source(file))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.") from error
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def check_file(path: Path) -> None:
    """Read the file through once, so that one that breaks off stores nothing."""
    columns: set[str] = set()
    n_rows = 0
    for record in read_file(path):
        n_rows += 1
        if record.data is not None and n_rows <= BATCH_ROWS:
            columns |= {name.strip().lower() for name in record.data}
    if not n_rows:
        raise InputError(f"{path.name}: expected at least one row, there is none.")
    for name in NEEDED:
        if columns and not columns & set(COLUMNS[name]):
            raise InputError(
                f"{path.name}: expected a column for the {name} ({', '.join(COLUMNS[name])}), "
                f"got the columns {', '.join(sorted(columns))[:200]}."
            )


def import_judgements(path: Path, judge: Judge) -> Iterator[JudgementImport]:
    """Take the file in, batch by batch, each a transaction; yield the count after each."""
    done = JudgementImport(judge)
    reader = RowReader(judge)
    records = read_file(path)
    while batch := list(islice(records, BATCH_ROWS)):
        take_batch(done, reader, batch)
        yield done
    refresh_statistics(done.n_new, JudgeVerdict)


def take_batch(done: JudgementImport, reader: "RowReader", batch: Sequence[Record]) -> None:
    rows = []
    for record in batch:
        done.n_rows += 1
        try:
            row = reader.read(record)
        except RowError as error:
            done.reject(record.line, str(error))
        else:
            rows.append(row)
    known = outputs_by_name(done.judge.project, {row.output for row in rows})
    fresh: list[Judgement] = []
    for row in rows:
        if row.output not in known:
            done.reject(row.line, f"output: {shown(row.output)} is not in the project")
            continue
        first = reader.first_said(row)
        if first is None:
            fresh.append(row.of(known[row.output]))
        elif first.said == row.of(0).said:
            done.n_duplicate += 1
        else:
            reason = f"output: {shown(row.output)} is judged otherwise in line {first.line}"
            done.reject(row.line, reason)
    recorded = record_judgements(done.judge, fresh)
    done.n_new += recorded.n_new
    done.n_duplicate += recorded.n_duplicate


@dataclass(frozen=True)
class FirstSaid:
    """What the first row on an output says."""

    line: int
    said: tuple[str, str, float | None, str]


class RowReader:
    """Cleans records; remembers what this file has said of each output."""

    def __init__(self, judge: Judge) -> None:
        codebook = current_codebook(judge.project)
        self.modes = {mode.code: mode for mode in codebook.modes.all()}
        self.seen: dict[str, FirstSaid] = {}

    def first_said(self, row: JudgementRow) -> FirstSaid | None:
        """The first row on this output; None: this is it."""
        first = self.seen.get(row.output)
        if first is None:
            self.seen[row.output] = FirstSaid(row.line, row.of(0).said)
        return first

    def read(self, record: Record) -> JudgementRow:
        if record.data is None:
            raise RowError(record.problem)
        found = {name: find(record.data, name) for name in COLUMNS}
        output = as_name(found["output"], "output")
        if not output:
            raise RowError("output: expected an id, got nothing")
        correctness = read_verdict(found["verdict"])
        return JudgementRow(
            line=record.line,
            output=output,
            correctness=correctness,
            mode=self.read_mode(found["mode"], correctness),
            score=read_score(found["score"]),
            rationale=as_text(found["rationale"], "rationale"),
        )

    def read_mode(self, raw: Any, correctness: str) -> FailureMode | None:
        """The row's mode by its code; `cannot_tell` beside that verdict is none, as in labels."""
        code = as_name(raw, "mode")
        if not code or code == correctness == Correctness.CANNOT_TELL:
            return None
        return find_mode(code, self.modes, correctness)


def find_mode(code: str, modes: dict[str, FailureMode], correctness: str) -> FailureMode:
    """The mode of this code.

    Raises
    ------
    RowError
        It is not in the codebook, or does not go with the verdict.
    """
    mode = modes.get(code)
    if mode is None:
        raise RowError(f"mode: expected one of {', '.join(modes)} or nothing, got {shown(code)}")
    if correctness == Correctness.CANNOT_TELL or mode.needs_verdict not in ("", correctness):
        raise RowError(f"mode: {code!r} does not go with the verdict {correctness!r}")
    return mode


def find(data: dict[str, Any], name: str) -> Any:
    """The field's raw value; None where no column has one of its names."""
    by_name = {key.strip().lower(): value for key, value in data.items()}
    return next((by_name[column] for column in COLUMNS[name] if column in by_name), None)


def read_verdict(raw: Any) -> str:
    value = as_value(raw) if not isinstance(raw, (dict, list)) else shown(raw)
    if value not in Correctness.values:
        raise RowError(f"verdict: expected {', '.join(Correctness.values)}, got {shown(value)}")
    return value


def read_score(raw: Any) -> float | None:
    value = as_value(raw) if not isinstance(raw, (dict, list)) else shown(raw)
    score = as_score(value)
    if value and score is None:
        raise RowError(f"score: expected a number, got {shown(value)}")
    return score
