"""One record of a file, cleaned and named by the glossary: an output, perhaps with one signal."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback import cleaning
from feedback.cleaning import MAX_METADATA, MAX_VALUE, RowError, as_json, shown
from feedback.conversation import Turn, as_turns, split_at_output
from feedback.mapping import USER_COLUMNS, parse_scale, plain
from feedback.models import Channel
from feedback.polarity import Polarity
from projects.models import Project

CHANNELS = frozenset(Channel.values)
PSEUDONYM = re.compile(r"u-[0-9a-f]{12}\Z")


@dataclass(frozen=True, slots=True)
class Signal:
    """One user's feedback on one channel."""

    channel: str
    value: str
    score: float | None
    is_negative: bool
    reason: str
    comment: str
    user_key: str
    given_at: datetime | None
    event_key: str


@dataclass(frozen=True, slots=True)
class Row:
    """An output as it will be stored; `signal` is None when nobody rated it."""

    external_id: str
    conversation_json: str
    text: str
    content_sha256: str
    model: str
    release: str
    domain: str
    latency_ms: int | None
    user_key: str
    created_at: datetime | None
    metadata: dict[str, Any]
    signal: Signal | None


def content_sha256(conversation_json: str, text: str) -> str:
    """Hash what a grader will see, from the conversation as it is stored."""
    return hashlib.sha256(f"{conversation_json}\n{text}".encode()).hexdigest()


def user_key(project: Project, raw: Any) -> str:
    """Pseudonym of a user; one that is a pseudonym already (a repaired row) stays as it is."""
    identifier = cleaning.as_name(raw, "user")
    if PSEUDONYM.match(identifier):
        return identifier
    return project.pseudonym(identifier, prefix="u")


