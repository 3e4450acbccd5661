"""The one cleaning layer: what may enter, decided before the database, alike on both of them.

Every check raises RowError with one clause that names the field and what came.
"""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

MAX_TEXT = 1_000_000
"""Characters of one text: an output, a turn, a comment."""
MAX_ID = 200
"""Characters of an id, a model, a release, a domain, a reason."""
MAX_VALUE = 100
"""Characters of a rating as the product wrote it."""
MAX_DEPTH = 50
"""Levels of brackets in one record; SQLite itself stops at 1,000."""
MAX_METADATA = 100_000
"""Characters of the columns nobody mapped, as JSON."""
MAX_LATENCY_MS = 86_400_000
"""A day: a longer one is a wrong unit."""
FIRST_YEAR, LAST_YEAR = 1990, 2199

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?\Z")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SURROGATE = re.compile(r"[\ud800-\udfff]")
BRACKET = re.compile(r"[\[{]")
EPOCH = re.compile(r"[0-9]{9,20}(?:\.[0-9]{1,9})?\Z")


ENCODER = json.JSONEncoder()


class RowError(ValueError):
    """Why one row is not taken."""


def parse_json(text: str) -> Any:
    """Strict JSON: no duplicate keys, no NaN, no infinity, no NUL, no lone surrogate, no abyss.

    Raises
    ------
    RowError
        With the column of the text where reading stopped, when it is not JSON at all.
    """
    try:
        parsed = DECODER.decode(text)
    except RecursionError:
        raise RowError(f"nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise RowError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except ValueError as error:
        if isinstance(error, RowError):
            raise
        raise RowError("a number with more digits than can be read") from None
    if "\\u" in text or SURROGATE.search(text):
        check_characters(parsed)
    if text.count("[") + text.count("{") > MAX_DEPTH:
        check_depth(parsed)
    return parsed


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RowError(f"the key {shown(twice)} occurs twice")
    return record


def finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise RowError(f"the number {shown(digits)} is too large")
    return number


def no_constant(name: str) -> float:
    raise RowError(f"{name} is not a number that can be stored")


DECODER = json.JSONDecoder(
    object_pairs_hook=unique_keys, parse_float=finite, parse_constant=no_constant
)


def check_characters(value: Any) -> None:
    """Refuse NUL and lone surrogates anywhere: no database stores both."""
    if isinstance(value, str):
        if "\0" in value:
            raise RowError("contains the character NUL")
        if SURROGATE.search(value):
            raise RowError("contains half of a surrogate pair, which is no character")
    elif isinstance(value, dict):
        for name, part in value.items():
            check_characters(name)
            check_characters(part)
    elif isinstance(value, list):
        for part in value:
            check_characters(part)


def check_depth(value: Any, level: int = 1) -> None:
    if level > MAX_DEPTH:
        raise RowError(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    for part in value:
        if isinstance(part, (dict, list)):
            check_depth(part, level + 1)


def as_json(value: Any) -> str:
    """Give the JSON text that is stored, the same on both databases."""
    return ENCODER.encode(value)


def shown(value: Any, limit: int = 60) -> str:
    """Show a value within a message: quoted, escaped, short."""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    cut = value if len(value) <= limit else value[: limit - 3] + "..."
    return ascii(cut) if not cut.isprintable() else repr(cut)


def as_value(raw: Any) -> str:
    """Give a scalar as text: trimmed, true/false for booleans, numbers without idle zeros.

    Nothing (null, blank) is the empty string.
    """
    if isinstance(raw, str):
        text = raw.strip()
        return plain_number(text) if NUMBER.match(text) else text
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return str(raw)
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < 1e15 else repr(raw)
    raise RowError(f"expected one value, got {shown(raw)}")


def plain_number(text: str) -> str:
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    number = f"{whole}.{fraction}" if fraction else whole
    return "0" if number == "-0" else number


def as_score(value: str) -> float | None:
    """Give the value as a number, None when it is no plain decimal number in ASCII digits."""
    return float(value) if NUMBER.match(value) else None


def as_name(raw: Any, field: str, limit: int = MAX_ID) -> str:
    """Give an id, model, release, domain or reason: one line, digits of integers exact."""
    if isinstance(raw, str):
        text = raw.strip()
    elif isinstance(raw, list) and all(isinstance(part, str) for part in raw):
        text = ", ".join(part.strip() for part in raw)
    else:
        try:
            text = as_value(raw)
        except RowError as error:
            raise RowError(f"{field}: {error}") from None
    if len(text) > limit:
        raise RowError(f"{field}: {len(text):,} characters, at most {limit} are taken")
    if not text.isprintable() and CONTROL.search(text):
        raise RowError(f"{field}: contains a control character: {shown(text)}")
    return text


def as_text(raw: Any, field: str) -> str:
    """Give a long text exactly as it came; anything but text and nothing is refused."""
    if raw is None:
        return ""
    if not isinstance(raw, str):
        if isinstance(raw, (dict, list)):
            raise RowError(f"{field}: expected text, got {shown(raw)}")
        return as_value(raw)
    if len(raw) > MAX_TEXT:
        raise RowError(f"{field}: {len(raw):,} characters, at most {MAX_TEXT:,} are taken")
    return raw


def as_latency(raw: Any, field: str, *, factor: float) -> int | None:
    """Give milliseconds from a number times `factor`; None when there is nothing."""
    value = as_value(raw) if not isinstance(raw, (dict, list)) else shown(raw)
    if not value:
        return None
    number = as_score(value)
    if number is None:
        raise RowError(f"{field}: expected a number, got {shown(value)}")
    milliseconds = number * factor
    if not 0 <= milliseconds <= MAX_LATENCY_MS:
        raise RowError(f"{field}: expected 0 to a day, got {shown(value)}")
    return round(milliseconds)


def as_time(raw: Any, field: str) -> datetime | None:
    """Give a time in UTC, from ISO 8601 or from seconds, ms, us or ns since 1970.

    A time without a zone is taken for UTC.
    """
    if isinstance(raw, dict) and raw.keys() == {"$date"}:
        raw = raw["$date"]
    if raw is None or raw == "" or (isinstance(raw, str) and not raw.strip()):
        return None
    try:
        moment = read_time(raw)
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise RowError(
            f"{field}: expected a time such as 2026-01-31T10:00:00Z or seconds since 1970, "
            f"got {shown(raw)}"
        )
    return moment


def read_time(raw: Any) -> datetime | None:
    if isinstance(raw, str):
        text = raw.strip()
        if not text.isascii():
            return None
        if EPOCH.match(text):
            return from_epoch(float(text))
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    return from_epoch(float(raw))


def from_epoch(number: float) -> datetime:
    """Read a count since 1970 whose unit follows from its size: seconds, ms, us or ns."""
    for unit, limit in ((1, 1e11), (1e3, 1e14), (1e6, 1e17), (1e9, 1e20)):
        if abs(number) < limit:
            return datetime.fromtimestamp(number / unit, tz=UTC)
    raise OverflowError
