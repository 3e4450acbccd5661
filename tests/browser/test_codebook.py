"""The codebook as a person meets it: read, printed, compared, written, and axe finds nothing."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from labeling.codebook_versions import adopt, next_version
from labeling.default_modes import DEFAULT_MODES, LATENCY, Mode
from labeling.models import Codebook
from tests.browser.looks import Album
from tests.sampled import AtDesk

pytestmark = pytest.mark.browser
BOOK = "/projects/assistant/codebooks/default"
RUDE = Mode(code="rude", name="Rude", needs="correct", key="8", position=8, definition="It sneers.")
SLOW = replace(
    LATENCY, name="Slow", definition="It is right, but came too late. " + "A word. " * 40
)


@pytest.fixture
def second(split_audit, lea):
    """default v2: a mode reworded, one more and one gone."""
    kept = [mode for mode in DEFAULT_MODES if mode.code != "formatting"]
    modes = [*(SLOW if mode == LATENCY else mode for mode in kept), RUDE]
    return next_version(
        split_audit.codebook, modes, note="Sneers are new.", by=lea, removed={"formatting"}
    )


@pytest.fixture
def moved(split_audit, second, ana_client):
    """The audit goes on under v2, where ana says one unit again."""
    adopt(split_audit, second)
    token = split_audit.units.earliest("prn").token
    afresh = {"correctness": "correct", "revision_reason": "There is a mode for it now."}
    assert AtDesk(ana_client, split_audit).label(token, "rude", **afresh).status_code < 400
    return split_audit


PAGES = (
    "/projects/assistant/codebooks/",
    f"{BOOK}/1/",
    f"{BOOK}/2/",
    f"{BOOK}/2/diff/",
    f"{BOOK}/1/edit/",
    "/audits/split/",
    "/audits/split/versions/",
)


def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, lea, moved, enter, live_server):
    enter(page, lea)
    album = Album(page)
    album.visit(*(live_server.url + path for path in PAGES))
    assert album.wrong == {}


def test_a_grader_goes_from_home_to_the_codebook_and_what_changed(page, ana, second, enter):
    enter(page, ana)
    page.get_by_role("link", name="codebook default v1").click()
    expect(page.get_by_role("heading", name="Refusal")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    page.get_by_role("link", name="What changed").click()
    slow = page.locator(".diff", has=page.get_by_role("heading", name="Slow changed"))
    expect(slow.locator("del").first).to_contain_text("Too slow")
    expect(slow.locator("ins").first).to_contain_text("Slow")
    lines = slow.locator("del").last.evaluate("(e) => getComputedStyle(e).textDecorationLine")
    assert lines == "line-through", "not by colour alone"


def test_it_prints_black_on_white_without_the_rest_of_the_page(page, ana, second, enter):
    enter(page, ana, f"{BOOK}/2/")
    page.emulate_media(media="print", color_scheme="dark")
    for gone in ("header.bar", "aside"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.get_by_role("heading", name="Unwelcome but correct")).to_be_visible()
    style = page.evaluate(
        """() => {
          const [body, mode] = [document.body, document.querySelector(".mode-entry")];
          const [a, b] = [getComputedStyle(body), getComputedStyle(mode)];
          return [a.backgroundColor, a.color, b.breakInside];
        }"""
    )
    assert style == ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "avoid"]


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_a_lead_writes_the_next_version_and_the_audit_goes_on_under_it(
    browser, lea, split_audit, enter, java_script_enabled
):
    page = browser.new_context(java_script_enabled=java_script_enabled).new_page()
    enter(page, lea, f"{BOOK}/1/")
    page.get_by_role("link", name="Edit").click()
    new = page.get_by_role("group", name="One more mode")
    new.get_by_label("Name").fill("Rude")
    new.get_by_label("Code").fill("rude")
    new.get_by_label("Key").fill("8")
    expect(page.get_by_role("group", name="Refusal").get_by_label("Code")).to_be_disabled()
    page.get_by_role("group", name="Too slow").get_by_label("Remove this mode").check()
    page.get_by_role("button", name="Save as default v2").click()
    expect(page.get_by_role("alert").first).to_contain_text("What changed, and why")
    page.get_by_label("What changed, and why").fill("Sneers are new.")
    page.get_by_role("button", name="Save as default v2").click()
    expect(page.get_by_role("heading", name="Codebook default v2")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("5 labels keep a mode that is removed")
    page.get_by_role("button", name="Go on under default v2").click()
    expect(page.get_by_role("status")).to_contain_text("goes on under default v2")
    split_audit.refresh_from_db()
    assert split_audit.codebook == Codebook.objects.get(version=2)
    assert not split_audit.codebook.modes.filter(code="latency").exists()
    page.context.close()
