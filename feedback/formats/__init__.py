"""Small streaming readers, one per kind of file; the kind follows from the content."""

from typing import Any, NamedTuple

FORMATS = ("csv", "jsonl", "json")
MAX_FILE_BYTES = 1024**3
"""Bytes of a file as it is read, after decompression."""
MAX_RECORD_BYTES = 8 * 1024**2
"""Bytes of one line, one cell or one element of a list."""


class Record(NamedTuple):
    """One row as the file has it: `data` and its JSON `text`, or a `problem` and the raw text."""

    line: int
    text: str
    data: dict[str, Any] | None
    problem: str = ""
