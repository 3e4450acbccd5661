"""A live server, people who are signed in, and an audit with long and short units."""

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from tests.sampled import AtDesk

expect.set_options(timeout=20_000)  # a loaded machine is slow, not wrong

PASSWORD = "a long password for tests"
TURNS = [
    {"role": "system", "content": "You are the assistant of a shop. " * 12},
    {"role": "user", "content": "When does the refund window close?"},
    {"role": "assistant", "content": "Thirty days after delivery."},
    {"role": "user", "content": "And for shoes?"},
    {"role": "assistant", "content": "The same."},
    {"role": "user", "content": "Mine came in June. Can I still send them back?"},
]
LONG = "\n\n".join(
    [
        "| day | fee |\n|---|---|\n| 1 | 0 |\n| 31 | 12 |",
        "```python\nprint('a line that is long enough to leave its box, ' * 3)\n```",
        *["No, the window closed on the thirtieth day. " * 8] * 80,
    ]
)


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def audit(transactional_db, make_open_audit):
    return make_open_audit(5)


@pytest.fixture
def long_audit(transactional_db, make_open_audit):
    """One unit with six turns and 30 kB of output, and a user who wrote a lot."""
    audit = make_open_audit(1, slug="long")
    content = audit.units.get().output.content
    content.conversation, content.text = TURNS, LONG[:30_000]
    content.save()
    content.output.feedback.update(reason="too_long", comment="Nobody can read this. " * 20)
    return audit


@pytest.fixture(autouse=True)
def signs_of_life_end_first(transactional_db, live_server, page):
    """A desk that is closed says so to the server: not while the database is being emptied."""
    underway = set()
    page.on("request", lambda request: underway.add(request) if "/keep/" in request.url else None)
    page.on("requestfinished", lambda request: underway.discard(request))
    page.on("requestfailed", lambda request: underway.discard(request))
    yield
    if page.is_closed():
        return
    page.evaluate("document.querySelector('[data-keep]')?.removeAttribute('data-keep')")
    for _ in range(100):
        if not underway:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(100)


@pytest.fixture
def intercepting(page):
    """Intercept from the first page on: a route added later meets its very next request.

    It costs the browser its cache, so only tests that add a route ask for it.
    """
    page.route("**/no/such/address/", lambda route: route.abort())


@pytest.fixture
def enter(live_server):
    """Open `path` as somebody who signed in before; the form itself has a test of its own."""

    def enter(page, person, path="/"):
        client = Client()
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[-1])
        name = settings.SESSION_COOKIE_NAME
        session = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
        page.context.add_cookies([{**session, "httpOnly": True, "sameSite": "Lax"}])
        page.goto(live_server.url + path)
        return page

    return enter


@pytest.fixture
def split_audit(transactional_db, make_open_audit, ana_client, ben_client):
    """An audit with labels, two of them on one unit in disagreement."""
    audit = make_open_audit(3, slug="split")
    ana, ben = AtDesk(ana_client, audit), AtDesk(ben_client, audit)
    for _ in range(3):
        ana.give("correct", "latency")
    ben.give("correct", "unwelcome_but_correct")
    ben.give("correct", "latency")
    ben.give("correct", "latency")
    return audit
