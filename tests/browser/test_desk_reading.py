"""What is read and asked: earlier turns, hidden characters, and a question to the lead."""

import pytest
from playwright.sync_api import expect

from labeling import flags
from labeling.models import Flag, Label, Skip, Verdict

pytestmark = pytest.mark.browser
DESK = "/audits/w34/label/"
OVERRIDE, ZERO_WIDTH = "\u202e", "\u200b"


def test_earlier_turns_unfold_by_keyboard_and_hidden_characters_are_marked_in_both_views(
    page, ana, long_audit, enter
):
    content = long_audit.units.get().output.content
    content.text = f"The total is {OVERRIDE}0001{ZERO_WIDTH} euros."
    content.conversation[1]["content"] = f"When does the{ZERO_WIDTH} window close?"
    content.save()
    desk = enter(page, ana, "/audits/long/label/")
    earlier = desk.locator(".earlier")
    summary = earlier.get_by_text("4 earlier turns")
    expect(earlier.locator(".turn").first).to_be_hidden()
    summary.press("Enter")
    expect(earlier.locator(".turn >> visible=true")).to_have_count(4)
    expect(earlier.locator(".turn.user .hidden-char")).to_have_text("U+200B")
    for view, other in ((".rendered", ".raw"), (".raw", ".rendered")):
        text = desk.locator(f".output .text{view}")
        expect(desk.locator(f".output .text{other}")).to_be_hidden()
        expect(text.locator(".hidden-char >> visible=true")).to_have_text(["U+202E", "U+200B"])
        title = text.locator(".hidden-char").first.get_attribute("title")
        assert title == "U+202E right-to-left override"
        assert not {OVERRIDE, ZERO_WIDTH} & set(text.text_content())
        desk.keyboard.press("r")
    expect(desk.locator(".verdict-step")).to_be_visible()  # Enter on the summary answered nothing
    desk.keyboard.press("c")
    expect(desk.locator(".mode-step")).to_be_visible()
    expect(earlier.locator(".turn >> visible=true")).to_have_count(4)


def test_a_question_to_the_lead_by_keyboard_and_the_answer_that_no_other_grader_sees(
    page, browser, ana, ben, lea, audit, enter
):
    desk = enter(page, ana, DESK)
    desk.keyboard.press("f")
    expect(desk.get_by_label("What should the lead know?")).to_be_focused()
    desk.keyboard.type("Which shop? c x s u 6")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#flag .by-coder .text")).to_have_text("Which shop? c x s u 6")
    expect(desk.get_by_label("Go on writing")).to_have_value("")
    expect(desk.get_by_label("Go on writing")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.locator("#flag")).to_be_hidden()
    flags.reply(flag=Flag.objects.get(), lead=lea, text="The one in Graz.", resolve=False)
    desk.keyboard.press("c")  # a flag neither skips nor labels: the unit is there to be answered
    expect(desk.locator(".mode-step")).to_be_visible()
    desk.keyboard.press("f")
    expect(desk.locator("#flag .by-lead .text")).to_have_text("The one in Graz.")
    expect(desk.get_by_label("Go on writing")).to_be_focused()
    other = enter(browser.new_context().new_page(), ben, DESK)
    assert other.locator("#unit").get_attribute("data-unit") == Flag.objects.get().unit.token
    other.keyboard.press("f")
    expect(other.get_by_label("What should the lead know?")).to_be_focused()
    expect(other.locator("#flag .thread")).to_have_count(0)
    assert [word for word in ("Graz", "Which shop") if word in other.content()] == []
    other.context.close()
    assert (Skip.objects.count(), Label.objects.count(), Verdict.objects.count()) == (0, 0, 1)
