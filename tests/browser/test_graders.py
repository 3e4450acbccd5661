"""The pages of an audit's graders as a lead meets them, in Chromium."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from labeling.models import Coder, Effort, Label
from projects.models import User
from tests.browser.looks import Album, set_size
from tests.sampled import AtDesk

pytestmark = pytest.mark.browser
PAGE = "/audits/many/graders/"


@pytest.fixture
def many(transactional_db, make_open_audit, ana_client, ben_client):
    """Twelve units by ana and ben; ana was surely too fast, and has a very long name."""
    User.objects.filter(username="ana").update(first_name="Ana" * 15, last_name="Maria del Carmen")
    audit = make_open_audit(12, slug="many")
    for _ in range(12):
        AtDesk(ana_client, audit).give("correct", "latency")
        AtDesk(ben_client, audit).give("correct", "latency")
    then = timezone.now()
    fast = Coder.objects.get(user__username="ana")
    Effort.objects.bulk_create(
        Effort(unit_id=unit, coder=fast, active_ms=90, first_at=then, last_at=then + timedelta(1))
        for unit in Label.objects.filter(coder=fast).values_list("unit_id", flat=True)
    )
    return audit


def test_a_lead_goes_from_the_audit_to_a_flag_and_its_reasons(page, lea, many, enter):
    enter(page, lea, "/audits/many/")
    page.get_by_role("link", name="Graders").click()
    expect(page.get_by_text("nothing is blocked by them")).to_be_visible()
    flagged = page.get_by_role("row").filter(has_text="too fast")
    expect(flagged).to_have_count(1)
    flagged.get_by_role("link").click()
    expect(page.locator(".flag")).to_have_count(7)
    expect(page.locator(".flag .flagged")).to_have_text(["fires"])
    page.get_by_text("What each figure is").click()
    expect(page.get_by_text("Anchoring meter")).to_be_visible()


def test_on_a_phone_the_name_stays_while_the_figures_scroll(page, lea, many, enter):
    set_size(page, "phone")
    enter(page, lea, PAGE)
    table = page.get_by_role("group", name="Graders")
    table.evaluate("(box) => box.scrollTo(9999, 0)")
    expect(page.get_by_role("columnheader", name="Moved away from it")).to_be_in_viewport()
    expect(page.get_by_role("rowheader").last).to_be_in_viewport()


def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, lea, many, enter, live_server):
    enter(page, lea)
    album = Album(page)
    coder = Coder.objects.get(user__username="ana")
    for path in (PAGE, f"{PAGE}{coder.pk}/"):
        page.goto(live_server.url + path)
        if page.locator("summary").count():
            page.locator("summary").click()
        album.look(path)
    assert album.wrong == {}
