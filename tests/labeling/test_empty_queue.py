"""The empty desk says why, and what to do next: every reason, in words."""

import datetime as dt
import re

import pytest
from django.db.models.functions import Now

from labeling import seating, workflow
from labeling.models import Audit, Coder, Label, Seat
from labeling.queue import explain_empty_queue, until
from projects.models import User


@pytest.fixture
def named_lead(lea):
    User.objects.filter(pk=lea.pk).update(first_name="Lea", last_name="Lindt")
    return lea


def page_of(client, audit, at_desk):
    return at_desk(client, audit).get().text


def test_imported_labels_leave_nothing_to_label(ana_client, make_open_audit, at_desk):
    page = page_of(ana_client, make_open_audit(1, kind="imported"), at_desk)
    assert "labels that were made elsewhere" in page


def test_a_closed_audit_says_since_when_and_whom_to_ask(
    ana_client, make_open_audit, at_desk, named_lead
):
    audit = make_open_audit(1)
    workflow.close_audit(audit)
    Audit.objects.update(closed_at=dt.datetime(2026, 8, 3, 9, 5, tzinfo=dt.UTC))
    page = page_of(ana_client, audit, at_desk)
    assert "closed since 3 August 2026, 09:05 UTC" in page
    assert "ask Lea Lindt to reopen" in page
    assert "Undo my last" not in page


def test_a_finished_audit_says_so(ana_client, make_open_audit, at_desk):
    desk = at_desk(ana_client, make_open_audit(1, coders=1))
    desk.give()
    page = desk.get().text
    assert "Every unit has all its labels: the audit is finished." in page
    assert "You gave 1 label." in page


def test_all_done_by_you_says_that_the_rest_is_for_others(ana_client, make_open_audit, at_desk):
    desk = at_desk(ana_client, make_open_audit(2))
    desk.give()
    desk.give()
    page = desk.get().text
    assert "You have seen every unit that still needs a label" in page
    assert "2 units are not finished yet" in page
    assert "You gave 2 labels." in page
    assert "Undo my last label" in page


def test_units_held_by_others_name_the_earliest_and_the_latest_minute(
    ana_client, ben_client, chi_client, make_open_audit, at_desk
):
    audit = make_open_audit(2, coders=1)
    at_desk(ben_client, audit).open()
    at_desk(chi_client, audit).open()
    first, last = Seat.objects.order_by("pk")
    now = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    sooner, later = now + dt.timedelta(minutes=12), now + dt.timedelta(minutes=25)
    Seat.objects.filter(pk=first.pk).update(lease_until=later)
    Seat.objects.filter(pk=last.pk).update(lease_until=sooner)
    page = page_of(ana_client, audit, at_desk)
    assert f"until {sooner:%H:%M} UTC at the earliest, {later:%H:%M} UTC at the latest" in page
    assert "Look again" in page


def test_one_held_unit_names_one_minute():
    at = dt.datetime(2026, 8, 3, 9, 5, 7, tzinfo=dt.UTC)
    assert until(at, at + dt.timedelta(seconds=40)) == "until 09:05 UTC"


def test_a_held_unit_comes_to_who_waited_when_its_lease_is_over(
    ana_client, ben_client, make_open_audit, at_desk
):
    audit = make_open_audit(1, coders=1)
    token = at_desk(ben_client, audit).open()
    assert "Other graders hold the last units" in page_of(ana_client, audit, at_desk)
    Seat.objects.update(lease_until=Now() - seating.LEASE)
    assert at_desk(ana_client, audit).open() == token


def test_a_unit_you_skipped_is_no_reason_to_wait_and_a_skip_is_explained(
    ana_client, ben_client, make_open_audit, at_desk
):
    audit = make_open_audit(1, coders=1)
    desk = at_desk(ana_client, audit)
    desk.skip(desk.open())
    at_desk(ben_client, audit).open()
    page = desk.get().text
    assert "the rest is for other graders" in page
    assert "skipped 1 unit. A skip is no label: the unit goes back for others" in page
    assert "Undo my last label or skip" in page
    assert "Look again" not in page


def test_a_unit_you_decided_as_lead_is_no_reason_to_wait(
    lea, lea_client, ana_client, ben_client, project, make_open_audit, at_desk
):
    audit = make_open_audit(1, coders=1)
    unit = audit.units.get()
    workflow.adjudicate(
        unit=unit,
        lead=lea,
        judgment=workflow.Judgment(correctness="cannot_tell"),
        reason="Cut off.",
    )
    at_desk(ben_client, audit).open()
    assert "the rest is for other graders" in page_of(lea_client, audit, at_desk)
    assert "Other graders hold" in page_of(ana_client, audit, at_desk)


class TestCapped:
    """Nobody gives more labels than the lead allows; what is begun may be finished."""

    @pytest.fixture
    def audit(self, make_open_audit):
        return make_open_audit(4, coders=1, max_labels_per_coder=2)

    @pytest.fixture
    def desk(self, ana_client, audit, at_desk):
        return at_desk(ana_client, audit)

    def test_the_desk_serves_no_more_and_says_how_many_of_how_many(self, desk, named_lead):
        desk.give()
        desk.give()
        page = desk.get().text
        assert "2 of 2 labels given" in page
        assert "ask Lea Lindt" in page
        assert not Seat.objects.filter(coder__isnull=False, is_done=False)

    def test_another_grader_goes_on(self, desk, ben_client, audit, at_desk):
        desk.give()
        desk.give()
        assert at_desk(ben_client, audit).open()

    def test_an_open_unit_is_finished_though_the_limit_is_reached_by_now(self, desk):
        desk.give()
        token = desk.open()
        Audit.objects.update(max_labels_per_coder=1)
        assert desk.open() == token
        desk.give()
        assert Label.objects.count() == 2
        assert "2 of 1 labels given" in desk.get().text

    def test_an_undone_label_makes_room_for_one(self, desk):
        desk.give()
        token = desk.give().unit.token
        desk.undo()
        assert desk.open() == token

    def test_planted_units_count_like_any_other(self, desk, audit):
        audit.units.filter(name__endswith="-0").update(kind="gold", inclusion_probability=None)
        desk.give()
        desk.give()
        assert "2 of 2 labels given" in desk.get().text


