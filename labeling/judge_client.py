"""Ask an OpenAI-compatible chat endpoint: time-outs, retries, and what may not come out of here.

The address is the operator's setting. Redirects are not followed and no proxy is asked, so the key
goes to that host alone; it is in no message and no log.
"""

import http.client
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol
from urllib.parse import urlsplit

from feedback.cleaning import RowError, parse_json, shown
from projects.errors import InputError

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try."""
MAX_WAIT = 60.0
"""The longest that an endpoint's own Retry-After is waited for."""
MAX_BYTES = 1024 * 1024
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
MISCONFIGURED = {
    401: "JUDGE_API_KEY: the endpoint does not accept it (status 401).",
    403: "JUDGE_API_KEY: the endpoint does not allow it this (status 403).",
    404: "JUDGE_BASE_URL and JUDGE_MODEL: the endpoint knows no such address or model "
    "(status 404).",
}
WRONG_ADDRESS = "JUDGE_BASE_URL: expected https://HOST[:PORT][/PATH] without a user name."
LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
Message = dict[str, str]


class EndpointSettings(Protocol):
    """What the environment says of the endpoint (docs/settings.md)."""

    @property
    def base_url(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def api_key(self) -> str: ...
    @property
    def temperature(self) -> float | None: ...
    @property
    def json_mode(self) -> bool: ...
    @property
    def timeout(self) -> float: ...


class NoAnswerError(Exception):
    """The endpoint gave no answer about this output; another output may fare better."""


class AgainError(Exception):
    """This try failed, and a later one may not."""

    def __init__(self, reason: str, *, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Reply:
    """The text of an answer, and the tokens that it cost; None: not said."""

    text: str
    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One address, model and key."""

    secure: bool
    host: str
    port: int | None
    path: str
    model: str
    key: str = field(repr=False)
    temperature: float | None
    json_mode: bool
    timeout: float

    def ask(self, messages: Sequence[Message], stop: Event) -> Reply:
        """Ask until there is an answer or the tries are used up.

        Raises
        ------
        NoAnswerError
            No try gave an answer, or the endpoint does not take this one request.
        InputError
            The address, the key or the model is wrong: no output would fare better.
        """
        for wait in (*WAITS, None):
            try:
                return self.ask_once(messages)
            except AgainError as error:
                if wait is None or stop.is_set():
                    raise NoAnswerError(str(error)) from None
                stop.wait(min(error.wait if error.wait is not None else wait, MAX_WAIT))
        raise AssertionError("unreachable")

    def ask_once(self, messages: Sequence[Message]) -> Reply:
        status, retry_after, body = self.post(json.dumps(self.request(messages)).encode())
        if status in MISCONFIGURED:
            raise InputError(MISCONFIGURED[status])
        if 300 <= status < 400:
            raise InputError(f"JUDGE_BASE_URL: the endpoint sends elsewhere (status {status}).")
        if status in AGAIN:
            raise AgainError(f"status {status}", wait=seconds(retry_after))
        if status != 200:
            raise NoAnswerError(f"status {status}: {self.excerpt(body)}")
        return read_reply(body)

    def request(self, messages: Sequence[Message]) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        if self.temperature is not None:
            asked["temperature"] = self.temperature
        if self.json_mode:
            asked["response_format"] = {"type": "json_object"}
        return asked

    def post(self, body: bytes) -> tuple[int, str, bytes]:
        """Give status, Retry-After and body; the time-out is of the whole exchange."""
        ends = time.monotonic() + self.timeout
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=self.timeout)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            connection.request("POST", f"{self.path}/chat/completions", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Retry-After", ""), read_body(answer, ends)
        except TimeoutError:
            raise AgainError(f"no answer within {self.timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise AgainError(f"no connection: {type(error).__name__}") from None
        finally:
            connection.close()

    def excerpt(self, body: bytes) -> str:
        """The beginning of an answer, without the key, should it be repeated there."""
        text = " ".join(body.decode("utf-8", "replace").split())
        if self.key:
            text = text.replace(self.key, "(key)")
        return shown(text, 200)


def read_body(answer: http.client.HTTPResponse, ends: float) -> bytes:
    parts, size = [], 0
    while part := answer.read1(64 * 1024):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise AgainError(f"an answer of more than {MAX_BYTES:,} bytes")
        if time.monotonic() > ends:
            raise TimeoutError
    return b"".join(parts)


def read_reply(body: bytes) -> Reply:
    """Take the text out of a chat completion."""
    try:
        answer = parse_json(body.decode())
        message = answer["choices"][0]["message"]
        text = message.get("content")
        usage = answer.get("usage") or {}
        tokens = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    except (RowError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        raise AgainError("an answer that is no chat completion") from None
    known = [n if isinstance(n, int) and n >= 0 else None for n in tokens]
    return Reply(text if isinstance(text, str) else "", known[0], known[1])


def seconds(retry_after: str) -> float | None:
    """Retry-After in seconds; None when it is not there, or a date."""
    return float(retry_after) if re.fullmatch(r"[0-9]{1,6}", retry_after.strip()) else None


def find_endpoint(given: EndpointSettings) -> Endpoint:
    """Check the settings and give the endpoint.

    Raises
    ------
    InputError
        A setting is missing or wrong; the sentence names it and never shows the key.
    """
    for name in ("base_url", "model"):
        if not getattr(given, name):
            raise InputError(
                f"JUDGE_{name.upper()}: expected to be set, it is empty (docs/settings.md)."
            )
    try:
        parts = urlsplit(given.base_url)
        port = parts.port
    except ValueError:  # brackets that are no address, a port that is no port
        raise InputError(WRONG_ADDRESS) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise InputError(WRONG_ADDRESS)
    is_here = LOOPBACK.fullmatch(parts.hostname)
    if given.api_key and parts.scheme == "http" and not is_here:
        raise InputError("JUDGE_BASE_URL: expected https where there is a key, got http.")
    if not re.fullmatch(r"[\x21-\x7e]*", given.api_key):
        raise InputError("JUDGE_API_KEY: expected visible ASCII characters alone.")
    return Endpoint(
        secure=parts.scheme == "https",
        host=parts.hostname,
        port=port,
        path=parts.path.rstrip("/"),
        model=given.model,
        key=given.api_key,
        temperature=given.temperature,
        json_mode=given.json_mode,
        timeout=given.timeout,
    )
