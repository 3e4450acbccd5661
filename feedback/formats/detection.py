"""Open a file, find out from its content what it holds, and give its rows."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from feedback.formats import MAX_FILE_BYTES, Record, csv_table, json_list, jsonl
from projects.errors import InputError

HEAD_BYTES = 64 * 1024
SIGNATURES = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or spreadsheet",
    b"PK\x05\x06": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"%PDF": "a PDF file",
    b"SQLite format 3": "a SQLite database",
}
GZIP = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
EXPECTED = "expected CSV with a header, JSON lines, or a JSON list, as UTF-8 text"


@dataclass(frozen=True)
class Source:
    """An opened file whose format is known; `stream` stands at its first byte after any BOM."""

    stream: "io.BufferedReader[Bounded]"
    format: str
    delimiter: str = ","


class Bounded(io.RawIOBase):
    """Reads `inner`, and stops with an InputError beyond `limit` bytes or when it is damaged."""

    def __init__(self, inner: IO[bytes], limit: int) -> None:
        self.inner = inner
        self.left = limit
        self.limit = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.inner.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"the gzip file is damaged: {error}.") from None
        self.left -= len(data)
        if self.left < 0:
            raise InputError(f"expected a file of at most {self.limit:,} bytes uncompressed.")
        buffer[: len(data)] = data
        return len(data)


def open_source(file: IO[bytes], *, expected: str = "") -> Source:
    """Find out what `file` holds; `expected` is a format the person named, which must fit.

    Raises
    ------
    InputError
        The file is empty, binary, or none of the three formats.
    """
    if file.read(2) == GZIP:
        file.seek(0)
        file = gzip.GzipFile(fileobj=file)  # type: ignore[assignment]
    else:
        file.seek(0)
    stream = io.BufferedReader(Bounded(file, MAX_FILE_BYTES), HEAD_BYTES)
    head = stream.peek(HEAD_BYTES)
    if head.startswith(BOM):
        stream.read(len(BOM))
        head = head[len(BOM) :]
    check_is_text(head)
    found, delimiter = detect(head)
    if expected and expected != found:
        raise InputError(f"--format: expected {expected}, but the content looks like {found}.")
    return Source(stream=stream, format=found, delimiter=delimiter)


def check_is_text(head: bytes) -> None:
    for signature, name in SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(f"{EXPECTED}; this is {name}.")
    if head.startswith(GZIP):
        raise InputError(f"{EXPECTED}; this is gzip within gzip.")
    binary = BINARY.search(head)
    if binary:
        raise InputError(
            f"{EXPECTED}; this is binary (byte {binary.group()[0]:#04x} at {binary.start()})."
        )
    if not head.strip():
        raise InputError(f"{EXPECTED}; the file is empty.")


def detect(head: bytes) -> tuple[str, str]:
    """Give the format of a text and, for CSV, its delimiter."""
    start = head.lstrip()
    first = start.splitlines()[0].decode("utf-8", "replace")
    if start.startswith(b"["):
        return "json", ""
    if start.startswith(b"{"):
        if first.rstrip().endswith(("{", "[", ",", ":")):
            raise InputError(
                "line 1: expected one JSON object a line, or a JSON list; "
                "got an object spread over several lines."
            )
        return "jsonl", ""
    widths = {mark: n_cells(first, mark) for mark in ",;\t|"}
    delimiter = max(widths, key=lambda mark: widths[mark])
    if widths[delimiter] < 2:
        raise InputError(f"{EXPECTED}; line 1 is {first[:60]!a}.")
    return "csv", delimiter


def n_cells(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line], delimiter=delimiter), []))


def read_records(source: Source) -> Iterator[Record]:
    """Give the rows of `source` one by one, good and bad."""
    if source.format == "csv":
        return csv_table.read(source.stream, source.delimiter)
    if source.format == "jsonl":
        return jsonl.read(source.stream)
    return json_list.read(source.stream)
