"""Label sets out: whole files with a manifest; what comes out can be read in again."""

import csv
import hashlib
import json
import os
from io import StringIO

import duckdb
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from feedback.spreadsheet import neutralise, restore
from labeling.exports import COLUMNS
from labeling.models import Label


def export(audit, kind, path):
    out = StringIO()
    call_command(
        "export_labels", audit.slug, "--format", kind, "--out", str(path), "--json", stdout=out
    )
    return json.loads(out.getvalue())


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "reliability"])
def test_the_manifest_tells_what_the_file_is(labelled_audit, tmp_path, kind):
    path = tmp_path / "labels.out"
    manifest = export(labelled_audit, kind, path)
    assert manifest == json.loads((tmp_path / "labels.out.manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert manifest["n_rows"] == 30
    assert (manifest["codebook"], manifest["codebook_version"]) == ("default", 1)
    assert (manifest["seed"], manifest["withheld"]) == (1, {})


def test_all_formats_hold_the_same_rows(labelled_audit, tmp_path):
    for kind in ("csv", "jsonl", "parquet"):
        export(labelled_audit, kind, tmp_path / kind)
    lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    table = duckdb.sql(f"SELECT * FROM read_parquet('{tmp_path / 'parquet'}')")
    assert table.columns == list(COLUMNS)
    assert [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()] == lines
    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["output"] for row in rows] == [line["output"] for line in lines]
    assert [row["label"] for row in rows] == [line["label"] for line in lines]
    assert {row["user_comment"] for row in rows} == {"That cannot be right."}


def test_the_reliability_file_gives_the_audits_own_agreement(labelled_audit, tmp_path):
    path = tmp_path / "reliability.csv"
    export(labelled_audit, "reliability", path)
    own, read = StringIO(), StringIO()
    call_command("agreement", labelled_audit.slug, "--json", stdout=own)
    call_command("agreement", "--file", str(path), "--json", stdout=read)
    assert json.loads(read.getvalue())["alpha"]["value"] == pytest.approx(
        json.loads(own.getvalue())["alpha"]["value"], abs=1e-12
    )


def test_exported_labels_can_be_imported_again(labelled_audit, tmp_path):
    path = tmp_path / "reliability.csv"
    export(labelled_audit, "reliability", path)
    call_command("import_labels", "copy", str(path), stdout=StringIO())
    again = tmp_path / "again.csv"
    export(type(labelled_audit).objects.get(slug="copy"), "reliability", again)
    assert sorted(again.read_text().splitlines()) == sorted(path.read_text().splitlines())


def test_what_is_withheld_is_counted_with_its_reason(labelled_audit, write_labels, tmp_path):
    rows = [("o0", "c4", "refusal"), ("o1", "c1", "no_fault_found")]
    call_command("import_labels", "november", str(write_labels(rows)), stdout=StringIO())
    manifest = export(labelled_audit, "jsonl", tmp_path / "labels.jsonl")
    assert manifest["n_rows"] == 30
    assert manifest["withheld"] == {"superseded or undone": 1, "late": 1}


def test_a_failure_half_way_leaves_no_file(labelled_audit, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()

    def broken(unit):
        raise RuntimeError("disk full")

    monkeypatch.setattr("labeling.exports.output_columns", broken)
    with pytest.raises(RuntimeError):
        export(labelled_audit, "jsonl", folder / "labels.jsonl")
    assert list(folder.iterdir()) == []


def test_text_that_a_spreadsheet_would_run_is_neutralised_in_csv_alone(
    make_output, make_audit, give_labels, tmp_path
):
    make_output("o1", text='=HYPERLINK("http://example.invalid")')
    audit = make_audit()
    give_labels(audit, {"o1": ["refusal"]})
    for kind in ("csv", "jsonl"):
        export(audit, kind, tmp_path / kind)
    with (tmp_path / "csv").open(newline="", encoding="utf-8") as file:
        cell = next(csv.DictReader(file))["output"]
    assert cell.startswith("'=")
    assert restore(cell) == json.loads((tmp_path / "jsonl").read_text())["output"]


RISKY = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")


@pytest.mark.parametrize(
    "text",
    ["=1+1", " =1", "a;=1", "a\t@x", "'=1", "''=1", "x\n+1", "-1", "1 - 1", "", "’=", ";';="],
)
def test_neutralising_is_reversible(text):
    assert restore(neutralise(text)) == text


def formulas(cell):
    """Cells that begin a formula when a row with this cell is split at commas, ; or tabs."""
    file = StringIO()
    csv.writer(file).writerow(["x", cell, "y"])
    lines = file.getvalue().splitlines(keepends=True)
    found = []
    for separator in ",;\t":
        blanks = " \u00a0\ufeff" if separator == "," else " \u00a0\ufeff\t\r\n\0"
        for row in csv.reader(lines, delimiter=separator):
            found += [part for part in row if part.lstrip(blanks).startswith(RISKY)]
    return found


@given(st.text(alphabet="=+-@\t\r\n\0; ,'\"a\ufeff\u00a0\uff1d\v\u2028", max_size=12))
def test_no_cell_begins_a_formula_whatever_it_is_split_at(text):
    safe = neutralise(text)
    assert restore(safe) == text
    assert formulas(safe) == []


def test_a_rating_of_minus_one_stays_a_number_and_a_text_does_not():
    assert neutralise("-1", may_be_number=True) == "-1"
    assert neutralise("-1") == "'-1"


@pytest.mark.data
def test_hostile_cells_of_the_corpus(shared_dir):
    for line in (shared_dir / "corpus" / "csv_injection.jsonl").read_text().splitlines():
        case = json.loads(line)
        text, expected = case["payload"], case["expectation"]
        if not isinstance(text, str):
            continue
        safe = neutralise(text, may_be_number=expected["field"] == "rating")
        assert restore(safe) == text, case["id"]
        if expected["verdict"] == "unchanged":
            assert safe == text, case["id"]
        if expected["verdict"] == "neutralised":
            assert formulas(safe) == [], case["id"]


def test_a_path_that_cannot_be_written_is_one_sentence(labelled_audit, tmp_path):
    for path in (tmp_path, tmp_path / "no" / "such" / "folder.csv", ""):
        with pytest.raises(CommandError, match="expected a file in an existing folder"):
            export(labelled_audit, "csv", path)


def test_a_name_too_long_for_the_disk_is_one_sentence_and_leaves_nothing(labelled_audit, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(CommandError, match="expected a file in an existing folder"):
        export(labelled_audit, "csv", folder / ("x" * 300))
    with pytest.raises(CommandError, match=r"cannot be written .File name too long"):
        export(labelled_audit, "csv", folder / ("x" * 250))  # its manifest's is longer
    assert list(folder.iterdir()) == []


def test_a_pipe_or_device_is_never_replaced_by_an_export(labelled_audit, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        with pytest.raises(CommandError, match=r"expected a file or nothing at .*pipe, got some"):
            export(labelled_audit, "csv", path)
    assert pipe.is_fifo()


def test_a_taken_manifest_path_leaves_the_old_export_as_it_was(labelled_audit, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("old")
    (tmp_path / "labels.csv.manifest.json").mkdir()
    with pytest.raises(CommandError, match=r"expected a file or nothing at .*manifest.json"):
        export(labelled_audit, "csv", path)
    assert path.read_text() == "old"


def test_a_link_is_followed_and_file_and_manifest_can_be_read_by_the_group(
    labelled_audit, tmp_path
):
    (tmp_path / "latest.csv").symlink_to(tmp_path / "w34.csv")
    before = os.umask(0o027)
    try:
        manifest = export(labelled_audit, "csv", tmp_path / "latest.csv")
    finally:
        os.umask(before)
    assert manifest["file"] == "w34.csv"
    assert (tmp_path / "latest.csv").is_symlink()
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.glob("w34.csv*")}
    assert modes == {0o640}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "reliability"])
def test_a_researcher_downloads_the_same_file_from_the_page(labelled_audit, rey_client, kind):
    response = rey_client.get(f"/audits/november/exports/{kind}/")
    body = b"".join(response.streaming_content)
    assert hashlib.sha256(body).hexdigest() == response.headers["X-Content-SHA256"]
    assert f"november-{kind}" in response.headers["Content-Disposition"]
    manifest = rey_client.get(f"/audits/november/exports/{kind}/?manifest=1").json()
    assert manifest["n_rows"] == Label.objects.counted().count()


def test_coders_of_the_project_appear_under_a_pseudonym(
    make_output, make_audit, ana, ana_client, tmp_path
):
    make_output("o1")
    audit = make_audit()
    token = audit.units.get().token
    ana_client.get("/audits/november/label/")
    ana_client.post(f"/audits/november/units/{token}/verdict/", {"correctness": "cannot_tell"})
    ana_client.post(f"/audits/november/units/{token}/label/", {})
    export(audit, "jsonl", tmp_path / "labels.jsonl")
    row = json.loads((tmp_path / "labels.jsonl").read_text())
    assert row["coder"].startswith("c-")
    assert "ana" not in row["coder"]


@pytest.mark.parametrize("is_blind", [True, False])
def test_a_label_says_whether_its_first_verdict_was_blind(
    make_open_audit, say, ana, give_labels, tmp_path, is_blind
):
    audit = make_open_audit(2, is_blind=is_blind)
    first, second = audit.units.order_by("pk")
    say(first, ana, "latency")
    give_labels(audit, {second.name: ["latency"]})
    export(audit, "jsonl", tmp_path / "labels.jsonl")
    made, imported = map(json.loads, (tmp_path / "labels.jsonl").read_text().splitlines())
    assert (made["blind_correctness"], made["is_blind"]) == ("correct", is_blind)
    assert (imported["blind_correctness"], imported["is_blind"]) == ("", None)
