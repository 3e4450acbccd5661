"""Turns of a conversation: chat lists of several makers, brought to [{role, content}, ...]."""

from typing import Any

from feedback.cleaning import RowError, as_name, as_text, parse_json, shown

Turn = dict[str, str]
MAX_TURNS = 1000
ROLES = {
    "human": "user",
    "gpt": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "developer": "system",
    "function": "tool",
}
TEXT_PARTS = {"text", "input_text", "output_text", "refusal"}


def as_turns(raw: Any, field: str) -> list[Turn]:
    """Read a list of turns (or its JSON in a cell); other text is one turn of the user."""
    if isinstance(raw, str):
        if not raw.strip():
            return []
        if not raw.lstrip().startswith("["):
            return [{"role": "user", "content": as_text(raw, field)}]
        raw = parse_cell(raw, field)
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise RowError(f"{field}: expected a list of turns, got {shown(raw)}")
    if len(raw) > MAX_TURNS:
        raise RowError(f"{field}: {len(raw):,} turns, at most {MAX_TURNS:,} are taken")
    return [as_turn(turn, f"{field}, turn {place}") for place, turn in enumerate(raw, start=1)]


def parse_cell(raw: str, field: str) -> Any:
    try:
        return parse_json(raw)
    except RowError as error:
        raise RowError(f"{field}: {error}") from None


def as_turn(turn: Any, field: str) -> Turn:
    if not isinstance(turn, dict):
        raise RowError(f"{field}: expected an object with role and content, got {shown(turn)}")
    role = as_name(turn.get("role", turn.get("from")), f"{field}, role", 40).lower()
    if not role:
        raise RowError(f"{field}: expected a role, got {shown(turn)}")
    content = as_content(turn.get("content", turn.get("value")), field)
    calls = turn.get("tool_calls")
    if isinstance(calls, list):
        content = "\n".join([*filter(None, [content]), *(as_call(call) for call in calls)])
    return {"role": ROLES.get(role, role), "content": as_text(content, field)}


def as_content(raw: Any, field: str) -> str:
    """Give a turn's text; of parts that are no text (images, files) the kind is kept."""
    if not isinstance(raw, list):
        return as_text(raw, field)
    return as_text("\n".join(as_part(part, field) for part in raw), field)


def as_part(part: Any, field: str) -> str:
    if not isinstance(part, dict):
        return as_text(part, field)
    kind = as_name(part.get("type", "text"), f"{field}, type")
    if kind in TEXT_PARTS:
        return as_text(part.get("text", part.get("refusal")), field)
    return f"[{kind}]"


def as_call(call: Any) -> str:
    function = call.get("function", call) if isinstance(call, dict) else {}
    if not isinstance(function, dict):
        function = {}
    arguments = function.get("arguments", "")
    shown_arguments = arguments if isinstance(arguments, str) else shown(arguments, 2000)
    return f"[calls {function.get('name', 'a tool')}({shown_arguments})]"


def split_at_output(turns: list[Turn], field: str) -> tuple[list[Turn], str, list[Turn]]:
    """Give the turns before the last assistant text, that text, and the turns after it."""
    for place in range(len(turns) - 1, -1, -1):
        if turns[place]["role"] == "assistant" and turns[place]["content"].strip():
            return turns[:place], turns[place]["content"], turns[place + 1 :]
    raise RowError(f"{field}: expected a turn of the assistant with text, got none")
