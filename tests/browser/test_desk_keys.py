"""Each person's own keys, single keys off, and drafts that outlive the page."""

import pytest
from playwright.sync_api import Request, Route, expect

from labeling.desk_keys import DEFAULTS, store_keys
from labeling.models import Draft, Label, Seat, Skip, Verdict

pytestmark = pytest.mark.browser
DESK = "/audits/w34/label/"
STEP_1, STEP_2 = ".verdict-step", ".mode-step"


@pytest.fixture
def desk(page, ana, audit, enter):
    return enter(page, ana, DESK)


def change_keys(page, live_server, **keys):
    page.goto(f"{live_server.url}/keys/")
    for label, key in keys.items():
        page.get_by_label(label.replace("_", " ")).fill(key)
    page.get_by_role("button", name="Save my keys").click()


def test_a_changed_key_acts_and_its_old_place_does_nothing(desk, live_server):
    change_keys(desk, live_server, The_answer_is_correct="m")
    expect(desk.locator(".message")).to_contain_text("Your keys are saved")
    desk.goto(live_server.url + DESK)
    expect(desk.locator("[value=correct] kbd")).to_have_text("m")
    desk.keyboard.press("c")
    expect(desk.locator(STEP_1)).to_be_visible()
    desk.keyboard.press("m")
    expect(desk.locator(STEP_2)).to_be_visible()


def test_two_actions_on_one_key_are_refused_with_both_names(desk, live_server):
    change_keys(desk, live_server, Skip_this_unit="u")
    expect(desk.locator(".field-error")).to_contain_text("“u” is given twice")
    expect(desk.get_by_label("Skip this unit")).to_have_value("u")


def test_single_keys_can_be_switched_off(desk, live_server):
    desk.goto(f"{live_server.url}/keys/")
    desk.get_by_label("Single keys act").uncheck()
    desk.get_by_role("button", name="Save my keys").click()
    desk.goto(live_server.url + DESK)
    for key in ("c", "j", "?", "s"):
        desk.keyboard.press(key)
    expect(desk.locator("[popover]:popover-open")).to_have_count(0)
    desk.get_by_role("button", name="Correct", exact=False).first.press("Enter")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.get_by_role("radio", name="Too slow").check(force=True)
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#progress")).to_contain_text("1 by you")


def switch_letters_off(page, live_server):
    page.goto(f"{live_server.url}/keys/")
    page.get_by_label("Single keys act").uncheck()
    page.get_by_role("button", name="Save my keys").click()
    page.goto(live_server.url + DESK)


def tab_to(page, control):
    """By Tab alone, as far as it takes."""
    for _ in range(80):
        if control.evaluate("(item) => item === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {control}.")


def test_with_single_keys_off_a_unit_is_labelled_by_tab_arrows_and_space(desk, live_server):
    switch_letters_off(desk, live_server)
    tab_to(desk, desk.locator(".verdict-step [value=correct]"))
    desk.keyboard.press("Space")
    expect(desk.locator(STEP_2)).to_be_visible()
    modes = desk.locator(".modes input")
    tab_to(desk, modes.first)
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Space")
    expect(modes.nth(1)).to_be_checked()
    chosen = modes.nth(1).get_attribute("value")
    tab_to(desk, desk.get_by_role("button", name="Submit and next"))
    desk.keyboard.press("Space")
    expect(desk.locator("#progress")).to_contain_text("1 by you")
    assert (Label.objects.get().correctness, Label.objects.get().category) == ("correct", chosen)


def test_with_single_keys_off_enter_still_submits_as_the_keys_page_says(desk, live_server):
    desk.goto(f"{live_server.url}/keys/")
    expect(desk.locator("main")).to_contain_text("Off: only Enter, Ctrl Enter, Tab and the")
    switch_letters_off(desk, live_server)
    desk.locator(".verdict-step [value=cannot_tell]").press("Enter")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.locator(".read").focus()
    desk.keyboard.press("Enter")
    expect(desk.locator("#progress")).to_contain_text("1 by you")


def test_cmd_enter_submits_as_ctrl_enter_does(desk):
    type_note(desk, "Seen.")
    desk.keyboard.press("Meta+Enter")
    expect(desk.locator("#progress")).to_contain_text("1 by you")
    assert Label.objects.get().note == "Seen."


@pytest.mark.parametrize("action", ["raw", "down"])
def test_in_the_second_step_a_modes_key_wins_over_the_same_personal_key(
    desk, live_server, ana, audit, action
):
    """A later version of the codebook may take a key that somebody has chosen before."""
    store_keys(user=ana, keys={**DEFAULTS, action: "b"}, letters_on=True)
    audit.codebook.modes.filter(code="latency").update(key="b")
    desk.goto(live_server.url + DESK)
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("b")
    expect(desk.locator(".modes [value=latency]")).to_be_checked()
    expect(desk.locator("#raw")).not_to_be_checked()


def test_caps_lock_changes_nothing(desk):
    desk.keyboard.press("C")
    expect(desk.locator(STEP_2)).to_be_visible()


def type_note(page, text):
    page.keyboard.press("c")
    expect(page.locator(STEP_2)).to_be_visible()
    page.keyboard.press("5")
    page.keyboard.press("n")
    page.keyboard.type(text)
    expect(page.locator("[data-kept]")).to_contain_text("Draft kept at")


