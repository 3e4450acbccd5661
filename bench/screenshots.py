"""The README's pictures, and every page in four looks, from a throwaway demo.

python -m bench.screenshots             docs/img/grading.png and docs/img/report.png
python -m bench.screenshots --all DIR   besides, every page at two sizes, light and dark, into DIR
"""

import argparse
import os
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.demo_server import demo_server
from tests.surroundings import REPOSITORY, find_chromium

PICTURES = REPOSITORY / "docs" / "img"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
OPEN = "/audits/assistant-negatives-open"
DONE = "/audits/assistant-negatives"
GRADER_PAGES = {
    "home-grader": "/",
    "desk-1": f"{OPEN}/label/",
    "desk-empty": f"{DONE}/label/",
    "my-work": "/my-work/",
    "mine": f"{DONE}/mine/",
    "keys": "/keys/",
}
LEAD_PAGES = {
    "home-lead": "/",
    "project": "/projects/demo/",
    "people": "/projects/demo/people/",
    "audit-new": "/projects/demo/audits/new/",
    "audit": f"{DONE}/",
    "report": f"{DONE}/report/",
    "units": f"{DONE}/units/?thumb=down&correctness=correct",
    "trend": "/projects/demo/trend/",
    "agreement": f"{DONE}/agreement/",
    "agreement-units": f"{DONE}/agreement/units/",
    "exports": f"{DONE}/exports/",
    "adjudicate": f"{DONE}/adjudicate/",
    "settings": f"{DONE}/settings/",
    "gold": f"{DONE}/gold/",
    "flags": f"{DONE}/flags/",
    "graders": f"{DONE}/graders/",
    "judges": f"{DONE}/judges/",
    "codebooks": "/projects/demo/codebooks/",
    "codebook": "/projects/demo/codebooks/default/1/",
    "codebook-edit": "/projects/demo/codebooks/default/1/edit/",
    "versions": f"{DONE}/versions/",
    "upload": "/projects/demo/feedback/import/",
    "truth": f"{DONE}/truth/",
    "missing": "/no/such/page/",
}

STAGE = """
from datetime import timedelta
from django.db.models import F
from config.demo import OPEN, known_truth
from labeling import seating
from labeling.models import Audit, Coder, Label, Seat
Label.objects.update(created_at=F("created_at") - timedelta(days=1))
audit = Audit.objects.get(slug=OPEN)
truth = known_truth(audit.seed - 1).outputs
shown = {
    output.external_id for output in truth
    if output.failure_mode == "unwelcome_but_correct" and output.comment
    and ("|---" in output.text or "```" in output.text) and output.text.count(chr(10)) < 15
}
seat = Seat.objects.filter(audit=audit, unit__name__in=shown).order_by("serving").first()
seating.lease(seat, Coder.objects.get(user__username="dee"))
"""
"""Yesterday's labels, and on Dee's desk code or a table that its user did not want to see."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", metavar="DIR", type=Path, help="write every page into DIR")
    folder = parser.parse_args().all
    with demo_server(STAGE) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        take_the_two(browser, url)
        if folder:
            take_all(browser, url, folder)


def signed_in(browser: Browser, url: str, name: str, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{url}/sign-in/")
    page.get_by_role("button", name=name).first.click()
    page.get_by_role("heading", name="What you can do next").wait_for()
    return page


def take_the_two(browser: Browser, url: str) -> None:
    """Grading after the reveal, and the report: what the README shows."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page = signed_in(browser, url, "Dee", "desktop", "light")
    page.goto(f"{url}{OPEN}/label/")
    to_step_2(page)
    picture(page, PICTURES / "grading.png")
    page.context.close()
    page = signed_in(browser, url, "Lea", "desktop", "light")
    page.goto(f"{url}{DONE}/report/")
    picture(page, PICTURES / "report.png")
    page.context.close()


def to_step_2(page: Page) -> None:
    if page.locator(".verdict-step").count():
        page.keyboard.press("c")
    page.locator(".mode-step").wait_for()
    page.locator(".modes input[value=unwelcome_but_correct]").check(force=True)


def take_all(browser: Browser, url: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        for scheme in SCHEMES:
            look = f"{size}-{scheme}"
            page = signed_in(browser, url, "Eli", size, scheme)
            take_pages(page, url, GRADER_PAGES, folder, look)
            page.context.close()
            page = signed_in(browser, url, "Dee", size, scheme)
            page.goto(f"{url}{OPEN}/label/")
            to_step_2(page)
            picture(page, folder / f"desk-2-{look}.png")
            page.context.close()
            page = signed_in(browser, url, "Lea", size, scheme)
            take_pages(page, url, LEAD_PAGES, folder, look)
            page.context.close()


def take_pages(page: Page, url: str, pages: dict[str, str], folder: Path, look: str) -> None:
    for name, path in pages.items():
        page.goto(url + path)
        picture(page, folder / f"{name}-{look}.png")


def picture(page: Page, path: Path) -> None:
    page.mouse.move(0, 0)
    page.screenshot(path=path, full_page=path.parent != PICTURES)


if __name__ == "__main__":
    main()
