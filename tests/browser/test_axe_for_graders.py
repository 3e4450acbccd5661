"""Axe finds nothing at all on any page a grader meets: light and dark, desktop and phone."""

import pytest
from playwright.sync_api import expect

from labeling.flags import raise_flag, reply
from labeling.workflow import coder_of
from tests.browser.looks import Album

pytestmark = pytest.mark.browser


@pytest.fixture
def answered_flag(audit, project, ana, lea):
    """Ana asked about the first unit, and Lea answered."""
    unit = audit.units.order_by("serving").first()
    coder = coder_of(project, ana)
    unit.seats.filter(position=1).update(
        coder=coder, claimed_at="2026-11-24T06:00:00Z", lease_until="2026-11-24T06:30:00Z"
    )
    flag = raise_flag(unit=unit, coder=coder, user=ana, text="Is this about shoes?")
    reply(flag=flag, lead=lea, text="Yes, read the second turn.", resolve=False)
    return flag


DRAWERS = {"s": "skip", "f": "flag", "g": "codebook", "?": "keys"}


@pytest.mark.usefixtures("intercepting")
def test_the_desk_and_its_drawers(page, ana, audit, answered_flag, enter):
    enter(page, ana, "/audits/w34/label/")
    album = Album(page)
    album.look("step 1")
    for key, name in DRAWERS.items():
        page.keyboard.press(key)
        expect(page.locator(f"#{name}")).to_be_visible()
        album.look(name)
        page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    page.keyboard.press("6")
    album.look("step 2")
    page.keyboard.press("n")
    page.keyboard.type("A note.")
    expect(page.locator("[data-kept]")).to_contain_text("Draft kept at")
    album.look("note")
    page.route("**/units/*/label/", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    expect(page.locator("#not-saved")).to_be_visible()
    album.look("not saved")
    page.evaluate("document.getElementById('sign-in-here').showPopover()")
    album.look("sign in here")
    assert album.wrong == {}


PAGES = (
    "/",
    "/keys/",
    "/my-work/",
    "/audits/w34/mine/",
    "/audits/w34/units/w34-token-0/flag/",
    "/projects/assistant/codebooks/default/1/",
    "/audits/w34/label/",
)


def test_the_other_pages(page, ana, audit, answered_flag, at_desk, ana_client, enter, live_server):
    at_desk(ana_client, audit).give("correct", "latency", note="A note.")
    audit.status = "closed"
    audit.save(update_fields=["status"])
    enter(page, ana)
    album = Album(page)
    album.visit(*(live_server.url + path for path in PAGES))
    assert album.wrong == {}


def test_pages_that_say_no(page, ana, audit, enter, live_server):
    """An address that is not there, what a grader has no part in, and a door that stays shut."""
    enter(page, ana)
    album = Album(page)
    for path in ("/no/such/page/", "/audits/w34/report/"):
        album.visit(live_server.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/sign-in/")
    for _ in range(8):
        page.get_by_label("User name").fill("ana")
        page.get_by_label("Password").fill("a wrong password")
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Too many attempts")).to_be_visible()
    album.look("locked")
    assert album.wrong == {}
