"""Labels made elsewhere: a long table unit, coder, label[, correctness] becomes labels of an audit.

All or nothing: one wrong row is one sentence with its line, and nothing is stored. The same file
again adds nothing.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from analysis.errors import AnalysisInputError
from analysis.file_shape import find_long_columns
from analysis.reliability_file import read_table
from feedback.cleaning import CONTROL, shown
from feedback.models import Output
from labeling.codebooks import DEFAULT
from labeling.drawing import check_slug
from labeling.models import (
    Audit,
    Codebook,
    Coder,
    Correctness,
    FailureMode,
    Label,
    Seat,
    Stratum,
    Unit,
)
from labeling.third_opinions import lock_for_third_opinions, settle_third_opinion
from projects.errors import InputError
from projects.models import Project
from projects.table_statistics import refresh_statistics

CHUNK = 2000
CANNOT_TELL = str(Correctness.CANNOT_TELL)


@dataclass(frozen=True)
class LabelRow:
    """One judgment of the file."""

    line: int
    unit: str
    coder: str
    label: str
    correctness: str


@dataclass(frozen=True, kw_only=True)
class LabelImport:
    """What the file added."""

    audit: Audit
    is_new_audit: bool
    n_rows: int
    n_new: int
    n_duplicate: int
    n_late: int
    n_units: int
    n_coders: int

    def as_dict(self) -> dict[str, Any]:
        counts = ("n_rows", "n_new", "n_duplicate", "n_late", "n_units", "n_coders")
        return {
            "audit": self.audit.slug,
            "kind": self.audit.kind,
            **{name: getattr(self, name) for name in counts},
        }


@transaction.atomic
def import_labels(*, slug: str, path: Path, project: Project | None) -> LabelImport:
    """Read `path` into the audit `slug`; an unknown slug becomes an audit of kind imported.

    Raises
    ------
    InputError
        The file is not a long table, a label is not in the codebook, a unit not in the sample,
        a coder twice on a unit, or the audit belongs to another project.
    """
    audit = Audit.objects.select_related("codebook", "project").filter(slug=slug).first()
    rows = read_label_rows(path, with_verdicts=audit is not None and not audit.is_imported)
    is_new = audit is None
    if audit is None:
        audit = create_imported_audit(slug, find_owner(project), rows)
    elif project and audit.project_id != project.pk:
        raise InputError(
            f"--project: audit {slug!r} belongs to {audit.project.slug!r}, got {project.slug!r}."
        )
    Audit.objects.select_for_update().get(pk=audit.pk)
    if audit.is_prepared:
        raise InputError(f"Audit {slug!r} is not open yet and takes no labels.")
    if audit.is_closed and not audit.is_imported:
        raise InputError(f"Audit {slug!r} is closed and takes no more labels.")
    counts = add_labels(audit, rows)
    transaction.on_commit(partial(refresh_statistics, counts["n_new"], Unit, Label))
    return LabelImport(audit=audit, is_new_audit=is_new, n_rows=len(rows), **counts)


def read_label_rows(path: Path, *, with_verdicts: bool) -> list[LabelRow]:
    """The judgments of a long table; an empty label is a missing judgment.

    `with_verdicts`: a correctness alone is a judgment too, as it is of outputs rated up.
    """
    try:
        header, lines = read_table(path)
        unit, coder, label = find_long_columns(header)
    except AnalysisInputError as error:
        raise InputError(str(error)) from error
    names = [name.strip().lower() for name in header]
    if names.count("correctness") > 1:
        raise InputError(f"{path.name}: expected one column correctness, line 1 has several.")
    verdict = names.index("correctness") if "correctness" in names else None
    rows = []
    for row in lines:
        cells = row.cells
        correctness = cells[verdict] if verdict is not None and verdict != label else ""
        if not cells[label] and not (correctness and with_verdicts):
            continue
        rows.append(LabelRow(row.line, cells[unit], cells[coder], cells[label], correctness))
    check_rows(rows, path.name)
    return rows


def check_rows(rows: Sequence[LabelRow], name: str) -> None:
    if not rows:
        raise InputError(f"{name}: expected at least one label, every label cell is empty.")
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        if not row.unit or not row.coder:
            raise InputError(f"Line {row.line}: expected a unit and a coder, one is empty.")
        if max(len(row.unit), len(row.coder), len(row.label)) > 120:
            raise InputError(f"Line {row.line}: expected at most 120 characters per cell.")
        for cell in (row.unit, row.coder, row.label):
            if CONTROL.search(cell):
                raise InputError(
                    f"Line {row.line}: expected text on one line, "
                    f"got a control character in {shown(cell)}."
                )
        if row.correctness not in ("", *Correctness.values):
            expected = ", ".join(Correctness.values)
            raise InputError(
                f"Line {row.line}: correctness must be one of {expected} or empty, "
                f"got {row.correctness!r}."
            )
        before = seen.setdefault((row.unit, row.coder), row.line)
        if before != row.line:
            raise InputError(
                f"Line {row.line}: coder {row.coder!r} labelled unit {row.unit!r} "
                f"already in line {before}."
            )


def find_owner(project: Project | None) -> Project:
    """The project for a new audit: the one named, or the only one there is."""
    if project:
        return project
    known = list(Project.objects.order_by("slug")[:20])
    if len(known) == 1:
        return known[0]
    names = ", ".join(project.slug for project in known) or "none yet (see create_project)"
    raise InputError(f"A new audit needs --project P; the projects are: {names}.")


def create_imported_audit(slug: str, project: Project, rows: Sequence[LabelRow]) -> Audit:
    """An audit whose frame is the file's units and whose codebook is the file's labels."""
    check_slug(slug)
    if slug == DEFAULT:
        raise InputError(f"SLUG: {slug!r} is the name of the project's own codebook: take another.")
    version = Codebook.objects.filter(project=project, name=slug).count() + 1
    codebook = Codebook.objects.create(project=project, name=slug, version=version)
    n_units = len({row.unit for row in rows})
    audit = Audit.objects.create(
        project=project,
        slug=slug,
        name=slug,
        kind=Audit.Kind.IMPORTED,
        codebook=codebook,
        coders_per_unit=max(Counter(row.unit for row in rows).values()),
        is_blind=False,
        status=Audit.Status.CLOSED,
        n_outputs=n_units,
    )
    Stratum.objects.create(audit=audit, name="(all)", n_frame=n_units, n_sampled=n_units)
    return audit


def add_labels(audit: Audit, rows: Sequence[LabelRow]) -> dict[str, int]:
    """Append the labels; identical ones are duplicates, a changed one supersedes the old."""
    units = units_by_name(audit, rows)
    lock_for_third_opinions(audit, units.values())
    coders = coders_by_name(audit.project, rows)
    modes = modes_by_label(audit, rows)
    current = {
        (label.unit_id, label.coder_id): label
        for label in Label.objects.current()
        .filter(unit__audit=audit)
        .select_related("failure_mode")
    }
    seats = None if audit.is_imported else unlabelled_seats(audit)
    fresh: list[Label] = []
    superseded: list[int] = []
    for row in rows:
        label = build_label(audit, row, units[row.unit], coders[row.coder], modes)
        earlier = current.get((label.unit_id, label.coder_id))
        if earlier and (earlier.category, earlier.correctness) == (
            label.category,
            label.correctness,
        ):
            continue
        if earlier:
            superseded.append(earlier.pk)
            label.seat_id, label.is_late = earlier.seat_id, earlier.is_late
        elif seats is not None:
            take_seat(label, seats)
        fresh.append(label)
    store(fresh, superseded)
    for unit in units.values():
        settle_third_opinion(audit, unit)
    return {
        "n_new": len(fresh),
        "n_duplicate": len(rows) - len(fresh),
        "n_late": sum(label.is_late for label in fresh),
        "n_units": len(units),
        "n_coders": len(coders),
    }


def build_label(
    audit: Audit, row: LabelRow, unit: Unit, coder: Coder, modes: dict[str, FailureMode]
) -> Label:
    """The row as a label; a mode is asked of negative units alone, as at the desk."""
    mode = find_mode(row, unit, modes)
    return Label(
        unit=unit,
        coder=coder,
        correctness=find_verdict(audit, row, mode),
        asks_mode=unit.asks_mode,
        failure_mode=mode,
        needed_verdict=mode.needs_verdict if mode else "",
        submission_id=f"import-{uuid.uuid4().hex}",
        codebook=audit.codebook,
        is_imported=True,
    )


def find_mode(row: LabelRow, unit: Unit, modes: dict[str, FailureMode]) -> FailureMode | None:
    """The row's mode; None for `cannot_tell`, and for an output rated up, where none is asked."""
    if not unit.asks_mode:
        if row.label not in ("", CANNOT_TELL):
            raise InputError(
                f"Line {row.line}: unit {row.unit!r} was rated up, so only its correctness is "
                f"asked: expected an empty label, got {row.label!r}."
            )
        return None
    if not row.label and row.correctness != CANNOT_TELL:
        raise InputError(
            f"Line {row.line}: expected a label beside correctness {row.correctness!r}, "
            "the cell is empty."
        )
    return None if row.label in ("", CANNOT_TELL) else modes[row.label]


