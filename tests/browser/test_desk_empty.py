"""The empty desk in the browser: reason and next step, by a page load and after a submit."""

import datetime as dt

import pytest
from playwright.sync_api import expect

from labeling import workflow
from labeling.models import Audit, Label, Seat
from tests.sampled import AtDesk

pytestmark = pytest.mark.browser

FREE_AGAIN = dt.datetime(2099, 8, 3, 9, 5, tzinfo=dt.UTC)
AFTER_A_LABEL = {
    "all done by you": (
        "You have seen every unit that still needs a label",
        "Your part is done. 1 unit is not finished yet",
    ),
    "held by others": (
        "Other graders hold the last units until 09:05 UTC.",
        "Look again then.",
    ),
    "capped": ("1 of 1 labels given", "ask lea"),
    "no longer let in": ("You are not yet invited to this audit", "Ask lea to let you in."),
}
AT_ONCE = {
    "closed": ("This audit is closed since 3 August 2026, 09:05 UTC", "ask lea to reopen"),
    "imported": ("labels that were made elsewhere", "under “My work”"),
    "not invited": ("You are not yet invited to this audit", "Ask lea to let you in."),
}


@pytest.fixture
def audits(transactional_db, make_open_audit, lea, ana, ben_client):
    """One audit per reason: the desk of the first four has one unit for Ana and then no more."""
    made = {
        "all done by you": make_open_audit(1, slug="done"),
        "held by others": make_open_audit(2, slug="held", coders=1),
        "capped": make_open_audit(2, slug="capped", max_labels_per_coder=1),
        "no longer let in": make_open_audit(2, slug="left"),
        "closed": make_open_audit(1, slug="closed"),
        "imported": make_open_audit(1, slug="imported", kind="imported"),
        "not invited": make_open_audit(1, slug="invited", by_invitation=True),
    }
    AtDesk(ben_client, made["held by others"]).open()
    Seat.objects.filter(coder__user__username="ben").update(lease_until=FREE_AGAIN)
    workflow.close_audit(made["closed"])
    closed = Audit.objects.filter(slug="closed")
    closed.update(closed_at=dt.datetime(2026, 8, 3, 9, 5, tzinfo=dt.UTC))
    return made


def label_by_keys(page):
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    page.keyboard.press("4")
    page.keyboard.press("Enter")


def says(page, reason, next_step):
    empty = page.locator(".empty")
    expect(empty).to_contain_text("Nothing to label here now")
    expect(empty).to_contain_text(reason)
    expect(empty).to_contain_text(next_step)


def open_desk(page, audit, live_server):
    page.goto(f"{live_server.url}/audits/{audit.slug}/label/")
    expect(page.locator("#unit")).to_be_visible()


def test_an_empty_desk_says_why_and_what_next_after_a_submit_and_by_a_page_load(
    page, ana, audits, enter, live_server
):
    enter(page, ana)
    for name, (reason, next_step) in AFTER_A_LABEL.items():
        open_desk(page, audits[name], live_server)
        expect(page.locator(".read")).to_be_focused()
        if name == "no longer let in":
            Audit.objects.filter(slug="left").update(by_invitation=True)
        label_by_keys(page)
        says(page, reason, next_step)
        expect(page.locator(".saved")).to_contain_text("UTC")  # the receipt of the last one
        expect(page.locator("#announce")).to_contain_text("Nothing to label here now")
        expect(page.locator("#unit")).to_be_focused()
        page.reload()
        says(page, reason, next_step)
        expect(page.locator(".empty")).to_contain_text("You gave 1 label")
    for name, (reason, next_step) in AT_ONCE.items():
        open_desk(page, audits[name], live_server)
        says(page, reason, next_step)
        expect(page.get_by_role("link", name="Back to my work")).to_be_visible()
    assert Label.objects.count() == len(AFTER_A_LABEL)


def test_an_audit_that_closes_under_an_open_desk_says_so_at_the_submit(
    page, ana, audits, enter, live_server
):
    """And a unit that comes back free is found by looking again, the last label by its key."""
    enter(page, ana)
    open_desk(page, audits["all done by you"], live_server)
    workflow.close_audit(audits["all done by you"])
    page.keyboard.press("c")
    error = page.locator(".field-error")
    expect(error).to_contain_text("is closed and takes no more labels; a lead can reopen it")
    expect(error).to_be_focused()
    page.reload()
    says(page, "This audit is closed since", "ask lea to reopen")
    open_desk(page, audits["held by others"], live_server)
    label_by_keys(page)
    says(page, *AFTER_A_LABEL["held by others"])
    Seat.objects.filter(coder__user__username="ben").update(lease_until="2020-01-01T00:00:00Z")
    page.get_by_role("link", name="Look again").click()
    expect(page.locator(".verdict-step")).to_be_visible()
    open_desk(page, audits["capped"], live_server)
    label_by_keys(page)
    says(page, *AFTER_A_LABEL["capped"])
    page.keyboard.press("u")
    expect(page.locator(".mode-step")).to_be_visible()
    assert Label.objects.current().count() == 1
