"""Read a reliability file of any usual shape into what `agreement` needs."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd

from analysis.errors import AnalysisInputError
from analysis.file_shape import SHAPES, Row, Shape, detect_shape, find_long_columns, whole_number
from analysis.patterns import Patterns, patterns_from_count_table, patterns_from_labels

MAX_TABLE_UNITS = 5_000_000
CONTINGENCY_CODERS = ("row coder", "column coder")


@dataclass(frozen=True, eq=False, kw_only=True)
class ReliabilityData:
    """What a reliability file holds.

    Attributes
    ----------
    labels : DataFrame with columns unit, coder, label, or None
        None for counts, where coders are not known.
    n_coders : int
        Coders seen; for counts, the largest number of labels on a unit.
    domain : tuple of str, or None
        The categories in the file's order, where the file states them (counts, contingency).
    """

    shape: Shape
    labels: pd.DataFrame | None
    patterns: Patterns
    n_coders: int
    domain: tuple[str, ...] | None = None


def read_reliability(path: str | Path, shape: str = "auto") -> ReliabilityData:
    """Read a CSV file (comma, else tab, else semicolon) with a header line.

    Labels are kept as text exactly ("01", "NA", "None" are labels); blanks around a cell are
    stripped, and only an empty cell is a missing judgment.

    Parameters
    ----------
    path : path of a UTF-8 text file
    shape : {"auto", "long", "wide", "counts", "contingency"}
        - long: columns unit, coder (or rater, annotator, worker, observer) and label (else
          failure_mode, else value, category or correctness); other columns are ignored.
        - wide: a first column with the unit, one column per coder.
        - counts: a first column with the unit, one column per category with whole numbers.
        - contingency: a square table of two coders, row and column names the same labels.
        See `analysis.file_shape.detect_shape` for the rules of auto.

    Raises
    ------
    AnalysisInputError
        The file cannot be read as that shape: what was expected, what came, in which line.
    """
    if shape not in ("auto", *SHAPES):
        raise AnalysisInputError(f"expected --shape out of auto, {', '.join(SHAPES)}: {shape!r}.")
    header, rows = read_table(Path(path))
    chosen = detect_shape(header, rows) if shape == "auto" else cast("Shape", shape)
    readers = {
        "long": _read_long,
        "wide": _read_wide,
        "counts": _read_counts,
        "contingency": _read_contingency,
    }
    return readers[chosen](header, rows)


def read_table(path: Path) -> tuple[list[str], list[Row]]:
    text = _read_text(path)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = next((mark for mark in ",\t;" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped):
                rows.append(Row(reader.line_num, stripped))
    except csv.Error as error:
        message = f"expected CSV in {path.name}: line {reader.line_num} is not ({error})."
        raise AnalysisInputError(message) from None
    if not rows:
        raise AnalysisInputError(f"expected a header and rows in {path.name}: the file is empty.")
    header = list(rows.pop(0).cells)
    _check_table(path.name, header, rows)
    return header, rows


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise AnalysisInputError(f"expected a CSV file: there is no file {path}.") from None
    except IsADirectoryError:
        raise AnalysisInputError(f"expected a CSV file: {path} is a directory.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AnalysisInputError(
            f"expected a CSV file: {path} cannot be read ({reason})."
        ) from None
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise AnalysisInputError(
            f"expected UTF-8 text in {path.name}: line {line} holds a zero byte (a binary file)."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise AnalysisInputError(
            f"expected UTF-8 text in {path.name}: line {line} holds the byte "
            f"0x{data[error.start]:02x}, which is not UTF-8."
        ) from None


def _check_table(name: str, header: Sequence[str], rows: Sequence[Row]) -> None:
    if len(header) < 2:
        raise AnalysisInputError(
            f"expected columns separated by commas in {name}: line 1 is {header[0][:60]!r}."
        )
    if not rows:
        raise AnalysisInputError(f"expected rows below the header in {name}: there are none.")
    for row in rows:
        if len(row.cells) != len(header):
            raise AnalysisInputError(
                f"expected {len(header)} cells, as in the header, in line {row.line} of {name}: "
                f"came {len(row.cells)}."
            )


def _read_long(header: list[str], rows: Sequence[Row]) -> ReliabilityData:
    places = find_long_columns(header)
    unit, coder, label = places
    found: list[tuple[str, str, str]] = []
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        cells = row.cells
        for name, place in (("unit", unit), ("coder", coder)):
            if not cells[place]:
                raise AnalysisInputError(
                    f"expected a {name} in line {row.line}: the cell is empty."
                )
        if not cells[label]:
            continue
        before = seen.setdefault((cells[unit], cells[coder]), row.line)
        if before != row.line:
            raise AnalysisInputError(
                f"expected one label per coder and unit: coder {cells[coder]!r} labeled unit "
                f"{cells[unit]!r} in line {before} and again in line {row.line}."
            )
        found.append((cells[unit], cells[coder], cells[label]))
    return _from_triples("long", found)


def _read_wide(header: list[str], rows: Sequence[Row]) -> ReliabilityData:
    coders = _names("coder", header)
    _check_units(rows)
    found = [
        (row.cells[0], coder, label)
        for row in rows
        for coder, label in zip(coders, row.cells[1:], strict=True)
        if label
    ]
    return _from_triples("wide", found)


def _read_counts(header: list[str], rows: Sequence[Row]) -> ReliabilityData:
    categories = _names("category", header)
    _check_units(rows)
    counts = [[_count(row, cell) for cell in row.cells[1:]] for row in rows]
    patterns = patterns_from_count_table(categories, counts)
    if patterns.total_labels == 0:
        raise AnalysisInputError("expected counts above zero: every cell is 0.")
    return ReliabilityData(
        shape="counts",
        labels=None,
        patterns=patterns,
        n_coders=int(patterns.labels_per_unit.max()),
        domain=tuple(categories),
    )


def _read_contingency(header: list[str], rows: Sequence[Row]) -> ReliabilityData:
    labels = _names("label", header)
    if sorted(row.cells[0] for row in rows) != sorted(labels):
        raise AnalysisInputError(
            f"expected a square table with the rows {labels}: "
            f"came {[row.cells[0] for row in rows][:20]}."
        )
    cells = [
        (row.cells[0], label, _count(row, cell))
        for row in rows
        for label, cell in zip(labels, row.cells[1:], strict=True)
    ]
    total = sum(n for _, _, n in cells)
    if not 0 < total <= MAX_TABLE_UNITS:
        raise AnalysisInputError(
            f"expected counts that add up to 1 ... {MAX_TABLE_UNITS:,}: came {total:,}."
        )
    pairs = [(first, second) for first, second, n in cells for _ in range(n)]
    found = [
        (str(unit), coder, label)
        for unit, pair in enumerate(pairs, start=1)
        for coder, label in zip(CONTINGENCY_CODERS, pair, strict=True)
    ]
    return _from_triples("contingency", found, domain=tuple(labels))


def _from_triples(
    shape: Shape,
    found: list[tuple[str, str, str]],
    domain: tuple[str, ...] | None = None,
) -> ReliabilityData:
    if not found:
        raise AnalysisInputError("expected at least one label: every label cell is empty.")
    labels = pd.DataFrame(found, columns=["unit", "coder", "label"], dtype=object)
    return ReliabilityData(
        shape=shape,
        labels=labels,
        patterns=patterns_from_labels(labels, domain),
        n_coders=len({coder for _, coder, _ in found}),
        domain=domain,
    )


def _names(kind: str, header: Sequence[str]) -> list[str]:
    """Return the names of all columns but the first; each must be there, and once."""
    names = list(header[1:])
    for place, name in enumerate(names, start=2):
        if not name:
            raise AnalysisInputError(f"expected a {kind} name over column {place}: it is empty.")
        if names.index(name) != place - 2:
            raise AnalysisInputError(f"expected each {kind} once in line 1: {name!r} comes twice.")
    return names


def _check_units(rows: Sequence[Row]) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        unit = row.cells[0]
        if not unit:
            raise AnalysisInputError(f"expected a unit in line {row.line}: the cell is empty.")
        before = seen.setdefault(unit, row.line)
        if before != row.line:
            raise AnalysisInputError(
                f"expected each unit once: {unit!r} comes in line {before} and in line {row.line}."
            )


def _count(row: Row, cell: str) -> int:
    number = whole_number(cell)
    if number is None:
        raise AnalysisInputError(
            f"expected whole numbers of at most 9 digits in line {row.line}: came {cell[:40]!r}."
        )
    return number
