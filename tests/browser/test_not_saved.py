"""When an answer does not arrive: it is said, one key sends it again, and it arrives once."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from labeling.models import Draft, Label, Verdict
from tests.browser.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("intercepting")]
DESK = "/audits/w34/label/"
STEP_1, STEP_2 = ".verdict-step", ".mode-step"
CHOSEN = "Not saved: Unwelcome but correct."


def never_answer(route):
    """The page gives up by its own time-out."""


FAILURES = {
    "server error": lambda route: route.fulfill(status=500, body="<h1>Oops</h1>"),
    "no connection": lambda route: route.abort(),
    "a proxy's page": lambda route: route.fulfill(
        status=200,
        content_type="text/html",
        body="<html><body><h1>Captive portal</h1></body></html>",
    ),
    "a proxy's error": lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"),
    "an empty answer": lambda route: route.fulfill(status=200, body=""),
    "a time-out": never_answer,
}


@pytest.fixture
def desk(page, ana, audit, enter):
    enter(page, ana, DESK)
    page.evaluate("htmx.config.timeout = 4000")
    return page


@pytest.fixture
def chosen(desk):
    """The second step with a mode chosen, not yet sent."""
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("6")
    return desk


def not_saved(page):
    return page.locator("#not-saved")


@pytest.mark.parametrize("failure", FAILURES)
def test_a_label_that_did_not_arrive_stays_and_one_key_sends_it_again(chosen, failure):
    chosen.route("**/units/*/label/", FAILURES[failure])
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text(CHOSEN)
    expect(chosen.locator("[value=unwelcome_but_correct]").first).to_be_checked()
    expect(chosen.locator(".saved")).to_have_count(0)
    assert not Label.objects.exists()
    chosen.unroute("**/units/*/label/")
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    expect(not_saved(chosen)).to_be_hidden()
    assert Label.objects.get().category == "unwelcome_but_correct"


@pytest.mark.parametrize("failure", FAILURES)
def test_a_verdict_that_did_not_arrive_is_sent_again_by_the_same_key(desk, failure):
    desk.route("**/verdict/", FAILURES[failure])
    desk.keyboard.press("x")
    expect(not_saved(desk)).to_contain_text("Not saved: Incorrect.")
    expect(desk.locator(STEP_1)).to_be_visible()
    assert not Verdict.objects.exists()
    desk.unroute("**/verdict/")
    desk.keyboard.press("Enter")
    expect(desk.locator(STEP_2)).to_be_visible()
    assert Verdict.objects.get().correctness == "incorrect"


def lose(route):
    """The server stored it, the network ate the receipt."""
    route.fetch()
    route.abort()


def test_an_answer_that_was_saved_but_lost_on_the_way_is_one_label(chosen):
    chosen.route("**/units/*/label/", lose)
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text(CHOSEN)
    chosen.unroute("**/units/*/label/")
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    assert Label.objects.count() == 1


def test_a_mode_that_is_changed_after_a_failure_is_what_arrives(chosen):
    chosen.route("**/units/*/label/", FAILURES["server error"])
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text(CHOSEN)
    chosen.unroute("**/units/*/label/")
    chosen.keyboard.press("4")
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    assert Label.objects.get().category == "latency"


def test_the_page_says_when_the_server_answers_again(chosen):
    chosen.route("**/units/*/label/", FAILURES["no connection"])
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text("did not answer")
    expect(not_saved(chosen)).to_contain_text("The server answers again.")
    assert not Label.objects.exists()
    chosen.unroute("**/units/*/label/")
    chosen.get_by_role("button", name="Send again").click()
    expect(chosen.locator("#progress")).to_contain_text("1 by you")


def end_session(page):
    Session.objects.all().delete()


def test_a_session_that_ended_is_renewed_in_place_and_the_label_arrives_once(chosen):
    chosen.keyboard.press("n")
    note = chosen.get_by_label("Note", exact=True).locator("visible=true")
    note.fill("He is right about the date.")
    end_session(chosen)
    chosen.keyboard.press("Control+Enter")
    expect(not_saved(chosen)).to_contain_text("You are signed out")
    dialog = chosen.locator("#sign-in-here")
    expect(dialog.get_by_label("Password")).to_be_focused()
    dialog.get_by_label("Password").fill("not the password")
    chosen.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("correct username and password")
    dialog.get_by_label("Password").fill(PASSWORD)
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    expect(not_saved(chosen)).to_be_hidden()
    label = Label.objects.get()
    assert (label.category, label.note) == ("unwelcome_but_correct", "He is right about the date.")
    chosen.keyboard.press("c")
    expect(chosen.locator(STEP_2)).to_be_visible()


def test_a_verdict_waits_for_the_sign_in_too(desk):
    end_session(desk)
    desk.keyboard.press("t")
    expect(not_saved(desk)).to_contain_text("Not saved: Cannot tell. You are signed out")
    desk.locator("#sign-in-here").get_by_label("Password").fill(PASSWORD)
    desk.keyboard.press("Enter")
    expect(desk.locator(STEP_2)).to_be_visible()
    assert Verdict.objects.get().correctness == "cannot_tell"


def test_a_sign_in_in_another_tab_does_not_cost_the_answer(chosen, ana, enter):
    """It changes the form token; the page takes the new one and sends the answer once more."""
    end_session(chosen)
    other = enter(chosen.context.new_page(), ana)
    other.close()
    chosen.keyboard.press("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    assert Label.objects.count() == 1


def sign_in_again_in_another_tab(page, live_server):
    """By the form: that is what gives the browser a new form token."""
    end_session(page)
    other = page.context.new_page()
    other.goto(f"{live_server.url}/sign-in/")
    other.get_by_label("User name").fill("ana")
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    other.close()


def write_note(page, text):
    page.keyboard.press("n")
    page.keyboard.type(text)


def has_kept(words):
    """An answer of the server that it kept a draft with these words."""

    def kept(answer):
        asked = answer.request
        return answer.ok and asked.url.endswith("/keep/") and words in (asked.post_data or "")

    return kept


def test_a_sign_in_in_another_tab_while_somebody_types_costs_no_draft(chosen, live_server):
    """It said “You are signed out”, which was false, and kept nothing any more."""
    sign_in_again_in_another_tab(chosen, live_server)
    with chosen.expect_response(has_kept("Right")):
        write_note(chosen, "Right about the date.")
    expect(not_saved(chosen)).to_be_hidden()
    assert Draft.objects.get().fields["note"] == "Right about the date."
    chosen.keyboard.press("Control+Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")


def test_what_is_typed_after_the_session_ended_is_kept_after_the_sign_in_in_place(chosen):
    end_session(chosen)
    write_note(chosen, "Right about the date.")
    expect(not_saved(chosen)).to_contain_text("You are signed out: what you type here is not kept.")
    assert not Draft.objects.filter(fields__note__startswith="Right").exists()
    chosen.get_by_role("button", name="Sign in here").click()
    chosen.locator("#sign-in-here").get_by_label("Password").fill(PASSWORD)
    with chosen.expect_response(has_kept("Right")):
        chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_be_hidden()
    draft = Draft.objects.get().fields
    assert (draft["note"], draft["failure_mode"]) == (
        "Right about the date.",
        "unwelcome_but_correct",
    )
    assert not Label.objects.exists()


def test_that_nothing_is_kept_is_said_once_and_no_more_once_it_is_untrue(chosen, ana, enter):
    """Each try built the alert anew: it was read aloud again and its button lost the focus."""
    end_session(chosen)
    write_note(chosen, "Right.")
    button = chosen.get_by_role("button", name="Sign in here")
    button.focus()
    chosen.evaluate(
        """() => {
          window.builds = 0;
          const count = new MutationObserver(() => { window.builds += 1 });
          const everything = { childList: true, subtree: true, attributes: true };
          count.observe(document.getElementById("not-saved"), everything);
        }"""
    )
    for _ in range(2):
        with chosen.expect_response("**/keep/"):
            pass
    expect(button).to_be_focused()
    assert chosen.evaluate("window.builds") == 0
    enter(chosen.context.new_page(), ana).close()
    expect(chosen.locator("[data-kept]")).to_contain_text("Draft kept at")
    expect(not_saved(chosen)).to_be_hidden()


def test_a_key_that_is_held_sends_a_failed_answer_once(chosen):
    chosen.route("**/units/*/label/", FAILURES["server error"])
    chosen.keyboard.press("Enter")
    expect(not_saved(chosen)).to_contain_text(CHOSEN)
    chosen.unroute("**/units/*/label/")
    chosen.keyboard.down("Enter")
    expect(chosen.locator("#progress")).to_contain_text("1 by you")
    for _ in range(5):
        chosen.keyboard.down("Enter")
    chosen.keyboard.up("Enter")
    expect(chosen.locator(STEP_1)).to_be_visible()
    assert Label.objects.count() == 1
    assert Verdict.objects.count() == 1


def test_on_a_phone_the_way_to_send_again_lies_above_the_choices_and_covers_none(
    page, ana, audit, enter
):
    """It stood at the top, out of the thumb's reach; the receipt broke the header in two."""
    page.set_viewport_size({"width": 390, "height": 844})
    desk = enter(page, ana, DESK)
    header = desk.locator("header.bar").bounding_box()["height"]
    desk.route("**/verdict/", FAILURES["no connection"], times=1)
    desk.get_by_role("button", name="Incorrect").click()
    again = desk.get_by_role("button", name="Send again")
    assert again.bounding_box()["height"] >= 44
    assert again.bounding_box()["y"] > 844 / 2
    bar, choose = not_saved(desk).bounding_box(), desk.locator("#choose").bounding_box()
    assert bar["y"] + bar["height"] <= choose["y"]
    assert choose["y"] + choose["height"] <= 844
    again.click()
    expect(desk.locator(STEP_2)).to_be_visible()
    expect(not_saved(desk)).to_be_hidden()
    desk.locator(".mode-refusal").click()
    desk.get_by_role("button", name="Submit and next").click()
    expect(desk.locator(".saved")).to_contain_text("UTC")
    assert desk.locator("header.bar").bounding_box()["height"] == header
