"""Inviting, joining and ending access as people meet it, in Chromium."""

import pytest
from playwright.sync_api import expect

from projects import invitations
from projects.models import Membership, Project, User
from tests.browser.looks import Album

pytestmark = pytest.mark.browser
PEOPLE = "/projects/assistant/people/"
PASSWORD = "a long password for tests"
LONG = "somebody.with.a.very.long.name.indeed@department.of.a.large.example.com"


@pytest.fixture
def staff(transactional_db, ana, ben, chi, rey, adam):
    """A project of six, one of them deactivated and one with a last day, and a link to somebody."""
    ana.memberships.update(ends_on="2999-12-31")
    ben.memberships.update(removed_at="2026-01-01T00:00Z")
    project = Project.objects.get()
    invitations.invite(project=project, email=LONG, role="grader", by=adam.memberships.get())


@pytest.fixture
def make_link(project, adam, live_server):
    def make(email="dora@example.com", **more):
        by = adam.memberships.get()
        _, token = invitations.invite(project=project, email=email, role="grader", by=by, **more)
        return f"{live_server.url}/join/{token}/"

    return make


def test_a_lead_invites_and_the_person_joins_without_javascript(
    browser, page, lea, staff, enter, make_open_audit
):
    make_open_audit(1)
    enter(page, lea, PEOPLE)
    page.get_by_label("E-mail address").fill("dora@example.com")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link, shown this once").input_value()
    expect(page.locator("#invited")).to_be_in_viewport()
    context = browser.new_context(java_script_enabled=False)
    other = context.new_page()
    other.goto(link)
    expect(other.get_by_text("lea invites")).to_be_visible()
    other.get_by_label("User name").fill("dora")
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_label("Password again").fill("something else entirely")
    other.get_by_role("button", name="Make the account").click()
    expect(other.get_by_role("alert")).to_be_visible()
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_label("Password again").fill(PASSWORD)
    other.get_by_role("button", name="Make the account").click()
    expect(other.get_by_text("Welcome to Assistant. Your role: grader.")).to_be_visible()
    page.goto(page.url)
    page.get_by_text("Change access of dora").click()
    page.get_by_role("button", name="Deactivate dora").click()
    expect(page.get_by_text("dora has no access any more.")).to_be_visible()
    other.reload()
    expect(other.get_by_text("Your account has no role in a project")).to_be_visible()
    context.close()


def test_an_account_that_exists_signs_in_on_the_way(page, staff, make_link):
    """No part of the way sends the token in a Referer."""
    User.objects.create_user("dora", email="dora@example.com", password=PASSWORD)
    referers = []
    page.on("request", lambda request: referers.append(request.headers.get("referer", "")))
    link = make_link()
    page.goto(link)
    page.get_by_label("User name").fill("dora")
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("User name").fill("dora")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_text("Welcome to Assistant. Your role: grader.")).to_be_visible()
    assert Membership.objects.get(user__username="dora").role == "grader"
    assert len(referers) > 5
    assert [referer for referer in referers if "/join/" in referer] == []


def test_a_last_day_is_set_on_the_page(page, lea, staff, chi, enter):
    enter(page, lea, PEOPLE)
    expect(page.get_by_label("Last day of chi")).to_be_hidden()
    page.get_by_text("Change access of chi").click()
    page.get_by_label("Last day of chi").fill("2999-06-30")
    page.get_by_role("button", name="Set last day of chi").click()
    expect(page.get_by_text("2999-06-30 is the last day of chi.")).to_be_visible()


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_the_link_is_copied_by_a_button(page, lea, staff, enter, has_clipboard):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not has_clipboard:  # as on a page that came without TLS
        page.add_init_script("delete Navigator.prototype.clipboard")
    enter(page, lea, PEOPLE)
    page.get_by_label("E-mail address").fill("dora@example.com")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link, shown this once").input_value()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_label("E-mail address").focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_label("E-mail address")).to_have_value(link)


def test_without_scripts_the_link_can_be_selected_and_a_step_unfolds(
    browser, lea, staff, chi, enter
):
    page = browser.new_context(java_script_enabled=False).new_page()
    enter(page, lea, PEOPLE)
    page.get_by_label("E-mail address").fill("dora@example.com")
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Link, shown this once")).to_be_editable(editable=False)
    expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    expect(page.get_by_role("button", name="Deactivate chi")).to_be_hidden()
    page.get_by_text("Change access of chi").click()
    page.get_by_role("button", name="Deactivate chi").click()
    expect(page.get_by_text("chi has no access any more.")).to_be_visible()
    page.context.close()


def test_an_audit_is_closed_by_a_second_press(page, lea, staff, audit, enter):
    enter(page, lea, f"/audits/{audit.slug}/")
    page.get_by_text("Close the audit").click()
    page.get_by_role("button", name="Yes, close it").click()
    page.get_by_role("button", name="Reopen").click()
    expect(page.get_by_text("Close the audit")).to_be_visible()


def test_the_form_of_signing_in_leads_to_where_one_wanted_to_go(page, ana, audit, live_server):
    page.goto(f"{live_server.url}/audits/w34/label/")
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill("not her password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".verdict-step")).to_be_visible()


def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    page, lea, staff, chi, enter, make_link, live_server
):
    album = Album(page)
    page.goto(make_link("x" + LONG, ends_on=None, name="A Name"))
    album.look("join, new")
    page.get_by_label("User name").fill("a b")
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("Password again").fill("short")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("alert")).to_have_count(2)
    album.look("join, refused")
    page.goto(f"{live_server.url}/join/none/")
    album.look("not valid")
    User.objects.create_user("dora", email="dora@example.com", password=PASSWORD)
    page.goto(make_link())
    album.look("join, has account")
    enter(page, lea, PEOPLE)
    album.look("people")
    page.get_by_text("Change access of chi").click()
    album.look("people, a row unfolded")
    page.get_by_role("button", name="Make a link").click()
    album.look("people, refused")
    page.get_by_label("E-mail address").fill(LONG)
    page.get_by_role("button", name="Make a link").click()
    page.locator("#invited").wait_for()
    album.look("people, invited")
    page.goto(make_link())
    album.look("join, someone else")
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_text("Sign in first")).to_be_visible()
    assert album.wrong == {}
