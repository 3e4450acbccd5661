"""`gate --project P`: one verdict for CI: exit code 0 PASS, 10 HOLD, 20 STOP, 30 UNKNOWN."""

import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from projects.commands import InputCommand, find_project
from release.gate import judge_release
from release.planning import to_decide


class Command(InputCommand):
    help = "Say whether to ship; the exit code is 0 PASS, 10 HOLD, 20 STOP, 30 UNKNOWN."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", required=True, help="slug of the project")

    def run(self, options: dict[str, Any]) -> None:
        verdict = judge_release(find_project(options["project"]))
        text = "\n".join([verdict.state, *verdict.reasons, f"Policy {verdict.policy.version}."])
        found = to_decide(verdict.report, verdict.policy) if verdict.report else None
        more = asdict(found.more) if found else None
        self.answer({**verdict.as_dict(), "to_decide": more}, text)
        sys.exit(verdict.exit_code)
