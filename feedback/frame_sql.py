"""The draw as text: one plain SQL statement that every engine runs unchanged.

`md5('<seed>:' || id)` is an output's permanent random number. Hex digits sort alike in every
collation, and a stratum's sample is its n smallest numbers, so the same seed draws the same outputs
on SQLite, PostgreSQL and DuckDB, and a larger sample contains the smaller one. Only what differs by
engine, the table of rated outputs, is passed in: `id`, `channel`, `score`, `negative` (0 or 1) and
`stratum`. The text carries its values, so it is executed without parameters: a percent sign is
then an ordinary character for every driver.

Outputs are cut by rating first and only the survivors are hashed and sorted: no window functions,
which would hash, sort and carry the whole frame.
"""
# ruff: noqa: S608 - every value in the text goes through quoted(), number() or int()

import math
from collections.abc import Sequence
from dataclasses import dataclass

from projects.errors import InputError

NO_STRATUM = "(none)"
"""The name of the stratum of outputs whose field is empty or NULL."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Which rated outputs: each part that is set narrows the cut."""

    channel: str | None = None
    negative: bool | None = None
    stratum: str | None = None
    score_at_most: float | None = None

    @property
    def condition(self) -> str:
        parts = []
        if self.channel is not None:
            parts.append(f"channel = {quoted(self.channel)}")
        if self.negative is not None:
            parts.append(f"negative = {int(self.negative)}")
        if self.stratum is not None:
            parts.append(f"stratum = {quoted(self.stratum)}")
        if self.score_at_most is not None:
            parts.append(f"score <= {number(self.score_at_most)}")
        return " AND ".join(parts) or "1 = 1"


@dataclass(frozen=True)
class Share:
    """How many of which outputs to draw."""

    cut: Cut
    size: int


def quoted(text: str) -> str:
    """Give a text literal of standard SQL: quotes doubled, backslashes and percents as they are."""
    if "\x00" in text:
        raise InputError(f"stratum: expected text without NUL characters, got {text!r}.")
    return "'" + text.replace("'", "''") + "'"


def number(value: float) -> str:
    """Give a numeric literal that reads back as the same number."""
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value!r}.")
    return repr(float(value))


def counts_text(relation: str, cuts: Sequence[Cut] = (Cut(),)) -> str:
    """Count outputs by channel, sign and stratum, within any of `cuts`."""
    condition = " OR ".join(f"({cut.condition})" for cut in cuts) or "1 = 0"
    return (
        f"WITH rated AS ({relation}) "
        f"SELECT channel, negative, stratum, COUNT(*) AS n FROM rated WHERE {condition} "
        "GROUP BY channel, negative, stratum"
    )


def scores_text(relation: str) -> str:
    """Count outputs by channel, score and sign: what the bottom decile is cut from."""
    return (
        f"WITH rated AS ({relation}) "
        "SELECT channel, score, negative, COUNT(*) AS n FROM rated "
        "GROUP BY channel, score, negative"
    )


def number_text(relation: str) -> str:
    """Count the rows of a relation."""
    return f"SELECT COUNT(*) AS n FROM ({relation}) AS counted"


def draw_text(relation: str, seed: int, shares: Sequence[Share]) -> str:
    """Draw each share: rows of (position of the share, id, prn)."""
    drawn = [share_text(k, share, seed) for k, share in enumerate(shares) if share.size > 0]
    if not drawn:
        raise ValueError("expected at least one share with a size above 0.")
    return f"WITH rated AS ({relation}) " + " UNION ALL ".join(drawn)


def share_text(position: int, share: Share, seed: int) -> str:
    # `id` only settles the order of two outputs with equal md5, which chance does not produce, so
    # that engines collate ids differently does not matter: prn alone decides who is drawn.
    return (
        "SELECT position, id, prn FROM ("
        f"SELECT {int(position)} AS position, id, md5('{int(seed)}:' || id) AS prn "
        f"FROM rated WHERE {share.cut.condition} "
        f"ORDER BY prn, id LIMIT {int(share.size)}) AS share_{int(position)}"
    )
