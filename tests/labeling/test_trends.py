"""The headline over a project's closed audits: one line per kind of frame, no line over a break."""

import csv
from datetime import UTC, datetime
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import call_command

from labeling import workflow
from labeling.codebook_versions import next_version
from labeling.codebooks import read_modes
from labeling.models import Audit, Label
from labeling.trends import MAX_AUDITS, trends

UNWELCOME, INVENTED = "unwelcome_but_correct", "hallucination"


@pytest.fixture
def make_closed(make_output, make_audit, write_labels, project):
    """A closed audit of month `month` in which `n_unwelcome` of 40 units are unwelcome."""
    for number in range(40):
        make_output(f"o{number:02}")

    def make(month, n_unwelcome, *, frame="negative", close=True):
        slug = f"{frame}-{month:02}"
        audit = make_audit(slug, frame=frame)
        if n_unwelcome is not None:
            names = audit.units.order_by("name").values_list("name", flat=True)
            modes = [UNWELCOME] * n_unwelcome + [INVENTED] * (len(names) - n_unwelcome)
            rows = [(name, "c1", mode) for name, mode in zip(names, modes, strict=True)]
            call_command("import_labels", slug, str(write_labels(rows)), stdout=StringIO())
        if close:
            workflow.close_audit(audit)
        Audit.objects.filter(pk=audit.pk).update(frame_until=datetime(2026, month, 1, tzinfo=UTC))
        return audit

    return make


@pytest.fixture
def later_codebook(project, lea):
    """Version 2 of the codebook, which audits drawn from then on use."""

    def make():
        codebook = Audit.objects.first().codebook
        modes = [mode for mode in read_modes(codebook) if mode.code != "formatting"]
        return next_version(codebook, modes, note="Merged.", by=lea, removed={"formatting"})

    return make


def test_closed_audits_stand_in_the_order_of_their_frames_days(make_closed, project):
    make_closed(3, 20)
    make_closed(2, 10)
    make_closed(4, 30, close=False)
    (found,) = trends(project)
    assert [point.audit.slug for point in found.points] == ["negative-02", "negative-03"]
    assert [point.share.value for point in found.points] == pytest.approx([0.25, 0.5])
    first, second = found.points
    assert first.change is None
    assert second.change.value == pytest.approx(0.25)
    assert second.change.low < 0.25 < second.change.high


def test_audits_are_compared_without_finite_population(make_closed, project):
    """Every output is labelled, and the interval is still of what comes next."""
    make_closed(2, 10)
    (found,) = trends(project)
    (point,) = found.points
    assert point.share.low < point.share.value < point.share.high


def test_each_kind_of_frame_has_a_line_of_its_own(make_closed, project):
    make_closed(2, 10)
    make_closed(2, 10, frame="rated")
    assert [(one.frame, len(one.points)) for one in trends(project)] == [
        ("negative", 1),
        ("rated", 1),
    ]


def test_the_line_stops_where_the_codebook_changed(
    make_closed, later_codebook, project, rey_client
):
    make_closed(1, 8)
    make_closed(2, 10)
    later_codebook()
    make_closed(3, 20)
    make_closed(4, 20)
    (found,) = trends(project)
    assert [point.is_break for point in found.points] == [False, False, True, False]
    assert [point.change is None for point in found.points] == [True, False, True, False]
    page = rey_client.get("/projects/assistant/trend/").text
    assert "not compared: another codebook" in page
    assert "From here: default v2" in page
    assert page.count('class="chart-break"') == 2, "one in each layout"
    assert page.count('class="series-line"') == 4, "two stretches in each layout"


def test_labels_of_two_versions_in_one_audit_are_a_break_too(
    make_closed, later_codebook, project, write_labels
):
    make_closed(1, 8)
    make_closed(2, 10)
    second = later_codebook()
    some = Label.objects.filter(unit__audit__slug="negative-02").values("pk")[:3]
    Label.objects.filter(pk__in=[row["pk"] for row in some]).update(codebook=second)
    (found,) = trends(project)
    assert found.points[1].codebooks == ("default v1", "default v2")
    assert found.points[1].is_break


def test_an_audit_that_nobody_labelled_is_a_gap_with_its_reason(make_closed, project, rey_client):
    make_closed(1, 8)
    make_closed(2, None)
    make_closed(3, 10)
    (found,) = trends(project)
    assert found.points[1].share.undefined_because == "no unit is labelled"
    assert not any(point.is_break for point in found.points)
    assert "Not known: no unit is labelled" in rey_client.get("/projects/assistant/trend/").text


def test_a_project_without_a_closed_audit_says_so(make_closed, rey_client):
    make_closed(1, 8, close=False)
    assert "No audit is closed yet" in rey_client.get("/projects/assistant/trend/").text


def test_the_trend_is_a_table_and_a_picture_to_download(make_closed, rey_client):
    make_closed(2, 10)
    make_closed(3, 20)
    answer = rey_client.get("/projects/assistant/trend/negative.csv")
    first, second = csv.DictReader(StringIO(answer.text, newline=""))
    assert (first["audit"], first["feedback_until"]) == ("negative-02", "2026-02-01")
    assert float(second["change"]) == pytest.approx(0.25)
    answer = rey_client.get("/projects/assistant/trend/negative.svg")
    name = 'attachment; filename="assistant-trend-negative.svg"'
    assert answer.headers["Content-Disposition"] == name
    ElementTree.fromstring(answer.content)
    assert rey_client.get("/projects/assistant/trend/rated.csv").status_code == 404


def test_only_the_latest_audits_are_read(make_closed, project, monkeypatch, rey_client):
    monkeypatch.setattr("labeling.trends.MAX_AUDITS", 1)
    assert MAX_AUDITS > 1
    make_closed(2, 10)
    make_closed(3, 20)
    (found,) = trends(project)
    assert ([point.audit.slug for point in found.points], found.n_left_out) == (["negative-03"], 1)
    assert "1 earlier audit left out" in rey_client.get("/projects/assistant/trend/").text


def test_report_and_project_lead_to_the_trend(make_closed, rey_client):
    make_closed(2, 10)
    for page in ("/projects/assistant/", "/audits/negative-02/report/"):
        assert 'href="/projects/assistant/trend/"' in rey_client.get(page).text
