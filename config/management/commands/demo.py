"""`demo`: load the demo project and people, print the headline and the gate's verdict."""

from typing import Any

from django.core.management.base import CommandParser

from config.demo import LABELLED, OPEN, load_demo
from fixtures.demo import DEFAULT_SEED
from labeling.management.arguments import find_audit
from labeling.reports import build_report
from projects.commands import InputCommand
from release.gate import judge_release


class Command(InputCommand):
    help = "Load the demo project with its people and labels; safe to run twice."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="seed of the demo data")

    def run(self, options: dict[str, Any]) -> None:
        demo = load_demo(options["seed"])
        report = build_report(find_audit(LABELLED))
        gate = judge_release(demo.project)
        result = {
            "project": demo.project.slug,
            "is_new": demo.is_new,
            "audits": [LABELLED, OPEN],
            "headline": report.headline.as_dict(),
            "gate": gate.as_dict(),
        }
        came = "loaded" if demo.is_new else "was there already"
        text = "\n".join(
            [
                f"Demo project {demo.project.slug!r} {came}.",
                report.headline_sentence,
                f"Gate: {gate.state}. {' '.join(gate.reasons)}",
            ]
        )
        self.answer(result, text)
