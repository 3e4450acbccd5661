"""`plan --project P`: units for a margin and for a decision of the gate, and their hours."""

from dataclasses import replace
from typing import Any

from django.core.management.base import CommandParser

from labeling.firmness_words import hours_words
from projects.commands import InputCommand, find_project
from release.planning import Measured, Plan, make_plan

NUMBERS = {
    "frame-size": ("n_frame", int, "outputs in the frame; the default is today's negatives"),
    "margin": ("margin", float, "half width wanted, such as 0.05"),
    "truth": ("truth", float, "the share that is assumed; the default is the newest audit's"),
    "low": ("low", float, "the gate's lower limit"),
    "high": ("high", float, "the gate's upper limit"),
    "units": ("units", int, "one number of units, to see what it buys"),
    "coders": ("coders", int, "coders per unit"),
    "deff": ("deff", float, "design effect; the default is the newest audit's"),
    "completion": ("completion", float, "part of the drawn units that will be labelled"),
    "sensitivity": ("sensitivity", float, "of a unit's label"),
    "specificity": ("specificity", float, "of a unit's label"),
}


class Command(InputCommand):
    help = "Say how many units an audit needs, and how often the gate decides with them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--project", required=True, help="slug of the project")
        for option, (name, kind, meaning) in NUMBERS.items():
            parser.add_argument(f"--{option}", dest=name, type=kind, help=meaning)

    def run(self, options: dict[str, Any]) -> None:
        measured = Measured.of(find_project(options["project"]))
        given = {
            name: options[name] for name, _, _ in NUMBERS.values() if options[name] is not None
        }
        assumed = replace(measured.assumptions(), **given)
        plan = make_plan(assumed, measured.seconds)
        self.answer(plan.as_dict(), describe(plan))


def describe(plan: Plan) -> str:
    assumed, decision = plan.assumed, plan.for_decision
    lines = [
        f"Frame {assumed.n_frame:,}, assumed share {assumed.truth:.1%}, design effect "
        f"{assumed.deff:g}, completion {assumed.completion:.0%}, {assumed.coders} coders per unit.",
        f"For ±{100 * assumed.margin:g} points: {plan.for_margin:,} units, "
        f"{hours_words(plan.hours_for_margin)}.",
    ]
    if decision.units is None or plan.hours_for_decision is None:
        lines.append(f"For a decision of the gate: {decision.undefined_because}.")
    else:
        lines.append(
            f"For a decision of the gate (“{decision.decision}”, chance {decision.power:.0%}): "
            f"{decision.units:,} units, {hours_words(plan.hours_for_decision)}."
        )
    if plan.margin_of_units is not None:
        lines.append(f"{assumed.units:,} units give ±{100 * plan.margin_of_units:.1f} points.")
    lines += ["", f"{'units':>7} {'truth':>7} {'known':>7} {'too high':>9} {'undecided':>10}"]
    lines += [
        f"{entry.n:>7,} {entry.truth:>7.1%} {entry.known:>7.2f} {entry.too_high:>9.2f} "
        f"{entry.undecided:>10.2f}"
        for of_size in plan.characteristics
        for entry in of_size
    ]
    return "\n".join(lines)
