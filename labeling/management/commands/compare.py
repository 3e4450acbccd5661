"""`compare A B`: the change of the headline, its mix and rate, and whether the series is stable."""

from typing import Any

from django.core.management.base import CommandParser

from analysis.estimates import Estimate
from analysis.stability import DEFAULT_MARGIN, StabilityStep
from labeling.comparison import SEVERAL_AT_ONCE, Comparison, compare, find_side
from labeling.reports import points
from projects.commands import InputCommand


class Command(InputCommand):
    help = "Compare the headline of two audits, or of two strata such as releases."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("a", metavar="A", help="SLUG of an audit, or SLUG:STRATUM")
        parser.add_argument("b", metavar="B", help="what it is compared with: B minus A")
        parser.add_argument(
            "--margin",
            type=float,
            default=DEFAULT_MARGIN,
            help="largest change that does not matter, for stability (0.05)",
        )

    def run(self, options: dict[str, Any]) -> None:
        sides = (find_side(options[name]) for name in ("a", "b"))
        found = compare(*sides, margin=options["margin"])
        self.answer(found.as_dict(), describe(found))


def describe(found: Comparison) -> str:
    lines = [f"{side.key}: {points(side.share)}" for side in (found.first, found.second)]
    lines += [f"change: {signed(found.difference)}", *found.warnings]
    lines += [f"  {mode.name}: {signed(mode.difference)}" for mode in found.modes]
    lines += [SEVERAL_AT_ONCE] if found.modes else []
    if found.parts is None:
        lines.append(f"mix and rate: not known ({found.parts_undefined_because})")
    else:
        lines += [
            f"with each domain at its size: {signed(found.parts.difference)}",
            f"  mix of domains: {signed(found.parts.mix)}",
            f"  rate within domains: {signed(found.parts.rate)}",
        ]
        lines += [
            f"    {row.domain}: mix {signed(row.mix)}, rate {signed(row.rate)}"
            for row in found.parts.domains
        ]
    if found.steps:
        lines += ["", f"closed audits, margin {100 * found.margin:g} points, 90% intervals"]
        lines += [line_of(step) for step in found.steps]
    return "\n".join(lines)


def line_of(step: StabilityStep) -> str:
    line = f"{step.name}: {step.state}, {signed(step.difference)}"
    return f"{line}; {step.to_decide.sentence}" if step.to_decide else line


def signed(found: Estimate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return f"not known ({found.undefined_because})"
    value, low, high = (f"{100 * each:+z.1f}" for each in (found.value, found.low, found.high))
    return f"{value} points [{low}, {high}]"
