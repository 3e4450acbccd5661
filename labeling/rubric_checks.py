"""The checks of a rubric: a number, an exact text, a pattern, a date.

Patterns run in RE2, within DuckDB: its time is linear in the text, so no pattern can hang.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from feedback.cleaning import RowError, as_value, shown
from feedback.rows import look_up
from labeling.judge_cases import Case
from projects.errors import InputError

NUMBER = re.compile(
    r"(?<![\w.,])[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d{1,18})(?:\.\d{1,18})?(?:[eE][-+]?\d{1,2})?"
    r"(?![\d_]|[.,]\d)",
    re.ASCII,
)
DATE = re.compile(
    r"(?<![\w-])(?:\d{4}-\d{2}-\d{2}|\d{1,2} [A-Z][a-z]{2,8} \d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4})"
    r"(?![\w-])",
    re.ASCII,
)
DATE_FORMS = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y")
TAKES = {"first": slice(0, 1), "last": slice(-1, None), "any": slice(None)}


class UnknownError(Exception):
    """The check cannot say: the right value is not known."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check. `domain` None: of every output; `expected_from`: the column of the right value."""

    kind: str
    domain: str | None = None
    expected: str | None = None
    expected_from: str | None = None
    tolerance: Decimal = Decimal(0)
    relative_tolerance: Decimal = Decimal(0)
    days: int = 0
    take: str = "last"
    ignore_case: bool = False
    pattern: str = ""
    must_match: bool = True

    def holds(self, case: Case) -> bool:
        """Whether the output passes; UnknownError where its right value is not known."""
        return KINDS[self.kind](self, case)

    def right_value(self, case: Case) -> str:
        """The value that the output should have."""
        if self.expected is not None:
            return self.expected
        try:
            value = as_value(look_up(case.metadata, self.expected_from or ""))
        except RowError:
            value = ""
        if not value:
            raise UnknownError(f"no value in {self.expected_from}")
        return value


def numeric(check: Check, case: Case) -> bool:
    right = check.right_value(case)
    if not NUMBER.fullmatch(right):
        raise UnknownError(f"{shown(right)} is no number")
    wanted = as_decimal(right)
    room = max(check.tolerance, check.relative_tolerance * abs(wanted))
    found = NUMBER.findall(case.text)[TAKES[check.take]]
    return any(abs(as_decimal(text) - wanted) <= room for text in found)


def as_decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("\u2212", "-"))


def exact(check: Check, case: Case) -> bool:
    right, text = check.right_value(case).strip(), case.text.strip()
    return right.casefold() == text.casefold() if check.ignore_case else right == text


def regex(check: Check, case: Case) -> bool:
    return matches(check.pattern, case.text) is check.must_match


def on_date(check: Check, case: Case) -> bool:
    right = check.right_value(case)
    wanted = read_date(right)
    if wanted is None:
        raise UnknownError(f"{shown(right)} is no date")
    dates = [found for text in DATE.findall(case.text) if (found := read_date(text))]
    return any(abs((found - wanted).days) <= check.days for found in dates[TAKES[check.take]])


def read_date(text: str) -> date | None:
    for form in DATE_FORMS:
        try:
            return datetime.strptime(text.strip()[:40], form).date()
        except ValueError:
            continue
    return None


KINDS: dict[str, Callable[[Check, Case], bool]] = {
    "numeric": numeric,
    "exact": exact,
    "regex": regex,
    "date": on_date,
}
OPTIONS: dict[str, Sequence[str]] = {
    "numeric": ("expected", "expected_from", "tolerance", "relative_tolerance", "take"),
    "exact": ("expected", "expected_from", "ignore_case"),
    "regex": ("pattern", "must_match"),
    "date": ("expected", "expected_from", "days", "take"),
}


class Re2:
    """One connection to DuckDB that can reach nothing; made when first asked."""

    connection: Any = None

    @classmethod
    def matches(cls, pattern: str, text: str) -> bool:
        if cls.connection is None:
            limits = {"enable_external_access": "false", "lock_configuration": "true"}
            cls.connection = duckdb.connect(config={**limits, "threads": "1"})
        asked = cls.connection.execute("SELECT regexp_matches(?, ?, 's')", [text, pattern])
        return bool(asked.fetchone()[0])


def matches(pattern: str, text: str) -> bool:
    """Whether RE2 finds the pattern in the text; a dot matches line ends, too."""
    return Re2.matches(pattern, text)


def check_pattern(pattern: str) -> None:
    try:
        matches(pattern, "")
    except duckdb.Error as error:
        said = str(error).removeprefix("Invalid Input Error: ").splitlines()[0]
        raise InputError(f"pattern {shown(pattern)} is not one that RE2 takes: {said}") from None
