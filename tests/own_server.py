"""A server of a test's own: real gunicorn on a fresh database of the kind the suite runs on.

For what only separate processes show, a kill for example. Everything in it is made through the
commands that an operator types.
"""

import csv
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from django.conf import settings
from playwright.sync_api import Page

from tests.surroundings import REPOSITORY

START_SECONDS = 60


class OwnServer:
    """Commands and gunicorn on one database; `kill` is kill -9 of the master and its workers."""

    def __init__(self, data_dir: Path, database_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
        }
        self.environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
        self.server: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str, typed: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self) -> None:
        serve = ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi"]
        self.server = subprocess.Popen(
            [sys.executable, "-m", *serve],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < end, "gunicorn did not start"
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        if self.server:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.server = None


PASSWORD = "a long password for tests"


@contextmanager
def desk_server(data_dir: Path, outputs: list[str]) -> Iterator[OwnServer]:
    """Serve an open audit `w34`, one coder per unit, of outputs `o0`, `o1`, ...; ana grades."""
    with own_server(data_dir) as server:
        feedback = data_dir / "feedback.csv"
        with feedback.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "prompt", "output", "rating"])
            writer.writerows([f"o{k}", "Is it?", text, "down"] for k, text in enumerate(outputs))
        server.manage("create_project", "shop", "--name", "Shop")
        member = ["add_member", "--project", "shop", "ana", "--role", "grader", "--password-stdin"]
        server.manage(*member, typed=PASSWORD)
        server.manage("import_feedback", str(feedback), "--project", "shop", "--negative", "down")
        draw = ["create_audit", "w34", "--project", "shop", "--frame", "negative"]
        server.manage(*draw, "--size", str(len(outputs)), "--coders", "1")
        server.start()
        yield server


def sign_in(page: Page, server: OwnServer) -> None:
    """As ana, by keyboard."""
    page.goto(f"{server.url}/sign-in/")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What you can do next").wait_for()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def own_server(data_dir: Path) -> Iterator[OwnServer]:
    """A migrated, empty installation; call `start` to serve it."""
    with fresh_database(data_dir) as url:
        server = OwnServer(data_dir, url)
        server.manage("migrate", "-v0")
        server.manage("collectstatic", "--no-input", "-v0")
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def fresh_database(data_dir: Path) -> Iterator[str]:
    """The address of a new database, on the suite's own PostgreSQL where it runs on one."""
    if "postgresql" not in settings.DATABASES["default"]["ENGINE"]:
        yield f"sqlite:///{data_dir}/own.sqlite3"
        return
    of_suite = os.environ["DATABASE_URL"]
    name = f"own_{secrets.token_hex(6)}"
    with psycopg.connect(of_suite, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(of_suite)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(of_suite, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
