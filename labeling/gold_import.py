"""Gold and training units from a CSV file: all or nothing, a wrong row is named by its line."""

from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from analysis.errors import AnalysisInputError
from analysis.reliability_file import read_table
from feedback.models import Output
from labeling.models import Audit, FailureMode
from labeling.planting import add_gold
from projects.errors import InputError

COLUMNS = ("unit", "correctness", "label", "explanation", "training")
NEEDED = COLUMNS[:3]
YES, NO = ("1", "yes", "true", "x"), ("", "0", "no", "false")


@dataclass(frozen=True, kw_only=True)
class GoldImport:
    """What the file added."""

    audit: Audit
    n_gold: int
    n_training: int

    def as_dict(self) -> dict[str, object]:
        return {"audit": self.audit.slug, "n_gold": self.n_gold, "n_training": self.n_training}


@transaction.atomic
def import_gold(audit: Audit, path: Path) -> GoldImport:
    """Add every row of the file as a gold or training unit of the audit.

    Raises
    ------
    InputError
        A column is missing, or a row cannot be gold; nothing is added then.
    """
    try:
        header, lines = read_table(path)
    except AnalysisInputError as error:
        raise InputError(str(error)) from error
    places = find_columns(header)
    modes = {mode.code: mode for mode in audit.codebook.modes.all()}
    n_training = 0
    for line in lines:
        row = {name: line.cells[place].strip() for name, place in places.items()}
        try:
            n_training += add_row(audit, row, modes)
        except InputError as error:
            raise InputError(f"Line {line.line}: {error}") from error
    return GoldImport(audit=audit, n_gold=len(lines) - n_training, n_training=n_training)


def find_columns(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    missing = [name for name in NEEDED if name not in names]
    twice = [name for name in COLUMNS if names.count(name) > 1]
    if missing or twice:
        raise InputError(
            f"FILE: expected the columns {', '.join(COLUMNS)} once each (the last two may be left "
            f"out), line 1 has {', '.join(names)[:200]}."
        )
    return {name: names.index(name) for name in COLUMNS if name in names}


def add_row(audit: Audit, row: dict[str, str], modes: dict[str, FailureMode]) -> bool:
    """Add one row; true when it is a training unit."""
    output = Output.objects.filter(project=audit.project_id, external_id=row["unit"]).first()
    if output is None:
        raise InputError(
            f"unit: expected the id of an output of {audit.project.slug!r}, got {row['unit']!r}."
        )
    label = row["label"] if row["label"] != row["correctness"] else ""  # cannot_tell, twice
    if label and label not in modes:
        raise InputError(f"label: expected one of {', '.join(modes)}, got {label!r}.")
    training = row.get("training", "").lower()
    if training not in (*YES, *NO):
        raise InputError(f"training: expected yes or no, got {training[:40]!r}.")
    gold = add_gold(
        audit=audit,
        output=output,
        correctness=row["correctness"],
        mode=modes.get(label),
        explanation=row.get("explanation", ""),
        is_training=training in YES,
    )
    return gold.is_training
