"""From the key press to the next thing on the grader's screen, in Chromium, beside its goal.

python -m bench.desk_latency [--units 40]

One JSON line. Times are the page's own clock, from the key event's time stamp. `painted` ends with
the first task after the frame in which the answer was laid out and painted; `next_frame` a whole
frame later, so it is at most one frame too long. What was timed is checked: each key press is
followed by the step it asks for. The first page is read with an empty cache. Each output is 1.2 KB
of prose, the size that other tools were measured with.
"""

import argparse
import json
import os
import statistics
from typing import Any

from playwright.sync_api import Browser, Page, Request, sync_playwright

from bench.demo_server import demo_server
from tests.surroundings import CHROMIUM_SWITCHES, find_chromium

DESK = "/audits/assistant-negatives-open/label/"
ITEM_BYTES = 1200
STAGE = f"""
from feedback.models import Content
for content in Content.objects.filter(output__units__audit__slug="assistant-negatives-open"):
    text = content.text.encode("ascii", "ignore").decode()
    content.text = " ".join([text] * (1 + {ITEM_BYTES} // len(text)))[:{ITEM_BYTES}]
    content.save()
"""
GOALS = {"first_page_requests": 6, "first_page_bytes": 100_000, "step_ms": 50.0}

WATCH = """
() => {
  let waiting = null;
  window.bench = {
    seen: [],
    until: (n) => new Promise((resolve) => {
      if (window.bench.seen.length >= n) resolve();
      else waiting = { n, resolve };
    }),
  };
  let pressed = null;
  document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  const step = () => {
    const unit = document.getElementById("unit");
    return unit.dataset.unit + (unit.querySelector(".mode-step") ? " 2" : " 1");
  };
  let last = step();
  new MutationObserver(() => {
    const now = step();
    if (now === last || pressed === null) return;
    last = now;
    const from = pressed;
    pressed = null;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      let painted = 0;
      channel.port1.onmessage = () => { painted = performance.now() - from; };
      channel.port2.postMessage(0);
      requestAnimationFrame(() => {
        window.bench.seen.push([now.slice(-1), painted, performance.now() - from]);
        if (waiting && window.bench.seen.length >= waiting.n) waiting.resolve();
      });
    });
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=40)
    n_units = parser.parse_args().units
    with demo_server(STAGE) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*CHROMIUM_SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        print(json.dumps(measure(browser, url, n_units)))


def measure(browser: Browser, url: str, n_units: int) -> dict[str, Any]:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{url}/sign-in/")
    page.get_by_role("button", name="Eli").first.click()
    page.get_by_role("heading", name="What you can do next").wait_for()
    first = first_page(browser, page, url)
    page.goto(url + DESK)
    page.evaluate(WATCH)
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    for _ in range(n_units):
        label_one(page)
    seen = page.evaluate("window.bench.seen")
    reveal = [times for step, *times in seen if step == "2"]
    following = [times for step, *times in seen if step == "1"]
    assert len(reveal) == len(following) == n_units, seen
    posts = [request for request in requests if request.method == "POST"]
    return {
        "bench": "desk_latency",
        "n_units": n_units,
        "item_bytes": ITEM_BYTES,
        **first,
        "requests_per_step": len(requests) / (2 * n_units),
        "answers_per_step": len(posts) / (2 * n_units),
        "verdict_to_reveal_ms": both(reveal),
        "submit_to_next_unit_ms": both(following),
        "goals": GOALS,
        "load": os.getloadavg()[0],
    }


def first_page(browser: Browser, signed_in: Page, url: str) -> dict[str, int]:
    """Requests and bytes on the wire, headers included, with an empty cache."""
    context = browser.new_context(storage_state=signed_in.context.storage_state())
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: dict[str, int] = {}
    wire.on(
        "Network.loadingFinished",
        lambda done: sizes.update({done["requestId"]: done["encodedDataLength"]}),
    )
    page.goto(url + DESK, wait_until="networkidle")
    context.close()
    return {"first_page_requests": len(sizes), "first_page_bytes": int(sum(sizes.values()))}


def label_one(page: Page) -> None:
    """Verdict, mode, submit; each press waits until the screen has answered the one before.

    The page says when it has: asking it again and again would take the time that is measured.
    """
    n_seen = page.evaluate("window.bench.seen.length")
    page.keyboard.press("c")
    page.evaluate("n => window.bench.until(n)", n_seen + 1)
    page.keyboard.press("6")
    page.keyboard.press("Enter")
    page.evaluate("n => window.bench.until(n)", n_seen + 2)


def both(times: list[list[float]]) -> dict[str, dict[str, float]]:
    painted, next_frame = zip(*times, strict=True)
    return {"painted": quantiles(list(painted)), "next_frame": quantiles(list(next_frame))}


def quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        "least": round(ordered[0], 1),
    }


if __name__ == "__main__":
    main()
