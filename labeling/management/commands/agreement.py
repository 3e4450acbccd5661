"""`agreement (SLUG | --file F)`: how far coders agree, of an audit or of any reliability file."""

from typing import Any

from django.core.management.base import CommandParser

from analysis.agreement import AgreementReport, agreement, agreement_from_patterns
from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate
from analysis.ordered import LEVELS
from analysis.reliability_file import read_reliability
from labeling.agreement_json import agreement_as_dict
from labeling.audit_agreement import AuditAgreement
from labeling.management.arguments import find_audit
from labeling.models import Audit
from labeling.third_opinions import third_opinion_note
from projects.commands import InputCommand
from projects.errors import InputError


class Command(InputCommand):
    help = "Krippendorff's alpha and its companions, with intervals, per label and per pair."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", nargs="?", help="slug of an audit")
        parser.add_argument(
            "--file", help="a reliability file: long table unit,coder,label, or wide"
        )
        parser.add_argument(
            "--shape",
            help="of --file: auto, long, wide, counts or contingency",
        )
        parser.add_argument("--level", default="nominal", choices=LEVELS)
        parser.add_argument("--seed", type=int, help="seed of the bootstrap")

    def run(self, options: dict[str, Any]) -> None:
        if bool(options["slug"]) == bool(options["file"]):
            raise InputError("agreement: expected either SLUG or --file FILE, and not both.")
        if options["shape"] is not None and not options["file"]:
            raise InputError("--shape: expected with --file only, got it with an audit.")
        audit = find_audit(options["slug"]) if options["slug"] else None
        try:
            if audit:
                self.answer_audit(audit, options)
            else:
                found = of_file(options)
                self.answer(found.as_dict(), describe(found))
        except AnalysisInputError as error:
            raise InputError(str(error)) from error

    def answer_audit(self, audit: Audit, options: dict[str, Any]) -> None:
        agreed = AuditAgreement(audit, seed=options["seed"])
        found = agreed.report(level=options["level"])
        text = "\n".join(filter(None, [describe(found), third_opinion_note(audit)]))
        self.answer(agreement_as_dict(agreed, found) if self.wants_json else {}, text)


def of_file(options: dict[str, Any]) -> AgreementReport:
    data = read_reliability(options["file"], options["shape"] or "auto")
    seed = (options["seed"] or 0) % 2**63
    if data.labels is None:
        return agreement_from_patterns(
            data.patterns, level=options["level"], seed=seed, n_coders=data.n_coders
        )
    return agreement(data.labels, level=options["level"], seed=seed, domain=data.domain)


def describe(found: AgreementReport) -> str:
    lines = [
        f"{found.n_units:,} units, {found.n_coders or 'unknown'} coders, {found.n_labels:,} labels",
        f"alpha ({found.level})  {shown(found.alpha)}",
        f"percent          {shown(found.percent)}",
        f"AC1              {shown(found.ac1)}",
        f"Fleiss' kappa    {shown(found.fleiss)}",
    ]
    if found.p_below_667 is not None and found.p_below_800 is not None:
        lines.append(
            f"P(alpha < .667) = {found.p_below_667:.3f}, P(alpha < .800) = {found.p_below_800:.3f}"
        )
    if found.reference_difference is not None:
        lines.append(
            f"checked against {found.reference.package}: "
            f"differs by {found.reference_difference:.1e}"
        )
    lines += [""] + [
        f"{entry.label}: alpha {shown(entry.alpha)}, n = {entry.n}" for entry in found.per_label
    ]
    return "\n".join(lines)


def shown(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"undefined: {estimate.undefined_because}"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f} (no interval: {estimate.undefined_because})"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