def find_verdict(audit: Audit, row: LabelRow, mode: FailureMode | None) -> str:
    """The row's verdict, or the one its mode needs; a contradiction is refused with its line.

    In an imported set a label may stand beside `cannot_tell`: it is kept without a verdict.
    """
    needed = mode.needs_verdict if mode else CANNOT_TELL if row.label else ""
    correctness = row.correctness or needed
    if audit.is_imported and mode and correctness == CANNOT_TELL:
        return ""
    contradicts = needed and correctness != needed
    if contradicts or (mode and correctness == CANNOT_TELL):
        raise InputError(
            f"Line {row.line}: label {row.label!r} does not go with correctness {correctness!r}."
        )
    return correctness


def units_by_name(audit: Audit, rows: Sequence[LabelRow]) -> dict[str, Unit]:
    """The audit's units; in an imported audit the file's new units are added to it."""
    found = {unit.name: unit for unit in audit.units.drawn().select_related("stratum")}
    wanted = dict.fromkeys(row.unit for row in rows)
    missing = [name for name in wanted if name not in found]
    if missing and not audit.is_imported:
        line = next(row.line for row in rows if row.unit == missing[0])
        raise InputError(
            f"Line {line}: unit {missing[0]!r} is not in the sample of {audit.slug!r}."
        )
    if missing:
        found |= add_units(audit, missing)
    return {name: found[name] for name in wanted}


