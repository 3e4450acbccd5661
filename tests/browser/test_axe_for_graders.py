"""Axe finds nothing at all on any page a grader meets: light and dark, desktop and phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from labeling.flags import raise_flag, reply
from labeling.workflow import coder_of

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("intercepting")]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(params=["light", "dark"])
def scheme(request, page):
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


@pytest.fixture(params=SIZES)
def sized(request, page):
    width, height = SIZES[request.param]
    page.set_viewport_size({"width": width, "height": height})
    return page


def findings(page):
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found]


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


def test_the_desk_and_its_drawers(sized, ana, audit, answered_flag, enter, scheme):
    page = enter(sized, ana, "/audits/w34/label/")
    found = {"step 1": findings(page)}
    for key, name in DRAWERS.items():
        page.keyboard.press(key)
        expect(page.locator(f"#{name}")).to_be_visible()
        found[name] = findings(page)
        page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    page.keyboard.press("6")
    found["step 2"] = findings(page)
    page.keyboard.press("n")
    page.keyboard.type("A note.")
    expect(page.locator("[data-kept]")).to_contain_text("Draft kept at")
    found["note"] = findings(page)
    page.route("**/units/*/label/", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    expect(page.locator("#not-saved")).to_be_visible()
    found["not saved"] = findings(page)
    page.evaluate("document.getElementById('sign-in-here').showPopover()")
    found["sign in here"] = findings(page)
    assert {name: rules for name, rules in found.items() if rules} == {}


PAGES = {
    "home": "/",
    "keys": "/keys/",
    "my work": "/my-work/",
    "sent": "/audits/w34/mine/",
    "thread": "/audits/w34/units/w34-token-0/flag/",
    "codebook": "/projects/assistant/codebooks/default/1/",
    "closed": "/audits/w34/label/",
}


def test_the_other_pages(sized, ana, audit, answered_flag, at_desk, ana_client, enter, scheme):
    at_desk(ana_client, audit).give("correct", "latency", note="A note.")
    audit.status = "closed"
    audit.save(update_fields=["status"])
    page = enter(sized, ana)
    found = {}
    for name, path in PAGES.items():
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        expect(page.locator("main")).to_be_visible()
        found[name] = findings(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[name].append("scrolls sideways")
    assert {name: rules for name, rules in found.items() if rules} == {}
