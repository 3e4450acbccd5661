"""What a lead sets for an audit, and may change while it is open: its options and their limits."""

from dataclasses import dataclass
from typing import Self

from projects.errors import InputError


@dataclass(frozen=True)
class LabelsAsked:
    """How many labels a sample asks for: the first k of each unit, and third opinions on top."""

    coders: int
    at_least: int
    at_most: int

    @classmethod
    def of(cls, n_units: int, *, coders: int, asks_third: bool) -> Self:
        return cls(coders, n_units * coders, n_units * (coders + asks_third))

    def __str__(self) -> str:
        return f"at least {self.at_least:,} labels, at most {self.at_most:,}"


def check_third_opinion(*, asks_third: bool, coders: int) -> None:
    if asks_third and coders < 2:
        raise InputError(
            f"third opinion: expected with 2 coders per unit or more, got it with {coders}."
        )


def check_cap(max_labels: int | None) -> None:
    if max_labels is not None and not 1 <= max_labels <= 2**31 - 1:
        raise InputError(f"most labels: expected 1 label per coder or more, got {max_labels:,}.")
