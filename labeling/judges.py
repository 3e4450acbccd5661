"""The registry of judges, and the one way in which their verdicts are stored."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from feedback.cleaning import shown
from feedback.models import Output
from labeling.models import FailureMode, Judge, JudgeVerdict
from projects.errors import InputError
from projects.models import Project

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,119}")
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a judge says of one output."""

    output_id: int
    correctness: str
    mode: FailureMode | None = None
    score: float | None = None
    rationale: str = ""

    @property
    def said(self) -> tuple[str, str, float | None, str]:
        """What two equal judgements agree in; modes of two codebook versions by their code."""
        code = self.mode.code if self.mode else ""
        return self.correctness, code, self.score, self.rationale


@dataclass(frozen=True)
class Recorded:
    """What became of some judgements; a new one may have superseded another."""

    n_new: int
    n_duplicate: int


def register_judge(
    project: Project, *, kind: str, name: str, version: str, recipe: str = ""
) -> Judge:
    """Give the judge of this name and version, made if there is none.

    Raises
    ------
    InputError
        A name or version that cannot be one, or one that belongs to a judge of another kind.
    """
    check_reference(name, version)
    judge = Judge.objects.filter(project=project, name=name, version=version).first()
    if judge is None:
        try:
            with transaction.atomic():
                judge = Judge.objects.create(
                    project=project, kind=kind, name=name, version=version, recipe=recipe
                )
        except IntegrityError:  # another command made it at the same moment
            judge = Judge.objects.get(project=project, name=name, version=version)
    if judge.kind != kind:
        raise InputError(
            f"--kind: {judge} is a {judge.kind} judge, got {kind!r}: kinds are kept apart, "
            "so take another name or version."
        )
    if judge.recipe != recipe:
        raise InputError(
            f"--judge: {judge} has verdicts that were {'asked for' if judge.recipe else 'imported'}"
            ": take another name or version."
        )
    return judge


def check_reference(name: str, version: str) -> None:
    if not NAME.fullmatch(name):
        raise InputError(
            "--judge: expected 1 to 80 letters, digits, dots, hyphens or underscores, "
            f"got {shown(name)}."
        )
    if not VERSION.fullmatch(version):
        raise InputError(
            "--judge-version: expected 1 to 120 letters, digits or any of . _ : / + -, "
            f"got {shown(version)}."
        )


def find_judge(project: Project, reference: str) -> Judge:
    """The judge that is written NAME@VERSION; a name alone will do where it has one version."""
    name, _, version = reference.partition("@")
    found = Judge.objects.filter(project=project, name=name)
    if version:
        found = found.filter(version=version)
    judges = list(found[:2])
    if len(judges) == 1:
        return judges[0]
    known = ", ".join(str(judge) for judge in Judge.objects.filter(project=project)[:20])
    raise InputError(
        f"judge: expected NAME@VERSION of a judge of {project.slug!r}, got {shown(reference)}; "
        + (f"there are: {known}." if known else "there is none yet (see import_judgements, judge).")
    )


@transaction.atomic
def record_judgements(judge: Judge, judgements: Sequence[Judgement]) -> Recorded:
    """Append verdicts, one per output at most; a changed one supersedes the judge's earlier one."""
    judge = Judge.objects.select_for_update().get(pk=judge.pk)
    now = timezone.now()
    current = current_verdicts(judge, [judgement.output_id for judgement in judgements])
    changed = [
        judgement
        for judgement in judgements
        if judgement.output_id not in current
        or as_judgement(current[judgement.output_id]).said != judgement.said
    ]
    earlier = [current[j.output_id].pk for j in changed if j.output_id in current]
    for start in range(0, len(earlier), CHUNK):
        part = JudgeVerdict.objects.filter(pk__in=earlier[start : start + CHUNK])
        part.update(superseded_at=now)
    JudgeVerdict.objects.bulk_create(
        [
            JudgeVerdict(
                judge=judge,
                output_id=judgement.output_id,
                correctness=judgement.correctness,
                failure_mode=judgement.mode,
                needed_verdict=judgement.mode.needs_verdict if judgement.mode else "",
                score=judgement.score,
                rationale=judgement.rationale,
                created_at=now,
            )
            for judgement in changed
        ],
        batch_size=CHUNK,
    )
    return Recorded(n_new=len(changed), n_duplicate=len(judgements) - len(changed))


def current_verdicts(judge: Judge, output_ids: Sequence[int]) -> dict[int, JudgeVerdict]:
    found: dict[int, JudgeVerdict] = {}
    for start in range(0, len(output_ids), CHUNK):
        part = judge.verdicts.current().filter(output__in=output_ids[start : start + CHUNK])
        found |= {verdict.output_id: verdict for verdict in part.select_related("failure_mode")}
    return found


def as_judgement(verdict: JudgeVerdict) -> Judgement:
    return Judgement(
        output_id=verdict.output_id,
        correctness=verdict.correctness,
        mode=verdict.failure_mode,
        score=verdict.score,
        rationale=verdict.rationale,
    )


def outputs_by_name(project: Project, names: Iterable[str]) -> dict[str, int]:
    """The ids of those outputs of the project that there are."""
    wanted = list(names)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        outputs = Output.objects.filter(project=project, external_id__in=part)
        found |= dict(outputs.values_list("external_id", "pk"))
    return found


def unjudged(judge: Judge, output_ids: Sequence[int]) -> list[int]:
    """Those of the outputs that this version has not judged, in their order."""
    judged = set(judge.verdicts.current().values_list("output_id", flat=True))
    return [pk for pk in output_ids if pk not in judged]