def add_units(audit: Audit, names: list[str]) -> dict[str, Unit]:
    outputs = outputs_by_external_id(audit.project, names)
    stratum = audit.strata.get()
    made = Unit.objects.bulk_create(
        [
            Unit(
                audit=audit,
                stratum=stratum,
                output=outputs.get(name),
                name=name,
                prn="",
                serving="",
                inclusion_probability=1.0,
            )
            for name in names
        ],
        batch_size=CHUNK,
    )
    n_units = audit.units.count()
    Stratum.objects.filter(pk=stratum.pk).update(n_frame=n_units, n_sampled=n_units)
    Audit.objects.filter(pk=audit.pk).update(n_outputs=n_units)
    return {unit.name: unit for unit in made}


def outputs_by_external_id(project: Project, names: list[str]) -> dict[str, Output]:
    found: dict[str, Output] = {}
    for start in range(0, len(names), CHUNK):
        part = Output.objects.filter(project=project, external_id__in=names[start : start + CHUNK])
        found |= {output.external_id: output for output in part}
    return found


def coders_by_name(project: Project, rows: Sequence[LabelRow]) -> dict[str, Coder]:
    names = dict.fromkeys(row.coder for row in rows)
    known = {coder.name for coder in Coder.objects.filter(project=project)}
    Coder.objects.bulk_create(
        [Coder(project=project, name=name) for name in names if name not in known],
        batch_size=CHUNK,
    )
    return {c.name: c for c in Coder.objects.filter(project=project) if c.name in names}


def modes_by_label(audit: Audit, rows: Sequence[LabelRow]) -> dict[str, FailureMode]:
    """The codebook's modes by code; an imported audit's codebook takes the file's labels."""
    modes = {mode.code: mode for mode in audit.codebook.modes.all()}
    lines: dict[str, int] = {}
    for row in rows:
        lines.setdefault(row.label, row.line)
    unknown = [label for label in lines if label not in {"", CANNOT_TELL, *modes}]
    if unknown and not audit.is_imported:
        raise InputError(
            f"Line {lines[unknown[0]]}: label {unknown[0]!r} is not in codebook "
            f"{audit.codebook} ({', '.join(modes)})."
        )
    if audit.is_imported:
        unknown.sort()
    for label in unknown:
        modes[label] = FailureMode.objects.create(
            codebook=audit.codebook, code=label, name=label, position=len(modes) + 1
        )
    return modes


def unlabelled_seats(audit: Audit) -> dict[int, list[Seat]]:
    by_unit: dict[int, list[Seat]] = defaultdict(list)
    for seat in Seat.objects.filter(audit=audit, is_done=False).order_by("position"):
        by_unit[seat.unit_id].append(seat)
    return by_unit


def take_seat(label: Label, seats: dict[int, list[Seat]]) -> None:
    """The coder's own seat or a free one; without one the label is late, outside the figures."""
    on_unit = seats[label.unit_id]
    usable = [seat for seat in on_unit if seat.coder_id in (None, label.coder_id)]
    usable.sort(key=lambda seat: seat.coder_id is None)
    if usable:
        label.seat = usable[0]
        on_unit.remove(usable[0])
    else:
        label.is_late = True


def store(fresh: list[Label], superseded: list[int]) -> None:
    for start in range(0, len(superseded), CHUNK):
        part = Label.objects.filter(pk__in=superseded[start : start + CHUNK])
        part.update(superseded_at=Now())
    Label.objects.bulk_create(fresh, batch_size=CHUNK)
    taken: dict[int, list[int]] = defaultdict(list)
    for label in fresh:
        if label.seat_id:
            taken[label.coder_id].append(label.seat_id)
    for coder, seats in taken.items():
        for start in range(0, len(seats), CHUNK):
            Seat.objects.filter(pk__in=seats[start : start + CHUNK]).update(
                coder=coder, claimed_at=Now(), lease_until=Now(), is_done=True
            )
