"""A judge's page can be computed again from two files: what people said, and what judges said."""

import csv
import json
from io import StringIO

import pandas as pd
import pytest
from django.core.management import call_command

from labeling.exports import export_labels
from labeling.judges import Judgement, record_judgements, register_judge

WRONG = {"o0", "o4", "o5", "o6"}


@pytest.fixture
def judged(labelled_audit):
    """Two versions of a model on all ten outputs; the second changed its mind on one."""
    project = labelled_audit.project
    ids = dict(project.outputs.values_list("external_id", "pk"))
    mode = labelled_audit.codebook.modes.get(code="hallucination")
    for version in ("1", "2"):
        judge = register_judge(project, kind="model", name="gpt", version=version)
        said = [
            Judgement(
                output_id=pk,
                correctness="incorrect" if name in WRONG else "correct",
                mode=mode if name in WRONG else None,
                score=0.25 if name in WRONG else None,
                rationale="=1+1" if name == "o0" else "",
            )
            for name, pk in ids.items()
        ]
        record_judgements(judge, said)
    record_judgements(judge, [Judgement(output_id=ids["o0"], correctness="correct")])
    return labelled_audit


def exported(audit, tmp_path, kind):
    manifest = export_labels(audit, kind=kind, out=tmp_path / f"{kind}.csv")
    with (tmp_path / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), manifest


def test_one_row_per_judge_and_drawn_unit(judged, tmp_path):
    rows, manifest = exported(judged, tmp_path, "judge-verdicts")
    assert len(rows) == manifest["n_rows"] == 20
    assert manifest["withheld"] == {"superseded": 1}
    (first,) = [row for row in rows if (row["unit"], row["version"]) == ("o0", "1")]
    assert (first["judge"], first["kind"], first["unit_kind"]) == ("gpt", "model", "sampled")
    assert (first["correctness"], first["label"], first["score"]) == (
        *("incorrect", "hallucination"),
        "0.25",
    )
    assert first["rationale"] == "'=1+1", "a spreadsheet would run it"
    order = [unit.name for unit in judged.units.order_by("prn")]
    assert [row["unit"] for row in rows[::2]] == order


def test_sensitivity_and_specificity_are_computed_again(judged, tmp_path):
    people, said = (
        pd.DataFrame(exported(judged, tmp_path, kind)[0]) for kind in ("csv", "judge-verdicts")
    )
    verdicts = people.groupby("unit")["correctness"].agg(lambda given: given.mode().iloc[0])
    wrong = verdicts == "incorrect"
    out = StringIO()
    call_command("judges", judged.slug, "--json", stdout=out)
    found = json.loads(out.getvalue())["judges"]
    assert len(found) == 2
    for one in found:
        version = one["judge"].partition("@")[2]
        judge = said[said["version"] == version].set_index("unit")["correctness"] == "incorrect"
        judge = judge[wrong.index]
        told = {entry["label"]: entry for entry in one["correctness"]["per_label"]}["incorrect"]
        assert told["sensitivity"]["value"] == pytest.approx(judge[wrong].mean())
        assert told["specificity"]["value"] == pytest.approx((~judge)[~wrong].mean())


def test_readers_take_it_from_the_page_and_graders_do_not(judged, rey_client, ana_client):
    address = f"/audits/{judged.slug}/exports/judge-verdicts/"
    assert address in rey_client.get(f"/audits/{judged.slug}/exports/").text
    assert b"".join(rey_client.get(address)).startswith(b"audit,unit,unit_kind")
    assert ana_client.get(address).status_code == 404
