"""The environment, read once and checked: a bad value stops the start with the variable's name."""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What an installation can set; every variable is described in docs/settings.md."""

    data_dir: Path
    database: dict[str, Any]
    demo_mode: bool
    debug: bool
    behind_https: bool
    allowed_hosts: list[str]
    trusted_origins: list[str]
    judge: "JudgeSettings"


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """The chat endpoint that the command `judge` asks; empty: none."""

    base_url: str
    model: str
    api_key: str = field(repr=False)
    temperature: float | None
    json_mode: bool
    timeout: float
    price_in: float | None
    price_out: float | None


def read_environment(environ: Mapping[str, str], root: Path) -> Environment:
    """Read the variables of `environ`; relative paths start at `root`."""
    data_dir = root / (environ.get("DATA_DIR") or "var")
    return Environment(
        data_dir=data_dir,
        database=database_settings(environ.get("DATABASE_URL", ""), data_dir, root),
        demo_mode=flag(environ, "DEMO_MODE"),
        debug=flag(environ, "DEBUG"),
        behind_https=flag(environ, "BEHIND_HTTPS"),
        allowed_hosts=listed(environ, "ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"],
        trusted_origins=listed(environ, "CSRF_TRUSTED_ORIGINS"),
        judge=judge_settings(environ),
    )


def judge_settings(environ: Mapping[str, str]) -> JudgeSettings:
    return JudgeSettings(
        base_url=environ.get("JUDGE_BASE_URL", "").strip(),
        model=environ.get("JUDGE_MODEL", "").strip(),
        api_key=environ.get("JUDGE_API_KEY", "").strip(),
        temperature=amount(environ, "JUDGE_TEMPERATURE", default="0"),
        json_mode=flag(environ, "JUDGE_JSON_MODE", default="1"),
        timeout=amount(environ, "JUDGE_TIMEOUT", default="60") or 60.0,
        price_in=amount(environ, "JUDGE_PRICE_INPUT"),
        price_out=amount(environ, "JUDGE_PRICE_OUTPUT"),
    )


def amount(environ: Mapping[str, str], name: str, *, default: str = "") -> float | None:
    """A number of 0 or more; `none` and nothing are None."""
    text = (environ.get(name, default) or default).strip().lower()
    if text in ("", "none"):
        return None
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ImproperlyConfigured(f"{name}: expected a number such as 0.5, got {environ[name]!r}.")
    return float(text)


def flag(environ: Mapping[str, str], name: str, *, default: str = "") -> bool:
    value = environ.get(name, default).strip().lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}: expected 1 or 0, got {environ[name]!r}.")
    return value in TRUE


def listed(environ: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in environ.get(name, "").split(",") if part.strip()]


def database_settings(url: str, data_dir: Path, root: Path) -> dict[str, Any]:
    """Django's database settings of a DATABASE_URL; SQLite in `data_dir` when it is empty."""
    if not url:
        return sqlite_settings(data_dir / "bottom-decile.sqlite3")
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = unquote(parts.path).removeprefix("/")
        if parts.netloc or not path:
            raise ImproperlyConfigured(
                "DATABASE_URL: expected sqlite:///PATH (four slashes for an absolute path), "
                f"got {url!r}."
            )
        return sqlite_settings(root / path)
    if parts.scheme in {"postgresql", "postgres"}:
        return postgresql_settings(url)
    raise ImproperlyConfigured(
        f"DATABASE_URL: expected sqlite:///PATH or postgresql://..., got scheme {parts.scheme!r}."
    )


def sqlite_settings(path: Path) -> dict[str, Any]:
    """SQLite for one machine: many readers, one writer at a time, nothing lost on a power cut."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        # A thread keeps its connection: closing the last one folds the write-ahead log into the
        # file, which would be waited for at the end of every request.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",  # a writer waits at BEGIN instead of failing half way
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
        "TEST": {"NAME": path.with_name("test-" + path.name)},
    }


def postgresql_settings(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    name = unquote(parts.path).removeprefix("/")
    if not name:
        raise ImproperlyConfigured(
            "DATABASE_URL: the name of the database is missing after the host."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or query.pop("password", "")),
        "HOST": unquote(parts.hostname or query.pop("host", "")),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8}, **query},
    }


def secret_key(data_dir: Path) -> str:
    """The installation's secret, generated once into a file that only its owner reads.

    The file appears whole (written aside, then linked), so that two processes that start together
    agree on one secret.
    """
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        handle, aside = tempfile.mkstemp(dir=data_dir, prefix=".secret")  # mode 0600
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        Path(aside).unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 50:
        raise ImproperlyConfigured(f"{path}: expected a secret of 50 characters or more.")
    return key
