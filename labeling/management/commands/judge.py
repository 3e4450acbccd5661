"""`judge [SLUG] --judge NAME`: let a model or a rubric judge outputs of an audit or a frame."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from feedback.frame_strata import FRAMES
from feedback.models import Output
from labeling.codebooks import current_codebook
from labeling.judge_client import find_endpoint
from labeling.judge_run import Asker, JudgeRun, as_dict, judge_outputs
from labeling.judged_frame import frame_of, frame_of_audit, frame_outputs
from labeling.judges import unjudged
from labeling.management.arguments import find_audit
from labeling.model_judge import model_asker, model_judge
from labeling.models import Codebook, Judge
from labeling.rubric import read_rubric, rubric_asker, rubric_judge
from projects.commands import InputCommand, find_project
from projects.errors import InputError

MOST_WORKERS = 32
INTERRUPTED = 130
BAR = 24


class Command(InputCommand):
    help = "Ask a model, with the codebook as prompt, or apply a rubric; goes on where it stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", nargs="?", help="the audit whose sample is judged")
        parser.add_argument(
            "--whole-frame", action="store_true", help="all outputs of the audit's frame"
        )
        parser.add_argument("--project", metavar="P", help="instead of SLUG, with --frame")
        parser.add_argument("--frame", help=f"one of {', '.join(FRAMES)}")
        parser.add_argument("--judge", required=True, metavar="NAME")
        parser.add_argument("--rubric", metavar="FILE", help="apply these checks, ask no model")
        parser.add_argument("--limit", type=int, metavar="N", help="judge at most N outputs now")
        parser.add_argument("--workers", type=int, default=4, help="questions at once (4)")
        parser.add_argument("--dry-run", action="store_true", help="count, ask and store nothing")

    def run(self, options: dict[str, Any]) -> None:
        check_numbers(options)
        codebook, outputs = find_outputs(options)
        if options["dry_run"]:
            with transaction.atomic():  # a judge that is new here is forgotten again
                self.judge(codebook, outputs, options)
                transaction.set_rollback(True)
        else:
            self.judge(codebook, outputs, options)

    def judge(self, codebook: Codebook, outputs: list[int], options: dict[str, Any]) -> None:
        stop = Event()
        judge, asker = find_judge(codebook, options, stop)
        todo = unjudged(judge, outputs)
        run = JudgeRun(judge, len(outputs), len(outputs) - len(todo), 0)
        todo = todo[: options["limit"]]
        run.n_todo = len(todo)
        if not options["dry_run"]:
            self.go_on(run, todo, asker, stop)
        cost = cost_of(run)
        self.answer({**as_dict(run, cost), "dry_run": options["dry_run"]}, in_words(run, cost))

    def go_on(self, run: JudgeRun, todo: Sequence[int], asker: Asker, stop: Event) -> None:
        try:
            with closing(judge_outputs(run, todo, asker=asker, stop=stop)) as steps:
                for step in steps:
                    self.show_progress(step)
        except KeyboardInterrupt:
            self.end_progress(run)
            self.stderr.write(f"Interrupted: {in_words(run, cost_of(run))}")
            self.stderr.write("What was judged is kept; the same command goes on from there.")
            raise SystemExit(INTERRUPTED) from None
        except InputError:
            self.end_progress(run)
            raise
        self.end_progress(run)

    def end_progress(self, run: JudgeRun) -> None:
        if self.shows_progress and run.n_done:
            self.stderr.write("")

    @property
    def shows_progress(self) -> bool:
        return self.stderr.isatty() and not self.wants_json

    def show_progress(self, run: JudgeRun) -> None:
        if self.shows_progress:
            self.stderr.write(f"\r{progress_line(run, cost_of(run))}", ending="")


def check_numbers(options: dict[str, Any]) -> None:
    if options["limit"] is not None and options["limit"] < 1:
        raise InputError(f"--limit: expected 1 or more, got {options['limit']}.")
    if not 1 <= options["workers"] <= MOST_WORKERS:
        raise InputError(f"--workers: expected 1 to {MOST_WORKERS}, got {options['workers']}.")


def find_outputs(options: dict[str, Any]) -> tuple[Codebook, list[int]]:
    """The codebook to judge by, and the ids of the outputs that are to be judged."""
    slug, project, frame = options["slug"], options["project"], options["frame"]
    if slug and not project and not frame:
        audit = find_audit(slug)
        if options["whole_frame"]:
            return audit.codebook, frame_outputs(frame_of_audit(audit))
        sample = Output.objects.filter(units__in=audit.units.drawn())
        return audit.codebook, list(sample.order_by("pk").values_list("pk", flat=True))
    if project and frame and not slug and not options["whole_frame"]:
        found = find_project(project)
        framed = frame_of(found, frame, "", timezone.now())
        return current_codebook(found), frame_outputs(framed)
    raise InputError("expected SLUG [--whole-frame], or --project with --frame; see judge --help.")


def find_judge(codebook: Codebook, options: dict[str, Any], stop: Event) -> tuple[Judge, Asker]:
    if options["rubric"]:
        text, checks = read_rubric(Path(options["rubric"]))
        judge = rubric_judge(codebook.project, name=options["judge"], text=text)
        return judge, rubric_asker(checks)
    endpoint = find_endpoint(settings.JUDGE)
    judge = model_judge(codebook, name=options["judge"], endpoint=endpoint)
    asker = model_asker(codebook, endpoint=endpoint, workers=options["workers"], stop=stop)
    return judge, asker


def cost_of(run: JudgeRun) -> float | None:
    return run.cost(settings.JUDGE.price_in, settings.JUDGE.price_out)


def progress_line(run: JudgeRun, cost: float | None) -> str:
    part = run.n_done / run.n_todo if run.n_todo else 1.0
    bar = "#" * round(part * BAR)
    left = run.seconds / run.n_done * (run.n_todo - run.n_done) if run.n_done else 0.0
    spent = "" if cost is None or run.judge.kind != Judge.Kind.MODEL else f", cost {cost:.4f}"
    return (
        f"[{bar:.<{BAR}}] {run.n_done:,} of {run.n_todo:,}, {run.n_refused:,} refused, "
        f"{run.n_failed:,} failed, {minutes(run.seconds)}, about {minutes(left)} left{spent}  "
    )


def minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def in_words(run: JudgeRun, cost: float | None) -> str:
    left = run.n_outputs - run.n_before - run.n_judged - run.n_passed_over
    parts = [
        f"{run.judge} ({run.judge.kind}): {run.n_outputs:,} outputs, {run.n_before:,} judged "
        f"before, {run.n_judged:,} judged now, {run.n_refused:,} refused, {run.n_failed:,} "
        f"without answer, {left:,} left; {minutes(run.seconds)}."
    ]
    if run.n_passed_over:
        parts.append(f"{run.n_passed_over:,} have no check for their domain.")
    if run.judge.kind == Judge.Kind.MODEL:
        price = "not known" if cost is None else f"{cost:.4f}"
        parts.append(
            f"Tokens in {known(run.tokens_in)}, out {known(run.tokens_out)}; cost {price}."
        )
    parts += [f"\n  {name}: {reason}" for name, reason in run.problems[:10]]
    return " ".join(parts)


def known(n: int | None) -> str:
    return "not known" if n is None else f"{n:,}"
