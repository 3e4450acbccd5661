"""What the desk costs on the wire, served as in production: the first page, and each step."""

import pytest
from playwright.sync_api import expect

from tests.own_server import desk_server, sign_in

pytestmark = pytest.mark.browser
OUTPUT = "The window closed on the thirtieth day after the delivery. " * 20
MOST_REQUESTS, MOST_BYTES = 6, 100_000


@pytest.fixture
def server(tmp_path):
    with desk_server(tmp_path, [OUTPUT] * 3) as server:
        yield server


@pytest.fixture
def first_page(page, server, browser):
    """The desk, opened with an empty cache by somebody who is signed in."""
    sign_in(page, server)
    fresh = browser.new_context(storage_state=page.context.storage_state())
    yield fresh.new_page()
    fresh.close()


def test_the_first_page_and_each_step_keep_to_their_limits(first_page, server):
    desk = first_page
    wire = desk.context.new_cdp_session(desk)
    wire.send("Network.enable")
    sizes, answers, asked = {}, [], []
    wire.on(
        "Network.loadingFinished",
        lambda done: sizes.update({done["requestId"]: done["encodedDataLength"]}),
    )
    desk.on("response", lambda answer: answers.append(answer))
    desk.goto(f"{server.url}/audits/w34/label/", wait_until="networkidle")
    expect(desk.locator(".read")).to_be_focused()
    assert 1_000 < len(desk.locator(".output .text.rendered").inner_text()) < 1_300
    assert 3 <= len(sizes) <= MOST_REQUESTS
    assert 10_000 < sum(sizes.values()) <= MOST_BYTES
    code = [answer for answer in answers if answer.url.endswith((".js", ".css"))]
    assert code
    for answer in code:  # compressed, and kept by the browser for as long as the name stays
        assert answer.headers["content-encoding"] in ("br", "gzip"), answer.url
        assert "immutable" in answer.headers["cache-control"], answer.url

    desk.on("request", lambda request: asked.append((request.method, request.url.split("/")[-2])))
    for _ in range(2):
        desk.keyboard.press("c")
        expect(desk.locator(".mode-step")).to_be_visible()
        desk.keyboard.press("6")
        desk.keyboard.press("Enter")
        expect(desk.locator(".verdict-step")).to_be_visible()
    desk.wait_for_load_state("networkidle")
    assert asked == [("POST", "verdict"), ("POST", "label")] * 2
