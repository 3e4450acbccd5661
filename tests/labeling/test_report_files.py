"""Figures of a report as files: exact tables safe for spreadsheets, charts that need nothing."""

import csv
import re
from io import StringIO
from xml.etree import ElementTree

import pytest

from feedback.models import Output
from labeling.report_files import AUDIT_FIGURES, csv_text
from labeling.reports import AuditData, build_report

SVG = "{http://www.w3.org/2000/svg}"


def table(answer):
    return list(csv.DictReader(StringIO(answer.content.decode(), newline="")))


@pytest.fixture
def named_audit(labelled_audit):
    """The ten outputs lie in two domains."""
    for output in Output.objects.all():
        number = int(output.external_id[-1])
        Output.objects.filter(pk=output.pk).update(domain=("tax", "code")[number % 2], model="m1")
    return labelled_audit


@pytest.mark.parametrize("figure", AUDIT_FIGURES)
def test_every_figure_is_a_table_to_download(named_audit, rey_client, figure):
    answer = rey_client.get(f"/audits/november/report/{figure}.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    name = f'attachment; filename="november-{figure}.csv"'
    assert answer.headers["Content-Disposition"] == name
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    rows = list(csv.reader(StringIO(answer.content.decode(), newline="")))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 1 or figure == "strata", "one stratum is no comparison"


def test_the_numbers_of_a_table_are_exact(named_audit, rey_client):
    rows = {row["mode"]: row for row in table(rey_client.get("/audits/november/report/shares.csv"))}
    for mode in build_report(named_audit).shares:
        row = rows[mode.code]
        assert [float(row[key]) for key in ("share", "low", "high")] == [
            mode.share.value,
            mode.share.low,
            mode.share.high,
        ]
        assert float(row["all_coders_said_it"]) == mode.all_said.value


@pytest.mark.parametrize("figure", ["shares", "domains", "releases", "models"])
def test_every_chart_is_a_picture_that_needs_nothing_else(named_audit, rey_client, figure):
    answer = rey_client.get(f"/audits/november/report/{figure}.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    name = f'attachment; filename="november-{figure}.svg"'
    assert answer.headers["Content-Disposition"] == name
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{SVG}svg"
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "style", "rect", "text", "g", "line")
    }
    text = answer.content.decode()
    assert "var(" not in text
    assert "light-dark" not in text
    assert not re.search(r"href|@import|url\(|\son\w+=", text)
    shapes = re.findall(r'class="([a-z0-9_-]+)', text)
    styled = set(re.findall(r"\.([a-z0-9_-]+)", root.find(f"{SVG}style").text))
    assert {name for name in shapes if name not in ("bar-plain",)} <= styled


def test_a_table_has_no_picture_where_there_is_no_chart(named_audit, rey_client):
    for figure in ("grid", "latency", "reasons", "strata", "nothing"):
        assert rey_client.get(f"/audits/november/report/{figure}.svg").status_code == 404
    assert rey_client.get("/audits/november/report/nothing.csv").status_code == 404


def test_a_hostile_name_is_text_in_the_picture_and_no_formula_in_the_table(
    labelled_audit, rey_client
):
    Output.objects.update(domain="=1+1</text><script>x()</script>\x0b")
    picture = rey_client.get("/audits/november/report/domains.svg").content
    assert b"<script>" not in picture
    ElementTree.fromstring(picture)
    (row,) = table(rey_client.get("/audits/november/report/domains.csv"))
    assert row["domain"].startswith("'=1+1")


def test_an_audit_without_a_label_has_tables_that_say_so(make_output, make_audit, rey_client):
    make_output("o1", domain="tax")
    audit = make_audit("fresh")
    (row,) = table(rey_client.get("/audits/fresh/report/domains.csv"))
    assert (row["share"], row["note"]) == ("", "no unit in it is labelled yet")
    assert csv_text(AUDIT_FIGURES["latency"](AuditData(audit))).count("\n") == 1


def test_the_report_offers_each_of_them(named_audit, rey_client):
    page = rey_client.get("/audits/november/report/").text
    offered = set(re.findall(r'href="(/audits/november/report/[a-z]+\.(?:csv|svg))"', page))
    assert offered
    for address in offered:
        assert rey_client.get(address).status_code == 200
    assert {f"/audits/november/report/{name}.csv" for name in AUDIT_FIGURES} - offered <= {
        "/audits/november/report/strata.csv",
        "/audits/november/report/releases.csv",
    }
