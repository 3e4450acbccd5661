"""`report SLUG`: headline, shares, agreement and grid of an audit."""

from typing import Any

from django.core.management.base import CommandParser

from labeling.management.arguments import find_audit
from labeling.reports import Report, build_report, points
from projects.commands import InputCommand


class Command(InputCommand):
    help = "Print an audit's headline, shares, agreement and grid, as its report page shows them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of the audit")

    def run(self, options: dict[str, Any]) -> None:
        report = build_report(find_audit(options["slug"]))
        self.answer(report.as_dict(), describe(report))


def describe(report: Report) -> str:
    lines = [
        report.headline_sentence,
        f"frame {report.n_frame:,}, sampled {report.n_sampled:,}, labelled {report.n_labelled:,}, "
        f"complete {report.n_complete:,}, ties split {report.n_ties}, "
        f"adjudicated {report.n_adjudicated}",
        *([report.agreement_note] if report.agreement_note else []),
        *report.firmness_lines,
        "",
    ]
    width = max((len(mode.name) for mode in report.shares), default=0)
    lines += [f"{mode.name:<{width}}  {points(mode.share)}" for mode in report.shares]
    if report.grid:
        lines += ["", "share of all rated outputs"]
        lines += [
            f"{name.replace('_', ' + '):<16}  {described(cell)}"
            for name, cell in report.grid.as_dict().items()
        ]
    return "\n".join(lines)


def described(cell: dict[str, float | int | None]) -> str:
    share, low, high = (cell[key] for key in ("share", "low", "high"))
    if share is None or low is None or high is None:
        return "not known"
    return f"{100 * share:.1f}% [{100 * low:.1f}, {100 * high:.1f}]"
