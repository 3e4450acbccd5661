"""Run the lint and the suite, then say loudly what passed, what failed and what was skipped.

python -m tests.run check     lint, types, contracts, the quick tests on SQLite
python -m tests.run test      the same lint, then every test on SQLite with coverage, and on
                              PostgreSQL all that a database can change
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.postgres import PostgresUnavailableError, raising_on_signals, throwaway_postgres
from tests.surroundings import REPOSITORY

PYTHON = [sys.executable, "-m"]
SCRIPTS = Path(sysconfig.get_path("scripts"))
MANAGE = [sys.executable, "manage.py"]
SUITE = [*PYTHON, "pytest", "-n", "2", "--dist", "loadfile"]
COVERED = ["--cov", "--cov-report=term:skip-covered"]
# Tables are made from the models as they are: whether migrations lead there is a test of its own.
QUICK = ["-m", "not browser and not simulation and not slow", "--no-migrations"]
# A developer's own settings must not decide what is tested.
OURS = ("DATABASE_URL", "DATA_DIR", "DEMO_MODE", "DEBUG", "DJANGO_SETTINGS_MODULE")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one step ended; `skipped` counts tests by the reason they did not run."""

    name: str
    passed: bool
    seconds: float
    note: str = ""
    skipped: Counter[str] = field(default_factory=Counter)


def lint_steps() -> Iterator[tuple[str, list[str]]]:
    templates = sorted(map(str, Path("templates").rglob("*.html")))
    yield "mypy", [*PYTHON, "mypy", "--no-error-summary", "."]
    yield "ruff check", [*PYTHON, "ruff", "check", "."]
    yield "ruff format", [*PYTHON, "ruff", "format", "--check", "."]
    # import-linter has no `-m` form; its script is run as a file, whatever its first line says
    yield "import-linter", [sys.executable, str(SCRIPTS / "lint-imports"), "--no-logo"]
    if templates:
        yield "djade", [str(SCRIPTS / "djade"), "--check", "--target-version", "5.2", *templates]
    yield "migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"]
    yield "system checks", [*MANAGE, "check", "--fail-level", "WARNING"]


def lint(environment: dict[str, str]) -> Iterator[Outcome]:
    """Run the lint steps two at a time; show what those that failed had to say."""

    def run(step: tuple[str, list[str]]) -> tuple[Outcome, str]:
        name, command = step
        start = time.monotonic()
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        seconds = time.monotonic() - start
        return Outcome(name=name, passed=done.returncode == 0, seconds=seconds), done.stdout

    with ThreadPoolExecutor(max_workers=2) as pool:
        for outcome, output in pool.map(run, lint_steps()):
            print(f"{outcome.name}: {'ok' if outcome.passed else 'FAILED'}", flush=True)
            if not outcome.passed:
                print(output, flush=True)
            yield outcome


def suite(name: str, environment: dict[str, str], options: Sequence[str]) -> Outcome:
    """Run pytest in view, and read the totals from its own record."""
    print(f"\n=== The suite on {name} ===", flush=True)
    record = Path(environment["DATA_DIR"]) / "junit.xml"
    record.unlink(missing_ok=True)
    start = time.monotonic()
    command = [*SUITE, f"--junitxml={record}", *options]
    code = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode
    seconds = time.monotonic() - start
    note, skipped = read_record(record)
    title = f"tests on {name}"
    return Outcome(name=title, passed=code == 0, seconds=seconds, note=note, skipped=skipped)


def read_record(record: Path) -> tuple[str, Counter[str]]:
    """Totals of a junit file as a sentence, and its skipped tests counted by reason."""
    if not record.exists():
        return "pytest did not get as far as running a test", Counter()
    root = ElementTree.parse(record).getroot()
    skips = root.iter("skipped")
    skipped = Counter(skip.get("message", "no reason given") for skip in skips)
    total = sum(int(part.get("tests", 0)) for part in root.iter("testsuite"))
    failed = len(list(root.iter("failure"))) + len(list(root.iter("error")))
    n_skipped = skipped.total()
    return f"{total - failed - n_skipped} passed, {failed} failed, {n_skipped} skipped", skipped


def suite_on_postgresql(environment: dict[str, str]) -> Outcome:
    start = time.monotonic()
    try:
        with throwaway_postgres() as url:
            # What no database changes was tested on SQLite: pure functions, the looks of pages.
            return suite("PostgreSQL", {**environment, "DATABASE_URL": url}, ["--database-only"])
    except PostgresUnavailableError as error:
        print(f"\n!!! {error}", file=sys.stderr, flush=True)
        seconds = time.monotonic() - start
        note = "no PostgreSQL could be started"
        return Outcome(name="tests on PostgreSQL", passed=False, seconds=seconds, note=note)


def steps(what: str, environment: dict[str, str]) -> Iterator[Outcome]:
    yield from lint(environment)
    if what == "check":
        yield suite("SQLite", environment, QUICK)
        return
    yield suite("SQLite", environment, COVERED)
    yield suite_on_postgresql(environment)


def summary(what: str, outcomes: Sequence[Outcome]) -> str:
    """The closing lines, failures and skipped tests last, where they are seen."""
    lines = ["", f"=== make {what} ==="]
    for outcome in outcomes:
        verdict = "ok    " if outcome.passed else "FAILED"
        lines.append(
            f"{verdict} {outcome.name:<20} {outcome.seconds:5.0f} s  {outcome.note}".rstrip()
        )
    for outcome in outcomes:
        for reason, n_skipped in outcome.skipped.items():
            lines.append(f"!!! SKIPPED {n_skipped} {outcome.name}: {reason}")
    if what == "check":
        lines.append(
            "Not part of it: browser tests, simulations, slow tests, PostgreSQL (make test)."
        )
    failed = [outcome.name for outcome in outcomes if not outcome.passed]
    lines.append(f"FAILED: {', '.join(failed)}" if failed else "Everything that ran passed.")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    if list(arguments) not in (["check"], ["test"]):
        print("usage: python -m tests.run (check | test)", file=sys.stderr)
        return 2
    os.chdir(REPOSITORY)
    scratch = tempfile.TemporaryDirectory(prefix="bottom-decile-")
    try:
        with raising_on_signals(), scratch as directory:
            inherited = {name: value for name, value in os.environ.items() if name not in OURS}
            database = f"sqlite:///{directory}/suite.sqlite3"
            environment = {**inherited, "DATA_DIR": directory, "DATABASE_URL": database}
            outcomes = list(steps(arguments[0], environment))
    except KeyboardInterrupt:
        return 130
    print(summary(arguments[0], outcomes), flush=True)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
