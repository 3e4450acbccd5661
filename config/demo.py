"""The demo project: people, 5,000 outputs with a known truth, a labelled audit and an open one."""

import json
import tempfile
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from feedback.models import Output
from fixtures.coders import CODERS, assign_coders, simulate_label
from fixtures.demo import DemoData, DemoOutput, as_feedback_records, generate
from labeling import planting, workflow
from labeling.models import Audit, Coder, Effort, FailureMode, Label, Seat, Unit, Verdict
from labeling.workflow import Judgment
from projects.errors import InputError
from projects.models import Membership, Project, User
from projects.roles import Role
from projects.table_statistics import refresh_statistics

SLUG = "demo"
LABELLED = "assistant-negatives"
OPEN = "assistant-negatives-open"
N_GOLD = 16
N_REPEATS = 12
"""Units that each coder of the labelled audit got twice."""
AGE = timedelta(days=2)
PEOPLE = {
    "ana": ("Ana", Role.GRADER),
    "ben": ("Ben", Role.GRADER),
    "chi": ("Chi", Role.GRADER),
    "dee": ("Dee", Role.GRADER),
    "eli": ("Eli", Role.GRADER),
    "lea": ("Lea", Role.LEAD),
    "rey": ("Rey", Role.RESEARCHER),
    "adam": ("Adam", Role.ADMIN),
}


@lru_cache(maxsize=2)
def known_truth(seed: int) -> DemoData:
    """What was generated, truth included; the database never holds the truth."""
    return generate(seed)


@dataclass(frozen=True, kw_only=True)
class LoadedDemo:
    project: Project
    is_new: bool


@transaction.atomic
def load_demo(seed: int) -> LoadedDemo:
    """Load everything or nothing; a demo that is there already stays as it is."""
    existing = Project.objects.filter(slug=SLUG).first()
    if existing:
        return LoadedDemo(project=existing, is_new=False)
    project = Project.objects.create(slug=SLUG, name="Assistant (demo)", is_demo=True)
    add_people(project)
    data = known_truth(seed)
    import_log(project, data)
    draw(
        LABELLED,
        "Assistant negatives, both releases",
        seed,
        "--size=400",
        "--thumbs-up=200",
        "--strata=release",
    )
    label_as_coders(Audit.objects.get(slug=LABELLED), data)
    draw(OPEN, "Assistant negatives, open for you", seed + 1, "--size=120", "--coders=2")
    return LoadedDemo(project=project, is_new=True)


def add_people(project: Project) -> None:
    """New accounts without a password: only the demo's one-click sign-in opens them."""
    taken = User.objects.filter(username__in=PEOPLE).order_by("username")
    if taken:
        names = ", ".join(user.username for user in taken)
        raise InputError(
            f"demo: the accounts {names} exist already, and one click would open them; "
            "load the demo into a database of its own (DATA_DIR or DATABASE_URL)."
        )
    for username, (name, role) in PEOPLE.items():
        user = User(username=username, first_name=name)
        user.set_unusable_password()
        user.save()
        Membership.objects.create(project=project, user=user, role=role)


