"""The choices are always in view, and axe finds nothing in any look of a page."""

import re

import pytest
from playwright.sync_api import expect

from labeling.models import Audit
from projects.models import Project
from tests.browser.looks import IS_WIDE, SIZES, Album, set_size

pytestmark = pytest.mark.browser


def is_in_view(page, locator):
    """Whole, inside the window, and on top where it is: not scrolled away in its pane."""
    return locator.evaluate(
        """(item) => {
          const box = item.getBoundingClientRect();
          const inside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight
            && box.right <= innerWidth && box.height > 0;
          const top = document.elementFromPoint(box.x + box.width / 2, box.bottom - 3);
          return inside && top !== null && (item.contains(top) || top.contains(item));
        }"""
    )


def assert_all_in_view(page, selector, n):
    found = page.locator(selector)
    expect(found).to_have_count(n)
    hidden = [item.inner_text() for item in found.all() if not is_in_view(page, item)]
    assert hidden == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("verdict", "n_modes"), [("Correct", 4), ("Incorrect", 3)])
def test_the_choices_are_in_view_beside_a_long_unit(
    page, ana, long_audit, enter, size, verdict, n_modes
):
    set_size(page, size)
    enter(page, ana, "/audits/long/label/")
    assert_all_in_view(page, ".verdicts .choice", 3)
    page.get_by_role("button", name=re.compile(f"^{verdict}")).click()
    assert_all_in_view(page, ".modes .choice", n_modes)
    assert_all_in_view(page, ".mode-step .go", 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("key", "n_modes"), [("c", 4), ("x", 3), ("t", 0)])
def test_a_changed_verdict_shows_the_modes_that_go_with_it_and_the_way_on(
    page, ana, audit, enter, size, key, n_modes
):
    """All seven were listed under the fold, with the button to submit below them."""
    set_size(page, size)
    enter(page, ana, "/audits/w34/label/")
    page.keyboard.press("c")
    page.get_by_text("Change it").click()
    expect(page.get_by_label("Why it changed")).to_be_visible()
    page.keyboard.press(key)
    assert_all_in_view(page, ".modes .choice >> visible=true", n_modes)
    assert_all_in_view(page, ".mode-step .go", 1)


@pytest.mark.parametrize("size", SIZES)
def test_the_codebook_opens_at_its_beginning(page, ana, audit, enter, size):
    """Its only button is the last thing in it, and took the focus and the view there."""
    set_size(page, size)
    enter(page, ana, "/audits/w34/label/")
    page.keyboard.press("g")
    expect(page.locator("#codebook")).to_be_focused()
    assert page.locator("#codebook").evaluate("(drawer) => drawer.scrollTop") == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_output_begins_in_view_and_is_the_largest_thing(page, ana, long_audit, enter, size):
    set_size(page, size)
    enter(page, ana, "/audits/long/label/")
    seen = page.locator(".output .text.rendered").evaluate(
        """(item) => {
          const box = item.getBoundingClientRect();
          const pane = item.closest(".read").getBoundingClientRect();
          const shown = Math.min(box.bottom, pane.bottom) - Math.max(box.top, pane.top);
          return Math.max(0, shown) / innerHeight;
        }"""
    )
    assert seen > (0.35 if size == "desktop" else 0.25)


@pytest.mark.parametrize("size", SIZES)
def test_no_page_scrolls_sideways(page, lea, split_audit, enter, size):
    """And in the bar the names of what lies above give way to the name of the page itself."""
    Project.objects.update(name="Assistant of the customer service in four countries")
    Audit.objects.update(name="Negative feedback of the autumn, both releases")
    set_size(page, size)
    enter(page, lea)
    for path in ("/", "/audits/split/", "/audits/split/report/", "/audits/split/gold/"):
        page.goto(page.url.split("/audits")[0].rstrip("/") + path)
        assert not page.evaluate(IS_WIDE), path
        cut = page.locator(".where > a ~ span").evaluate_all(
            "(names) => names.filter((name) => name.scrollWidth > name.clientWidth).length"
        )
        assert cut == 0, path
        where = page.locator(".where")
        assert where.evaluate("(bar) => bar.scrollWidth <= bar.clientWidth"), path


def test_no_page_of_an_import_or_report_scrolls_sideways_on_a_phone(
    page, lea, split_audit, enter, live_server
):
    """The SHA-256, the histogram of values, and the links in the report's bar once did."""
    Project.objects.update(is_demo=True)  # one link more in the report's bar
    set_size(page, "phone")
    enter(page, lea, "/projects/assistant/feedback/import/")
    rows = "".join(f"{k},ask,say,{'very-' * (k % 4 * 4)}bad\n" for k in range(40))
    body = f"id,prompt,output,rating\n{rows},,,,,\n"
    log = {"name": "log.csv", "mimeType": "text/csv", "buffer": body.encode()}
    page.set_input_files("[type=file]", log)
    wide = []

    def look(button):
        if page.evaluate(IS_WIDE):
            wide.append(page.url)
        page.get_by_role("button", name=button).click()

    look("Read the file")
    page.get_by_role("heading", name="Which column is what?").wait_for()
    look("Go on")
    page.get_by_role("heading", name="Which of these are negative?").wait_for()
    page.locator("[name=negative]").first.check()
    look(re.compile("^Import"))
    page.locator("#receipt").wait_for()
    for path in ("", "/projects/assistant/feedback/", "/audits/split/report/"):
        if path:
            page.goto(live_server.url + path)
        if page.evaluate(IS_WIDE):
            wide.append(page.url)
    assert wide == []


def test_axe_on_the_desk_and_sign_in(page, ana, long_audit, enter, live_server):
    album = Album(page)
    album.visit(f"{live_server.url}/sign-in/")
    enter(page, ana)
    album.look("home")
    album.visit(f"{live_server.url}/audits/long/label/")
    page.keyboard.press("g")
    album.look("codebook")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    page.keyboard.press("6")
    album.look("step 2")
    page.keyboard.press("v")
    expect(page.get_by_label("Why it changed")).to_be_visible()
    album.look("revision")
    assert album.wrong == {}


def test_axe_on_the_leads_pages(page, lea, split_audit, enter, live_server):
    enter(page, lea)
    album = Album(page)
    album.look("home")
    for path in ("", "report/", "agreement/", "exports/", "adjudicate/", "label/"):
        album.visit(f"{live_server.url}/audits/split/{path}")
    assert album.wrong == {}


def test_axe_on_what_is_planned_and_compared(
    page, lea, split_audit, make_open_audit, enter, live_server
):
    make_open_audit(2, slug="later")
    enter(page, lea)
    album = Album(page)
    for path in (
        "/audits/split/sensitivity/",
        "/projects/assistant/plan/",
        "/projects/assistant/plan/?margin=99",
        "/projects/assistant/compare/?a=split&b=later",
    ):
        album.visit(live_server.url + path)
    assert album.wrong == {}


def test_a_lead_plans_and_compares_without_a_script_in_the_page(
    page, lea, split_audit, make_open_audit, enter
):
    make_open_audit(2, slug="later")
    enter(page, lea, "/projects/assistant/")
    page.get_by_role("link", name="Plan", exact=True).click()
    page.get_by_label("Wanted margin").fill("10")
    page.get_by_role("button", name="Plan").click()
    expect(page.get_by_text("For ±10.0 points")).to_be_visible()
    page.goto(page.url.split("plan/")[0] + "compare/")
    page.get_by_label("From").select_option("later")
    page.get_by_label("To", exact=True).select_option("split")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="from Audit later to Audit split")).to_be_visible()
