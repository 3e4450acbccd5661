"""The pages of agreement at two sizes, light and dark: nothing cut off, and axe finds nothing."""

import pytest
from playwright.sync_api import expect

from labeling.models import Coder
from tests.browser.looks import SIZES, Album, set_size

pytestmark = pytest.mark.browser
PAGE = "/audits/split/agreement/"


@pytest.fixture
def paths(split_audit):
    first, second = Coder.objects.order_by("name").values_list("pk", flat=True)[:2]
    both = "units/?first=latency&second=unwelcome_but_correct"
    token = split_audit.units.get(name="split-OUTPUT-0").token
    return ["", f"pairs/{first}/{second}/", "units/", both, f"units/{token}/"]


@pytest.mark.parametrize("who", ["rey", "lea"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    page, paths, enter, live_server, request, who
):
    enter(page, request.getfixturevalue(who))
    album = Album(page)
    album.visit(*(f"{live_server.url}{PAGE}{path}" for path in paths))
    assert album.wrong == {}


def test_from_the_figures_to_the_unit_in_two_clicks(page, rey, split_audit, enter):
    enter(page, rey, PAGE)
    page.get_by_role("link", name="1 unit with Too slow and Unwelcome but correct").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 unit carries both")
    page.get_by_role("link", name="split-OUTPUT-0").click()
    expect(page.get_by_role("heading", name="What the coders said")).to_be_visible()
    expect(page.locator(".label-cards article")).to_have_count(2)


@pytest.mark.parametrize("size", SIZES)
def test_the_scale_is_drawn_in_the_layout_that_fits(page, rey, split_audit, enter, size):
    set_size(page, size)
    enter(page, rey, PAGE)
    drawn = page.locator("svg[aria-label^='Alpha and its interval'] >> visible=true")
    expect(drawn).to_have_count(1)
    expect(drawn).to_have_class("chart-wide" if size == "desktop" else "chart-narrow")
    expect(drawn.get_by_text(".667")).to_be_visible()
