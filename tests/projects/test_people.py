"""The page of a project's people: who has access, until when, and who may change that."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from labeling.models import Label
from projects import invitations
from projects.models import Invitation, Membership, User
from tests.labeling.test_seats import at_once
from tests.people import signed_in
from tests.sampled import AtDesk

PEOPLE = "/projects/assistant/people/"
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)


def act(client, what, user, **sent):
    """Press a button of the member's row, and give the page that follows."""
    pk = Membership.objects.get(user=user).pk
    return client.post(f"{PEOPLE}{pk}/{what}/", sent, follow=True)


def row_of(page, username):
    """The words and the forms of a member's row."""
    rows = re.findall(r'<div class="todo member">(.*?)\n      </div>\n', page, re.DOTALL)
    (row,) = [row for row in rows if f"<b>{username}</b>" in row]
    return row


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2)


class TestThePage:
    def test_it_lists_members_with_role_since_last_day_and_state(self, lea_client, ana, ben, rey):
        ana.memberships.update(ends_on=TOMORROW)
        ben.memberships.update(removed_at=timezone.now())
        User.objects.filter(pk=rey.pk).update(is_active=False)
        page = lea_client.get(PEOPLE).text
        today = datetime.now(UTC).date()
        assert f"grader · since {today} · last day {TOMORROW}" in row_of(page, "ana")
        assert ">active<" in row_of(page, "ana")
        assert ">deactivated<" in row_of(page, "ben")
        assert "Reactivate" in row_of(page, "ben")
        assert ">account switched off<" in row_of(page, "rey")
        assert "· you" in row_of(page, "lea")
        ana.memberships.update(ends_on="2001-01-01")
        assert ">ended<" in row_of(lea_client.get(PEOPLE).text, "ana")

    def test_it_says_that_nothing_is_deleted_and_what_becomes_of_held_units(self, lea_client):
        page = lea_client.get(PEOPLE).text
        assert "Nothing is deleted: labels and decisions stay and count." in page
        assert "goes to others when its lease of half an hour ends" in page

    def test_it_shows_people_of_this_project_alone(self, lea_client, out, elsewhere):
        page = lea_client.get(PEOPLE).text
        assert "<b>out</b>" not in page
        assert "<b>stranger</b>" not in page

    def test_open_invitations_are_listed_until_they_are_revoked(self, lea_client, client):
        lea_client.post(PEOPLE, {"email": "dora@example.com", "role": "grader"})
        page = lea_client.get(PEOPLE).text
        assert "<b>dora@example.com</b>" in page
        assert "by lea" in page
        (address,) = re.findall(r'action="([^"]+/revoke/)"', page)
        after = lea_client.post(address, follow=True).text
        assert "The link for dora@example.com does not work any more." in after
        assert "/revoke/" not in after

    def test_leads_find_it_from_home_and_from_the_project(self, lea_client, rey_client, audit):
        for path in ("/", "/projects/assistant/"):
            assert f'href="{PEOPLE}"' in lea_client.get(path).text
            assert f'href="{PEOPLE}"' not in rey_client.get(path).text

    def test_the_number_of_queries_does_not_grow_with_the_members(
        self, lea_client, make_member, django_assert_max_num_queries
    ):
        for k in range(30):
            make_member(f"grader-{k}", "grader")
        with django_assert_max_num_queries(8):
            assert lea_client.get(PEOPLE).text.count("Deactivate<") == 30


class TestDeactivation:
    def test_it_acts_on_the_next_request_and_keeps_labels(self, lea_client, ana_client, ana, audit):
        AtDesk(ana_client, audit).give()
        assert (
            "ana has no access any more. All labels stay."
            in act(lea_client, "deactivate", ana).text
        )
        assert ana_client.get("/audits/w34/label/").status_code == 404
        assert "Audit w34" not in ana_client.get("/").text
        assert Label.objects.counted().count() == 1

    def test_a_page_that_was_open_saves_nothing_more(self, lea_client, ana_client, ana, audit):
        desk = AtDesk(ana_client, audit)
        token = desk.open()
        act(lea_client, "deactivate", ana)
        assert desk.verdict(token, "correct").status_code == 404

    def test_it_is_of_this_project_alone(self, lea_client, elsewhere, ana, ana_client, project):
        """Someone's role in another project, and their account, stay."""
        theirs = Membership.objects.exclude(project=project).get()
        Membership.objects.create(project=theirs.project, user=ana, role="grader")
        member = ana.memberships.get(project=project)
        lea_client.post(f"{PEOPLE}{member.pk}/deactivate/")
        assert Membership.objects.current().get(user=ana).project == theirs.project
        assert ana_client.get("/").status_code == 200

    def test_twice_keeps_the_first_moment(self, lea_client, ana):
        act(lea_client, "deactivate", ana)
        first = ana.memberships.get().removed_at
        act(lea_client, "deactivate", ana)
        assert ana.memberships.get().removed_at == first

    def test_reactivating_gives_the_same_role_back(self, lea_client, ana_client, ana, audit):
        act(lea_client, "deactivate", ana)
        act(lea_client, "reactivate", ana)
        assert ana_client.get("/audits/w34/label/").status_code == 200

    def test_reactivating_takes_away_a_last_day_that_is_past_and_keeps_one_to_come(
        self, lea_client, ana, ben
    ):
        for person, last_day in ((ana, "2001-01-01"), (ben, TOMORROW)):
            person.memberships.update(removed_at=timezone.now(), ends_on=last_day)
            act(lea_client, "reactivate", person)
        assert ana.memberships.get().ends_on is None
        assert ben.memberships.get().ends_on == TOMORROW


