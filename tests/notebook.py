"""Run docs/report.ipynb on the exports of an audit and compare every figure with the pages'."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from labeling.agreement_files import AGREEMENT_FIGURES, pair_figure
from labeling.audit_agreement import AuditAgreement
from labeling.disagreements import disputed_units, undecided
from labeling.models import Audit
from labeling.report_files import Figure
from labeling.reports import GRID_CELLS, build_report
from tests.surroundings import REPOSITORY

NOTEBOOK = json.loads((REPOSITORY / "docs/report.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
FILES = {"labels.jsonl": "jsonl", "units.jsonl": "units"}

WORDS = {"undefined_because", "kappa_undefined_because", "grid_undefined_because"}
"""Why something is not known. That it is not known is compared."""
NAMES = {"note", "alpha_note", "name"}
"""Columns of words in the tables of agreement."""


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def run_notebook(tmp_path, monkeypatch):
    """Export an audit, run every cell beside the files, and give the names they made."""

    def run(slug: str) -> dict[str, Any]:
        for name, kind in FILES.items():
            said("export_labels", slug, "--format", kind, "--out", str(tmp_path / name))
        monkeypatch.chdir(tmp_path)
        names: dict[str, Any] = {}
        for cell in CELLS:
            exec(cell, names)
        return names

    return run


def assert_all_is_computed_again(names: dict[str, Any], slug: str) -> None:
    """Every figure of `report --json`, of the agreement page, and under the report."""
    audit = Audit.objects.get(slug=slug)
    assert_same_report(names["report"], slug)
    agreement = json.loads(said("agreement", slug, "--json"))
    without_parts(agreement)
    assert_same(names["report"]["agreement"], agreement, "agreement")
    assert_same_tables(names, AuditAgreement(audit))
    assert_same_counts(names, audit)


def assert_same_report(mine: dict[str, Any], slug: str) -> None:
    theirs = json.loads(said("report", slug, "--json"))
    without_parts(theirs["agreement"])
    for found in (mine, theirs):  # equal shares stand in no order
        found["shares"] = sorted(found["shares"], key=lambda one: one["mode"])
    assert_same(mine, theirs)


AGREEMENT_PARTS = (
    *("by_stratum", "by_codebook", "on_verdict", "on_verdict_undefined_because"),
    *("by_week", "by_week_undefined_because"),
)
"""Alpha of the parts of an audit, compared in the files of the agreement page."""


def without_parts(agreement: dict[str, Any]) -> None:
    for key in AGREEMENT_PARTS:
        agreement.pop(key)


def assert_same(mine: Any, theirs: Any, where: str = "report") -> None:
    """Every figure to 1e-9, the bootstrap's too: the seed is the same."""
    if isinstance(theirs, dict):
        assert mine.keys() == theirs.keys() - WORDS, where
        for key in mine:
            assert_same(mine[key], theirs[key], f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(mine) == len(theirs), where
        for k, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            assert_same(one, other, f"{where}[{k}]")
    elif where.endswith(".too_imprecise"):
        assert mine == bool(theirs), where
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, abs=1e-9), where
    else:
        assert mine == theirs, where


def assert_same_tables(names: dict[str, Any], agreed: AuditAgreement) -> None:
    assert names["tables"].keys() == AGREEMENT_FIGURES.keys()
    for name, make in AGREEMENT_FIGURES.items():
        mine, theirs = names["tables"][name], rows_of(make(agreed))
        if name == "confusions":  # equal ones stand in no order
            mine, theirs = (sorted(rows, key=two_labels) for rows in (mine, theirs))
        assert_same([without_words(row, theirs) for row in mine], theirs, name)
    for pair in agreed.tally.pairs():
        theirs = rows_of(pair_figure(agreed.tally.table(*pair.coders)))
        said_by_two = names["what_two_said"](*pair.coders)
        assert [row["n_units"] for row in theirs] == said_by_two.reshape(-1).tolist()


def rows_of(figure: Figure) -> list[dict[str, Any]]:
    rows = [dict(zip(figure.columns, row, strict=True)) for row in figure.rows]
    return [{key: row[key] for key in row if key not in NAMES} for row in rows]


def without_words(row: dict[str, Any], theirs: list[dict[str, Any]]) -> dict[str, Any]:
    """What the table has, where the notebook's has more columns; no nan in place of None."""
    found = {key: row[key] for key in (theirs[0] if theirs else row)}
    return {key: None if value != value else value for key, value in found.items()}


def two_labels(row: dict[str, Any]) -> tuple[str, str]:
    return row["label"], row["other_label"]


def assert_same_counts(names: dict[str, Any], audit: Audit) -> None:
    report = build_report(audit)
    counted = ("n_complete", "n_ties", "n_adjudicated", "n_skips", "n_late")
    theirs = {name: getattr(report, name) for name in counted}
    theirs["n_waiting"] = undecided(disputed_units(audit)).count()
    theirs["top_user_share"] = report.headline.top_user_share
    assert_same(names["behind"], theirs, "behind")
    if report.grid:
        theirs = {name: getattr(report.grid, name).n_cell for name in GRID_CELLS}
        assert_same({name: names["grid"][name]["n_cell"] for name in GRID_CELLS}, theirs, "grid")
