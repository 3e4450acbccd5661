"""`agreement --json` says of an audit's parts what the files of its agreement page say."""

import csv
import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from labeling.models import Audit, Label, Stratum
from tests.sampled import AtDesk


def printed(*arguments):
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    return json.loads(out.getvalue(), parse_constant=lambda word: pytest.fail(word))


def in_file(client, figure, slug="november"):
    answer = client.get(f"/audits/{slug}/agreement/{figure}.csv")
    return list(csv.DictReader(StringIO(answer.content.decode(), newline="")))


def number(text):
    return float(text) if text else None


def near(estimate):
    """The order of the rows is another, so the last digit may be too."""
    return pytest.approx(estimate, abs=1e-12)


def of_part(part):
    """A part of the JSON as a row of the page's file."""
    alpha = part["alpha"]
    return [
        *(alpha["value"], alpha["low"], alpha["high"], part["n_units_with_two_labels"]),
        alpha["undefined_because"] or "",
    ]


def of_row(row):
    numbers = [number(row[f"alpha_{name}"]) for name in ("value", "low", "high")]
    return [*numbers, int(row["alpha_n_units_with_two_labels"]), row["alpha_note"]]


@pytest.fixture
def in_parts(labelled_audit):
    """Two strata and two weeks; in the second stratum all labels of every unit are equal."""
    other = Stratum.objects.create(audit=labelled_audit, name="other", n_frame=9, n_sampled=2)
    labelled_audit.units.filter(name__in=["o0", "o1"]).update(stratum=other)
    Label.objects.update(created_at=datetime(2026, 11, 3, 12, tzinfo=UTC))
    later = Label.objects.filter(unit__name__in=["o2", "o3", "o4", "o5", "o6"])
    later.update(created_at=datetime(2026, 11, 12, 12, tzinfo=UTC))
    return labelled_audit


def test_strata_weeks_and_versions_are_those_of_the_page(in_parts, rey_client):
    said = printed("agreement", "november")
    for key, name, figure in (
        ("by_stratum", "stratum", "strata"),
        ("by_week", "week_from", "weeks"),
        ("by_codebook", "codebook", "versions"),
    ):
        rows = in_file(rey_client, figure)
        assert [part[name] for part in said[key]] == [row[name] for row in rows]
        assert [of_part(part) for part in said[key]] == [of_row(row) for row in rows]
    assert [part["week_from"] for part in said["by_week"]] == ["2026-11-02", "2026-11-09"]
    assert [part["n_labels"] for part in said["by_week"]] == [15, 15]
    assert said["by_week_undefined_because"] is None
    assert said["by_week"][0]["alpha"]["low"] < said["by_week"][0]["alpha"]["value"]
    (version,) = said["by_codebook"]
    assert near(version["alpha"]) == said["alpha"]
    assert (version["n_units"], version["n_labels"]) == (10, 30)


def test_a_part_in_which_alpha_is_undefined_says_why(in_parts):
    parts = {part["stratum"]: part for part in printed("agreement", "november")["by_stratum"]}
    assert parts["other"]["alpha"]["value"] is None
    assert "all" in parts["other"]["alpha"]["undefined_because"]
    assert parts["other"]["percent"]["value"] == 1
    assert parts["other"]["n_units"] == 2


def test_the_parts_are_nominal_at_every_level_and_have_the_seed_that_was_asked_for(in_parts):
    plain = printed("agreement", "november")
    ordinal = printed("agreement", "november", "--level", "ordinal")
    assert ordinal["alpha"] != plain["alpha"]
    assert ordinal["by_stratum"] == plain["by_stratum"]
    other = printed("agreement", "november", "--seed", "5")
    assert near(other["by_codebook"][0]["alpha"]) == other["alpha"]
    assert other["alpha"]["low"] != plain["alpha"]["low"]


def test_the_report_says_the_same_of_the_parts(in_parts):
    assert printed("report", "november")["agreement"] == printed("agreement", "november")


def test_agreement_on_the_blind_verdict_or_why_there_is_none(
    make_open_audit, ana_client, ben_client, rey_client
):
    audit = make_open_audit(4)
    nothing = printed("agreement", "w34")
    assert nothing["on_verdict_undefined_because"] == "No blind verdict counts yet."
    assert nothing["by_week_undefined_because"] == "No unit is labelled yet."
    assert nothing["by_stratum"] == nothing["by_week"] == []
    for client, said in ((ana_client, "cccx"), (ben_client, "ccxx")):
        desk = AtDesk(client, audit)
        for verdict in said:
            desk.give(*(("correct", "latency") if verdict == "c" else ("incorrect", "refusal")))
    found = printed("agreement", "w34")
    assert found["on_verdict_undefined_because"] is None
    assert found["on_verdict"]["percent"]["value"] == 0.75
    rows = {row["agreement_on"]: row for row in in_file(rey_client, "coefficients", "w34")[4:5]}
    assert found["on_verdict"]["alpha"]["value"] == number(rows["blind verdict"]["value"])
    assert found["on_verdict"]["n_units_with_two_labels"] == 4


def test_imported_labels_have_no_weeks_and_a_file_has_no_parts(tmp_path, project):
    path = tmp_path / "labels.csv"
    path.write_text("unit,coder,label\n1,a,x\n1,b,y\n2,a,x\n2,b,x\n")
    options = ("--project", project.slug)
    call_command("import_labels", "elsewhere", str(path), *options, stdout=StringIO())
    assert Audit.objects.get(slug="elsewhere").is_imported
    found = printed("agreement", "elsewhere")
    assert found["by_week"] == []
    assert found["by_week_undefined_because"] == "When the imported labels were given is not known."
    assert found["on_verdict_undefined_because"].startswith("Imported labels have no verdict")
    of_file = printed("agreement", "--file", str(path))
    assert not {"by_stratum", "by_week", "by_codebook", "on_verdict"} & set(of_file)
