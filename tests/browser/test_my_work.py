"""A grader's own work and the flags, as the two sides meet them in Chromium."""

import uuid

import pytest
from playwright.sync_api import expect

from labeling import flags, planting
from labeling.effort import record_effort
from labeling.models import Audit, Flag, Label
from labeling.workflow import coder_of
from tests.browser.looks import SIZES, Album, flaws, set_size
from tests.sampled import AtDesk

pytestmark = pytest.mark.browser
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung" * 3


@pytest.fixture
def sent(audit, ana_client, ana, lea):
    """Three labels, two flags, one of them answered and resolved, and seven minutes of activity."""
    Audit.objects.update(shares_accuracy=True)
    content = audit.units.first().output.content
    content.text = f"{LONG_WORD} is what the policy says."
    content.save()
    desk, coder = AtDesk(ana_client, audit), coder_of(audit.project, ana)
    for mode in ("latency", "formatting", "unwelcome_but_correct"):
        unit = desk.give("correct", mode, note="A note.").unit
        record_effort(unit=unit, coder=coder, view=uuid.uuid4(), active_ms=140_000)
        if mode != "formatting":
            flags.raise_flag(unit=unit, coder=coder, user=ana, text=f"About {mode}: {LONG_WORD}?")
    flags.reply(flag=Flag.objects.first(), lead=lea, text=f"Yes, {LONG_WORD}.", resolve=True)
    return audit


def test_axe_and_width_of_a_graders_pages(page, ana, sent, enter, live_server):
    enter(page, ana)
    token = Flag.objects.first().unit.token
    album = Album(page)
    for path in ("/", "/my-work/", "/audits/w34/mine/", f"/audits/w34/units/{token}/flag/"):
        album.visit(live_server.url + path)
    assert album.wrong == {}


def test_axe_and_width_of_the_leads_pages(page, lea, sent, enter, live_server):
    enter(page, lea)
    album = Album(page)
    for path in ("/", "/audits/w34/", "/audits/w34/flags/", "/my-work/"):
        album.visit(live_server.url + path)
    assert album.wrong == {}


def test_a_question_by_the_grader_and_an_answer_by_the_leads_keyboard(
    page, browser, ana, lea, sent, enter, live_server
):
    waiting = Flag.objects.get(resolved_at=None)
    enter(page, lea, "/audits/w34/flags/")
    expect(page.get_by_label("Reply", exact=True)).to_be_focused()
    page.keyboard.type("The policy of 2021.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("Replied and resolved.")
    expect(page.get_by_text("No open flag.")).to_be_visible()
    waiting.refresh_from_db()
    assert waiting.resolved_by == lea
    other = enter(browser.new_context().new_page(), ana, "/my-work/")
    other.get_by_role("link", name="Read the answer").first.click()
    expect(other.locator(".by-lead")).to_contain_text("The policy of 2021.")
    other.get_by_label("Go on writing").fill("Thank you.")
    with other.expect_response("**/flag/") as answer:
        other.get_by_role("button", name="Send to the lead").click()
    assert answer.value.request.headers.get("hx-request") == "true"
    expect(other.locator(".by-coder").last).to_contain_text("Thank you.")
    expect(other.get_by_label("Go on writing")).to_have_value("")
    expect(other.get_by_role("button", name="Send to the lead")).to_be_focused()
    other.context.close()


def test_a_flag_without_javascript(browser, ana, sent, enter, live_server):
    context = browser.new_context(java_script_enabled=False)
    token = Flag.objects.first().unit.token
    page = enter(context.new_page(), ana, f"/audits/w34/units/{token}/flag/")
    page.get_by_label("Go on writing").fill("Without scripts.")
    page.get_by_role("button", name="Send to the lead").click()
    expect(page.locator(".by-coder").last).to_contain_text("Without scripts.")
    context.close()


def test_what_was_sent_is_opened_again_from_the_list(page, ana, sent, enter):
    enter(page, ana, "/audits/w34/mine/")
    page.get_by_role("link", name="Reopen").last.click()
    expect(page.locator(".output .text.rendered")).to_contain_text("is what the policy says")
    expect(page.get_by_text("judge it afresh")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("radio", name="Correct", exact=True).check(force=True)
    page.get_by_label("Why you judge it again").fill("I read the policy once more.")
    page.locator(".mode-no_fault_found").click()
    page.get_by_role("button", name="Submit and next").click()
    expect(page.locator(".saved")).to_contain_text("Saved")
    first = Label.objects.current().get(unit=sent.units.first())
    assert first.category == "no_fault_found"
    assert Label.objects.count() == 4


@pytest.mark.parametrize("size", SIZES)
def test_a_flag_opens_with_the_output_in_reach(page, lea, ana, long_audit, enter, size):
    """The conversation filled the pane, so that the output in question was not seen."""
    unit = long_audit.units.get()
    coder = coder_of(long_audit.project, ana)
    planting.planted_seat(unit, coder)  # she has it on her desk
    flags.raise_flag(unit=unit, coder=coder, user=ana, text="Which policy is meant?")
    set_size(page, size)
    enter(page, lea, "/audits/long/flags/")
    expect(page.get_by_label("Reply", exact=True)).to_be_focused()
    assert page.evaluate("scrollY") == 0
    top = page.locator(".output").bounding_box()["y"]
    is_cut = page.locator(".read").evaluate("(pane) => pane.scrollHeight > pane.clientHeight")
    if size == "desktop":
        assert 0 < top < SIZES[size][1] / 2
    else:
        assert top < SIZES[size][1]
        assert not is_cut
