"""A link is used once however many try, stays secret, and has no impossible state."""

import io
import logging
import re

import pytest
from axes.models import AccessAttempt
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from projects.models import Invitation, Membership, User
from tests.labeling.test_seats import at_once
from tests.people import signed_in
from tests.projects.conftest import ACCOUNT, PEOPLE, age


class TestAtOnce:
    @pytest.fixture
    def link(self, transactional_db, make_link):
        return make_link()

    def test_of_many_accounts_by_one_link_one_is_made(self, link):
        def join(name):
            client = Client()
            return client.post(link, {**ACCOUNT, "username": name}).status_code

        codes = at_once([lambda name=name: join(name) for name in "abcdef"])
        assert codes.count(302) == 1
        assert set(codes) <= {302, 404, 422}  # 422: the account was there before the look at it
        assert User.objects.filter(email="dora@example.com").count() == 1
        assert Membership.objects.filter(role="grader").count() == 1

    def test_of_many_tabs_of_one_person_one_wins(self, link, dora):
        tabs = [signed_in(dora) for _ in range(6)]
        codes = at_once([lambda tab=tab: tab.post(link).status_code for tab in tabs])
        assert sorted(codes) == [302, 404, 404, 404, 404, 404]
        assert Membership.objects.filter(user=dora).count() == 1

    def test_one_user_name_by_two_links_is_one_account(self, link, make_link):
        other = make_link("eve@example.com")
        codes = at_once(
            [lambda at=at: Client().post(at, ACCOUNT).status_code for at in (link, other)]
        )
        assert sorted(codes) == [302, 422]
        assert User.objects.filter(username="dora").count() == 1

    def test_revoked_and_accepted_at_once_is_one_of_the_two(self, link, lea):
        revoke = f"{PEOPLE}invitations/{Invitation.objects.get().pk}/revoke/"
        lead = signed_in(lea)
        at_once([lambda: lead.post(revoke).status_code, lambda: Client().post(link, ACCOUNT)])
        used = Invitation.objects.get()
        assert (used.accepted_at is None) != (used.revoked_at is None)
        assert Membership.objects.filter(user__username="dora").exists() == bool(used.accepted_at)


class TestTheTokenStaysSecret:
    def test_no_referer_carries_it(self, client, make_link):
        link = make_link()
        for answer in (client.get(link), client.get("/join/x/")):
            assert answer.headers["Referrer-Policy"] == "strict-origin"
            outside = re.findall(r'(?:href|src|action)="(?!/(?!/)|#)[^"]*"', answer.text)
            assert outside == []

    def test_the_log_of_refused_requests_hides_it(self, client, make_link, monkeypatch):
        (handler,) = [h for h in logging.getLogger().handlers if h.filters]
        assert isinstance(handler, logging.StreamHandler)
        # Not setStream: it flushes the one before, which an earlier test's capture may have closed.
        monkeypatch.setattr(handler, "stream", io.StringIO())
        link = make_link()
        age(expires_at=timezone.now())
        client.get(link)
        client.put(link)
        Client(enforce_csrf_checks=True).post(link)
        log = handler.stream.getvalue()
        assert log.count("/join/...") == 3
        assert link not in log
        assert link.split("/")[2] not in log

    def test_a_failed_sign_in_on_the_way_does_not_keep_it(self, client, make_link, dora):
        link = make_link()
        client.post(
            f"/sign-in/?next={link}", {"username": "dora", "password": "guess", "next": link}
        )
        kept = AccessAttempt.objects.values().get()
        assert "post_data" in kept
        assert link.split("/")[2] not in str(kept)

    def test_a_form_without_its_token_is_refused(self, make_link):
        link = make_link()
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(link, ACCOUNT).status_code == 403
        assert Invitation.objects.open().count() == 1


class TestTheDatabaseRefuses:
    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"role": "boss"}, "invitation_role_is_known"),
            ({"accepted_at": timezone.now()}, "invitation_accepted_by_someone"),
        ],
    )
    def test_an_impossible_invitation(self, make_link, fields, constraint):
        make_link()
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            age(**fields)

    def test_an_invitation_that_is_both_accepted_and_revoked(self, make_link, lea):
        make_link()
        now = timezone.now()
        with (
            pytest.raises(IntegrityError, match="invitation_accepted_or_revoked"),
            transaction.atomic(),
        ):
            age(accepted_at=now, accepted_by=lea, revoked_at=now)

    def test_two_open_invitations_for_one_address(self, make_link):
        make_link()
        other = Invitation.objects.get()
        other.pk, other.token_hash = None, "0" * 64
        with (
            pytest.raises(IntegrityError, match=r"one_open_invitation_per_address|UNIQUE"),
            transaction.atomic(),
        ):
            other.save(force_insert=True)
