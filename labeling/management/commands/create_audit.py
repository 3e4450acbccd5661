"""Draw an audit from the command line: preview, strata, units, seats."""

import secrets
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from feedback.frame_source import STRATA_FIELDS
from feedback.frame_strata import FRAMES
from feedback.frames import FramePlan, FramePreview, preview
from feedback.parquet import ParquetSource
from labeling.audit_options import LabelsAsked, check_cap, check_third_opinion
from labeling.codebooks import current_codebook
from labeling.drawing import check_slug, draw_audit
from labeling.judged_frame import BY_JUDGE, JUDGE_NEGATIVES, source_by_judge, split_by_judge
from projects.commands import InputCommand, find_project
from projects.errors import InputError
from projects.models import Project


class Command(InputCommand):
    help = "Draw a seeded, stratified sample of a project's feedback as a new audit."
    takes_negative_values = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", help="the audit's name in addresses")
        parser.add_argument("--project", required=True, metavar="P", help="slug of the project")
        parser.add_argument("--frame", required=True, help=f"one of {', '.join(FRAMES)}")
        parser.add_argument(
            "--strata",
            default="",
            metavar="FIELD",
            help=f"one of {', '.join(STRATA_FIELDS)}, or judge:NAME@VERSION",
        )
        parser.add_argument(
            "--judge-negatives",
            type=float,
            nargs="?",
            const=JUDGE_NEGATIVES,
            metavar="S",
            help="with --strata judge:...: the part of the sample from what the judge does not "
            f"call correct ({JUDGE_NEGATIVES:g}); without it in proportion",
        )
        parser.add_argument("--size", type=int, help="units to draw; or --margin")
        parser.add_argument("--margin", type=float, help="half width wanted, for example 0.05")
        parser.add_argument("--coders", type=int, default=3, help="coders per unit (3)")
        parser.add_argument(
            "--third-opinion",
            action="store_true",
            help="ask one more coder where the first ones differ",
        )
        parser.add_argument(
            "--max-labels", type=int, metavar="N", help="nobody gives more labels than this"
        )
        parser.add_argument("--seed", type=int, help="64 bits; default: a random one, printed")
        parser.add_argument(
            "--thumbs-up",
            type=int,
            default=0,
            metavar="N",
            help="outputs rated up to draw beside a negative frame, for the grid",
        )
        parser.add_argument(
            "--sham-share",
            type=float,
            default=0.0,
            metavar="S",
            help="part of all units that are shams: half rated up, half not rated",
        )
        parser.add_argument(
            "--from",
            dest="parquet",
            metavar="GLOB",
            help="draw from Parquet files in place; only the drawn outputs are stored",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="with --from: the column of a field, or FIELD=:CONSTANT",
        )
        parser.add_argument(
            "--negative",
            action="append",
            default=[],
            metavar="VALUES",
            help="with --from: the ratings that are negative, such as down or '<=2'",
        )
        parser.add_argument("--name", default="", help="shown to people; default: the slug")
        parser.add_argument("--not-blind", action="store_true", help="show the rating at once")
        parser.add_argument(
            "--prepare",
            action="store_true",
            help="draw it without opening it: a lead opens it on the audit's page",
        )
        parser.add_argument("--dry-run", action="store_true", help="preview, store nothing")

    def run(self, options: dict[str, Any]) -> None:
        plan = self.plan(options)
        check_slug(options["slug"])
        check_third_opinion(asks_third=options["third_opinion"], coders=plan.coders)
        check_cap(options["max_labels"])
        frame = preview(plan)
        if not options["dry_run"]:
            draw_audit(
                plan,
                slug=options["slug"],
                name=options["name"],
                codebook=current_codebook(plan.project),
                is_blind=not options["not_blind"],
                asks_third=options["third_opinion"],
                max_labels_per_coder=options["max_labels"],
                is_prepared=options["prepare"],
                frame=frame,
            )
        asked = LabelsAsked.of(
            frame.n_units, coders=plan.coders, asks_third=options["third_opinion"]
        )
        self.answer(
            as_dict(options["slug"], plan, frame, asked, is_dry_run=options["dry_run"]),
            "\n".join([as_table(plan, frame, asked), outcome(options)]),
        )

    def plan(self, options: dict[str, Any]) -> FramePlan:
        seed = options["seed"]
        project = find_project(options["project"])
        until = timezone.now()
        by_judge = source_by_judge(project, options["strata"], until)
        if by_judge and options["parquet"] is not None:
            raise InputError("--strata: a judge's label is known of outputs here, not of --from.")
        return FramePlan(
            project=project,
            frame=options["frame"],
            strata_field=f"{BY_JUDGE}{by_judge.judge}" if by_judge else options["strata"],
            size=options["size"],
            margin=options["margin"],
            n_thumbs_up=options["thumbs_up"],
            sham_share=options["sham_share"],
            coders=options["coders"],
            seed=secrets.randbits(31) if seed is None else seed,
            until=until,
            source=by_judge or source(project, options),
            split=split_by_judge(options["strata"], options["judge_negatives"]),
        )