class RowReader:
    """Reads records by one mapping and polarity; a bad record raises RowError."""

    def __init__(
        self,
        project: Project,
        *,
        mapping: Mapping[str, str],
        polarity: Polarity,
        default_channel: str = Channel.THUMB,
    ) -> None:
        self.project = project
        self.polarity = polarity
        self.columns = {name: col for name, col in mapping.items() if not col.startswith(":")}
        self.constants = {name: col[1:] for name, col in mapping.items() if col.startswith(":")}
        self.constants.setdefault("channel", default_channel)
        scale = self.constants.pop("scale", "")
        self.scale = parse_scale(scale) if scale else None
        self.mapped = frozenset(self.columns.values())

    def read(self, record: dict[str, Any]) -> Row:
        conversation, text, later = self.read_content(record)
        conversation_json = as_json(conversation)
        digest = content_sha256(conversation_json, text)
        key = user_key(self.project, self.find(record, "user"))
        metadata = self.rest_of(record)
        if later:
            metadata["later_turns"] = later
        return Row(
            external_id=self.read_id(record) if "id" in self.columns else digest,
            conversation_json=conversation_json,
            text=text,
            content_sha256=digest,
            model=self.name(record, "model"),
            release=self.name(record, "release"),
            domain=self.name(record, "domain"),
            latency_ms=self.read_latency(record),
            user_key=key,
            created_at=cleaning.as_time(self.find(record, "created_at"), "created_at"),
            metadata=metadata,
            signal=self.read_signal(record, key),
        )

    def find(self, record: dict[str, Any], field: str) -> Any:
        """Give the field's raw value; None when it is not mapped or not there."""
        column = self.columns.get(field)
        if column is None:
            return self.constants.get(field)
        return look_up(record, column)

    def name(self, record: dict[str, Any], field: str) -> str:
        return cleaning.as_name(self.find(record, field), field)

    def read_id(self, record: dict[str, Any]) -> str:
        identifier = self.name(record, "id")
        if not identifier:
            raise RowError(f"id: expected a value in {self.columns['id']}, got nothing")
        return identifier

    def read_content(self, record: dict[str, Any]) -> tuple[list[Turn], str, list[Turn]]:
        """Give the turns before the output, the output, and any turns after it."""
        before = self.opening(record)
        if "messages" in self.columns:
            turns = as_turns(self.find(record, "messages"), "messages")
            if "response" not in self.columns:
                earlier, text, later = split_at_output(turns, "messages")
                return before + earlier, text, later
            before += turns
        text = cleaning.as_text(self.find(record, "response"), "response")
        if not text.strip():
            raise RowError("response: expected the model's text, got nothing")
        if before and before[-1] == {"role": "assistant", "content": text}:
            before = before[:-1]
        if not before:
            raise RowError("prompt: expected what the model was asked, got nothing")
        return before, text, []

    def opening(self, record: dict[str, Any]) -> list[Turn]:
        """Give system prompt, earlier turns and prompt, those that there are."""
        turns: list[Turn] = []
        system = cleaning.as_text(self.find(record, "system"), "system")
        if system.strip():
            turns.append({"role": "system", "content": system})
        for field in ("history", "prompt"):
            raw = self.find(record, field)
            if isinstance(raw, list) or field == "history":
                turns += as_turns(raw, field)
            elif raw is not None and (text := cleaning.as_text(raw, field)).strip():
                turns.append({"role": "user", "content": text})
        return turns

    def read_latency(self, record: dict[str, Any]) -> int | None:
        latency = cleaning.as_latency(self.find(record, "latency_ms"), "latency_ms", factor=1)
        if latency is None and "latency_s" in self.columns:
            latency = cleaning.as_latency(self.find(record, "latency_s"), "latency_s", factor=1000)
        return latency

    def read_signal(self, record: dict[str, Any], key: str) -> Signal | None:
        value = self.read_value(record)
        if not value:
            return None
        channel = self.name(record, "channel").lower()
        if channel not in CHANNELS:
            raise RowError(f"channel: expected {', '.join(sorted(CHANNELS))}; got {shown(channel)}")
        score = cleaning.as_score(value)
        self.check_score(channel, value, score)
        reason = self.name(record, "reason")
        comment = cleaning.as_text(self.find(record, "comment"), "comment")
        given_at = cleaning.as_time(self.find(record, "rated_at"), "rated_at")
        known_as = self.name(record, "feedback_id")
        when = given_at.isoformat() if given_at else ""
        event = [known_as] if known_as else [key, value, reason, comment, when]
        return Signal(
            channel=channel,
            value=value,
            score=score,
            is_negative=self.polarity.is_negative(value),
            reason=reason,
            comment=comment,
            user_key=key,
            given_at=given_at,
            event_key=hashlib.sha256(as_json(event).encode()).hexdigest(),
        )

    def read_value(self, record: dict[str, Any]) -> str:
        raw = self.find(record, "rating")
        try:
            value = cleaning.as_value(raw)
        except RowError as error:
            raise RowError(f"rating: {error}") from None
        return cleaning.as_name(value, "rating", MAX_VALUE)

    def check_score(self, channel: str, value: str, score: float | None) -> None:
        if score is None and (channel == Channel.RATING or self.scale):
            raise RowError(f"rating: expected a number, got {shown(value)}")
        if self.scale and score is not None and not self.scale[0] <= score <= self.scale[1]:
            low, high = self.scale
            raise RowError(f"rating: expected {low:g} to {high:g}, got {shown(value)}")

    def rest_of(self, record: dict[str, Any]) -> dict[str, Any]:
        """Give the columns nobody mapped; those that name a person are pseudonymised."""
        rest = self.masked(record, "", without=self.mapped)
        if len(rest) > 20 or any(isinstance(v, (dict, list, str)) for v in rest.values()):
            size = len(json.dumps(rest, ensure_ascii=False))
            if size > MAX_METADATA:
                raise RowError(f"other columns: {size:,} characters, at most {MAX_METADATA:,}")
        return rest

    def masked(
        self, value: dict[str, Any], prefix: str, *, without: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, part in value.items():
            path = prefix + name
            if path in without:
                continue
            if plain(name) in USER_COLUMNS and part is not None and not isinstance(part, dict):
                kept[name] = mask(self.project, part)
            elif isinstance(part, dict):
                kept[name] = self.masked(part, f"{path}.", without=without)
            elif isinstance(part, list):
                kept[name] = [
                    self.masked(item, f"{path}.") if isinstance(item, dict) else item
                    for item in part
                ]
            else:
                kept[name] = part
        return kept

    def without_user(self, record: dict[str, Any]) -> dict[str, Any]:
        """Give the record with its users pseudonymised: what a rejected row may be kept as."""
        copy = self.masked(record, "")
        column = self.columns.get("user", "")
        *parents, last = [column] if column in copy else column.split(".")
        for parent in parents:
            copy = copy.get(parent, {}) if isinstance(copy, dict) else {}
        holder = copy
        if isinstance(holder, dict) and holder.get(last) is not None:
            holder[last] = mask(self.project, holder[last])
        return copy


def mask(project: Project, raw: Any) -> str:
    try:
        return user_key(project, raw)
    except RowError:
        return "(a user that cannot be read)"


def look_up(record: dict[str, Any], column: str) -> Any:
    """Give the value at a column, which may be a dotted path; None when it is not there."""
    if column in record:
        return record[column]
    value: Any = record
    for name in column.split("."):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value
