"""Which column of a file is which field: guessed from the names, decided by a person.

Only names are guessed. Which ratings are negative never is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback.models import Channel
from projects.errors import InputError

MAX_NESTING = 3
"""Levels of objects whose keys are columns: `context.user.id`."""


@dataclass(frozen=True)
class Field:
    """A field of the record; `names` are column names taken for it, the best first."""

    label: str
    names: tuple[str, ...]
    may_be_constant: bool


def field(label: str, names: str = "", *, may_be_constant: bool = False) -> Field:
    return Field(label, tuple(names.split()), may_be_constant)


FIELDS: dict[str, Field] = {
    "id": field(
        "Id of the output",
        "output_id external_id id uid item_uid message_id response_id row_id trace_id run_id",
    ),
    "messages": field("Messages, the output last", "messages conversation conversations chat"),
    "system": field("System prompt", "system system_prompt"),
    "history": field("Earlier turns", "history previous_messages context_messages"),
    "prompt": field("Prompt", "prompt question query input instruction user_message"),
    "response": field(
        "Output (the model's text)",
        "response answer output completion reply assistant_message text",
    ),
    "rating": field(
        "Rating",
        "rating thumb thumbs user_rating user_feedback feedback score vote stars preferred liked",
    ),
    "channel": field("Channel of the rating", "channel", may_be_constant=True),
    "scale": field("Scale of the rating", may_be_constant=True),
    "reason": field("Reason", "reason reasons feedback_reason"),
    "comment": field("Comment", "comment comments feedback_text feedback_comment"),
    "feedback_id": field("Id of the feedback", "feedback_id score_id rating_id"),
    "rated_at": field("Time of the rating", "rated_at given_at feedback_at feedback_time"),
    "user": field("User (pseudonymised)", "user user_id userid user_email customer_id"),
    "model": field("Model", "model model_name model_id llm", may_be_constant=True),
    "release": field("Release", "release version app_version model_version", may_be_constant=True),
    "domain": field("Domain", "domain category topic task", may_be_constant=True),
    "latency_ms": field("Latency, ms", "latency_ms duration_ms response_time_ms elapsed_ms"),
    "latency_s": field("Latency, seconds", "latency_s latency_seconds duration_s"),
    "created_at": field("Time of the output", "created_at created timestamp time date start_time"),
}
USER_COLUMNS = frozenset(
    {*FIELDS["user"].names, "username", "user_name", "email", "e_mail", "end_user", "end_user_id"}
)
"""Columns that name a person; when they are not mapped they are pseudonymised in the metadata."""
CONSTANTS = [name for name, field in FIELDS.items() if field.may_be_constant]
ONLY_CONSTANT = "scale"


def plain(name: str) -> str:
    """Compare names in lower case, with underscores for everything that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def leaves(
    record: Mapping[str, Any], prefix: str = "", level: int = 1
) -> Iterator[tuple[str, Any]]:
    """Give each column of a record and its value; keys of nested objects are dotted."""
    for name, value in record.items():
        if isinstance(value, dict) and level < MAX_NESTING and "$date" not in value:
            yield from leaves(value, f"{prefix}{name}.", level + 1)
        else:
            yield prefix + name, value


def guess(columns: Iterable[str]) -> dict[str, str]:
    """Take each field from the column with the best known name; whole names before last parts."""
    whole: dict[str, str] = {}
    ends: dict[str, str] = {}
    for column in columns:
        whole.setdefault(plain(column), column)
        ends.setdefault(plain(column.rpartition(".")[2]), column)
    mapping: dict[str, str] = {}
    for known in (whole, ends):
        for name, field in FIELDS.items():
            free = [known[n] for n in field.names if known.get(n) not in {None, *mapping.values()}]
            if free and name not in mapping:
                mapping[name] = free[0]
    return mapping


def parse_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Read `field=column` and `field=:constant`; an empty column leaves the field out."""
    chosen: dict[str, str] = {}
    for pair in pairs:
        name, sign, column = pair.partition("=")
        if not sign or name not in FIELDS:
            raise InputError(
                f"--map: expected field=column with a field of {listed(FIELDS)}; got {pair!r}."
            )
        if name in chosen:
            raise InputError(f"--map: expected each field once, got {name} twice.")
        chosen[name] = column.strip()
    return chosen


def decide(columns: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Complete what the person chose by guesses for the fields they did not mention.

    Raises
    ------
    InputError
        A column does not exist, or there is no text of an output, or no question to it.
    """
    taken = set(chosen.values())
    guesses = guess([column for column in columns if column not in taken])
    mapping = {name: column for name, column in {**guesses, **chosen}.items() if column}
    return check(columns, mapping)


def check(columns: Sequence[str], mapping: dict[str, str]) -> dict[str, str]:
    for name, column in mapping.items():
        if column.startswith(":") and column not in columns:
            check_constant(name, column[1:])
        elif name == ONLY_CONSTANT:
            raise InputError(f"scale: expected :LOW..HIGH such as :1..5, got {column!r}.")
        elif column not in columns:
            raise InputError(f"{name}: expected a column of {listed(columns)}; got {column!r}.")
    if "messages" not in mapping and "response" not in mapping:
        raise InputError(
            "expected a column for the model's text (response or messages), named with "
            f"--map response=COLUMN; got the columns {listed(columns)}."
        )
    if not mapping.keys() & {"messages", "prompt", "history"}:
        raise InputError(
            "expected a column for what the model was asked (prompt or messages), named with "
            f"--map prompt=COLUMN; got the columns {listed(columns)}."
        )
    return mapping


def check_constant(name: str, constant: str) -> None:
    if not FIELDS[name].may_be_constant:
        raise InputError(f"{name}: expected a column; only {listed(CONSTANTS)} may be :constants.")
    if name == "channel" and constant not in Channel.values:
        raise InputError(f"channel: expected one of {listed(Channel.values)}; got {constant!r}.")
    if name == "scale":
        parse_scale(constant)


def parse_scale(text: str) -> tuple[float, float]:
    """Read `1..5`: a rating outside it is rejected."""
    match = re.fullmatch(r"(-?[0-9]{1,9}(?:\.[0-9]+)?)\.\.(-?[0-9]{1,9}(?:\.[0-9]+)?)", text)
    if not match or float(match[1]) >= float(match[2]):
        raise InputError(f"scale: expected :LOW..HIGH such as :1..5, got {text!r}.")
    return float(match[1]), float(match[2])


def listed(names: Iterable[str], limit: int = 30) -> str:
    """Join names for a message; the rest of a long list is counted."""
    known = list(names)
    more = f" and {len(known) - limit} more" if len(known) > limit else ""
    return ", ".join(name[:60] for name in known[:limit]) + more
