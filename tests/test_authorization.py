"""Default deny: every view declares its door, and each door lets in whom the table says."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from config.security import CONTENT_SECURITY_POLICY

GRADER, LEAD, RESEARCHER, ADMIN = "grader", "lead", "researcher", "admin"
LABELERS = {GRADER, LEAD}
LEADS = {LEAD, ADMIN}
READERS = {LEAD, RESEARCHER, ADMIN}
EVERYONE = {GRADER, LEAD, RESEARCHER, ADMIN}
PUBLIC, SIGNED_IN = "public", "signed in"

WHO_MAY_ENTER = {
    "projects:sign-in": PUBLIC,
    "projects:sign-out": PUBLIC,
    "projects:demo-sign-in": PUBLIC,
    "projects:healthz": PUBLIC,
    "projects:session": PUBLIC,
    "projects:join": PUBLIC,
    "projects:people": LEADS,
    "projects:deactivate": LEADS,
    "projects:reactivate": LEADS,
    "projects:end-date": LEADS,
    "projects:revoke-invitation": LEADS,
    "feedback:index": LEADS,
    "feedback:upload": LEADS,
    "feedback:import": LEADS,
    "feedback:step": LEADS,
    "feedback:discard": LEADS,
    "feedback:rejected": LEADS,
    "labeling:home": SIGNED_IN,
    "labeling:my-work": SIGNED_IN,
    "labeling:project": READERS,
    "labeling:audit-new": LEADS,
    "labeling:compare": READERS,
    "labeling:compare-csv": READERS,
    "labeling:codebooks": READERS,
    "labeling:codebook-default": LEADS,
    "labeling:codebook": EVERYONE,
    "labeling:codebook-diff": EVERYONE,
    "labeling:codebook-edit": LEADS,
    "labeling:versions": READERS,
    "labeling:move-on": LEADS,
    "labeling:audit": READERS,
    "labeling:settings": LEADS,
    "labeling:open": LEADS,
    "labeling:close": LEADS,
    "labeling:reopen": LEADS,
    "labeling:report": READERS,
    "labeling:report-json": READERS,
    "labeling:figure-csv": READERS,
    "labeling:figure-svg": READERS,
    "labeling:units": READERS,
    "labeling:trend": READERS,
    "labeling:trend-csv": READERS,
    "labeling:trend-svg": READERS,
    "labeling:sensitivity": READERS,
    "labeling:agreement": READERS,
    "labeling:agreement-csv": READERS,
    "labeling:agreement-svg": READERS,
    "labeling:agreement-units": READERS,
    "labeling:agreement-unit": READERS,
    "labeling:agreement-pair": READERS,
    "labeling:agreement-pair-csv": READERS,
    "labeling:graders": READERS,
    "labeling:grader": READERS,
    "labeling:graders-json": READERS,
    "labeling:judges": READERS,
    "labeling:judge": READERS,
    "labeling:judge-csv": READERS,
    "labeling:judge-svg": READERS,
    "labeling:judges-csv": READERS,
    "labeling:judges-json": READERS,
    "labeling:exports": READERS,
    "labeling:export": READERS,
    "labeling:adjudication": LEADS,
    "labeling:adjudicate": LEADS,
    "labeling:flags": LEADS,
    "labeling:flag-answer": LEADS,
    "labeling:mine": LABELERS,
    "labeling:gold": LEADS,
    "labeling:gold-retire": LEADS,
    "labeling:training": LABELERS,
    "labeling:training-unit": LABELERS,
    "labeling:desk": LABELERS,
    "labeling:undo": LABELERS,
    "labeling:unit": LABELERS,
    "labeling:verdict": LABELERS,
    "labeling:label": LABELERS,
    "labeling:skip": LABELERS,
    "labeling:keep": LABELERS,
    "labeling:keys": SIGNED_IN,
    "labeling:flag": LABELERS,
    "release:plan": LEADS,
    "demo-truth": READERS,
}
PROJECT_PAGES = {
    "projects:people",
    "feedback:index",
    "feedback:upload",
    "labeling:project",
    "labeling:audit-new",
    "labeling:compare",
    "labeling:codebooks",
    "labeling:trend",
    "release:plan",
}
CODEBOOK_PAGES = {"labeling:codebook", "labeling:codebook-diff", "labeling:codebook-edit"}
AUDIT_PAGES = {
    "labeling:audit",
    "labeling:settings",
    "labeling:report",
    "labeling:report-json",
    "labeling:units",
    "labeling:sensitivity",
    "labeling:agreement",
    "labeling:agreement-units",
    "labeling:versions",
    "labeling:graders",
    "labeling:graders-json",
    "labeling:judges",
    "labeling:judges-csv",
    "labeling:judges-json",
    "labeling:exports",
    "labeling:adjudication",
    "labeling:flags",
    "labeling:mine",
    "labeling:gold",
    "labeling:training",
    "labeling:desk",
}


def patterns(resolver=None, namespace=""):
    """Every (name, pattern) of the URLconf, the admin's own aside."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            if entry.namespace != "admin":
                yield from patterns(entry, f"{entry.namespace}:" if entry.namespace else "")
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", entry


ALL = dict(patterns())


def door(pattern):
    found = getattr(pattern.callback, "door", None)
    return set(found) if isinstance(found, list) else found


