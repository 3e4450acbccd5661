"""Invitations: single use, 72 hours, bound to an e-mail address and a role, accepted by POST."""

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Label
from projects import invitations
from projects.errors import InputError
from projects.models import Invitation, Membership, Project, User
from tests.labeling.test_seats import at_once
from tests.people import signed_in
from tests.projects.conftest import ACCOUNT, PASSWORD, PEOPLE, age
from tests.sampled import AtDesk

NOT_VALID = "This link is not valid any more"


def invite_on_page(client, email="dora@example.com", role="grader", **more):
    return client.post(PEOPLE, {"email": email, "role": role, **more})


def link_on(answer):
    found = re.findall(r'value="http://testserver(/join/[^"]+)"', answer.text)
    assert len(found) == 1
    return found[0]


class TestInviting:
    def test_the_link_is_shown_once_and_stored_nowhere(self, lea_client):
        answer = invite_on_page(lea_client)
        token = link_on(answer).split("/")[2]
        assert token not in lea_client.get(PEOPLE).text
        stored = Invitation.objects.values().get()
        assert token not in str(stored)
        assert stored["token_hash"] == hashlib.sha256(token.encode()).hexdigest()
        assert token not in str(list(lea_client.session.items()))
        assert token not in str(lea_client.cookies)
        assert "no-store" in answer.headers["Cache-Control"]

    def test_a_token_has_128_bits_and_is_never_the_same(self, make_link):
        tokens = {make_link().split("/")[2] for _ in range(20)}
        assert len(tokens) == 20
        assert {len(token) for token in tokens} == {22}  # 16 bytes in base64

    def test_it_expires_in_72_hours(self, make_link):
        make_link()
        left = Invitation.objects.get().expires_at - timezone.now()
        assert timedelta(hours=71, minutes=59) < left <= timedelta(hours=72)

    def test_a_second_link_for_an_address_ends_the_first(self, client, make_link):
        first, second = make_link(), make_link("DORA@example.com", "researcher")
        assert client.get(first).status_code == 404
        assert client.get(second).status_code == 200

    def test_many_links_for_one_address_at_once_leave_one(self, transactional_db, make_link):
        links = at_once([make_link] * 6)
        assert sum(Client().get(link).status_code == 200 for link in links) == 1

    def test_a_member_is_not_invited_again(self, lea_client, ana):
        User.objects.filter(pk=ana.pk).update(email="Ana@example.com")
        answer = invite_on_page(lea_client, "ana@example.com", "lead")
        assert answer.status_code == 422
        assert "ana@example.com is in this project already: ana, grader." in answer.text

    @pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 300 + "@example.com"])
    def test_a_wrong_address_is_refused_beside_the_field(self, lea_client, email):
        answer = invite_on_page(lea_client, email)
        assert answer.status_code == 422
        assert 'id="id_email_error"' in answer.text
        assert not Invitation.objects.exists()

    def test_a_last_day_that_is_past_is_refused(self, lea_client):
        answer = invite_on_page(lea_client, ends_on="2001-01-01")
        assert "or later, got 2001-01-01" in answer.text
        assert not Invitation.objects.exists()

    def test_a_lead_makes_no_admin_and_an_admin_does(self, lea_client, adam_client):
        assert invite_on_page(lea_client, role="admin").status_code == 422
        assert '<option value="admin">' not in lea_client.get(PEOPLE).text
        assert not Invitation.objects.exists()
        assert link_on(invite_on_page(adam_client, role="admin"))

    def test_a_lead_replaces_no_invitation_of_an_admin(self, client, lea_client, adam_client):
        link = link_on(invite_on_page(adam_client, role="admin"))
        assert "Only an admin may" in invite_on_page(lea_client, role="grader").text
        lea_client.post(f"{PEOPLE}invitations/{Invitation.objects.get().pk}/revoke/")
        assert client.get(link).status_code == 200

    def test_a_lead_of_one_project_gives_no_role_in_another(self, elsewhere, project):
        assert invite_on_page(elsewhere[1]).status_code == 404
        assert not Invitation.objects.exists()


