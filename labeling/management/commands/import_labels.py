"""`import_labels SLUG FILE`: labels made elsewhere, as a long table unit, coder, label."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labeling.label_import import import_labels
from projects.commands import InputCommand, find_project


class Command(InputCommand):
    help = "Read labels made elsewhere; an unknown SLUG becomes an audit of kind imported."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of the audit, existing or new")
        parser.add_argument("file", help="CSV with the columns unit, coder, label[, correctness]")
        parser.add_argument("--project", help="slug of the project for a new audit")

    def run(self, options: dict[str, Any]) -> None:
        project = None if options["project"] is None else find_project(options["project"])
        done = import_labels(slug=options["slug"], path=Path(options["file"]), project=project)
        text = (
            f"{done.n_new:,} labels new, {done.n_duplicate:,} duplicate, {done.n_late:,} late; "
            f"{done.n_units:,} units, {done.n_coders:,} coders in audit {done.audit.slug}"
            f"{' (new, kind imported)' if done.is_new_audit else ''}"
        )
        self.answer(done.as_dict(), text)
