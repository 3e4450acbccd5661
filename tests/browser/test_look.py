"""The choices are always in view, and axe finds nothing serious, in light and in dark."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
GRAVE = {"serious", "critical"}


def set_size(page, size):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})


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
    set_size(page, size)
    enter(page, lea)
    for path in ("/", "/audits/split/", "/audits/split/report/", "/audits/split/agreement/"):
        page.goto(page.url.split("/audits")[0].rstrip("/") + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def findings(page):
    result = Axe().run(page)
    return [
        f"{found['id']}: {found['nodes'][0]['html'][:200]}"
        for found in result.response["violations"]
        if found["impact"] in GRAVE
    ]


@pytest.fixture(params=["light", "dark"])
def scheme(request, page):
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


def test_axe_on_the_desk_and_sign_in(page, ana, long_audit, enter, scheme, live_server):
    page.goto(f"{live_server.url}/sign-in/")
    found = {"sign-in": findings(page)}
    enter(page, ana)
    found["home"] = findings(page)
    page.goto(f"{live_server.url}/audits/long/label/")
    found["step 1"] = findings(page)
    page.keyboard.press("g")
    found["codebook"] = findings(page)
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    page.keyboard.press("6")
    found["step 2"] = findings(page)
    page.keyboard.press("v")
    expect(page.get_by_label("Why it changed")).to_be_visible()
    found["revision"] = findings(page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}


def test_axe_on_the_leads_pages(page, lea, split_audit, enter, scheme, live_server):
    enter(page, lea)
    found = {"home": findings(page)}
    for path in ("", "report/", "agreement/", "exports/", "adjudicate/"):
        page.goto(f"{live_server.url}/audits/split/{path}")
        found[path] = findings(page)
    assert {name: list_ for name, list_ in found.items() if list_} == {}