@pytest.mark.parametrize("name", ALL)
def test_every_view_declares_its_door_as_the_table_says(name):
    assert door(ALL[name]) is not None, f"{name} declares no door"
    assert door(ALL[name]) == WHO_MAY_ENTER.get(name), f"{name} is not in the table like this"


def test_the_table_names_no_view_that_is_gone():
    assert set(WHO_MAY_ENTER) - set(ALL) == set()


@pytest.fixture
def clients(ana_client, lea_client, rey_client, adam_client):
    return {GRADER: ana_client, LEAD: lea_client, RESEARCHER: rey_client, ADMIN: adam_client}


def address(name, audit):
    if name in PROJECT_PAGES:
        return reverse(name, args=[audit.project.slug])
    if name in CODEBOOK_PAGES:
        same = "?with=1" if name == "labeling:codebook-diff" else ""
        return reverse(name, args=[audit.project.slug, audit.codebook.name, 1]) + same
    return reverse(name, args=[audit.slug])


@pytest.mark.parametrize("name", sorted(PROJECT_PAGES | CODEBOOK_PAGES | AUDIT_PAGES))
def test_the_pages_open_for_their_roles_and_do_not_exist_for_others(
    clients, out_client, elsewhere, make_open_audit, name
):
    """The 404 of a shut door has the body of a page that is not there at all."""
    url = address(name, make_open_audit(1))
    allowed = WHO_MAY_ENTER[name]
    for role, client in clients.items():
        answer = client.get(url)
        assert answer.status_code == (200 if role in allowed else 404), role
        if role not in allowed:
            assert answer.content == client.get("/no/such/page/").content
    for outsider in (out_client, elsewhere[1]):
        assert outsider.get(url).status_code == 404
    assert Client().get(url).headers["Location"].startswith("/sign-in/?next=")


def every_address():
    """One address per view, of things that do not exist."""
    samples = {
        "project_slug": "none",
        "audit_slug": "none",
        "token": "none",
        "pk": 1,
        "username": "none",
        "kind": "csv",
        "name": "none",
        "version": 1,
        "format": "csv",
        "figure": "shares",
        "frame": "negative",
        "first": 1,
        "second": 2,
    }
    for name, pattern in ALL.items():
        kwargs = {key: samples[key] for key in pattern.pattern.converters}
        yield name, reverse(name, kwargs=kwargs)


@pytest.mark.parametrize(("name", "url"), list(every_address()))
def test_no_view_lets_in_a_visitor_who_is_not_signed_in(db, name, url):
    """A missing object is not told from one that is shut: both lead to the sign-in."""
    if WHO_MAY_ENTER.get(name) == PUBLIC:
        return
    for method in ("get", "post"):
        answer = getattr(Client(), method)(url)
        assert answer.status_code in (302, 405), (method, url)
        if answer.status_code == 302:
            assert answer.url.startswith("/sign-in/")


@pytest.mark.parametrize(("name", "url"), list(every_address()))
def test_what_does_not_exist_is_a_404_for_everyone(clients, name, url):
    if WHO_MAY_ENTER.get(name) in (PUBLIC, SIGNED_IN):
        return
    for client in clients.values():
        codes = {client.get(url).status_code, client.post(url).status_code}
        assert codes <= {404, 405}


class TestPolicy:
    """One Content-Security-Policy, on whatever is answered."""

    def policy(self, answer):
        return answer.headers.get("Content-Security-Policy")

    def test_it_allows_no_inline_script_and_no_other_host(self):
        assert "default-src 'none'" in CONTENT_SECURITY_POLICY
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert "http" not in CONTENT_SECURITY_POLICY

    @pytest.mark.parametrize(("name", "url"), list(every_address()))
    def test_on_every_view_of_a_visitor(self, db, name, url):
        assert self.policy(Client().get(url)) == CONTENT_SECURITY_POLICY

    @pytest.mark.parametrize(
        "path",
        ["/", "/no/such/page/", "/static/app.css", "/static/no-such-file.css", "/admin/login/"],
    )
    def test_on_pages_missing_pages_and_static_files(self, ana_client, path):
        answer = ana_client.get(path)
        assert self.policy(answer) == CONTENT_SECURITY_POLICY
        answer.close()

    def test_on_the_refusal_of_a_form_without_its_token(self, ana):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
        answer = strict.post("/sign-out/")
        assert answer.status_code == 403
        assert self.policy(answer) == CONTENT_SECURITY_POLICY

    def test_on_a_server_error(self, ana, monkeypatch, make_open_audit):
        audit = make_open_audit(1)
        client = Client(raise_request_exception=False)
        client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")

        def fail(*_, **__):
            raise RuntimeError("SECRET-IN-THE-TRACE")

        monkeypatch.setattr("labeling.seating.claim_next", fail)
        answer = client.get(f"/audits/{audit.slug}/label/")
        assert answer.status_code == 500
        assert self.policy(answer) == CONTENT_SECURITY_POLICY
        assert "SECRET-IN-THE-TRACE" not in answer.text

    def test_pages_carry_no_inline_script_style_or_handler(self, clients, make_open_audit):
        import re

        audit = make_open_audit(1)
        for name in PROJECT_PAGES | AUDIT_PAGES:
            page = clients[LEAD].get(address(name, audit), follow=True).text
            assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", page) == []
