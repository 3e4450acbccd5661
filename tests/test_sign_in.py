"""Signing in, out, and the demo's one click."""

import pytest
from django.test import Client

from projects.models import Membership, Project, User
from tests.sampled import AtDesk

PASSWORD = "a long password for tests"


def sign_in(client, username="ana", password=PASSWORD, **more):
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def test_the_form_signs_in_and_leads_home(client, ana):
    answer = sign_in(client)
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/").status_code == 200


def test_next_leads_back_and_never_to_another_site(client, ana):
    assert sign_in(client, next="/audits/w34/label/").url == "/audits/w34/label/"
    assert sign_in(Client(), next="https://evil.example/").url == "/"
    assert sign_in(Client(), next="//evil.example/").url == "/"


def test_a_page_asks_to_sign_in_and_remembers_where(client, db):
    answer = client.get("/audits/w34/label/?revise=1")
    assert answer.url == "/sign-in/?next=%2Faudits%2Fw34%2Flabel%2F%3Frevise%3D1"


def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(client, ana):
    wrong, unknown = sign_in(client, password="guess"), sign_in(client, "nobody")
    error = "Please enter a correct username and password"
    assert error in wrong.text
    assert error in unknown.text
    assert client.get("/").status_code == 302


def test_a_deactivated_account_does_not_sign_in(client, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    sign_in(client)
    assert client.get("/").status_code == 302


def test_guessing_is_stopped_also_for_the_right_password(client, ana):
    answers = [sign_in(client, password=f"guess {k}").status_code for k in range(8)]
    locked = sign_in(client)
    assert answers[0] == 200
    assert locked.status_code == 429
    assert "Too many attempts" in locked.text


def test_signing_out_needs_a_post_and_ends_the_session(ana_client):
    assert ana_client.get("/sign-out/").status_code == 405
    ana_client.post("/sign-out/")
    assert ana_client.get("/").status_code == 302


def test_the_desk_stays_shut_after_signing_out(ana_client, make_open_audit):
    desk = AtDesk(ana_client, make_open_audit(1))
    ana_client.post("/sign-out/")
    assert desk.get().status_code == 401


def test_pages_are_not_kept_by_caches(ana_client):
    assert "no-store" in ana_client.get("/").headers["Cache-Control"]


class TestDemo:
    """One click, in demo mode, as a member of a demo project, and as nobody else."""

    @pytest.fixture
    def demo(self, ana, settings):
        settings.DEMO_MODE = True
        Project.objects.update(is_demo=True)
        ana.set_unusable_password()
        ana.save(update_fields=["password"])

    def test_one_click_signs_in(self, client, demo):
        assert "<b>ana</b>" in client.get("/sign-in/").text
        assert client.post("/demo/sign-in/ana/").url == "/"
        assert client.get("/").status_code == 200

    def test_outside_demo_mode_the_page_does_not_exist(self, client, ana, settings):
        settings.DEMO_MODE = False
        Project.objects.update(is_demo=True)
        assert client.post("/demo/sign-in/ana/").status_code == 404
        assert "Look around the demo" not in client.get("/sign-in/").text

    def test_it_opens_no_other_account(self, client, demo, out, ben, make_member):
        """Not one without a role, of a real project, of staff, or with a password."""
        real = Project.objects.create(slug="real", name="Real")
        worker = User.objects.create_user("worker")
        Membership.objects.create(project=real, user=worker, role="grader")
        chief = make_member("chief", "admin")
        User.objects.filter(pk=chief.pk).update(is_staff=True)
        for username in ("out", "worker", "chief", "ben", "nobody"):
            assert client.post(f"/demo/sign-in/{username}/").status_code == 404
        assert client.get("/").status_code == 302

    def test_it_takes_a_post_alone(self, client, demo):
        assert client.get("/demo/sign-in/ana/").status_code == 405


def test_a_name_that_is_too_long_is_refused_and_the_page_says_so(client, db):
    """The throttle keeps the name in 255 characters: on PostgreSQL this was a 500."""
    answer = sign_in(client, "x" * 10_000)
    assert "Expected a user name of at most 150 characters, got 10,000." in answer.text
    assert sign_in(client, "a\0b").status_code == 200


class TestSessionOfAnOpenPage:
    """Where a page that is still open learns who is signed in, and signs in again."""

    def test_it_names_the_person_and_gives_a_form_token(self, ana_client):
        state = ana_client.get("/session/").json()
        assert state["user"] == "ana"
        assert len(state["csrf"]) == 64

    def test_a_visitor_is_nobody(self, db):
        assert Client().get("/session/").json()["user"] is None

    def test_signing_in_gives_a_token_that_works(self, ana):
        strict = Client(enforce_csrf_checks=True)
        token = strict.get("/session/").json()["csrf"]
        form = {"username": "ana", "password": "a long password for tests"}
        assert strict.post("/session/", form).status_code == 403
        state = strict.post("/session/", {**form, "csrfmiddlewaretoken": token}).json()
        assert state["user"] == "ana"
        out = strict.post("/sign-out/", {"csrfmiddlewaretoken": state["csrf"]})
        assert out.status_code == 302

    def test_a_wrong_password_is_said_and_guesses_are_throttled(self, ana, settings):
        settings.AXES_ENABLED = True
        client, wrong = Client(), {"username": "ana", "password": "not the password"}
        first = client.post("/session/", wrong)
        assert first.status_code == 422
        assert "correct username and password" in first.json()["problem"]
        codes = [client.post("/session/", wrong).status_code for _ in range(10)]
        assert codes[-1] in (403, 429)
        right = {"username": "ana", "password": "a long password for tests"}
        assert client.post("/session/", right).status_code in (403, 429)
        assert client.get("/session/").json()["user"] is None
