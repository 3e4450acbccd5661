"""`import_feedback FILE --project P`: what users said, from a file (docs/feedback-files.md)."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from feedback import ingest, staging
from feedback.formats import FORMATS
from feedback.mapping import FIELDS, decide, listed, parse_pairs
from feedback.models import Import, RejectedRow
from feedback.polarity import parse_negative
from feedback.receipts import in_words, rating_counts, receipt
from projects.commands import InputCommand, checked_path, find_project
from projects.errors import InputError

BATCH_ROWS = 2000


class Command(InputCommand):
    help = "Import outputs and what users said about them, from CSV, JSON lines or a JSON list."
    takes_negative_values = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", help="gzip is read as it is")
        parser.add_argument("--project", required=True, metavar="P")
        parser.add_argument("--format", choices=FORMATS, default="", help="default: by the content")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"fields: {listed(FIELDS)}; a dotted path is a nested key; channel=:rating, "
            "scale=:1..5, release=:v2 are constants; FIELD= leaves a guessed field out",
        )
        parser.add_argument(
            "--negative",
            action="append",
            default=[],
            metavar="VALUES",
            help="the ratings that are negative: down, or -1,0, or '<=2'; compared exactly",
        )
        parser.add_argument("--traces", metavar="FILE", help="not supported yet")
        parser.add_argument("--dry-run", action="store_true", help="say what would come in")

    def run(self, options: dict[str, Any]) -> None:
        if options["traces"]:
            raise InputError("--traces: joining a second file is not supported yet; join it first.")
        project = find_project(options["project"])
        path = checked_path(options["file"])
        try:
            with path.open("rb") as file:
                source = staging.stage(
                    file,
                    name=path.name,
                    project=project,
                    created_by=None,
                    expected=options["format"],
                )
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}.") from error
        except InputError as error:
            raise InputError(f"{path.name}: {error}") from None
        try:
            staging.forget_abandoned(project)  # of a run that was killed: users' text on the disk
            configure(source, options)
            self.answer_for(source, is_dry_run=options["dry_run"])
        finally:
            staging.discard(source)

    def answer_for(self, source: Import, *, is_dry_run: bool) -> None:
        """Take the file in and say what became of it; a dry run is taken back as a whole."""
        if is_dry_run:
            with transaction.atomic():
                result = self.take_in(source)
                transaction.set_rollback(True)
        else:
            result = self.take_in(source)
        text = in_words(result)
        self.answer(
            {**result, "dry_run": is_dry_run},
            f"Dry run, nothing was stored. {text}" if is_dry_run else text,
        )

    def take_in(self, source: Import) -> dict[str, Any]:
        source.save()
        ingest.start(source)
        while source.status == Import.Status.RUNNING:
            source = ingest.take_in(source, max_seconds=0.5, max_rows=BATCH_ROWS)
            self.show_progress(source)
        result = receipt(source)
        if source.status == Import.Status.FAILED:
            forget(source)
            raise InputError(refusal(source, result))
        return result

    def show_progress(self, source: Import) -> None:
        if self.stderr.isatty() and not self.wants_json:
            is_over = source.status != Import.Status.RUNNING
            self.stderr.write(
                f"\r{source.n_done:,} of {source.n_records:,} rows",
                ending="\n" if is_over else "",
            )


def configure(source: Import, options: dict[str, Any]) -> None:
    """Set mapping and polarity from the flags; what is wrong with them is said before any row."""
    chosen = parse_pairs(options["map"])
    if source.columns:  # else no row can be read, and each is rejected with its own reason
        try:
            source.mapping = decide(list(source.columns), chosen)
        except InputError as error:
            raise InputError(f"{source.file_name}: {error}") from None
    if "rating" in source.mapping:
        counts = rating_counts(source)
        source.negative_values = parse_negative(options["negative"], counts).as_list()
    elif options["negative"]:
        raise InputError(
            f"--negative: expected a column for the rating, named with --map rating=COLUMN; "
            f"{source.file_name} has the columns {listed(source.columns)}."
        )


def refusal(source: Import, result: dict[str, Any]) -> str:
    """Say why nothing was stored of a file whose import failed."""
    if source.n_rejected < source.n_records:
        return f"{source.file_name}: {source.problem}"
    first = result["rejected"][0]
    others = f"all {source.n_rejected:,} rows were" if source.n_rejected > 1 else "its only row was"
    return f"{source.file_name}: {others} rejected, first line {first['line']}: {first['reason']}."


def forget(source: Import) -> None:
    """Remove every trace of an import that stored no row."""
    if source.n_new == 0:
        RejectedRow.objects.filter(source=source).delete()
        source.delete()
