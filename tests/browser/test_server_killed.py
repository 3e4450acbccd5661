"""A hundred units by keyboard alone, the server killed three times in the middle: a hundred labels.

The kills fall where they hurt: right after a verdict's key, right after a label's, and between.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.own_server import desk_server, sign_in

pytestmark = pytest.mark.browser
N_UNITS = 100
KILLS = {23: "verdict", 51: "label", 78: "reading"}
"""Unit of the session: the answer that is on its way when the server is killed."""


@pytest.fixture
def server(tmp_path):
    with desk_server(tmp_path, [f"It is number {k}." for k in range(N_UNITS)]) as server:
        yield server


def send(page, server, key, *, killing):
    """Press a key that sends an answer; where the server dies under it, send it again.

    Whether the answer was lost, and the page said so.
    """
    page.keyboard.press(key)
    if not killing:
        return False
    server.kill()
    return restart_and_send_again(page, server)


def restart_and_send_again(page, server):
    step = page.locator("#choose").get_attribute("data-step")
    unit = page.locator("#unit").get_attribute("data-unit")
    try:
        expect(page.locator("#not-saved")).to_be_visible(timeout=10_000)
    except AssertionError:  # the answer came out just before the kill
        server.start()
        return False
    server.start()
    expect(page.locator("#not-saved")).to_contain_text("The server answers again", timeout=20_000)
    assert page.locator("#unit").get_attribute("data-unit") == unit
    assert page.locator("#choose").get_attribute("data-step") == step
    page.keyboard.press("Enter")
    return True


def label_one(page, server, number):
    kill = KILLS.get(number)
    if kill == "reading":
        server.kill()
        server.start()
    mode_step, done = page.locator(".mode-step"), page.locator("#progress")
    lost = send(page, server, "c" if number % 3 else "x", killing=kill == "verdict")
    expect(mode_step).to_be_visible(timeout=20_000)
    page.keyboard.press("6" if number % 3 else "2")
    lost |= send(page, server, "Enter", killing=kill == "label")
    expect(done).to_contain_text(f"{number + 1} by you", timeout=20_000)
    expect(mode_step).to_be_hidden(timeout=20_000)
    return lost


def test_a_hundred_labels_none_lost_and_none_twice(page, server, tmp_path):
    sign_in(page, server)
    page.goto(f"{server.url}/audits/w34/label/")
    lost = [number for number in range(N_UNITS) if label_one(page, server, number)]
    assert lost, "every answer came out before its kill: nothing was sent again"
    expect(page.locator(".empty")).to_contain_text("the audit is finished", timeout=20_000)
    server.manage("export_labels", "w34", "--format", "jsonl", "--out", str(tmp_path / "out.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(rows) == N_UNITS
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    assert manifest["withheld"] == {}  # a doubled label would be withheld as superseded
    assert {row["unit"] for row in rows} == {f"o{number}" for number in range(N_UNITS)}
    assert sum(row["label"] == "hallucination" for row in rows) == 34
    assert json.loads(server.manage("audits", "--json"))[0]["n_labelled"] == N_UNITS
