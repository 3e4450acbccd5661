"""Write a batch of clean rows: what is new, what is there already, what contradicts it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max
from django.utils import timezone

from feedback.bulk import insert_rows, time_adapter
from feedback.cleaning import as_json, shown
from feedback.models import Content, Feedback, Import, Output
from feedback.rows import Row, Signal

OUTPUT_FIELDS = (
    *("project", "source", "external_id", "model", "release", "domain", "latency_ms"),
    *("user_key", "created_at", "imported_at", "content_sha256", "metadata"),
)
CONTENT_FIELDS = ("output", "conversation", "text")
FEEDBACK_FIELDS = (
    *("output", "source", "channel", "value", "score", "is_negative", "reason", "comment"),
    *("user_key", "given_at", "imported_at", "event_key", "superseded_at"),
)


@dataclass
class Taken:
    """What became of the rows of a batch."""

    n_new: int = 0
    n_duplicate: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


class Stored(NamedTuple):
    """A signal that is in the database."""

    pk: int
    external_id: str
    channel: str
    user_key: str
    event_key: str
    given_at: datetime | None
    superseded_at: datetime | None


@dataclass
class Pending:
    """A signal on its way in, or (with `pk`) the stored one that it may supersede."""

    given_at: datetime | None
    pk: int | None = None
    external_id: str = ""
    signal: Signal | None = None
    superseded_at: datetime | None = None


def take_rows(source: Import, lines: Sequence[tuple[int, Row]]) -> Taken:
    """Store what is new among `lines`; call it inside the transaction that moves the import on."""
    now = timezone.now()
    known = known_outputs(source, {row.external_id for _, row in lines})
    texts = {name: digest for name, (_, digest) in known.items()}
    stored = known_signals(source, known)
    seen = {(s.external_id, s.channel, s.event_key) for s in stored}
    taken = Taken()
    fresh: dict[str, Row] = {}
    signals: list[tuple[str, Signal]] = []
    for line, row in lines:
        name, signal = row.external_id, row.signal
        is_new = name not in texts
        if is_new:
            texts[name] = row.content_sha256
            fresh[name] = row
        elif texts[name] != row.content_sha256:
            reason = f"output {shown(name)} is already stored with another text"
            taken.rejected.append((line, reason))
            continue
        if signal is not None and (name, signal.channel, signal.event_key) not in seen:
            seen.add((name, signal.channel, signal.event_key))
            signals.append((name, signal))
            is_new = True
        taken.n_new += is_new
        taken.n_duplicate += not is_new
    ids = {name: pk for name, (pk, _) in known.items()} | store_outputs(source, fresh, now)
    appended = supersede(signals, stored, now)
    insert_rows(Feedback, FEEDBACK_FIELDS, feedback_values(source, appended, ids, now))
    return taken


def known_outputs(source: Import, external_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Give id and hash of the text of those of these outputs that are stored."""
    found = Output.objects.filter(project=source.project_id, external_id__in=list(external_ids))
    rows = found.values_list("external_id", "pk", "content_sha256")
    return {name: (pk, digest) for name, pk, digest in rows}


def known_signals(source: Import, external_ids: Iterable[str]) -> list[Stored]:
    names = list(external_ids)
    if not names:
        return []
    found = Feedback.objects.filter(
        output__project=source.project_id, output__external_id__in=names
    ).order_by("pk")
    rows = found.values_list(
        *("pk", "output__external_id", "channel", "user_key", "event_key"),
        *("given_at", "superseded_at"),
    )
    return [Stored(*row) for row in rows]


def store_outputs(source: Import, fresh: dict[str, Row], now: datetime) -> dict[str, int]:
    """Insert outputs with their texts; give their ids."""
    if not fresh:
        return {}
    last = Output.objects.aggregate(last=Max("pk"))["last"] or 0
    insert_rows(Output, OUTPUT_FIELDS, output_values(source, fresh.values(), now))
    added = Output.objects.filter(pk__gt=last, source=source)
    ids = dict(added.values_list("external_id", "pk"))
    contents = ((ids[name], row.conversation_json, row.text) for name, row in fresh.items())
    insert_rows(Content, CONTENT_FIELDS, contents)
    return ids


def output_values(source: Import, rows: Iterable[Row], now: datetime) -> Iterator[tuple[Any, ...]]:
    as_stored = time_adapter()
    imported_at = as_stored(now)
    for row in rows:
        yield (
            *(source.project_id, source.pk, row.external_id, row.model, row.release, row.domain),
            *(row.latency_ms, row.user_key, as_stored(row.created_at), imported_at),
            *(row.content_sha256, as_json(row.metadata) if row.metadata else "{}"),
        )


def supersede(
    signals: Sequence[tuple[str, Signal]], stored: Sequence[Stored], now: datetime
) -> list[Pending]:
    """Of several signals by one user on one channel let the latest be the current one.

    Signals without a user come from nobody knows how many: each stays current.
    """
    current = {
        (s.external_id, s.channel, s.user_key): Pending(s.given_at, pk=s.pk)
        for s in stored
        if s.superseded_at is None
    }
    appended: list[Pending] = []
    outdated: list[int] = []
    for name, signal in signals:
        added = Pending(signal.given_at, external_id=name, signal=signal)
        appended.append(added)
        if not signal.user_key:
            continue
        key = (name, signal.channel, signal.user_key)
        before = current.get(key)
        if before is not None and is_later(before.given_at, than=signal.given_at):
            added.superseded_at = now
            continue
        current[key] = added
        if before is not None:
            before.superseded_at = now
            outdated += [before.pk] if before.pk else []
    Feedback.objects.filter(pk__in=outdated).update(superseded_at=now)
    return appended


def feedback_values(
    source: Import, appended: Iterable[Pending], ids: dict[str, int], now: datetime
) -> Iterator[tuple[Any, ...]]:
    as_stored = time_adapter()
    imported_at = as_stored(now)
    for added in appended:
        s = added.signal
        if s is not None:
            yield (
                *(ids[added.external_id], source.pk, s.channel, s.value, s.score, s.is_negative),
                *(s.reason, s.comment, s.user_key, as_stored(s.given_at), imported_at),
                *(s.event_key, as_stored(added.superseded_at)),
            )


def is_later(moment: datetime | None, *, than: datetime | None) -> bool:
    return moment is not None and than is not None and moment > than
