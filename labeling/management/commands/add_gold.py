"""`add_gold SLUG FILE`: gold and training units from a CSV file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labeling.gold_import import COLUMNS, import_gold
from labeling.management.arguments import find_audit
from projects.commands import InputCommand


class Command(InputCommand):
    help = "Add gold and training units with known answers to an audit."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of the audit")
        parser.add_argument("file", help=f"CSV with the columns {', '.join(COLUMNS)}")

    def run(self, options: dict[str, Any]) -> None:
        done = import_gold(find_audit(options["slug"]), Path(options["file"]))
        text = (
            f"{done.n_gold:,} gold and {done.n_training:,} training units added "
            f"to audit {done.audit.slug}"
        )
        self.answer(done.as_dict(), text)
