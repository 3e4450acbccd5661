"""The desk as a grader meets it: by keyboard, by mouse, without JavaScript, and on failures."""

import re

import pytest
from playwright.sync_api import expect

from labeling.models import Label, Skip

pytestmark = pytest.mark.browser
DESK = "/audits/w34/label/"
STEP_1, STEP_2 = ".verdict-step", ".mode-step"


@pytest.fixture
def desk(page, ana, audit, enter):
    return enter(page, ana, DESK)


def current():
    labels = Label.objects.current().order_by("pk")
    return [(label.unit.prn[-1], label.category) for label in labels]


def test_three_units_by_keyboard_alone(desk):
    keys = [("c", "6"), ("x", "2"), ("t", "")]
    for n_done, (verdict, mode) in enumerate(keys, start=1):
        desk.keyboard.press(verdict)
        expect(desk.locator(STEP_2)).to_be_visible()
        if mode:
            desk.keyboard.press(mode)
        desk.keyboard.press("Enter")
        expect(desk.locator("#progress")).to_contain_text(f"{n_done} by you")
        expect(desk.locator(".saved")).to_contain_text("Saved")
        expect(desk.locator(STEP_1)).to_be_visible()
    assert current() == [
        ("0", "unwelcome_but_correct"),
        ("1", "hallucination"),
        ("2", "cannot_tell"),
    ]


def test_three_units_by_mouse_alone(desk):
    for n_done in (1, 2, 3):
        desk.get_by_role("button", name=re.compile("^Correct")).click()
        desk.locator(".mode-latency").click()
        desk.get_by_role("button", name="Submit and next").click()
        expect(desk.locator("#progress")).to_contain_text(f"{n_done} by you")
    assert current() == [("0", "latency"), ("1", "latency"), ("2", "latency")]


def test_three_units_without_javascript(browser, ana, audit, enter):
    context = browser.new_context(java_script_enabled=False)
    page = enter(context.new_page(), ana, DESK)
    for _ in range(3):
        page.get_by_role("button", name=re.compile("^Incorrect")).click()
        page.get_by_role("radio", name="Refusal").check(force=True)
        page.get_by_role("button", name="Submit and next").click()
        expect(page.locator(".message")).to_contain_text("Saved at")
    page.get_by_role("button", name="undo last").click()
    expect(page.locator(STEP_2)).to_be_visible()
    page.get_by_text("Change it").click()
    page.get_by_label("Correct", exact=False).first.check(force=True)
    page.get_by_label("Why it changed").fill("Seen again.")
    page.locator(".mode-no_fault_found").click()
    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator(".message")).to_contain_text("Saved at")
    page.get_by_role("button", name="skip", exact=False).first.click()
    page.get_by_label("I do not read the language").check()
    page.get_by_role("button", name="Skip", exact=True).click()
    context.close()
    assert [code for _, code in current()] == ["refusal", "refusal", "no_fault_found"]
    assert Skip.objects.get().unit.prn.endswith("3")


def test_codebook_and_keys_are_in_reach_without_javascript(browser, ana, audit, enter):
    context = browser.new_context(java_script_enabled=False)
    page = enter(context.new_page(), ana, DESK)
    codebook = page.locator("#codebook")
    page.get_by_role("button", name="codebook").click()
    expect(codebook.get_by_role("heading", name="Hallucination")).to_be_visible()
    codebook.get_by_role("button", name="Close").click()
    expect(codebook).to_be_hidden()
    page.get_by_role("button", name="keys", exact=False).click()
    page.get_by_role("link", name="Change my keys").click()
    page.get_by_label("Skip this unit").fill("b")
    page.get_by_role("button", name="Save my keys").click()
    expect(page.locator(".message")).to_contain_text("Your keys are saved")
    page.goto(page.url.replace("/keys/", DESK))
    expect(page.get_by_role("button", name="skip").first).to_have_text("b skip")
    context.close()


def test_r_shows_the_raw_output_and_back(desk):
    raw, rendered = desk.locator(".output .raw"), desk.locator(".output .text.rendered")
    expect(raw).to_be_hidden()
    desk.keyboard.press("r")
    expect(raw).to_be_visible()
    expect(rendered).to_be_hidden()
    desk.keyboard.press("r")
    expect(rendered).to_be_visible()


def test_s_opens_the_skip_reasons_and_keys_there_answer_nothing(desk):
    desk.keyboard.press("s")
    expect(desk.locator("#skip")).to_be_visible()
    expect(desk.get_by_label("I do not know the subject")).to_be_focused()
    desk.keyboard.press("c")
    expect(desk.locator(STEP_1)).to_be_visible()
    desk.keyboard.press("ArrowDown")
    with desk.expect_response("**/skip/"):
        desk.keyboard.press("Enter")
    expect(desk.locator("#skip")).to_be_hidden()
    expect(desk.locator(".output")).to_contain_text("1 weeks ago")
    assert Skip.objects.get().reason == "language"