class TestJoining:
    def test_the_page_says_who_invites_to_what(self, client, make_link):
        page = client.get(make_link(ends_on=datetime.now(UTC).date())).text
        for said in ("lea invites", "dora@example.com", "Assistant", "<b>grader</b>", "until"):
            assert said in page

    def test_a_new_person_makes_an_account_and_is_in(self, client, make_link, make_open_audit):
        make_open_audit(1)
        answer = client.post(make_link(name="Dora"), ACCOUNT)
        assert (answer.status_code, answer.url) == (302, "/")
        assert "Welcome to Assistant. Your role: grader." in client.get("/").text
        assert client.get("/audits/w34/label/").status_code == 200
        dora = User.objects.get(username="dora")
        assert (dora.email, dora.display_name) == ("dora@example.com", "Dora")
        assert not dora.is_staff
        assert dora.check_password(PASSWORD)

    def test_the_account_gets_the_invitations_address_and_role_whatever_is_sent(
        self, client, make_link
    ):
        sent = {**ACCOUNT, "email": "boss@example.com", "role": "admin", "is_staff": "1"}
        client.post(make_link(), {**sent, "is_superuser": "1"})
        dora = User.objects.get(username="dora")
        assert (dora.email, dora.is_staff, dora.is_superuser) == ("dora@example.com", False, False)
        assert dora.memberships.get().role == "grader"

    def test_looking_uses_nothing_up(self, client, make_link):
        link = make_link()
        for method in (client.get, client.head, client.options, client.put):
            method(link)
        assert Invitation.objects.open().count() == 1
        assert not User.objects.filter(username="dora").exists()
        assert client.post(link, ACCOUNT).status_code == 302

    @pytest.mark.parametrize(
        "wrong",
        [
            {"username": "lea"},
            {"username": "LEA"},
            {"username": "a b"},
            {"username": ""},
            {"password2": "another long password"},
            {"password1": "short", "password2": "short"},
            {"password1": "dora@example.com", "password2": "dora@example.com"},
        ],
        ids=str,
    )
    def test_a_refused_account_leaves_the_link_as_it_was(self, client, make_link, wrong):
        link = make_link()
        answer = client.post(link, {**ACCOUNT, **wrong})
        assert answer.status_code == 422
        assert 'class="field-error"' in answer.text
        assert Invitation.objects.open().count() == 1
        assert User.objects.count() == 1
        assert PASSWORD not in answer.text

    def test_an_existing_account_signs_in_first_and_comes_back(self, client, make_link, dora):
        link = make_link()
        page = client.get(link).text
        assert "Sign in first" in page
        assert "Make your account" not in page
        answer = client.post("/sign-in/", {"username": "dora", "password": PASSWORD, "next": link})
        assert answer.url == link
        assert "Accept the invitation" in client.get(link).text
        assert not dora.memberships.exists()
        assert client.post(link).url == "/"
        assert dora.memberships.get().role == "grader"

    def test_no_second_account_is_made_for_an_address(self, client, make_link, dora):
        answer = client.post(make_link(), {**ACCOUNT, "username": "dora2"})
        assert answer.status_code == 422
        assert not User.objects.filter(username="dora2").exists()

    def test_an_account_that_is_switched_off_gets_no_second_one(self, client, make_link, dora):
        User.objects.filter(pk=dora.pk).update(is_active=False)
        link = make_link()
        assert client.post(link, {**ACCOUNT, "username": "dora2"}).status_code == 422
        client.post("/sign-in/", {"username": "dora", "password": PASSWORD, "next": link})
        client.post(link)
        assert not dora.memberships.exists()

    def test_someone_else_cannot_accept_and_comes_back_after_signing_out(
        self, out_client, make_link, out
    ):
        link = make_link()
        assert "this invitation is for another address" in out_client.get(link).text
        assert out_client.post(link).status_code == 422
        assert not out.memberships.exists()
        assert out_client.post("/sign-out/", {"next": link}).url == link

    def test_the_workflow_refuses_by_itself_what_the_page_does_not_offer(
        self, make_link, out, dora
    ):
        """An account that was made a moment ago, and a person of another address."""
        token = make_link().split("/")[2]
        twin = User(username="dora2", email="dora@example.com")
        for user, said in ((twin, "sign in with it"), (out, "not for you")):
            with pytest.raises(InputError, match=said):
                invitations.accept(token=token, user=user)
        assert Invitation.objects.open().count() == 1
        assert not User.objects.filter(username="dora2").exists()

    def test_a_person_without_an_address_matches_no_invitation(self, out):
        assert not Invitation(email="").is_for(out)

    def test_a_member_accepts_nothing_and_keeps_the_role(self, make_link, adam):
        """The address came to the account after the invitation was sent."""
        link = make_link()
        User.objects.filter(pk=adam.pk).update(email="dora@example.com")
        answer = signed_in(User.objects.get(pk=adam.pk)).post(link)
        assert "You are in this project already, as admin: nothing was changed." in answer.text
        assert adam.memberships.get().role == "admin"

    def test_a_deactivated_person_gets_the_membership_back_with_the_new_role(
        self, client, make_link, ana, ana_client, make_open_audit
    ):
        AtDesk(ana_client, make_open_audit(1)).give()
        User.objects.filter(pk=ana.pk).update(email="ana@example.com")
        ana.memberships.update(removed_at=timezone.now(), ends_on="2001-01-01")
        ana_client.post(make_link("ana@example.com", "researcher"))
        member = Membership.objects.get(user=ana)
        assert (member.role, member.removed_at, member.ends_on) == ("researcher", None, None)
        assert ana_client.get("/audits/w34/report/").status_code == 200
        assert Label.objects.count() == 1

    def test_the_end_date_goes_over_to_the_membership(self, client, make_link):
        last = datetime.now(UTC).date() + timedelta(days=9)
        client.post(make_link(ends_on=last), ACCOUNT)
        assert Membership.objects.get(user__username="dora").ends_on == last

    def test_demo_mode_offers_nobody_who_joined_by_a_link(self, client, make_link, settings):
        settings.DEMO_MODE = True
        Project.objects.update(is_demo=True)
        client.post(make_link(), ACCOUNT)
        assert "<b>dora</b>" not in Client().get("/sign-in/").text
        assert Client().post("/demo/sign-in/dora/").status_code == 404


