"""Active time as the page measures it, on a clock that the test holds."""

import datetime as dt
from urllib.parse import parse_qs

import pytest
from django.db.models.functions import Now
from playwright.sync_api import expect

from labeling.models import Effort, Seat

pytestmark = pytest.mark.browser
SLACK = 20_000
"""The page's clock goes on while the test itself works; what must not count is longer than this."""


def set_visibility(page, state):
    page.evaluate(
        """(state) => {
          const now = { get: () => state, configurable: true };
          Object.defineProperty(document, "visibilityState", now);
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def set_focus(page, *, has_focus):
    page.evaluate(
        """(hasFocus) => {
          document.hasFocus = () => hasFocus;
          window.dispatchEvent(new Event(hasFocus ? "focus" : "blur"));
        }""",
        has_focus,
    )


@pytest.fixture
def desk(page, ana, audit, enter):
    """A desk that came to Ana twenty minutes ago."""
    page.clock.install()
    enter(page, ana, "/audits/w34/label/")
    Seat.objects.filter(coder__user=ana).update(claimed_at=Now() - dt.timedelta(minutes=20))
    return page


def test_hidden_unfocused_and_idle_time_is_not_active_and_wall_time_is_kept_apart(desk):
    reports = []
    desk.on("request", lambda asked: reports.append(asked) if asked.method == "POST" else None)

    def reported(step):
        last = [asked for asked in reports if asked.url.endswith(f"/{step}/")][-1]
        fields = parse_qs(last.post_data)
        return int(fields["active_ms"][0]), fields["view"][0]

    desk.keyboard.press("j")
    desk.clock.fast_forward(25_000)  # read: counts
    with desk.expect_response("**/keep/"):
        set_visibility(desk, "hidden")
    assert 25_000 <= reported("keep")[0] < 25_000 + SLACK
    desk.clock.fast_forward(600_000)  # behind another tab
    set_visibility(desk, "visible")
    desk.keyboard.press("k")
    desk.clock.fast_forward(15_000)  # counts
    set_focus(desk, has_focus=False)
    desk.clock.fast_forward(40_000)  # beside another window
    set_focus(desk, has_focus=True)
    desk.keyboard.press("j")
    desk.clock.fast_forward(300_000)  # away from the desk: the first minute counts
    desk.keyboard.press("c")
    expect(desk.locator(".mode-step")).to_be_visible()
    verdict_ms, view = reported("verdict")
    assert 100_000 <= verdict_ms < 100_000 + SLACK
    desk.keyboard.press("4")
    desk.keyboard.press("Enter")
    expect(desk.locator(".verdict-step")).to_be_visible()
    label_ms, same_view = reported("label")
    assert verdict_ms <= label_ms < verdict_ms + SLACK
    assert same_view == view
    kept = Effort.objects.get(view=view)
    assert kept.active_ms == label_ms
    wall = kept.last_at - kept.first_at
    assert dt.timedelta(minutes=20) <= wall < dt.timedelta(minutes=25)
    desk.keyboard.press("c")
    expect(desk.locator(".mode-step")).to_be_visible()
    next_ms, next_view = reported("verdict")
    assert next_ms < SLACK  # the next unit begins at nothing
    assert next_view != view
