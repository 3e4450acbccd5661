"""`import_judgements FILE --project P --judge NAME ...`: what a judge said, from a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from labeling.judgement_import import JudgementImport, check_file, import_judgements
from labeling.judges import register_judge
from labeling.models import Judge
from projects.commands import InputCommand, checked_path, find_project
from projects.errors import InputError
from projects.models import Project


class Command(InputCommand):
    help = "Read a judge's verdicts on outputs of a project, from CSV, JSON lines or a JSON list."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", help="columns: output, verdict[, mode, ...]")
        parser.add_argument("--project", required=True, metavar="P", help="slug of the project")
        parser.add_argument("--judge", required=True, metavar="NAME")
        parser.add_argument("--judge-version", required=True, metavar="V")
        parser.add_argument("--kind", required=True, choices=Judge.Kind.values)
        parser.add_argument("--dry-run", action="store_true", help="say what would come in")

    def run(self, options: dict[str, Any]) -> None:
        project = find_project(options["project"])
        path = checked_path(options["file"])
        check_file(path)
        if options["dry_run"]:
            with transaction.atomic():
                done = self.take_in(path, project, options)
                transaction.set_rollback(True)
        else:
            done = self.take_in(path, project, options)
        text = in_words(done)
        self.answer(
            {**done.as_dict(), "dry_run": options["dry_run"]},
            f"Dry run, nothing was stored. {text}" if options["dry_run"] else text,
        )

    def take_in(self, path: Path, project: Project, options: dict[str, Any]) -> JudgementImport:
        """Take in the file; a judge of whom no row could be taken is not kept."""
        is_new = not Judge.objects.filter(
            project=project, name=options["judge"], version=options["judge_version"]
        ).exists()
        judge = register_judge(
            project,
            kind=options["kind"],
            name=options["judge"],
            version=options["judge_version"],
        )
        done = JudgementImport(judge)
        for done in import_judgements(path, judge):
            self.show_progress(done)
        if done.n_rejected == done.n_rows:
            if is_new and not judge.verdicts.exists():
                judge.delete()
            raise InputError(refusal(path, done))
        return done

    def show_progress(self, done: JudgementImport) -> None:
        if self.stderr.isatty() and not self.wants_json:
            self.stderr.write(f"\r{done.n_rows:,} rows", ending="")


def refusal(path: Path, done: JudgementImport) -> str:
    line, reason = done.rejected[0]
    others = f"all {done.n_rejected:,} rows were" if done.n_rejected > 1 else "its only row was"
    return f"{path.name}: {others} rejected, first line {line}: {reason}."


def in_words(done: JudgementImport) -> str:
    lines = [
        f"{done.judge} ({done.judge.kind}): {done.n_rows:,} rows, {done.n_new:,} new, "
        f"{done.n_duplicate:,} duplicate, {done.n_rejected:,} rejected.",
        *(f"  line {line}: {reason}" for line, reason in done.rejected[:10]),
    ]
    if done.n_rejected > 10:
        lines.append(f"  ... and {done.n_rejected - 10:,} more rejected rows (--json lists 100).")
    return "\n".join(lines)
