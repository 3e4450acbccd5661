"""`report SLUG`: headline, shares, agreement and grid of an audit."""

from typing import Any

from django.core.management.base import CommandParser

from analysis.estimates import Estimate
from labeling.management.arguments import find_audit
from labeling.report_json import report_as_dict
from labeling.reports import GRID_CELLS, Report, build_report, points
from labeling.sensitivity import Sensitivity, build_sensitivity
from projects.commands import InputCommand


class Command(InputCommand):
    help = "Print an audit's headline, shares, agreement and grid, as its report page shows them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of the audit")
        parser.add_argument(
            "--sensitivity",
            action="store_true",
            help="also how coders' error could move the shares (Dawid-Skene, Rogan-Gladen)",
        )

    def run(self, options: dict[str, Any]) -> None:
        report = build_report(find_audit(options["slug"]))
        said, text = report_as_dict(report), describe(report)
        if options["sensitivity"]:
            found = build_sensitivity(report)
            said["sensitivity"] = found.as_dict()
            text += "\n" + describe_sensitivity(found)
        self.answer(said, text)


def describe(report: Report) -> str:
    lines = [
        report.headline_sentence,
        f"frame {report.n_frame:,}, sampled {report.n_sampled:,}, labelled {report.n_labelled:,}, "
        f"complete {report.n_complete:,}, ties split {report.n_ties}, "
        f"adjudicated {report.n_adjudicated}",
        *([report.response_line] if report.response_line else []),
        *([report.agreement_note] if report.agreement_note else []),
        *report.firmness_lines,
        "",
    ]
    width = max((len(mode.name) for mode in report.shares), default=0)
    lines += [f"{mode.name:<{width}}  {points(mode.share)}" for mode in report.shares]
    if report.grid:
        lines += ["", "share of all rated outputs"]
        lines += [
            f"{name.replace('_', ' + '):<16}  {described(cell.share, cell.low, cell.high)}"
            for name in GRID_CELLS
            for cell in [getattr(report.grid, name)]
        ]
    return "\n".join(lines)


def describe_sensitivity(found: Sensitivity) -> str:
    """The lines that stand beside the shares, never instead of them."""
    lines = ["", "if the coders err (sensitivity lines, not the shares)"]
    if found.model.undefined_because:
        lines += [f"Dawid-Skene: not computed, {found.model.undefined_because}"]
    else:
        width = max(len(line.mode.name) for line in found.lines)
        lines += ["Dawid-Skene" if found.model.converged else "Dawid-Skene, not settled"]
        lines += [
            f"{line.mode.name:<{width}}  {estimate_words(line.modelled)}" for line in found.lines
        ]
    corrected = estimate_words(found.corrected.corrected)
    return "\n".join([*lines, f"Rogan-Gladen, unwelcome but correct: {corrected}"])


def estimate_words(found: Estimate) -> str:
    return described(found.value, found.low, found.high) + (
        f" ({found.undefined_because})" if found.undefined_because else ""
    )


def described(share: float | None, low: float | None, high: float | None) -> str:
    if share is None or low is None or high is None:
        return "not known"
    return f"{100 * share:.1f}% [{100 * low:.1f}, {100 * high:.1f}]"
