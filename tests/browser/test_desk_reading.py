"""What is read and asked: earlier turns, hidden characters, and a question to the lead."""

import pytest
from playwright.sync_api import expect

from feedback.models import Content, Output
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


@pytest.mark.parametrize(
    ("latency_ms", "line"),
    [
        (1_400, "answered in 1.4 s, within the team's 2 s"),
        (2_000, "answered in 2.0 s, within the team's 2 s"),
        (12_300, "answered in 12.3 s, over the team's 2 s"),
        (None, "latency not known"),
    ],
)
def test_the_latency_stands_beside_the_teams_limit(page, ana, audit, enter, latency_ms, line):
    audit.project.latency_limit_ms = 2_000
    audit.project.save(update_fields=["latency_limit_ms"])
    Output.objects.update(latency_ms=latency_ms)
    desk = enter(page, ana, DESK)
    said = desk.locator(".output .who > span")
    expect(said).to_be_visible()
    expect(said).to_have_text(line)
    expect(desk.locator(".output .slow")).to_have_count(int("over" in line))


def test_the_drawer_says_what_a_skip_counts_as(page, ana, audit, enter):
    desk = enter(page, ana, DESK)
    desk.keyboard.press("s")
    said = desk.locator("#skip .muted")
    expect(said).to_be_visible()
    expect(said).to_have_text("The unit goes back for others. A skip does not count as a label.")


MARKDOWN = """# The fees

| day | fee |
|---|---|
| 31 | 12 |

```python
print("thirty days")
```
"""


def test_headings_tables_and_coloured_code_are_seen_on_the_desk(
    page, ana, audit, enter, monkeypatch
):
    monkeypatch.setattr("feedback.rendering.HIGHLIGHT_SECONDS", 60)  # the machine may be slow
    Content.objects.update(text=MARKDOWN)
    desk = enter(page, ana, DESK)
    output = desk.locator(".output .rendered")
    heading = output.get_by_text("The fees", exact=True)  # a paragraph: the outline is the page's
    expect(heading).to_be_visible()
    assert int(heading.evaluate("(item) => getComputedStyle(item).fontWeight")) >= 600
    expect(output.get_by_role("columnheader")).to_have_text(["day", "fee"])
    expect(output.get_by_role("cell")).to_have_text(["31", "12"])
    word = output.locator("pre [class^=hl-s]").first
    expect(word).to_be_visible()
    expect(output.locator("pre")).to_contain_text('print("thirty days")')
    colour = "(item) => getComputedStyle(item).color"
    assert word.evaluate(colour) != output.locator("pre").evaluate(colour)
