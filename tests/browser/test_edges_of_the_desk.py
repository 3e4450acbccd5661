"""The page when a proxy, a flag, an undo or another person comes between."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from labeling.models import Draft, FlagMessage, Label, Skip
from tests.browser.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("intercepting")]
DESK = "/audits/w34/label/"


@pytest.fixture
def chosen(page, ana, audit, enter):
    desk = enter(page, ana, DESK)
    page.evaluate("htmx.config.timeout = 4000")
    desk.keyboard.press("c")
    expect(desk.locator(".mode-step")).to_be_visible()
    desk.keyboard.press("6")
    return desk


def not_saved(page):
    return page.locator("#not-saved")


def test_a_refusal_that_stays_is_not_asked_again_and_again(chosen):
    asked = []

    def refuse(route):
        asked.append(1)
        route.fulfill(status=403, body="Blocked by the proxy.")

    chosen.route("**/units/*/label/", refuse)
    chosen.keyboard.press("Enter")
    chosen.wait_for_timeout(2000)
    assert len(asked) <= 2


def test_a_flag_that_arrives_does_not_hide_that_the_label_did_not(chosen):
    chosen.route("**/units/*/label/", lambda route: route.abort())
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text("Not saved")
    chosen.keyboard.press("f")
    chosen.keyboard.type("Which shop?")
    chosen.keyboard.press("Control+Enter")
    expect(chosen.locator("#flag-thread")).to_contain_text("You")
    expect(not_saved(chosen)).to_be_visible(timeout=1000)


def test_a_proxys_page_does_not_replace_the_flag(chosen):
    chosen.route(
        "**/units/*/flag/",
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Portal</h1>"),
    )
    chosen.keyboard.press("f")
    chosen.keyboard.type("Which shop?")
    chosen.keyboard.press("Control+Enter")
    expect(not_saved(chosen)).to_be_visible(timeout=1500)
    expect(chosen.locator("#flag-text")).to_have_value("Which shop?")


def ask_the_lead(page):
    page.keyboard.press("f")
    page.keyboard.type("Which shop?")
    page.keyboard.press("Control+Enter")


def expect_one_question(page):
    expect(not_saved(page)).to_be_hidden()
    page.keyboard.press("f")
    expect(page.locator("#flag .by-coder .text")).to_have_text("Which shop?")
    assert FlagMessage.objects.count() == 1


def test_a_flag_that_did_not_arrive_is_named_and_gone_once_it_is_sent_again(chosen):
    """The sentence once stayed after the flag was stored, with a button that did nothing."""
    chosen.route("**/units/*/flag/", lambda route: route.abort())
    ask_the_lead(chosen)
    expect(not_saved(chosen)).to_contain_text("Not saved: your question to the lead. ")
    expect(chosen.locator("#flag")).to_be_hidden()
    expect(not_saved(chosen)).to_contain_text("question to the lead. The server answers again.")
    chosen.unroute("**/units/*/flag/")
    chosen.keyboard.press("Enter")
    expect_one_question(chosen)
    assert not Label.objects.exists()


def test_a_flag_waits_for_the_sign_in_and_then_arrives(chosen):
    Session.objects.all().delete()
    ask_the_lead(chosen)
    expect(not_saved(chosen)).to_contain_text("your question to the lead. You are signed out.")
    chosen.locator("#sign-in-here").get_by_label("Password").fill(PASSWORD)
    chosen.keyboard.press("Enter")
    expect_one_question(chosen)


def test_a_flag_on_its_own_page_that_is_sent_again_leaves_no_warning(chosen, live_server):
    token = chosen.locator("#unit").get_attribute("data-unit")
    chosen.goto(f"{live_server.url}/audits/w34/units/{token}/flag/")
    chosen.route("**/units/*/flag/", lambda route: route.abort(), times=1)
    chosen.get_by_label("What should the lead know?").fill("Which shop?")
    send = chosen.get_by_role("button", name="Send to the lead")
    send.click()
    expect(not_saved(chosen)).to_be_visible()
    send.click()
    expect(chosen.locator(".by-coder .text")).to_have_text("Which shop?")
    expect(not_saved(chosen)).to_be_hidden()


def test_a_skip_that_did_not_arrive_says_its_reason_and_is_sent_again_once(chosen):
    """It said “Skip” alone, under the drawer that took every key."""
    chosen.route("**/units/*/skip/", lambda route: route.abort())
    chosen.keyboard.press("s")
    chosen.keyboard.press("ArrowDown")
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text("Not saved: Skip: I do not read the language. ")
    expect(chosen.locator("#skip")).to_be_hidden()
    assert not Skip.objects.exists()
    chosen.unroute("**/units/*/skip/")
    chosen.keyboard.press("Enter")
    expect(chosen.locator(".output")).to_contain_text("1 weeks ago")
    expect(not_saved(chosen)).to_be_hidden()
    assert Skip.objects.get().reason == "language"
    assert not Label.objects.exists()


def test_a_note_is_kept_when_its_label_does_not_arrive(chosen):
    chosen.route("**/units/*/label/", lambda route: route.abort())
    chosen.keyboard.press("n")
    chosen.keyboard.type("Twelve seconds.")
    chosen.keyboard.press("Control+Enter")
    expect(not_saved(chosen)).to_be_visible()
    chosen.wait_for_timeout(6500)
    assert Draft.objects.get().fields.get("note") == "Twelve seconds."


def test_a_note_is_kept_when_the_verdict_is_opened_at_once(chosen):
    chosen.keyboard.press("n")
    chosen.keyboard.type("Twelve seconds.")
    chosen.get_by_text("Change it").click()
    expect(chosen.locator("[name=revision_reason]")).to_be_visible()
    expect(chosen.locator("textarea[name=note]")).to_have_value("Twelve seconds.")


def test_an_undo_whose_answer_is_lost_takes_back_one_label(page, ana, audit, enter):
    desk = enter(page, ana, DESK)
    for n in (1, 2):
        desk.keyboard.press("t")
        expect(desk.locator(".mode-step")).to_be_visible()
        desk.keyboard.press("Enter")
        expect(desk.locator("#progress")).to_contain_text(f"{n} by you")

    def lose(route):
        route.fetch()
        route.abort()

    desk.route("**/undo/", lose, times=1)
    desk.keyboard.press("u")
    expect(not_saved(desk)).to_contain_text("Not saved: Undo")
    desk.keyboard.press("Enter")
    expect(not_saved(desk)).to_be_hidden()
    assert Label.objects.current().count() == 1


def test_somebody_else_who_signs_in_here_does_not_answer_for_the_page(chosen, ana, ben, audit):
    from labeling import seating
    from labeling.workflow import coder_of, record_verdict

    other = coder_of(audit.project, ben)
    seat = seating.claim_next(audit, other)
    record_verdict(unit=seat.unit, coder=other, correctness="correct")
    chosen.context.clear_cookies()
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#sign-in-here")).to_be_visible()
    box = chosen.locator("#sign-in-here")
    chosen.evaluate(
        """([name, password]) => {
          const form = document.querySelector('#sign-in-here form');
          form.querySelector('[name=username]').value = name;
          form.querySelector('[name=password]').value = password;
          form.requestSubmit();
        }""",
        ["ben", PASSWORD],
    )
    expect(box.locator(".sign-in-problem")).to_be_visible()
    chosen.keyboard.press("Escape")
    expect(box).to_be_hidden()
    chosen.locator("h1").focus()
    chosen.evaluate("document.activeElement.blur()")
    chosen.keyboard.press("Enter")
    chosen.wait_for_timeout(1500)
    assert not Label.objects.filter(coder=other).exists()


def test_a_draft_that_a_proxy_answered_is_sent_again(chosen):
    chosen.wait_for_timeout(1500)
    chosen.route(
        "**/units/*/keep/",
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Portal</h1>"),
        times=1,
    )
    chosen.keyboard.press("n")
    chosen.keyboard.type("Twelve seconds.")
    chosen.wait_for_timeout(8000)
    assert Draft.objects.get().fields.get("note") == "Twelve seconds."


def label_with_note(page):
    page.keyboard.press("n")
    page.keyboard.type("Twelve seconds.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#progress")).to_contain_text("1 by you")


def test_keys_do_not_land_in_a_note_that_comes_back_unfolded(chosen):
    """After an undo the note once took the focus, and the next keys with it."""
    label_with_note(chosen)
    chosen.keyboard.press("u")
    note = chosen.locator(".mode-step textarea[name=note]")
    expect(note).to_have_value("Twelve seconds.")
    chosen.keyboard.press("4")
    expect(chosen.locator("[value=latency]").first).to_be_checked()
    expect(note).to_have_value("Twelve seconds.")
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    expect(chosen.locator(".verdict-step")).to_be_visible()
    assert Label.objects.current().get().category == "latency"


def test_after_a_reopened_unit_the_address_is_the_desks(chosen, audit):
    label_with_note(chosen)
    first = Label.objects.get().unit.token
    chosen.goto(chosen.url.replace("/label/", f"/units/{first}/"))
    expect(chosen.locator(".mode-step")).to_contain_text("You sent this on")
    chosen.keyboard.press("4")
    chosen.keyboard.press("Enter")
    expect(chosen.locator(".verdict-step")).to_be_visible()
    assert chosen.url.endswith(DESK)


def test_on_a_phone_the_output_stays_in_view_in_the_second_step(page, ana, long_audit, enter):
    page.set_viewport_size({"width": 390, "height": 844})
    desk = enter(page, ana, "/audits/long/label/")
    desk.get_by_role("button", name="Incorrect").click()
    expect(desk.locator(".mode-step")).to_be_visible()
    seen = desk.locator(".turn.output").evaluate(
        """(item) => {
          const box = item.getBoundingClientRect();
          const pane = item.closest(".read").getBoundingClientRect();
          return Math.min(box.bottom, pane.bottom) - Math.max(box.top, pane.top);
        }"""
    )
    assert seen > 100
