"""The export `units`: every drawn unit, with what figures rest on that is no label."""

import json

import pytest
from django.core.management import call_command

from labeling import workflow
from labeling.exports import export_labels
from labeling.models import Coder, Effort
from labeling.reports import build_report
from labeling.unit_export import UNIT_COLUMNS
from labeling.workflow import Judgment
from tests.graders_at_work import spend
from tests.sampled import add_unit


@pytest.fixture
def units_of(tmp_path):
    """The rows of the export, by unit."""

    def read(audit):
        path = tmp_path / "units.jsonl"
        manifest = export_labels(audit, kind="units", out=path)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert manifest["n_rows"] == len(rows)
        assert manifest["columns"] == list(UNIT_COLUMNS)
        return {row["unit"]: row for row in rows}

    return read


def test_units_without_a_label_are_in_it_in_the_order_they_were_stored(
    make_output, make_audit, give_labels, units_of
):
    for number in range(3):
        make_output(f"o{number}", domain="tax", release="B", model="m", user="u", latency_ms=900)
    audit = make_audit()
    give_labels(audit, {"o0": ["latency"] * 2})
    rows = units_of(audit)
    stored = audit.units.order_by("pk").values_list("name", "serving")
    assert [(name, row["serving"]) for name, row in rows.items()] == list(stored)
    assert {name: row["n_awaited"] for name, row in rows.items()} == {"o0": 1, "o1": 3, "o2": 3}
    assert [rows["o2"][key] for key in ("domain", "release", "model", "user", "latency_ms")] == [
        *("tax", "B", "m", "u", 900)
    ]
    assert rows["o2"]["user_reason"] == "not_factually_correct"
    assert set(rows["o2"]) == set(UNIT_COLUMNS)


def test_skips_that_stand_and_the_leads_decision_are_in_it(
    make_open_audit, project, lea, say, ana, ben, units_of
):
    audit = make_open_audit(2)
    first, second = audit.units.order_by("pk")
    one, other = (Coder.objects.create(project=project, name=name) for name in ("c-2", "c-1"))
    for coder in (one, other):
        workflow.skip_unit(unit=first, coder=coder, reason="language")
    for grader, mode in ((ana, "latency"), (ben, "formatting")):
        say(second, grader, mode)
    refusal = audit.codebook.modes.get(code="refusal")
    judgment = Judgment(correctness="incorrect", failure_mode=refusal)
    workflow.adjudicate(unit=second, lead=lea, judgment=judgment, reason="It declined.")
    skipped, decided = units_of(audit).values()
    assert skipped["skipped_by"] == ["c-1", "c-2"]
    assert (skipped["adjudicated_label"], skipped["adjudicated_correctness"]) == ("", "")
    assert (decided["adjudicated_label"], decided["adjudicated_correctness"]) == (
        "refusal",
        "incorrect",
    )
    assert (skipped["n_awaited"], decided["n_awaited"]) == (2, 0)


def test_times_are_those_of_labels_and_do_not_say_whose(make_open_audit, say, ana, ben, units_of):
    audit = make_open_audit(2)
    first, second = audit.units.order_by("pk")
    say(first, ana, "latency", seconds=30)
    say(first, ben, "latency", seconds=20)
    spend(second, Effort.objects.first().coder, 900)  # looked at, not labelled
    assert [row["active_ms"] for row in units_of(audit).values()] == [[20_000, 30_000], []]
    assert build_report(audit).work_left.hours.n == 2


def test_planted_units_are_not_in_it_and_controls_are(make_open_audit, make_gold, units_of):
    audit = make_open_audit(1)
    add_unit(audit, 10, kind="sham")
    make_gold(audit, 101)
    assert [row["kind"] for row in units_of(audit).values()] == ["sampled", "sham"]


def test_an_imported_set_has_units_without_an_output(project, write_labels, units_of):
    call_command("import_labels", "set", str(write_labels([("1", "a", "yes"), ("2", "a", "no")])))
    rows = units_of(project.audits.get())
    assert list(rows) == ["1", "2"]
    assert (rows["1"]["domain"], rows["1"]["latency_ms"], rows["1"]["active_ms"]) == ("", None, [])


def test_a_researcher_takes_it_from_the_page_and_a_grader_does_not(
    make_open_audit, rey_client, ana_client
):
    make_open_audit(1)
    address = "/audits/w34/exports/units/"
    assert f'href="{address}"' in rey_client.get("/audits/w34/exports/").text
    answer = rey_client.get(address)
    assert "w34-units.jsonl" in answer.headers["Content-Disposition"]
    assert json.loads(b"".join(answer.streaming_content))["kind"] == "sampled"
    assert ana_client.get(address).status_code == 404