def test_escape_leaves_the_skip_reasons(desk):
    desk.keyboard.press("s")
    desk.keyboard.press("Escape")
    expect(desk.locator("#skip")).to_be_hidden()
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()


def test_u_brings_the_last_unit_back(desk):
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("5")
    desk.keyboard.press("Enter")
    expect(desk.locator(STEP_1)).to_be_visible()
    desk.keyboard.press("u")
    expect(desk.locator(STEP_2)).to_be_visible()
    expect(desk.locator(".output")).to_contain_text("0 weeks ago")


def test_v_changes_the_verdict_with_a_reason(desk):
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("v")
    reason = desk.get_by_label("Why it changed")
    expect(reason).to_be_visible()
    desk.keyboard.press("x")
    desk.keyboard.press("1")
    desk.keyboard.press("Enter")
    expect(desk.locator(".field-error")).to_contain_text("needs a reason")
    expect(desk.locator(".field-error")).to_be_focused()
    reason.fill("It declined. c x 5")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(STEP_1)).to_be_visible()
    assert (Label.objects.get().correctness, Label.objects.get().category) == (
        "incorrect",
        "refusal",
    )


def test_keys_typed_into_the_note_answer_nothing(desk):
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("n")
    note = desk.get_by_label("Note", exact=True).locator("visible=true")
    expect(note).to_be_focused()
    desk.keyboard.type("cs u6 rg?")
    expect(note).to_have_value("cs u6 rg?")
    expect(desk.locator(".modes input:checked")).to_have_count(0)
    expect(desk.locator("[popover]:popover-open")).to_have_count(0)


def test_a_held_key_does_not_answer_a_unit_nobody_has_seen(desk):
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("4")
    desk.keyboard.down("Enter")
    expect(desk.locator("#progress")).to_contain_text("1 by you")
    for _ in range(5):
        desk.keyboard.down("Enter")
    desk.keyboard.up("Enter")
    desk.keyboard.down("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    for _ in range(5):
        desk.keyboard.down("c")
    desk.keyboard.up("c")
    assert current() == [("0", "latency")]


def test_a_key_pressed_while_the_answer_is_on_its_way_is_ignored(desk):
    """Two quick presses are one answer."""
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("4")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    desk.keyboard.press("Enter")
    expect(desk.locator("#progress")).to_contain_text("1 by you")
    expect(desk.locator(STEP_1)).to_be_visible()
    assert current() == [("0", "latency")]


def test_the_reading_pane_scrolls_by_keyboard(page, ana, long_audit, enter):
    desk = enter(page, ana, "/audits/long/label/")

    def place_after(key):
        desk.keyboard.press(key)
        desk.wait_for_timeout(300)
        return desk.locator(".read").evaluate("(pane) => pane.scrollTop")

    start = desk.locator(".read").evaluate("(pane) => pane.scrollTop")
    down, page_down, up = place_after("j"), place_after("PageDown"), place_after("k")
    assert start < down < page_down > up


def test_the_reading_place_stays_when_the_verdict_is_given(page, ana, long_audit, enter):
    desk = enter(page, ana, "/audits/long/label/")
    desk.locator(".read").evaluate("(pane) => { pane.scrollTop = 1500 }")
    desk.keyboard.press("r")
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    assert desk.locator(".read").evaluate("(pane) => pane.scrollTop") == 1500
    expect(desk.locator(".output .raw")).to_be_visible()


def test_a_screen_reader_hears_what_each_step_changed(desk):
    desk.keyboard.press("c")
    said = desk.locator("#announce")
    expect(said).to_contain_text("Correct. The user rated it down")
    expect(said).to_contain_text("Why was it rated down?")
    desk.keyboard.press("4")
    desk.keyboard.press("Enter")
    expect(said).to_contain_text(
        re.compile(r"Saved \d\d:\d\d:\d\d UTC\. 1 · Was the answer right\?")
    )


def test_on_a_phone_everything_to_press_is_in_reach_of_a_thumb(page, ana, audit, enter):
    """The choices stand in the lower half, each at least 44 pixels high (WCAG 2.5.5)."""
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page, ana, DESK)
    for choices in (".verdicts .choice", ".modes .choice, .go"):
        boxes = [item.bounding_box() for item in page.locator(choices).all()]
        boxes += [item.bounding_box() for item in page.locator(".foot .link").all()]
        assert [box for box in boxes if box["height"] < 44 or box["y"] < 844 / 2] == []
        if choices.startswith(".verdicts"):
            page.get_by_role("button", name=re.compile("^Correct")).click()
            expect(page.locator(STEP_2)).to_be_visible()
