"""The units behind a cell of the grid: who may look, what is in it, what is disputed."""

import re

import pytest

from labeling import workflow
from labeling.models import Unit
from labeling.workflow import Judgment


def listed(page):
    return re.findall(r'<th scope="row">(?:<a [^>]*>)?<span[^>]*>([^<]+)', page.text)


def units(client, query=""):
    return client.get(f"/audits/november/units/{query}")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?thumb=down&correctness=correct", ["o0", "o1", "o2", "o3", "o7"]),
        ("?thumb=down&correctness=incorrect", ["o4", "o5", "o6", "o8"]),
        ("?correctness=cannot_tell", ["o9"]),
        ("?thumb=up", []),
        ("?mode=latency", ["o7"]),
        ("?mode=refusal", ["o8"]),  # a third of it: the labels are tied
        ("?disputed=on", ["o2", "o3", "o6", "o8", "o9"]),
        ("?correctness=incorrect&disputed=on", ["o6", "o8"]),
    ],
)
def test_a_choice_lists_its_units(labelled_audit, rey_client, query, names):
    assert sorted(listed(units(rey_client, query))) == names


def test_every_cell_of_the_grid_leads_to_its_units(labelled_audit, rey_client):
    report = rey_client.get("/audits/november/report/").text
    cells = re.findall(r'href="(/audits/november/units/\?thumb=[^"]+)"[^>]*>([\d.]+) units', report)
    assert [n for _, n in cells] == ["5", "4"]
    for address, n in cells:
        assert len(listed(rey_client.get(address.replace("&amp;", "&")))) == int(n)


def test_disputed_units_are_marked_and_lead_a_lead_to_the_decision(
    labelled_audit, rey_client, lea_client
):
    token = Unit.objects.get(name="o2").token
    page = units(rey_client, "?mode=unwelcome_but_correct").text
    assert page.count("coders disagree<") == 3
    assert f"/audits/november/agreement/units/{token}/" in page
    assert "adjudicate" not in page, "a researcher reads, and decides nothing"
    assert f"/audits/november/adjudicate/{token}/" in units(lea_client).text


def test_a_decision_is_the_units_label_and_is_named(labelled_audit, lea, rey_client):
    mode = labelled_audit.codebook.modes.get(code="refusal")
    workflow.adjudicate(
        unit=Unit.objects.get(name="o8"),
        lead=lea,
        judgment=Judgment(correctness="incorrect", failure_mode=mode),
        reason="It declined.",
    )
    page = units(rey_client, "?mode=refusal")
    assert listed(page) == ["o8"]
    assert "coders disagree, decided" in page.text
    assert sorted(listed(units(rey_client, "?mode=hallucination"))) == ["o4", "o5", "o6"]


@pytest.mark.parametrize("query", ["?thumb=sideways", "?correctness=maybe", "?mode=none_such"])
def test_what_there_is_not_is_a_404(labelled_audit, rey_client, query):
    assert units(rey_client, query).status_code == 404


def test_the_list_comes_in_pages_in_draw_order(labelled_audit, rey_client, monkeypatch):
    monkeypatch.setattr("labeling.views.report_pages.UNITS_PER_PAGE", 4)
    pages = [listed(units(rey_client, f"?thumb=down&page={page}")) for page in (1, 2, 3)]
    drawn = labelled_audit.units.order_by("prn").values_list("name", flat=True)
    assert [len(page) for page in pages] == [4, 4, 2]
    assert [name for page in pages for name in page] == list(drawn)
    assert 'href="?thumb=down&amp;page=2"' in units(rey_client, "?thumb=down").text


def test_no_coder_is_named(labelled_audit, lea_client):
    page = units(lea_client).text
    assert "Answer 3." in page
    assert not re.search(r"\bc[123]\b", page)
