"""The frame of an audit, output by output, and what a judge has said of it.

A frame is not stored: it is counted again from the feedback up to the moment it was frozen at.
"""
# ruff: noqa: S608 - every value in the text is an integer or comes quoted from `frame_sql`

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.cleaning import shown
from feedback.frame_source import DatabaseSource, moment
from feedback.frame_sql import Cut, quoted
from feedback.frame_strata import FRAMES, read_frame
from feedback.sample_split import SampleSplit
from labeling.judges import find_judge
from labeling.models import Audit, Correctness, Judge
from projects.errors import InputError
from projects.models import Project

BY_JUDGE = "judge:"
"""How a strata field begins that is a judge's label: judge:NAME@VERSION."""
JUDGE_NEGATIVES = 0.7
"""The part of a sample from a judge's negatives that is advised where a rare mode is sought."""
NOT_JUDGED = "(not judged)"


@dataclass(frozen=True)
class JudgedSource(DatabaseSource):
    """A project's feedback, cut into strata by what a judge had said at the moment of the frame."""

    judge: Judge

    @property
    def strata_fields(self) -> Sequence[str]:
        return (*super().strata_fields, f"{BY_JUDGE}{self.judge}")

    def relation(self, strata_field: str, channels: Sequence[str]) -> str:
        if not strata_field.startswith(BY_JUDGE):
            return super().relation(strata_field, channels)
        until = quoted(moment(self.until))
        return (
            "SELECT judged.id, judged.channel, judged.negative, judged.score, "
            f"COALESCE(said.correctness, {quoted(NOT_JUDGED)}) AS stratum "
            f"FROM ({super().relation('', channels)}) AS judged "
            "JOIN feedback_output AS own ON own.external_id = judged.id "
            f"AND own.project_id = {int(self.project.pk)} "
            "LEFT JOIN labeling_judgeverdict AS said ON said.output_id = own.id "
            f"AND said.judge_id = {int(self.judge.pk)} AND said.created_at <= {until} "
            f"AND (said.superseded_at IS NULL OR said.superseded_at > {until})"
        )


def source_by_judge(project: Project, strata_field: str, until: datetime) -> JudgedSource | None:
    """Where the strata of a judge's label are found; None: the field is not of a judge.

    Raises
    ------
    InputError
        There is no such judge.
    """
    if not strata_field.startswith(BY_JUDGE):
        return None
    judge = find_judge(project, strata_field.removeprefix(BY_JUDGE))
    return JudgedSource(project, until, judge)


def split_by_judge(strata_field: str, share: float | None) -> SampleSplit | None:
    """A sample with `share` of it from the judge's negatives; None: in proportion."""
    if share is None:
        return None
    if not strata_field.startswith(BY_JUDGE):
        raise InputError(
            "judge-negatives: expected where a judge's label is the strata, "
            f"got {shown(strata_field)}."
        )
    return SampleSplit(positive=str(Correctness.CORRECT), share=share)


@dataclass(frozen=True)
class Frame:
    """Where the outputs of each stratum are found."""

    source: DatabaseSource
    channels: tuple[str, ...]
    strata_field: str
    cuts: dict[str, Cut]
    n_frame: dict[str, int]

    def text(self) -> str:
        """A query for the position of the stratum and the id of every output of the frame."""
        relation = self.source.relation(self.strata_field, self.channels)
        parts = (
            f"SELECT {position} AS position, id FROM rated WHERE {cut.condition}"
            for position, cut in enumerate(self.cuts.values())
        )
        return f"WITH rated AS ({relation}) {' UNION ALL '.join(parts)}"


def frame_of(project: Project, frame: str, strata_field: str, until: datetime) -> Frame:
    """Count a frame of the project's feedback as it stood at `until`."""
    if frame not in FRAMES:
        raise InputError(f"--frame: expected one of {', '.join(FRAMES)}, got {frame!r}.")
    source = source_by_judge(project, strata_field, until) or DatabaseSource(project, until)
    read = read_frame(source, frame, strata_field)
    strata = [stratum for stratum in read.strata if stratum.n_frame]
    if not strata:
        raise InputError(f"no {read.sought} in project {project.slug!r}: {read.found}.")
    return Frame(
        source=source,
        channels=FRAMES[frame].channels,
        strata_field=strata_field,
        cuts={stratum.name: stratum.cut for stratum in strata},
        n_frame={stratum.name: stratum.n_frame for stratum in strata},
    )


def frame_of_audit(audit: Audit) -> Frame:
    """The frame an audit was drawn from.

    Raises
    ------
    InputError
        There is none, or its outputs are not all here (drawn from files), or it counts otherwise.
    """
    if audit.is_imported or audit.frame_until is None:
        raise InputError(f"{audit.slug!r} is a label set: it has no frame.")
    found = frame_of(audit.project, audit.frame, audit.strata_field, audit.frame_until)
    in_frame = audit.strata.filter(in_frame=True, n_frame__gt=0)
    if found.n_frame != dict(in_frame.values_list("name", "n_frame")):
        raise InputError(
            f"The frame of {audit.slug!r} is not in the database: it was drawn from files, or "
            "counts otherwise today."
        )
    return found


def frame_outputs(frame: Frame) -> list[int]:
    """The ids of all outputs of the frame, in the order in which they came in."""
    text = (
        f"SELECT o.id FROM ({frame.text()}) AS framed JOIN feedback_output AS o "
        f"ON o.external_id = framed.id AND o.project_id = {int(frame.source.project.pk)} "
        "ORDER BY o.id"
    )
    return [int(row[0]) for row in frame.source.rows(text)]


def n_by_judge(frame: Frame) -> dict[int, dict[tuple[str, str | None], int]]:
    """For each judge, count the frame by stratum and by what it says now; None: it has not judged.

    One query, however many judges the project has; a judge that has judged none of it is missing.
    """
    project = int(frame.source.project.pk)
    text = (
        "SELECT v.judge_id, framed.position, v.correctness, COUNT(*) "
        f"FROM ({frame.text()}) AS framed JOIN feedback_output AS o "
        f"ON o.external_id = framed.id AND o.project_id = {project} "
        "JOIN labeling_judgeverdict AS v ON v.output_id = o.id AND v.superseded_at IS NULL "
        "GROUP BY v.judge_id, framed.position, v.correctness"
    )
    names = list(frame.cuts)
    found: dict[int, dict[tuple[str, str | None], int]] = {}
    for judge, position, said, n in frame.source.rows(text):
        counts = found.setdefault(int(judge), {(name, None): frame.n_frame[name] for name in names})
        counts[names[position], said] = int(n)
        counts[names[position], None] -= int(n)
    return {judge: {key: n for key, n in counts.items() if n} for judge, counts in found.items()}
