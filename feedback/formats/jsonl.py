"""JSON lines: one object a line. Lines end at LF alone, so U+2028 in a text is only a character."""

import io
from collections.abc import Iterator
from typing import Any

from feedback.cleaning import RowError, parse_json, shown
from feedback.formats import MAX_RECORD_BYTES, Record


def read(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    line = 0
    while raw := stream.readline(MAX_RECORD_BYTES + 1):
        line += 1
        if len(raw) > MAX_RECORD_BYTES:
            yield too_long(stream, raw, line)
        elif raw.strip():
            yield read_object(raw, line)


def too_long(stream: "io.BufferedReader[Any]", raw: bytes, line: int) -> Record:
    beginning = raw[:200].decode("utf-8", "backslashreplace")
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_RECORD_BYTES)
    return Record(line, beginning, None, f"longer than {MAX_RECORD_BYTES:,} bytes")


def read_object(raw: bytes, line: int) -> Record:
    """One record of JSON bytes that hold no line feed within a text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        problem = f"not UTF-8: byte {raw[error.start]:#04x} at byte {error.start + 1} of the line"
        return Record(line, raw.decode("utf-8", "backslashreplace").strip(), None, problem)
    try:
        data = parse_json(text.strip())
        if not isinstance(data, dict):
            raise RowError(f"expected an object with named fields, got {shown(data)}")
    except RowError as error:
        return Record(line, text.strip(), None, str(error))
    return Record(line, text.strip(), data)
