"""The settings page and the empty queue as people meet them: axe, on a phone, without a mouse."""

import pytest
from playwright.sync_api import expect

from labeling import workflow
from labeling.models import Audit
from projects.models import User
from tests.browser.looks import flaws

pytestmark = pytest.mark.browser


def test_axe_on_the_settings_and_nothing_scrolls_sideways(page, lea, ana, ben, audit, enter):
    User.objects.filter(pk=ana.pk).update(first_name="A-very-long-name" * 4)
    enter(page, lea, "/audits/w34/settings/")
    assert flaws(page) == []
    page.get_by_label("Gold units, %").fill("70")
    page.get_by_role("button", name="Save the settings").click()
    expect(page.get_by_text("Expected 0 to 50 percent, got 70")).to_be_visible()
    assert flaws(page) == []
    workflow.close_audit(audit)
    page.goto(page.url)
    expect(page.get_by_text("This audit is closed")).to_be_visible()
    assert flaws(page) == []


def test_a_lead_sets_them_by_keyboard_and_a_grader_reads_the_reason(page, lea, ana, audit, enter):
    enter(page, lea, "/audits/w34/")
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Third opinion").press("Space")
    page.get_by_label("By invitation").press("Space")
    page.get_by_label("lea, team lead").press("Space")
    page.get_by_label("Most labels per person").fill("12")
    page.get_by_label("Most labels per person").press("Enter")
    expect(page.get_by_text("The settings are saved")).to_be_visible()
    expect(page.get_by_label("Third opinion")).to_be_checked()
    stored = Audit.objects.get()
    assert (stored.asks_third, stored.by_invitation, stored.max_labels_per_coder) == (
        True,
        True,
        12,
    )
    page.context.clear_cookies()
    enter(page, ana, "/audits/w34/label/")
    expect(page.get_by_text("You are not yet invited to this audit")).to_be_visible()
    expect(page.get_by_text("Ask lea to let you in.")).to_be_visible()


def test_axe_on_the_empty_queue(page, ana, lea, make_open_audit, enter):
    make_open_audit(1, slug="w34", by_invitation=True)
    enter(page, ana, "/audits/w34/label/")
    expect(page.get_by_role("heading", name="Nothing to label here now")).to_be_visible()
    assert flaws(page) == []


def test_axe_on_what_a_lead_meets_before_the_opening(
    page, lea, split_audit, make_open_audit, enter
):
    """The checklist with something lacking, and the gold page with its candidates."""
    make_open_audit(1, slug="w34", status="prepared", training_bar=0.8)
    enter(page, lea, "/audits/w34/")
    expect(page.get_by_text("Look here:").first).to_be_visible()
    page.get_by_text("Close the audit").click()
    assert flaws(page) == []
    page.goto(page.url + "gold/?search=weeks")
    expect(page.get_by_role("link", name="Fill in").first).to_be_visible()
    assert flaws(page) == []
