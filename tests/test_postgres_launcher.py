"""The throwaway PostgreSQL of the suite: it serves, it cleans up, and its absence is loud."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests import postgres

pytestmark = pytest.mark.slow

LAUNCH = [sys.executable, "-m", "tests.postgres", "--", sys.executable, "-c"]
SHOW_URL = "import os; print(os.environ['DATABASE_URL'], flush=True)"


@pytest.fixture(autouse=True)
def own_server(monkeypatch):
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)


def directory_of(url):
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def test_two_servers_at_once_are_apart_and_gone_afterwards():
    with (
        postgres.throwaway_postgres() as url,
        postgres.throwaway_postgres() as other,
        psycopg.connect(url) as here,
        psycopg.connect(other) as elsewhere,
    ):
        here.execute("CREATE TABLE made_here (id int)")
        assert here.execute("SELECT to_regclass('made_here')").fetchone() == ("made_here",)
        assert elsewhere.execute("SELECT to_regclass('made_here')").fetchone() == (None,)
        assert here.execute("SHOW listen_addresses").fetchone() == ("",)
        assert here.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert not directory_of(url).exists()
    assert not directory_of(other).exists()


def test_the_command_gets_the_address_and_its_exit_code_is_kept():
    done = subprocess.run([*LAUNCH, f"{SHOW_URL}; raise SystemExit(7)"], stdout=subprocess.PIPE)
    assert done.returncode == 7
    assert not directory_of(done.stdout.decode().strip()).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_stops_the_command_and_removes_the_server(number):
    waiting = f"{SHOW_URL}; import time; time.sleep(60)"
    with subprocess.Popen([*LAUNCH, waiting], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        directory = directory_of(launcher.stdout.readline().decode().strip())
        assert directory.exists()
        launcher.send_signal(number)
        assert launcher.wait(timeout=30) == 128 + number
    assert not directory.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as somebody else")
def test_an_environment_that_only_root_reads_is_copied():
    """A checkout under /root once fell through to whatever PostgreSQL was on the PATH."""
    with postgres.own_directory() as directory:
        original, copy, *_ = postgres.installations(directory)
        assert original.is_dir()
        command = [str(copy / "initdb"), "-D", str(directory / "data")]
        subprocess.run(command, check=True, **postgres.as_server_user(directory))


def test_a_given_server_is_used_as_it_is(monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://theirs/database")
    with postgres.throwaway_postgres() as url:
        assert url == "postgresql://theirs/database"


def test_no_postgresql_is_a_failure_that_says_what_to_do(monkeypatch, capfd):
    monkeypatch.setattr(postgres, "installations", lambda directory: iter([Path("/nowhere")]))
    assert postgres.run(["true"]) == 1
    told = capfd.readouterr().err
    assert "set TEST_DATABASE_URL" in told
    assert "/nowhere" in told


def test_a_server_that_does_not_start_shows_its_log(monkeypatch, capfd):
    monkeypatch.setitem(postgres.SERVER_SETTINGS, "shared_buffers", "no number")
    assert postgres.run(["true"]) == 1
    assert 'invalid value for parameter "shared_buffers"' in capfd.readouterr().err