def source(project: Project, options: dict[str, Any]) -> ParquetSource | None:
    """Open the files of --from; None: the project's own feedback."""
    if options["parquet"] is not None:
        return ParquetSource(project, options["parquet"], options["map"], options["negative"])
    for flag in ("map", "negative"):
        if options[flag]:
            raise InputError(f"--{flag}: expected with --from only, got it without.")
    return None


def as_dict(
    slug: str, plan: FramePlan, frame: FramePreview, asked: LabelsAsked, *, is_dry_run: bool
) -> dict[str, object]:
    return {
        "slug": slug,
        "project": plan.project.slug,
        "frame": plan.frame,
        "judge_negatives": plan.split.share if plan.split else None,
        "seed": plan.seed,
        "until": plan.until.isoformat(),
        "is_dry_run": is_dry_run,
        "n_outputs": frame.n_outputs,
        "n_rated": frame.n_rated,
        "n_negative": frame.n_negative,
        "response_rate": frame.response_rate,
        "n_frame": frame.n_frame,
        "n_sampled": frame.n_sampled,
        "n_thumbs_up": frame.n_controls - frame.n_unrated,
        "n_unrated": frame.n_unrated,
        "n_seats": asked.at_least,
        "n_seats_at_most": asked.at_most,
        "margin": frame.margin,
        "cut": frame.cut,
        "warnings": list(frame.warnings),
        "strata": [
            {
                "name": stratum.name,
                "n_frame": stratum.n_frame,
                "n_sampled": stratum.n_sampled,
                "inclusion_probability": stratum.inclusion_probability,
                "is_negative": stratum.is_negative,
                "in_frame": stratum.in_frame,
                "is_rated": stratum.is_rated,
            }
            for stratum in frame.strata
        ],
    }


def as_table(plan: FramePlan, frame: FramePreview, asked: LabelsAsked) -> str:
    """Write the preview as people read it: the cut, the strata, what will be asked of whom."""
    width = max(len("stratum"), *(len(stratum.name) for stratum in frame.strata))
    lines = [
        frame.cut,
        *frame.warnings,
        "",
        f"{'stratum':<{width}}  {'N':>11}  {'n':>7}  {'pi':>8}",
        *(
            f"{stratum.name:<{width}}  {stratum.n_frame:>11,}  {stratum.n_sampled:>7,}"
            f"  {stratum.inclusion_probability:>8.4f}{'' if stratum.in_frame else '  control'}"
            for stratum in frame.strata
        ),
        f"{'frame':<{width}}  {frame.n_frame:>11,}  {frame.n_sampled:>7,}",
        "",
        f"{frame.n_outputs:,} outputs, {frame.n_rated:,} rated ({rate(frame)}), "
        f"{frame.n_negative:,} negative.",
        f"±{frame.margin * 100:.1f} points at a share of 50%, when all are labelled.",
        f"{frame.n_units:,} units x {plan.coders} coders = {asked.at_least:,} seats; "
        f"seed {plan.seed}.",
        *([f"With third opinions {asked}."] if asked.at_most > asked.at_least else []),
    ]
    return "\n".join(lines)


def outcome(options: dict[str, Any]) -> str:
    if options["dry_run"]:
        return f"Dry run: {options['slug']} was not made."
    if options["prepare"]:
        return f"Audit {options['slug']} is prepared: a lead opens it for labeling on its page."
    return f"Audit {options['slug']} is open."


def rate(frame: FramePreview) -> str:
    return "no outputs" if frame.response_rate is None else f"{frame.response_rate:.1%}"
