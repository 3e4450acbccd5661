"""A JSON list of objects, cut into its elements without holding more than one of them.

The elements are then read by the same strict rules as JSON lines, so that one bad element is one
rejected row, with the line it begins on.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

from feedback.formats import MAX_RECORD_BYTES, Record, jsonl
from projects.errors import InputError

CHUNK = 256 * 1024
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},"]', re.DOTALL)
LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


def read(stream: "io.BufferedReader[Any]") -> Iterator[Record]:
    for raw, line in cut(stream):
        blanks = len(raw) - len(raw.lstrip())
        line += raw.count(b"\n", 0, blanks)
        if raw.strip():
            yield jsonl.read_object(raw.translate(LINE_ENDS), line)


def cut(stream: "io.BufferedReader[Any]") -> Iterator[tuple[bytes, int]]:
    """Yield the bytes of each element of the list and the line on which they begin."""
    buffer = bytearray()
    begin = position = depth = 0
    line = 1
    while True:
        token = TOKEN.search(buffer, position)
        if token is None or token.group() == b'"':  # nothing more, or a text that goes on
            position = token.start() if token else len(buffer)
            del buffer[:begin]
            position -= begin
            begin = 0
            refill(stream, buffer, line)
            continue
        position = token.end()
        mark = token.group()
        if mark in b"[{":
            depth += 1
            if depth == 1:
                begin = position
        elif mark in b"]}":
            depth -= 1
        if depth == 0 or (depth == 1 and mark == b","):
            element = bytes(buffer[begin : token.start()])
            yield element, line
            line += element.count(b"\n")
            begin = position
        if depth == 0:
            check_end(stream, bytes(buffer[position:]), line)
            return


def refill(stream: "io.BufferedReader[Any]", buffer: bytearray, line: int) -> None:
    if len(buffer) > MAX_RECORD_BYTES:
        raise InputError(f"line {line}: an element longer than {MAX_RECORD_BYTES:,} bytes.")
    more = stream.read(CHUNK)
    if not more:
        raise InputError(
            f"expected a JSON list closed by ]; the file ends within what begins on line {line}."
        )
    buffer += more


def check_end(stream: "io.BufferedReader[Any]", rest: bytes, line: int) -> None:
    rest += stream.read(CHUNK)
    if rest.strip():
        raise InputError(
            f"line {line}: expected nothing after the list's closing bracket, "
            f"got {rest.strip()[:40]!r}."
        )