def import_log(project: Project, data: DemoData) -> None:
    """Through the same door as any product's log."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "assistant-feedback.jsonl"
        lines = (json.dumps(record, ensure_ascii=False) for record in as_feedback_records(data))
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        call_command(
            "import_feedback",
            str(log),
            f"--project={project.slug}",
            "--negative=down",
            stdout=StringIO(),
        )


def draw(slug: str, name: str, seed: int, *options: str) -> None:
    arguments = [slug, f"--project={SLUG}", "--frame=negative", f"--seed={seed}", f"--name={name}"]
    call_command("create_audit", *arguments, *options, stdout=StringIO())


def label_as_coders(audit: Audit, data: DemoData) -> None:
    """Three of the five simulated coders label each unit through the graders' own workflow."""
    outputs = {output.external_id: output for output in data.outputs}
    coders = {
        name: workflow.coder_of(audit.project, User.objects.get(username=name)) for name in CODERS
    }
    modes = {mode.code: mode for mode in audit.codebook.modes.all()}
    efforts = [
        label_as(unit, coders[name], name, outputs[unit.name], modes, data.seed)
        for unit in audit.units.select_related("stratum").order_by("serving")
        for name in assign_coders(unit.name, data.seed)
    ]
    units = list(audit.units.filter(kind=Unit.Kind.SAMPLED).order_by("serving"))
    golds = add_gold_units(audit, data, modes)
    for name, coder in coders.items():
        own = [unit for unit in units if name in assign_coders(unit.name, data.seed)]
        for unit in (*golds, *map(planting.repeat_of, own[:N_REPEATS])):
            planting.planted_seat(unit, coder)
            # A second look is a second draw: people do not repeat all their slips.
            seed = data.seed + (unit.kind == Unit.Kind.REPEAT)
            efforts.append(label_as(unit, coder, name, outputs[unit.name], modes, seed))
    Effort.objects.bulk_create(efforts, batch_size=500)
    refresh_statistics(len(efforts), Unit, Seat, Verdict, Label, Effort)
    workflow.close_audit(audit)
    put_into_the_past(audit)


def add_gold_units(audit: Audit, data: DemoData, modes: dict[str, FailureMode]) -> list[Unit]:
    """Outputs outside the sample whose truth the generator knows; it is their gold answer."""
    drawn = set(audit.units.values_list("name", flat=True))
    spare = [o for o in data.outputs if o.failure_mode and o.external_id not in drawn]
    spare.sort(key=lambda output: planting.digest("gold", data.seed, output.external_id))
    chosen = spare[:N_GOLD]
    stored = Output.objects.filter(external_id__in=[output.external_id for output in chosen])
    by_id = {output.external_id: output for output in stored.filter(project=audit.project)}
    Audit.objects.filter(pk=audit.pk).update(gold_share=0.05, repeat_share=0.03)
    return [
        planting.add_gold(
            audit=audit,
            output=by_id[output.external_id],
            correctness="correct" if output.correct else "incorrect",
            mode=modes[str(output.failure_mode)],
            explanation=output.explanation,
        ).unit
        for output in chosen
    ]


def put_into_the_past(audit: Audit) -> None:
    """Two days: on a visitor's desk the simulated labels are not today's work."""
    then = timezone.now() - AGE
    Verdict.objects.filter(unit__audit=audit).update(created_at=then)
    Label.objects.filter(unit__audit=audit).update(created_at=then)
    efforts = Effort.objects.filter(unit__audit=audit)
    efforts.update(first_at=F("first_at") - AGE, last_at=F("last_at") - AGE)


def label_as(
    unit: Unit,
    coder: Coder,
    name: str,
    output: DemoOutput,
    modes: dict[str, FailureMode],
    seed: int,
) -> Effort:
    """Give the simulated verdict and label; return the simulated time they took, not yet stored."""
    said = simulate_label(name, output, seed)
    workflow.record_verdict(unit=unit, coder=coder, correctness=said.verdict)
    mode = modes[said.failure_mode] if said.failure_mode else None
    judgment = Judgment(
        correctness=said.revised_verdict,
        failure_mode=mode,
        revision_reason=said.revision_reason,
        note=said.note,
    )
    workflow.record_label(
        unit=unit, coder=coder, judgment=judgment, submission_id=str(uuid.uuid4())
    )
    sent, took = timezone.now(), timedelta(seconds=said.seconds)
    active_ms = round(1000 * said.seconds)
    return Effort(unit=unit, coder=coder, active_ms=active_ms, first_at=sent - took, last_at=sent)


def seed_of_demo(audit: Audit) -> int | None:
    """The seed the demo was generated from; None for an audit that is not the demo's own."""
    if not audit.project.is_demo:
        return None
    return {LABELLED: audit.seed, OPEN: audit.seed - 1}.get(audit.slug)
