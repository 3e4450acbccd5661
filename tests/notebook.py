"""Run docs/report.ipynb on an export and compare every figure with the report's."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from labeling.breakdowns import Breakdowns
from labeling.models import Audit
from labeling.reports import AuditData
from tests.surroundings import REPOSITORY

NOTEBOOK = json.loads((REPOSITORY / "docs/report.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def run_notebook(tmp_path, monkeypatch):
    """Export an audit, run every cell beside the file, and give the names they made."""

    def run(slug: str) -> dict[str, Any]:
        path = tmp_path / "labels.jsonl"
        said("export_labels", slug, "--format", "jsonl", "--out", str(path))
        monkeypatch.chdir(tmp_path)
        names: dict[str, Any] = {}
        for cell in CELLS:
            exec(cell, names)
        return names

    return run


LEFT_OUT = {
    *("undefined_because", "too_imprecise", "deff_users", "unsampled", "grid_undefined_because"),
    *("kappa_low", "kappa_high", "kappa_undefined_because"),
    *("p_below_667", "p_below_800", "reference", "specific"),
    *("all_said", "any_said", "mostly_noise", "unanswered"),
}
"""What the notebook does not compute again: words, and figures beside those of its cells."""


NOT_EXPORTED = ("nonresponse", "response", "work_left", "anytime")
"""Made of skips, times and the order of serving, which no export of labels holds."""
NOT_AGAIN = (
    *("n_outputs", "n_rated", "n_negative", "rated_share"),
    *("by_stratum", "difference", "breakdowns", "reasons", "latencies", "to_decide"),
)
"""In the manifest as they are, compared elsewhere, or of what an export does not hold."""


AGREEMENT_PARTS = (
    *("by_stratum", "by_codebook", "on_verdict", "on_verdict_undefined_because"),
    *("by_week", "by_week_undefined_because"),
)
"""Alpha of the parts of an audit, which has a file for each on the agreement page."""


def assert_same(mine: Any, theirs: Any, where: str = "report") -> None:
    """Every figure to 1e-9, but for those that are left out."""
    if isinstance(theirs, dict):
        assert mine.keys() | LEFT_OUT == theirs.keys() | LEFT_OUT, where
        for key in mine:
            assert_same(mine[key], theirs[key], f"{where}.{key}")
    elif isinstance(theirs, list):
        assert len(mine) == len(theirs), where
        for k, (one, other) in enumerate(zip(mine, theirs, strict=True)):
            assert_same(one, other, f"{where}[{k}]")
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, abs=1e-9), where
    else:
        assert mine == theirs, where


def assert_same_report(mine: dict[str, Any], slug: str) -> None:
    theirs = json.loads(said("report", slug, "--json"))
    for key in NOT_EXPORTED + NOT_AGAIN:
        theirs.pop(key)
    for key in AGREEMENT_PARTS:
        theirs["agreement"].pop(key)
    for found in (mine, theirs):  # equal shares stand in no order
        found["shares"] = sorted(found["shares"], key=lambda one: one["mode"])
    assert_same(mine, theirs)


def assert_same_breakdowns(mine: dict[str, Any], slug: str) -> None:
    found = Breakdowns(AuditData(Audit.objects.get(slug=slug)))
    for field, rows in mine.items():
        theirs = [
            {field: group.name, **group.share.as_dict()}
            for group in found.headline_by(field).groups
            if group.name
        ]
        assert_same(rows, theirs, field)