def note_of(page):
    return page.locator(".mode-step textarea[name=note]")


def test_a_draft_survives_a_reload_and_is_no_label(desk):
    type_note(desk, "The table was asked for as a file.")
    desk.reload()
    expect(note_of(desk)).to_have_value("The table was asked for as a file.")
    expect(desk.locator("[value=formatting]").first).to_be_checked()
    expect(desk.locator("[data-kept]")).to_contain_text("not sent")
    assert not Label.objects.exists()


def test_n_leads_to_a_note_that_is_open_already(desk):
    """It once folded the restored note away, and what was typed next pressed keys."""
    type_note(desk, "First. ")
    desk.reload()
    desk.keyboard.press("n")
    desk.keyboard.type("Second s u c.")
    expect(note_of(desk)).to_have_value("First. Second s u c.")
    expect(desk.locator("[popover]:popover-open")).to_have_count(0)


def test_a_draft_is_there_on_another_machine_and_gone_once_it_is_sent(desk, browser, ana, enter):
    """A closed laptop: a fresh browser, the same person."""
    type_note(desk, "Seen at home.")
    desk.close()
    context = browser.new_context()
    other = enter(context.new_page(), ana, DESK)
    expect(note_of(other)).to_have_value("Seen at home.")
    other.keyboard.press("Enter")
    expect(other.locator("#progress")).to_contain_text("1 by you")
    assert Label.objects.get().note == "Seen at home."
    assert not Draft.objects.exists()
    context.close()


def test_what_is_taken_out_again_leaves_no_draft(desk):
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("n")
    desk.keyboard.type("x")
    expect(desk.locator("[data-kept]")).to_contain_text("Draft kept at")
    assert Draft.objects.exists()
    with desk.expect_response("**/keep/"):
        desk.keyboard.press("Backspace")
    assert not Draft.objects.exists()


def test_a_lost_session_is_said_before_anything_is_lost(desk):
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.context.clear_cookies(name="sessionid")
    desk.keyboard.press("n")
    desk.keyboard.type("Half a sentence")
    expect(desk.locator("#not-saved")).to_contain_text("what you type here is not kept")
    expect(note_of(desk)).to_have_value("Half a sentence")


def test_the_seat_is_held_while_somebody_types(desk):
    Seat.objects.filter(coder__isnull=False).update(lease_until="2020-01-01T00:00:00Z")
    type_note(desk, "Still here.")
    assert Seat.objects.get(coder__isnull=False).lease_until.year > 2020


def test_a_key_that_is_held_or_pressed_beside_the_unit_answers_nothing(desk):
    """In an open drawer, twice before the answer came, and held down: each acts once or never."""
    for key, drawer in (("g", "codebook"), ("?", "keys"), ("s", "skip")):
        desk.keyboard.press(key)
        expect(desk.locator(f"#{drawer}")).to_be_visible()
        for pressed in ("c", "u", "r", "f"):
            desk.keyboard.press(pressed)
        expect(desk.locator("[popover]:popover-open")).to_have_count(1)
        desk.keyboard.press("Escape")
        expect(desk.locator(f"#{drawer}")).to_be_hidden()
    expect(desk.locator("#raw")).not_to_be_checked()
    desk.keyboard.press("c")
    desk.keyboard.press("x")  # the answer to the first is on its way
    expect(desk.locator(STEP_2)).to_be_visible()
    assert Verdict.objects.get().correctness == "correct"
    for n_done in (1, 2):
        desk.keyboard.press("4")
        desk.keyboard.press("Enter")
        expect(desk.locator("#progress")).to_contain_text(f"{n_done} by you")
        desk.keyboard.press("c")
        expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.down("u")
    expect(desk.locator("#progress")).to_contain_text("1 by you")
    for _ in range(5):
        desk.keyboard.down("u")
    desk.keyboard.up("u")
    desk.keyboard.press("r")  # the page listens again
    expect(desk.locator("#raw")).to_be_checked()
    assert Label.objects.current().count() == 1


@pytest.mark.usefixtures("intercepting")
def test_keys_pressed_while_a_label_is_on_its_way_do_nothing(desk):
    held: list[Route] = []
    asked: list[Request] = []
    desk.route("**/units/*/label/", lambda route: held.append(route))
    desk.on("request", lambda request: asked.append(request))
    desk.keyboard.press("c")
    expect(desk.locator(STEP_2)).to_be_visible()
    desk.keyboard.press("6")
    with desk.expect_request("**/units/*/label/"):
        desk.keyboard.press("Enter")
    expect(desk.locator("form.submits")).to_contain_class("htmx-request")
    for key in ("u", "s", "4"):
        desk.keyboard.press(key)
    expect(desk.locator("[popover]:popover-open")).to_have_count(0)
    expect(desk.locator(".modes [value=unwelcome_but_correct]")).to_be_checked()
    held[0].continue_()
    expect(desk.locator("#progress")).to_contain_text("1 by you")
    expect(desk.locator(STEP_1)).to_be_visible()
    expect(desk.locator("[popover]:popover-open")).to_have_count(0)
    steps = [request.url.split("/")[-2] for request in asked if request.method == "POST"]
    assert [step for step in steps if step != "keep"] == ["verdict", "label"]
    assert Label.objects.get().category == "unwelcome_but_correct"
    assert not Skip.objects.exists()
