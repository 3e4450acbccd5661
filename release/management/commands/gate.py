"""`gate --project P`: one verdict for CI: exit code 0 PASS, 10 HOLD, 20 STOP, 30 UNKNOWN."""

import sys
from typing import Any

from django.core.management.base import CommandParser

from projects.commands import InputCommand, find_project
from release.gate import judge_release


class Command(InputCommand):
    help = "Say whether to ship; the exit code is 0 PASS, 10 HOLD, 20 STOP, 30 UNKNOWN."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", required=True, help="slug of the project")

    def run(self, options: dict[str, Any]) -> None:
        verdict = judge_release(find_project(options["project"]))
        text = "\n".join([verdict.state, *verdict.reasons, f"Policy {verdict.policy.version}."])
        self.answer(verdict.as_dict(), text)
        sys.exit(verdict.exit_code)
