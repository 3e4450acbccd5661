"""A lead ends a grader's access while their desk is open: the next request says so."""

import pytest
from playwright.sync_api import expect

from labeling.models import Draft, Label, Verdict
from projects import people
from projects.models import Membership, User
from tests.browser.conftest import PASSWORD

pytestmark = pytest.mark.browser


def test_ended_access_is_said_at_the_next_request_and_nothing_is_stored(
    page, ana, lea, audit, enter
):
    desk = enter(page, ana, "/audits/w34/label/")
    member, lead = (Membership.objects.get(user=person) for person in (ana, lea))
    people.deactivate(member=member, by=lead)
    not_saved = desk.locator("#not-saved")
    desk.keyboard.press("c")
    expect(not_saved).to_contain_text("Not saved: Correct. You no longer have access here")
    assert not Verdict.objects.exists()
    people.reactivate(member=member, by=lead)  # a mistake: what was chosen is still on the page
    desk.keyboard.press("Enter")
    expect(desk.locator(".mode-step")).to_be_visible()
    expect(not_saved).to_be_hidden()

    people.deactivate(member=member, by=lead)
    desk.keyboard.press("6")
    desk.keyboard.press("n")
    desk.keyboard.type("He is right.")
    expect(not_saved).to_contain_text("You no longer have access here: what you type here is not")
    desk.keyboard.press("Control+Enter")
    expect(not_saved).to_contain_text("Not saved: Unwelcome but correct. You no longer have")
    expect(desk.locator(".mode-step [name=note]")).to_have_value("He is right.")
    assert not Label.objects.exists()
    assert not Draft.objects.exists()

    people.reactivate(member=member, by=lead)
    User.objects.filter(pk=ana.pk).update(is_active=False)  # the account itself is switched off
    desk.keyboard.press("Control+Enter")
    expect(not_saved).to_contain_text("Not saved: Unwelcome but correct. You are signed out.")
    sign_in = desk.locator("#sign-in-here")
    sign_in.get_by_label("Password").fill(PASSWORD)
    desk.keyboard.press("Enter")
    expect(sign_in.get_by_role("alert")).to_contain_text("correct username and password")
    assert not Label.objects.exists()
