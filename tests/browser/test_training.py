"""Training by keyboard alone, on a phone, and as axe sees it; the lead's page of gold beside it."""

import pytest
from playwright.sync_api import expect

from labeling.models import TrainingAnswer
from tests.browser.looks import SIZES, Album, flaws, set_size
from tests.browser.test_look import assert_all_in_view

pytestmark = pytest.mark.browser
TRAINING = "/audits/w34/training/"


@pytest.fixture
def trained_audit(audit, make_gold):
    """Two training units, slow and refused; both are to be right."""
    audit.training_bar = 1
    audit.save(update_fields=["training_bar"])
    because = (
        "It took **forty seconds** for one line. The limit of the team is twenty.\n\n- Too slow."
    )
    make_gold(audit, 101, "latency", is_training=True, explanation=because)
    make_gold(audit, 102, "refusal", is_training=True, explanation="It declined. " * 30)
    return audit


def answer_by_keyboard(page, *keys):
    """Verdict, mode, submit."""
    page.keyboard.press(keys[0])
    expect(page.locator(".mode-step")).to_be_visible()
    expect_ready(page)
    for key in keys[1:]:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_be_visible()
    expect_ready(page)


def expect_ready(page):
    """Each step of training is a page of its own: its keys work once its scripts have run."""
    expect(page.locator(".read")).to_be_focused()


def go_on(page):
    """From the answer to the next unit."""
    page.keyboard.press("Enter")
    expect(page.locator(".verdict-step")).to_be_visible()
    expect_ready(page)


def test_a_grader_trains_by_keyboard_alone_and_starts(page, ana, trained_audit, enter, live_server):
    enter(page, ana, "/audits/w34/label/")
    expect(page).to_have_url(live_server.url + TRAINING)
    answer_by_keyboard(page, "c", "4")
    expect(page.get_by_role("heading", name="Right")).to_be_visible()
    expect(page.get_by_text("Training: 1 of 2, 1 right")).to_be_visible()
    go_on(page)
    answer_by_keyboard(page, "x", "2")
    expect(page.get_by_role("heading", name="Not this time")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You had 1 of 2 right; 2 are needed to start.")).to_be_visible()
    page.keyboard.press("Enter")  # the button has the focus
    expect(page.get_by_text("Training: 0 of 2, 0 right")).to_be_visible()
    expect_ready(page)
    answer_by_keyboard(page, "c", "4")
    go_on(page)
    answer_by_keyboard(page, "x", "1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You may start")).to_be_visible()
    assert flaws(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_server.url}/audits/w34/label/")
    expect(page.locator(".verdict-step")).to_be_visible()
    assert TrainingAnswer.objects.count() == 4


def test_enter_does_nothing_before_a_mode_is_chosen(page, ana, trained_audit, enter):
    enter(page, ana, TRAINING)
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    expect_ready(page)
    page.keyboard.press("Enter")
    expect(page.locator(".mode-step")).to_be_visible()
    assert TrainingAnswer.objects.get().answered_at is None


@pytest.mark.parametrize("size", SIZES)
def test_the_choices_and_the_way_on_are_in_view(page, ana, trained_audit, enter, size):
    set_size(page, size)
    enter(page, ana, TRAINING)
    assert_all_in_view(page, ".verdicts .choice", 3)
    page.keyboard.press("c")
    assert_all_in_view(page, ".modes .choice", 4)
    assert_all_in_view(page, ".mode-step .go", 1)
    expect_ready(page)
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_be_visible()
    assert_all_in_view(page, ".choose > .go", 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_without_javascript(browser, ana, trained_audit, enter, live_server):
    with browser.new_context(java_script_enabled=False) as context:
        page = enter(context.new_page(), ana, TRAINING)
        page.get_by_role("button", name="Correct", exact=False).first.click()
        page.get_by_text("Too slow", exact=True).first.click()
        page.get_by_role("button", name="Submit and see the answer").click()
        expect(page.locator(".told")).to_be_visible()
        page.get_by_role("link", name="Go on").click()
        expect(page.get_by_text("Training: 1 of 2, 1 right")).to_be_visible()


def test_axe_on_training(page, ana, trained_audit, enter):
    enter(page, ana, TRAINING)
    album = Album(page)
    album.look("step 1")
    page.keyboard.press("c")
    expect(page.locator(".mode-step")).to_be_visible()
    expect_ready(page)
    album.look("step 2")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_be_visible()
    album.look("answer")
    go_on(page)
    answer_by_keyboard(page, "x", "1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Not there yet")).to_be_visible()
    album.look("over")
    assert album.wrong == {}


def test_axe_on_the_page_of_gold(
    page, lea, trained_audit, make_gold, split_audit, lea_client, enter
):
    for number in range(103, 106):
        make_gold(trained_audit, number, "formatting", explanation="A table was asked for. " * 6)
    unit = split_audit.units.get(labels__failure_mode__code="unwelcome_but_correct")
    decision = {
        "correctness": "correct",
        "failure_mode": "unwelcome_but_correct",
        "reason": "The rule in the prompt says so.",
    }
    lea_client.post(f"/audits/split/adjudicate/{unit.token}/", decision)
    enter(page, lea, "/audits/w34/gold/")
    fill_in = page.get_by_role("link", name="Fill in from split-OUTPUT-0")
    expect(fill_in).to_be_visible()
    assert flaws(page) == []
    fill_in.click()
    expect(page.get_by_label("Explanation")).to_have_value("The rule in the prompt says so.")
