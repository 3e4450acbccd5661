"""`judges SLUG`: every judge of the project beside the humans of an audit."""

from typing import Any

from django.core.management.base import CommandParser

from analysis.estimates import Estimate
from labeling.judge_reports import JudgeReport, JudgesReport, build_judges_report
from labeling.management.arguments import find_audit
from labeling.reports import points
from projects.commands import InputCommand


class Command(InputCommand):
    help = "Each judge against the humans of an audit, and what its label gains as a stratum."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="slug of an audit")

    def run(self, options: dict[str, Any]) -> None:
        found = build_judges_report(find_audit(options["slug"]))
        self.answer(found.as_dict(), describe(found))


def describe(found: JudgesReport) -> str:
    if not found.judges:
        return "No judge has judged an output of this project."
    lines = [line for judge in found.judges for line in described(judge)]
    lines += [
        f"Agreement among {among.n_judges} judges of kind {among.kind}, not of people: "
        f"{in_words(among.found.percent)}, alpha {in_words(among.found.alpha, percent=False)}"
        for among in found.among
    ]
    return "\n".join(lines)


def described(found: JudgeReport) -> list[str]:
    lines = [
        f"{found.judge} ({found.judge.kind}): {found.n_judged:,} outputs judged, "
        f"{found.n_with_labels:,} of them labelled by humans here",
        f"  agreement with humans  {in_words(found.quality.percent)}, "
        f"kappa {in_words(found.quality.kappa, percent=False)}",
    ]
    if found.incorrect:
        lines += [
            f"  finds wrong outputs    {in_words(found.incorrect.sensitivity)}",
            f"  lets others pass       {in_words(found.incorrect.specificity)}",
        ]
    lines.append(
        f"  on the same units      two humans {in_words(found.beside.human_human)}, "
        f"judge and human {in_words(found.beside.judge_human)}"
    )
    if found.share is None:
        return [*lines, f"  as a stratum           no: {found.share_undefined_because}"]
    gain = "by how much is not known"
    if found.share.gain is not None:
        narrower = 100 * found.share.gain
        gain = f"narrower by {narrower:.0f}%" if narrower >= 0.5 else "no narrower"
    return [
        *lines,
        f"  as a stratum           {points(found.share.without)} becomes "
        f"{points(found.share.with_judge)}: {gain}",
    ]


def in_words(estimate: Estimate, *, percent: bool = True) -> str:
    if estimate.value is None:
        return f"not known ({estimate.undefined_because})"
    value, low, high = (
        "" if part is None else f"{100 * part:z.1f}" if percent else f"{part:z.3f}"
        for part in (estimate.value, estimate.low, estimate.high)
    )
    interval = f"[{low}, {high}]" if low else f"(no interval: {estimate.undefined_because})"
    return f"{value}{'%' if percent else ''} {interval}"
