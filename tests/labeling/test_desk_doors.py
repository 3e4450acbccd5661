"""Whose desk it is: for everybody else the unit does not exist."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Verdict
from projects.models import User
from tests.sampled import token_on


@pytest.mark.parametrize("step", ["", "verdict/", "label/", "skip/"])
def test_an_unknown_unit_and_one_of_another_audit_are_the_same_missing_page(
    ana_client, audit, make_open_audit, at_desk, step
):
    other = make_open_audit(1, slug="w35")
    desk = at_desk(ana_client, audit, htmx=False)
    missing = ana_client.get("/no/such/page/").content
    for token in ("nonsense", other.units.get().token):
        answer = desk.post(f"units/{token}/{step}") if step else desk.get(f"units/{token}/")
        assert (answer.status_code, answer.content) == (404, missing)


def test_a_unit_that_is_not_mine_does_not_exist(ana_desk, ben_client, audit, at_desk):
    ana_desk.open()
    not_held = audit.units.last().token
    assert at_desk(ben_client, audit).get(f"units/{not_held}/").status_code == 404


def test_a_grader_of_another_project_gets_the_missing_page(elsewhere, audit):
    stranger = elsewhere[1]
    missing = stranger.get("/no/such/page/").content
    for path in ("label/", f"units/{audit.units.first().token}/"):
        answer = stranger.get(f"/audits/{audit.slug}/{path}")
        assert (answer.status_code, answer.content) == (404, missing)


def test_a_removed_member_is_out_on_the_next_request(ana_desk, ana):
    assert ana_desk.get().status_code == 200
    ana.memberships.update(removed_at=timezone.now())
    assert ana_desk.get().status_code == 404


def test_a_deactivated_account_is_signed_out_on_the_next_request(ana_desk, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert ana_desk.get().status_code == 401


def test_researcher_and_admin_cannot_label(rey_client, adam_client, audit, at_desk):
    token = audit.units.first().token
    for client in (rey_client, adam_client):
        desk = at_desk(client, audit)
        assert desk.get().status_code == 404
        assert desk.verdict(token, "correct").status_code == 404
    assert not Verdict.objects.exists()


def test_a_lead_may_label_too(lea_client, audit, at_desk):
    assert at_desk(lea_client, audit).give().category == "latency"


@pytest.mark.parametrize("path", ["label/", "units/w34-token-0/verdict/", "undo/"])
def test_signed_out_htmx_gets_a_401_it_can_show_and_a_page_the_sign_in(audit, path):
    url = f"/audits/{audit.slug}/{path}"
    send = Client().get if path == "label/" else Client().post
    by_htmx = send(url, headers={"HX-Request": "true"})
    assert by_htmx.status_code == 401
    assert 'id="signed-out"' in by_htmx.text
    plain = Client().get(url)
    assert (plain.status_code, plain.headers["Location"].split("?")[0]) == (302, "/sign-in/")


@pytest.mark.parametrize("step", ["verdict/", "label/", "skip/"])
def test_the_address_of_a_form_leads_back_to_the_desk(ana_desk, step):
    """Somebody who signs in again is sent to the address the form had."""
    answer = ana_desk.get(f"units/{ana_desk.open()}/{step}")
    assert (answer.status_code, answer.url) == (302, "/audits/w34/label/")


def test_forms_need_the_csrf_token(ana, audit):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    page = strict.get(f"/audits/{audit.slug}/label/")
    url = f"/audits/{audit.slug}/units/{token_on(page)}/verdict/"
    assert strict.post(url, {"correctness": "correct"}).status_code == 403
    assert not Verdict.objects.exists()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    header = re.search(r'"X-CSRFToken": "([^"]+)"', page.text)[1]
    form = {"correctness": "correct", "csrfmiddlewaretoken": token}
    assert strict.post(url, form).status_code == 302
    by_header = strict.post(
        url, {"correctness": "correct"}, headers={"HX-Request": "true", "X-CSRFToken": header}
    )
    assert by_header.status_code == 200