class TestNotValid:
    """Used, expired, revoked, unknown, or from someone who may not invite any more: one page."""

    @pytest.fixture(params=["used", "expired", "revoked", "unknown", "inviter out", "over"])
    def dead_link(self, request, make_link, lea, lea_client):
        link = make_link()
        if request.param == "used":
            Client().post(link, ACCOUNT)
        elif request.param == "expired":
            age(expires_at=timezone.now())
        elif request.param == "revoked":
            lea_client.post(f"{PEOPLE}invitations/{Invitation.objects.get().pk}/revoke/")
        elif request.param == "unknown":
            link = "/join/AAAAAAAAAAAAAAAAAAAAAA/"
        elif request.param == "inviter out":
            lea.memberships.update(removed_at=timezone.now())
        else:
            age(ends_on="2001-01-01")
        return link

    def test_the_answer_is_a_404_with_the_same_body(self, dead_link, out_client, out):
        expected = Client().get("/join/x/").content
        assert NOT_VALID in expected.decode()
        assert "Ask your lead" in expected.decode()
        for client in (Client(), out_client):
            for answer in (client.get(dead_link), client.post(dead_link, ACCOUNT)):
                assert answer.status_code == 404
                assert answer.content == expected
        assert not out.memberships.exists()

    def test_nobody_joins_by_it(self, dead_link):
        Client().post(dead_link, {**ACCOUNT, "username": "eve"})
        assert not User.objects.filter(username="eve").exists()


class TestWhoInvited:
    """A link is worth as much as the right of the person who made it."""

    def test_a_lead_who_became_a_grader_or_was_switched_off(self, client, make_link, lea):
        link = make_link()
        lea.memberships.update(role="grader")
        assert client.get(link).status_code == 404
        lea.memberships.update(role="lead")
        assert client.get(link).status_code == 200
        User.objects.filter(pk=lea.pk).update(is_active=False)
        assert client.get(link).status_code == 404

    def test_an_admin_who_became_a_lead_makes_no_admin(self, client, make_link, adam):
        by = adam.memberships.get()
        boss = make_link(role="admin", by=by)
        worker = make_link("w@example.com", "grader", by=by)
        adam.memberships.update(role="lead")
        assert client.get(boss).status_code == 404
        assert client.get(worker).status_code == 200

    def test_the_commands_links_need_nobodys_right(self, client, make_link):
        assert client.get(make_link(role="admin", by=None)).status_code == 200
