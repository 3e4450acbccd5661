"""What a judge gets to see of an output, and what it says; no database in here."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Case:
    """One output to judge: what a grader sees before the verdict, and its unmapped columns.

    The user's rating and comment are not in it.
    """

    output_id: int
    name: str
    domain: str
    conversation: list[dict[str, Any]]
    text: str
    latency_ms: int | None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A judge's answer on one output; `mode` is a code of the codebook, or empty."""

    correctness: str
    mode: str = ""
    score: float | None = None
    rationale: str = ""


class RefusedError(Exception):
    """There is an answer, and it is not one that can be taken."""
