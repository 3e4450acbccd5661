"""`export_labels SLUG --format F --out PATH`: a label set with its manifest."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from labeling.exports import FORMATS, export_labels, manifest_path
from labeling.management.arguments import find_audit
from projects.commands import InputCommand
from projects.errors import InputError


class Command(InputCommand):
    help = "Write an audit's labels to a file, with a manifest beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of the audit")
        parser.add_argument("--format", required=True, choices=FORMATS)
        parser.add_argument("--out", required=True, help="path of the file to write")

    def run(self, options: dict[str, Any]) -> None:
        audit = find_audit(options["slug"])
        out = target_of(options["out"])
        try:
            manifest = export_labels(audit, kind=options["format"], out=out)
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"--out: {out} cannot be written ({reason}).") from error
        text = (
            f"{manifest['n_rows']:,} rows to {out}, SHA-256 {manifest['sha256']}\n"
            f"manifest: {manifest_path(out)}"
        )
        self.answer(manifest, text)


def target_of(given: str) -> Path:
    """The file that --out names, links followed."""
    try:
        out = Path(given).resolve()
        is_possible = bool(given) and not out.is_dir() and out.parent.is_dir()
    except (OSError, RuntimeError):  # RuntimeError: links that go in a circle
        is_possible = False
    if not is_possible:
        raise InputError(f"--out: expected a file in an existing folder, got {given!r}.")
    return out
