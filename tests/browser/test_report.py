"""The report in Chromium: on paper, on a phone, for axe, and its files as a browser takes them."""

import re

import pytest
from playwright.sync_api import expect

from feedback.models import Output
from labeling import workflow
from tests.browser.looks import Album

pytestmark = pytest.mark.browser
PAGES = (
    "/audits/split/report/",
    "/audits/split/agreement/",
    "/audits/split/units/",
    "/projects/assistant/trend/",
)


@pytest.fixture
def closed_audit(split_audit):
    """The audit with a disagreement, closed, its outputs in domains with long names."""
    for number, output in enumerate(Output.objects.all()):
        domain = f"a domain with quite a long name {number}"
        Output.objects.filter(pk=output.pk).update(domain=domain, release="2026.11", model="m-1")
    workflow.close_audit(split_audit)
    return split_audit


def background(page, selector):
    return page.locator(selector).first.evaluate("(item) => getComputedStyle(item).backgroundColor")


@pytest.mark.parametrize("path", PAGES[:2])
def test_a_report_on_paper_is_white_and_has_nothing_to_click(
    page, lea, closed_audit, enter, path, tmp_path
):
    page.emulate_media(color_scheme="dark")
    enter(page, lea, path)
    assert background(page, "body") != "rgb(255, 255, 255)"
    page.emulate_media(media="print", color_scheme="dark")
    assert background(page, "body") == background(page, ".panel") == "rgb(255, 255, 255)"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for hidden in ("header.bar", ".downloads", ".chart-figures", ".skip-link"):
        assert not page.locator(f"{hidden} >> visible=true").count(), hidden
    for whole in (".panel", "table", ".chart"):
        shown = page.locator(whole).first
        assert shown.evaluate("(item) => getComputedStyle(item).breakInside") == "avoid"


def test_the_report_is_a_few_pages_of_paper(page, lea, closed_audit, enter):
    enter(page, lea, "/audits/split/report/")
    page.emulate_media(media="print")
    text = page.locator("#main").inner_text()
    assert "of negative feedback fell on correct answers the user did not want" in text
    paper = page.pdf(format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "14mm"))
    assert paper.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 5


def test_axe_finds_nothing_on_the_report_its_units_and_the_trend(
    page, lea, closed_audit, enter, live_server
):
    enter(page, lea)
    album = Album(page)
    album.visit(*(live_server.url + path for path in PAGES))
    assert album.wrong == {}


def test_a_chart_is_taken_as_a_file_and_opens_without_the_product(
    page, lea, closed_audit, enter, tmp_path
):
    enter(page, lea, "/audits/split/report/")
    with page.expect_download() as taken:
        page.get_by_role("link", name="SVG of shares by failure mode").click()
    path = tmp_path / taken.value.suggested_filename
    taken.value.save_as(path)
    assert path.name == "split-shares.svg"
    page.goto(path.as_uri())
    expect(page.locator("text.head")).to_have_text("Why answers were rated down")
    bar = page.locator("rect.bar").first
    assert bar.evaluate("(item) => getComputedStyle(item).fill") != "rgb(0, 0, 0)"


def test_a_cell_of_the_grid_leads_to_its_units_and_a_filter_to_those_in_dispute(
    page, lea, closed_audit, enter
):
    enter(page, lea, "/audits/split/report/")
    page.get_by_role("link", name="All labelled units").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Only where coders disagree").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("coders disagree")
