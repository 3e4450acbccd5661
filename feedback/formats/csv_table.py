"""A table with a header: comma, semicolon, tab or bar; any mixture of line ends."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from feedback.cleaning import NUMBER, shown
from feedback.formats import MAX_RECORD_BYTES, Record
from projects.errors import InputError

MAX_COLUMNS = 500


def read(stream: "io.BufferedReader[Any]", delimiter: str) -> Iterator[Record]:
    """Give each row as an object of its cells by the names in the header."""
    csv.field_size_limit(MAX_RECORD_BYTES)
    lines = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")
    rows = csv.reader(whole_lines(lines), delimiter=delimiter, strict=True)
    header = read_header(rows)
    while True:
        line = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield broken(error, line, rows.line_num)
            continue
        if cells:
            yield as_record(header, cells, line)


def whole_lines(lines: io.TextIOWrapper) -> Iterator[str]:
    """Refuse bytes that are not UTF-8, with their place: they are never replaced in silence."""
    n_bytes = 0
    for number, line in enumerate(lines, start=1):
        if not line.isascii():
            check_utf8(line, number, n_bytes)
            n_bytes += len(line.encode("utf-8", "surrogateescape"))
        else:
            n_bytes += len(line)
        yield line


def check_utf8(line: str, number: int, n_bytes: int) -> None:
    raw = line.encode("utf-8", "surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise InputError(
            f"line {number}: expected UTF-8 text, got the byte {raw[error.start]:#04x} "
            f"at offset {n_bytes + error.start:,} of the file; save the file as UTF-8."
        ) from None


def read_header(rows: Iterator[list[str]]) -> list[str]:
    try:
        cells = next(row for row in rows if row)
    except (csv.Error, StopIteration) as error:
        raise InputError(f"line 1: expected a header of column names: {error}.") from None
    names = [cell.strip() or f"column_{place}" for place, cell in enumerate(cells, start=1)]
    if len(names) > MAX_COLUMNS:
        raise InputError(f"line 1: expected at most {MAX_COLUMNS} columns, got {len(names):,}.")
    numbers = [name for name in names if NUMBER.match(name)]
    if numbers:
        raise InputError(
            f"line 1: expected a header of column names, got a value: {shown(numbers[0])}."
        )
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise InputError(f"line 1: expected each column once, got {shown(twice[0])} twice.")
    return names


def as_record(header: list[str], cells: list[str], line: int) -> Record:
    if len(cells) != len(header):
        problem = f"expected {len(header)} cells as in the header, got {len(cells)}"
        return Record(line, as_csv(cells), None, problem)
    if any("\0" in cell for cell in cells):
        return Record(line, as_csv(cells), None, "contains the character NUL")
    data = dict(zip(header, cells, strict=True))
    return Record(line, json.dumps(data, ensure_ascii=False), data)


def as_csv(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def broken(error: csv.Error, line: int, last_line: int) -> Record:
    """A row that breaks the quoting rules; an open quote has swallowed rows and ends the import."""
    if "field limit" in str(error):
        raise InputError(
            f"line {line}: expected cells of at most {MAX_RECORD_BYTES:,} bytes, got a longer one; "
            "perhaps a quote is opened there and not closed."
        )
    if last_line > line or "end of data" in str(error):
        raise InputError(
            f"line {line}: a quote is opened there and not closed properly ({error}); "
            "the rows after it cannot be told apart."
        )
    return Record(line, "", None, f"quotes do not fit together: {error}")
