"""What every test may count on: the browser, the shared data, and a report of what was skipped."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations

from tests.browser import looks
from tests.surroundings import (
    CHROMIUM_SWITCHES,
    find_chromium,
    missing_groups,
    shared_directory,
)

pytest_plugins = [
    "tests.people",
    "tests.audits",
    "tests.sampled",
    "tests.graders_at_work",
    "tests.notebook",
]


WITH_DATABASE = frozenset({"db", "transactional_db", "django_db_setup"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="leave out what no database changes, for it was tested on another: tests that open "
        "none, and the looks of pages",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Leave out what is dear and protects nothing here: test people's passwords, a power cut.

    On PostgreSQL the launcher does the same (`tests.postgres`). A server of a test's own is no
    part of this: it has the settings of a real one.

    Tables of a few rows are emptied by DELETE: TRUNCATE makes some 400 files anew after each
    test, and waits for whoever still reads. References are checked at the end in either case.
    """
    settings.WHITENOISE_AUTOREFRESH = (
        True  # else each client reads every static file before it asks
    )
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    options = settings.DATABASES["default"].get("OPTIONS", {})
    if "init_command" in options:
        options["init_command"] = options["init_command"].replace("=FULL", "=OFF")
    hypothesis.settings.register_profile("suite", deadline=None)  # a loaded machine is no error
    hypothesis.settings.load_profile("suite")
    looks.seen_before = config.getoption("--database-only")
    DatabaseOperations.sql_flush = delete_from_each  # type: ignore[method-assign, assignment]


def delete_from_each(
    operations: DatabaseOperations, _style: object, tables: Sequence[str], **_: object
) -> list[str]:
    return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]


def pytest_report_header() -> list[str]:
    database = settings.DATABASES["default"]
    missing = [f"WILL BE SKIPPED: {mark} tests, {why}" for mark, why in missing_groups().items()]
    return [f"database: {database['ENGINE'].rpartition('.')[2]} {database['NAME']}", *missing]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database-only"):
        others = [item for item in items if not opens_database(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if opens_database(item)]
    missing = missing_groups()
    for item in items:
        for mark, why in missing.items():
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=f"{mark}: {why}"))
    if any(item.get_closest_marker("browser") for item in items):
        # Playwright leaves an event loop running in the thread of the tests that follow it.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def opens_database(item: pytest.Item) -> bool:
    fixtures = WITH_DATABASE.intersection(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each group that was skipped because this machine lacks what it needs."""
    missing = missing_groups()
    skipped = terminalreporter.stats.get("skipped", [])
    counts = Counter(mark for report in skipped for mark in missing if mark in report.keywords)
    if counts:
        terminalreporter.section("SKIPPED GROUPS", sep="!", red=True, bold=True)
    for mark, n_skipped in counts.items():
        terminalreporter.line(f"{n_skipped} {mark} tests did not run: {missing[mark]}", red=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Launch the machine's own Chromium, quiet on the network."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {
        **browser_type_launch_args,
        "executable_path": find_chromium(),
        "args": [*CHROMIUM_SWITCHES, *sandbox],
    }


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of third-party sets; mark a test that asks for it with `data`."""
    missing = missing_groups()
    if "data" in missing:
        pytest.skip(f"data: {missing['data']}")
    return shared_directory()
