"""A page in its four looks: light and dark, on a desktop and on a phone."""

from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SIZES = {"phone": (390, 844), "desktop": (1280, 800)}
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
EVERY_RULE = {"resultTypes": ["violations"]}
COLOUR_RULES = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
seen_before = False
"""The suite has looked at these very pages on another database: set by `--database-only`."""
IS_WIDE = "document.documentElement.scrollWidth > innerWidth"


def set_size(page: Page, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})


def flaws(page: Page) -> list[str]:
    """Everything axe finds, and sideways scrolling, in each look of the page as it stands.

    Style alone tells the looks apart, so the page is not loaded again. Of two schemes at one
    size only the colours differ. The page is left on a desktop, light.
    """
    found: list[str] = []
    if seen_before:
        return found
    for size in SIZES:
        set_size(page, size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            options = EVERY_RULE if scheme == SCHEMES[-1] else COLOUR_RULES
            rules = Axe().run(page, options=options).response["violations"]
            found += [
                f"{size}, {scheme}: {rule['id']}: {rule['nodes'][0]['html'][:200]}"
                for rule in rules
            ]
        if page.evaluate(IS_WIDE):
            found.append(f"{size}: scrolls sideways")
    return found


class Album:
    """Looks at pages one after the other; what is wrong is told at the end, with the place."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: dict[str, list[str]] = {}

    def look(self, name: str) -> None:
        found = flaws(self.page)
        if found:
            self.wrong[name] = found

    def visit(self, *addresses: str) -> None:
        for address in addresses:
            self.page.goto(address)
            self.look(address)
