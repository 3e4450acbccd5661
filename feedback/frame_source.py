"""Where a frame is read from: the project's own feedback in the database.

The other source is Parquet (`feedback.parquet`); both run the same texts of `feedback.frame_sql`.
"""
# ruff: noqa: S608 - the only values in the text are an integer, quoted texts and known columns

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from django.db import connection

from feedback.frame_sql import NO_STRATUM, quoted
from feedback.models import Output
from feedback.rows import Row
from projects.models import Project

STRATA_FIELDS = ("release", "domain", "model")
"""The facts of an output, known before labeling, that a frame can be cut into strata by."""


class FrameSource(Protocol):
    """A place that knows the rated outputs and can run the texts of `feedback.frame_sql`."""

    @property
    def strata_fields(self) -> Sequence[str]:
        """What its relation can be cut into strata by."""
        ...

    def n_outputs(self) -> int: ...

    def relation(self, strata_field: str, channels: Sequence[str]) -> str:
        """Give the outputs with a signal on `channels`: id, channel, score, negative, stratum."""
        ...

    def unrated(self) -> str:
        """Give the outputs without a signal on any channel, with the columns of `relation`."""
        ...

    def rows(self, text: str) -> list[tuple[Any, ...]]: ...

    def fetch(self, external_ids: Sequence[str]) -> Sequence[Row]:
        """Read the drawn outputs, before the transaction that stores the audit."""
        ...

    def store(self, rows: Sequence[Row]) -> None:
        """Store what `fetch` read, inside that transaction."""
        ...


@dataclass(frozen=True)
class DatabaseSource:
    """A project's feedback as it stood at a moment, whatever came or was superseded later."""

    project: Project
    until: datetime

    @property
    def strata_fields(self) -> Sequence[str]:
        return STRATA_FIELDS

    def n_outputs(self) -> int:
        return Output.objects.filter(project=self.project, imported_at__lte=self.until).count()

    def relation(self, strata_field: str, channels: Sequence[str]) -> str:
        """Fold several signals on one output into one row.

        The output is negative if any signal is, and its score is the lowest. With both
        instruments it belongs to the thumb, whose score is 1 - negative whatever was sent.
        """
        stratum = f"COALESCE(NULLIF(o.{column(strata_field)}, ''), {quoted(NO_STRATUM)})"
        until = quoted(moment(self.until))
        return (
            "SELECT id, channel, negative, stratum, "
            "CASE WHEN channel = 'thumb' THEN 1.0 - negative ELSE score END AS score "
            "FROM (SELECT o.external_id AS id, "
            "MAX(f.channel) AS channel, "  # of the two instruments, 'thumb' is the last
            "MAX(CASE WHEN f.is_negative THEN 1 ELSE 0 END) AS negative, "
            f"MIN(f.score) AS score, {stratum if strata_field else quoted('')} AS stratum "
            "FROM feedback_output AS o JOIN feedback_feedback AS f ON f.output_id = o.id "
            f"WHERE o.project_id = {int(self.project.pk)} "
            f"AND f.channel IN ({', '.join(quoted(channel) for channel in channels)}) "
            f"AND f.imported_at <= {until} "
            f"AND (f.superseded_at IS NULL OR f.superseded_at > {until}) "
            "GROUP BY o.id) AS folded"
        )

    def unrated(self) -> str:
        """Of the outputs that were there at the moment; a superseded signal is one, too."""
        until = quoted(moment(self.until))
        return (
            "SELECT o.external_id AS id, '' AS channel, 0 AS negative, '' AS stratum, "
            "0.0 AS score FROM feedback_output AS o "
            f"WHERE o.project_id = {int(self.project.pk)} AND o.imported_at <= {until} "
            "AND NOT EXISTS (SELECT 1 FROM feedback_feedback AS f "
            f"WHERE f.output_id = o.id AND f.imported_at <= {until})"
        )

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(text)  # without parameters: a percent sign in the text is only that
            return list(cursor.fetchall())

    def fetch(self, external_ids: Sequence[str]) -> Sequence[Row]:
        """Nothing to fetch: they are here."""
        return ()

    def store(self, rows: Sequence[Row]) -> None:
        """Nothing to store."""


def column(strata_field: str) -> str:
    """Give the column of a strata field; the name goes into the text, so it must be a known one."""
    if strata_field and strata_field not in STRATA_FIELDS:
        raise ValueError(f"expected one of {STRATA_FIELDS}, got {strata_field!r}.")
    return strata_field or STRATA_FIELDS[0]


def moment(when: datetime) -> str:
    """Write a time so that SQLite's stored text compares with it and PostgreSQL reads it."""
    in_utc = when.astimezone(UTC)
    if connection.vendor == "sqlite":
        return str(in_utc.replace(tzinfo=None))
    return in_utc.isoformat()
