"""Which values of the rating are negative: said by a person, checked against the file."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from feedback.cleaning import as_score, as_value, shown
from projects.errors import InputError

RULE = re.compile(r"(<=|<|>=|>)\s*(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
Histogram = Mapping[str, int]
"""How many rows have which value; empty when there are too many different ones to list."""


@dataclass(frozen=True)
class Polarity:
    """Values that are negative as they stand (compared exactly, after trimming), and bounds."""

    values: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()

    @classmethod
    def from_list(cls, stored: Iterable[str]) -> "Polarity":
        words = list(stored)
        rules = tuple(word for word in words if RULE.fullmatch(word))
        return cls(frozenset(words) - set(rules), rules)

    def as_list(self) -> list[str]:
        return [*sorted(self.values), *self.rules]

    def is_negative(self, value: str) -> bool:
        if value in self.values:
            return True
        score = as_score(value)
        return score is not None and any(fits(score, rule) for rule in self.rules)


def fits(score: float, rule: str) -> bool:
    match = RULE.fullmatch(rule)
    return match is not None and COMPARE[match[1]](score, float(match[2]))


def parse_negative(texts: Sequence[str], histogram: Histogram) -> Polarity:
    """Read `down`, `-1,0` or `<=2`; each value must occur in the file.

    Raises
    ------
    InputError
        Nothing was said, or a value never occurs: with the values that do.
    """
    words: list[str] = []
    for text in texts:
        whole = as_value(text)
        words += [whole] if whole in histogram else [as_value(part) for part in text.split(",")]
    words = [word for word in words if word]
    if not words:
        raise InputError(
            f"--negative: expected the values that are negative, such as --negative down or "
            f"--negative '<=2' (polarity is never guessed); {described(histogram)}."
        )
    return check_values(Polarity.from_list(words), histogram)


def check_values(polarity: Polarity, histogram: Histogram) -> Polarity:
    for value in sorted(polarity.values):
        if value not in histogram:
            raise InputError(
                f"--negative: expected values that occur in the rating, got {shown(value)}; "
                f"{described(histogram)}."
            )
    for rule in polarity.rules:
        if histogram and not any(as_score(value) is not None for value in histogram):
            raise InputError(
                f"--negative: expected numbers to compare with {shown(rule)}; "
                f"{described(histogram)}."
            )
    return polarity


def described(histogram: Histogram, limit: int = 20) -> str:
    """Say what occurs, with counts, most frequent first."""
    if not histogram:
        return "the rating has too many different values to list"
    ranked = sorted(histogram.items(), key=lambda item: (-item[1], item[0]))
    counts = ", ".join(f"{shown(value)} {n:,} times" for value, n in ranked[:limit])
    more = f" and {len(ranked) - limit} more values" if len(ranked) > limit else ""
    return f"the file has {counts}{more}"


def in_order(histogram: Histogram) -> list[tuple[str, int]]:
    """Order numbers by size, then words by name."""

    def key(item: tuple[str, int]) -> tuple[bool, float, str]:
        score = as_score(item[0])
        return (score is None, score or 0.0, item[0])

    return sorted(histogram.items(), key=key)


def is_scale(histogram: Histogram) -> bool:
    """More than two different numbers, and hardly anything else: a rating, not a thumb."""
    numbers = {value: n for value, n in histogram.items() if as_score(value) is not None}
    return len(numbers) > 2 and 2 * sum(numbers.values()) > sum(histogram.values())


def remark(polarity: Polarity, histogram: Histogram) -> str:
    """Say so when every value is negative, or none is."""
    negative = [value for value in histogram if polarity.is_negative(value)]
    if histogram and len(negative) == len(histogram):
        return "Every value of the rating counts as negative."
    if histogram and not negative:
        return "No value of the rating counts as negative."
    return ""
