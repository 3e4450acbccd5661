"""`graders SLUG`: how each coder of an audit works, and the flags that fire."""

from typing import Any

from django.core.management.base import CommandParser

from labeling import grader_words
from labeling.grader_reports import GraderReport, GraderRow, build_grader_report
from labeling.management.arguments import find_audit
from projects.commands import InputCommand


class Command(InputCommand):
    help = "Each coder's figures with intervals, and flags with their false-alarm rates."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of an audit")

    def run(self, options: dict[str, Any]) -> None:
        found = build_grader_report(find_audit(options["slug"]))
        self.answer(found.as_dict(), describe(found))


def describe(found: GraderReport) -> str:
    lines = [grader_words.NOTICE, f"{grader_words.any_flag_words(found.middle_n)}."]
    if found.n_thirds:
        lines.append(grader_words.THIRDS)
    if not found.rows:
        lines.append("No label yet.")
    return "\n".join([*lines, *(line for row in found.rows for line in described(row))])


def described(row: GraderRow) -> list[str]:
    figures = grader_words.figures(row.quality)
    flags = grader_words.flags(row.quality)
    return [
        "",
        f"{row.quality.coder}: {row.quality.n_labels:,} labels",
        *(f"  {figure.name:<24}{', '.join((figure.value, *figure.rest))}" for figure in figures),
        *(f"  FLAG {flag.name}: {flag.seen}; {flag.false_alarm}" for flag in flags if flag.fires),
    ]
