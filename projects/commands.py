"""What every command does alike: `--json`, and one clear sentence with status 2 on bad input."""

import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import OperationalError, ProgrammingError

from projects.errors import InputError
from projects.models import Project

BAD_INPUT = 2
STARTS_WITH_NUMBER = re.compile(r"^-[0-9.]")
MAX_USAGE = 500
"""Characters of a sentence about usage; it repeats what was typed, however long that was."""
NOT_MIGRATED = {"42P01", "42703"}
"""PostgreSQL: no such table, no such column."""


class InputCommand(BaseCommand, ABC):
    """A command whose `run` may raise InputError or CommandError: one sentence, exit status 2.

    Called from Python, the same sentence is a CommandError with ``returncode`` 2. With
    ``takes_negative_values`` an option may be given a list that begins with a negative number.
    """

    takes_negative_values = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    @abstractmethod
    def run(self, options: dict[str, Any]) -> None:
        """Do the work and `answer` it."""

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.run(options)
        except InputError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(about_database(error), returncode=BAD_INPUT) from error

    def answer(self, result: Mapping[str, Any] | list[Any], text: str) -> None:
        """Print `result` with --json, `text` without."""
        shown = json.dumps(result, ensure_ascii=False, indent=2) if self.wants_json else text
        self.stdout.write(shown)

    # The rest turns Django's several ways of failing into that one sentence.

    wants_json = False
    from_command_line = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False  # argparse's errors are raised, not printed
        if self.takes_negative_values:
            parser._negative_number_matcher = STARTS_WITH_NUMBER  # `--negative -1,0` is a value
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        self.from_command_line = True
        try:
            super().run_from_argv(argv)
        except CommandError as error:  # argparse's; those of `run` end in `execute`
            hint = f"see {argv[1]} --help"
            said = str(error).removeprefix("Error: ").rstrip(".")
            if len(said) > MAX_USAGE:
                said = f"{said[:MAX_USAGE]}..."
            self.refuse(f"{argv[1]}: {said}; {hint}.")

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.wants_json = bool(options.get("json"))
        try:
            return super().execute(*args, **options)
        except SystemCheckError:
            raise
        except CommandError as error:
            if self.from_command_line and not options.get("traceback"):
                self.refuse(str(error))
            error.returncode = BAD_INPUT
            raise

    def refuse(self, sentence: str) -> NoReturn:
        self.stderr.write(" ".join(sentence.split()))
        sys.exit(BAD_INPUT)


def about_database(error: OperationalError | ProgrammingError) -> str:
    """Say in one sentence what an operator can put right; a mistake of ours is raised again."""
    state = getattr(error.__cause__, "sqlstate", None)
    if isinstance(error, ProgrammingError) and state not in NOT_MIGRATED:
        raise error
    said = (str(error).strip().splitlines() or ["no answer"])[0].rstrip(". ")
    return (
        f"The database cannot be used ({said}): run manage.py migrate if it is new or of an older "
        "version, and check DATABASE_URL and DATA_DIR."
    )


def find_project(slug: str) -> Project:
    """Give the project with this slug, or say which ones there are."""
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20])
        there = f"there are: {known}" if known else "there is none yet (see create_project)"
        raise InputError(f"--project: expected the slug of a project, got {slug!r}; {there}.")
    return project


def checked_path(name: str) -> Path:
    """Give the path of a file that is there."""
    path = Path(name)
    try:
        if name and path.is_dir():
            raise InputError(f"FILE: expected a file, got the folder {name}.")
        if not path.is_file():
            raise InputError(f"FILE: expected a file, but there is none at {name!r}.")
    except OSError as error:
        raise InputError(f"FILE: expected a file, got {name!r} ({error.strerror}).") from error
    return path