class TestByInvitation:
    """Only graders a lead has let in get units."""

    @pytest.fixture
    def audit(self, make_open_audit):
        return make_open_audit(2, by_invitation=True)

    def test_who_is_not_let_in_gets_no_unit_and_is_told_whom_to_ask(
        self, ana_client, audit, at_desk, named_lead
    ):
        page = page_of(ana_client, audit, at_desk)
        assert "You are not yet invited to this audit" in page
        assert "Ask Lea Lindt to let you in." in page
        assert not Seat.objects.filter(coder__isnull=False)

    def test_without_a_lead_the_admin_is_named_and_without_anybody_the_role(
        self, ana_client, audit, at_desk, make_member
    ):
        assert "Ask the lead of the project" in page_of(ana_client, audit, at_desk)
        make_member("adam", "admin")
        assert "Ask adam to let you in." in page_of(ana_client, audit, at_desk)

    def test_a_removed_lead_is_not_named(self, ana_client, audit, at_desk, named_lead, project):
        project.memberships.filter(user=named_lead).update(removed_at=Now())
        assert "Lea Lindt" not in page_of(ana_client, audit, at_desk)

    def test_who_is_let_in_gets_units(self, ana, ana_client, audit, at_desk, project):
        audit.graders.add(workflow.coder_of(project, ana))
        assert at_desk(ana_client, audit).open()

    def test_a_lead_is_not_let_in_by_being_one(self, lea_client, audit, at_desk):
        assert "not yet invited" in page_of(lea_client, audit, at_desk)

    def test_an_open_unit_is_finished_by_who_is_no_longer_let_in(
        self, ana, ana_client, audit, at_desk, project
    ):
        coder = workflow.coder_of(project, ana)
        audit.graders.add(coder)
        desk = at_desk(ana_client, audit)
        token = desk.open()
        audit.graders.remove(coder)
        assert desk.open() == token
        desk.give()
        assert "not yet invited" in desk.get().text


@pytest.mark.parametrize(
    "fields",
    [{"kind": "imported"}, {"status": "closed"}, {"by_invitation": True}],
    ids=["imported", "closed", "not invited"],
)
def test_the_claim_refuses_for_the_reason_the_page_gives(make_open_audit, make_graders, fields):
    audit = make_open_audit(1, **fields)
    (coder,) = make_graders(1)
    assert seating.bar_of(audit, coder) is not None
    assert seating.claim_next(audit, coder) is None
    assert explain_empty_queue(audit, coder).reason


class TestNeverGiven:
    """A unit that never came to one's desk does not exist, whoever knows its token."""

    @pytest.fixture
    def audit(self, make_open_audit):
        return make_open_audit(1, coders=1)

    @pytest.fixture
    def token(self, ana_client, audit, at_desk):
        return at_desk(ana_client, audit).open()

    @pytest.fixture
    def ben_desk(self, ben_client, audit, at_desk):
        return at_desk(ben_client, audit)

    def test_every_post_about_it_is_the_missing_page(self, ben_desk, ben_client, token):
        missing = ben_client.get("/no/such/page/").content
        for answer in (
            ben_desk.verdict(token, "correct"),
            ben_desk.verdict(token, "nonsense"),
            ben_desk.label(token, "latency"),
            ben_desk.skip(token),
            ben_desk.skip(token, "nonsense"),
            ben_desk.get(f"units/{token}/"),
        ):
            assert answer.status_code == 404
            assert answer.content == missing
        ben = Coder.objects.get(user__username="ben")
        assert [ben.verdicts.count(), ben.labels.count(), ben.skips.count()] == [0, 0, 0]

    def test_the_first_verdict_is_taken_though_the_lease_ran_out_and_another_holds_the_seat(
        self, ana_client, ben_desk, audit, at_desk, token
    ):
        """It was read for an hour: what comes of it is kept, as late if need be."""
        Seat.objects.update(lease_until=Now() - seating.LEASE)
        assert ben_desk.open() == token
        desk = at_desk(ana_client, audit)
        assert desk.verdict(token, "correct").status_code == 200
        assert desk.label(token, "latency").status_code == 200
        assert Label.objects.get().is_late

    def test_the_unit_is_still_its_holders_after_the_audit_was_closed_and_reopened(
        self, ana_client, audit, at_desk, token
    ):
        workflow.close_audit(audit)
        workflow.reopen_audit(audit)
        assert at_desk(ana_client, audit).verdict(token, "correct").status_code == 200

    def test_who_skipped_it_may_still_post(self, ana_client, audit, at_desk, token):
        desk = at_desk(ana_client, audit)
        desk.skip(token)
        assert desk.verdict(token, "correct").status_code == 200


def test_the_reason_holds_no_markup_of_a_name(ana_client, make_open_audit, at_desk, lea):
    User.objects.filter(pk=lea.pk).update(first_name="<b>Lea</b>")
    page = page_of(ana_client, make_open_audit(1, by_invitation=True), at_desk)
    assert not re.search("<b>Lea</b>", page)
    assert "&lt;b&gt;Lea&lt;/b&gt;" in page