class TestLastDay:
    def test_it_is_set_and_taken_away(self, lea_client, ana):
        page = act(lea_client, "end-date", ana, ends_on=str(TOMORROW)).text
        assert f"{TOMORROW} is the last day of ana." in page
        assert ana.memberships.get().ends_on == TOMORROW
        assert "no last day for ana" in act(lea_client, "end-date", ana, ends_on="").text
        assert ana.memberships.get().ends_on is None

    @pytest.mark.parametrize("wrong", ["2001-01-01", "soon", "2027-02-30", "\0", "9" * 40])
    def test_what_is_past_or_no_date_changes_nothing(self, lea_client, ana, wrong):
        page = act(lea_client, "end-date", ana, ends_on=wrong).text
        assert "Last day: expected" in page
        assert ana.memberships.get().ends_on is None

    def test_one_whose_last_day_is_past_is_let_in_again_by_a_later_one(
        self, lea_client, ana_client, ana, audit
    ):
        ana.memberships.update(ends_on="2001-01-01")
        act(lea_client, "end-date", ana, ends_on=str(TOMORROW))
        assert ana_client.get("/audits/w34/label/").status_code == 200


class TestWhoMay:
    ACTIONS = ("deactivate", "reactivate", "end-date")

    @pytest.mark.parametrize("what", ACTIONS)
    def test_nobody_changes_their_own_access(self, lea_client, lea, adam_client, adam, what):
        for client, person in ((lea_client, lea), (adam_client, adam)):
            page = act(client, what, person, ends_on=str(TOMORROW)).text
            assert "Your own access is changed by another lead or an admin" in page
            member = person.memberships.get()
            assert (member.removed_at, member.ends_on) == (None, None)
            assert "<form" not in row_of(page, person.username)

    @pytest.mark.parametrize("what", ACTIONS)
    def test_only_an_admin_changes_an_admin(self, lea_client, adam_client, make_member, what):
        boss = make_member("boss", "admin")
        gone = timezone.now() if what == "reactivate" else None
        boss.memberships.update(removed_at=gone)
        before = boss.memberships.values().get()
        page = act(lea_client, what, boss, ends_on=str(TOMORROW)).text
        assert "Only an admin may change" in page
        assert boss.memberships.values().get() == before
        assert "<form" not in row_of(page, "boss")
        act(adam_client, what, boss, ends_on=str(TOMORROW))
        assert boss.memberships.values().get() != before

    @pytest.mark.parametrize("what", ACTIONS)
    def test_graders_and_researchers_change_nobody(self, ana_client, rey_client, ben, what):
        for client in (ana_client, rey_client):
            assert act(client, what, ben, ends_on=str(TOMORROW)).status_code == 404
        assert ben.memberships.get().removed_at is None

    @pytest.mark.parametrize("what", ACTIONS)
    def test_a_lead_of_another_project_changes_nobody(self, elsewhere, ben, project, what):
        """Neither under this project's address nor under their own."""
        client, theirs = elsewhere[1], Membership.objects.exclude(project=project).get()
        theirs.role = "lead"
        theirs.save(update_fields=["role"])
        pk = ben.memberships.get().pk
        for slug in ("assistant", theirs.project.slug):
            answer = client.post(f"/projects/{slug}/people/{pk}/{what}/", {"ends_on": "2099-01-01"})
            assert answer.status_code == 404
        member = ben.memberships.get()
        assert (member.removed_at, member.ends_on) == (None, None)

    def test_someone_elses_invitation_is_not_revoked_from_another_project(
        self, elsewhere, lea, project
    ):
        theirs = Membership.objects.exclude(project=project).get()
        theirs.role = "lead"
        theirs.save(update_fields=["role"])
        invitation, _ = invitations.invite(
            project=project, email="d@example.com", role="grader", by=lea.memberships.get()
        )
        path = f"/projects/{theirs.project.slug}/people/invitations/{invitation.pk}/revoke/"
        assert elsewhere[1].post(path).status_code == 404
        assert Invitation.objects.open().exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_two_who_deactivate_each_other_at_once_one_stays(self, make_member):
        first, second = make_member("first", "admin"), make_member("second", "admin")
        jobs = [(signed_in(first), second), (signed_in(second), first)]
        at_once(
            [
                lambda client=client, other=other: act(client, "deactivate", other)
                for client, other in jobs
            ]
        )
        assert Membership.objects.current().count() == 1
