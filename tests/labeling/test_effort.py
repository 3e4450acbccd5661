"""Active time: what a page reports of itself, within what the server knows can be true."""

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from labeling import seating, workflow
from labeling.effort import record_effort, time_per_label, time_spent
from labeling.models import Effort, Seat
from tests.labeling.test_seats import at_once

SECOND, MINUTE = 1_000, 60_000


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2)


@pytest.fixture
def coder(project, ana):
    return workflow.coder_of(project, ana)


@pytest.fixture
def unit(audit, coder):
    """A unit that the coder has held for ten minutes."""
    seat = seating.claim_next(audit, coder)
    pass_time(Seat, minutes=10)
    return seat.unit


@pytest.fixture
def view():
    return uuid.uuid4()


@pytest.fixture
def report(unit, coder, view):
    def report(active_ms, *, view=view, unit=unit, coder=coder):
        record_effort(unit=unit, coder=coder, view=view, active_ms=active_ms)
        return Effort.objects.get(view=view, unit=unit, coder=coder)

    return report


def pass_time(model, **span):
    """Let everything stored of the model have happened so much earlier."""
    earlier = dt.timedelta(**span)
    if model is Seat:
        Seat.objects.filter(coder__isnull=False).update(claimed_at=F("claimed_at") - earlier)
    else:
        model.objects.update(first_at=F("first_at") - earlier, last_at=F("last_at") - earlier)


def test_a_report_that_comes_twice_counts_once(report):
    assert report(20 * SECOND).active_ms == 20 * SECOND
    assert report(20 * SECOND).active_ms == 20 * SECOND
    assert Effort.objects.count() == 1


def test_the_total_grows_and_a_late_smaller_report_takes_nothing_back(report):
    report(20 * SECOND)
    assert report(50 * SECOND).active_ms == 50 * SECOND
    assert report(30 * SECOND).active_ms == 50 * SECOND


def test_the_first_report_is_at_most_the_time_since_the_seat_was_taken(report):
    """Ten minutes, and the grace of five seconds."""
    stored = report(25 * MINUTE)
    assert 10 * MINUTE <= stored.active_ms <= 10 * MINUTE + 15 * SECOND


def test_the_first_report_is_at_most_half_an_hour(report):
    pass_time(Seat, hours=3)
    stored = report(3 * 60 * MINUTE)
    assert 30 * MINUTE <= stored.active_ms <= 30 * MINUTE + 15 * SECOND


def test_on_a_unit_that_is_opened_again_the_reported_time_itself_is_the_start(report):
    Seat.objects.filter(coder__isnull=False).update(is_done=True)
    stored = report(2 * MINUTE)
    assert stored.active_ms == 2 * MINUTE
    wall = stored.last_at - stored.first_at
    assert dt.timedelta(minutes=2) <= wall < dt.timedelta(minutes=2, seconds=10)


def test_a_later_report_is_at_most_the_wall_time(report):
    Seat.objects.filter(coder__isnull=False).update(is_done=True)
    report(SECOND)
    pass_time(Effort, minutes=4)
    stored = report(60 * MINUTE)
    assert 4 * MINUTE <= stored.active_ms <= 4 * MINUTE + 15 * SECOND


@pytest.mark.parametrize("nonsense", [-1, -(2**63), 2**31, 2**80])
def test_a_number_that_no_clock_shows_is_cut(report, nonsense):
    assert 0 <= report(nonsense).active_ms <= 10 * MINUTE + 15 * SECOND


def test_wall_time_runs_from_the_seat_to_the_last_report(report):
    stored = report(SECOND)
    wall = stored.last_at - stored.first_at
    assert dt.timedelta(minutes=10) <= wall < dt.timedelta(minutes=11)


def test_the_end_never_goes_back(report):
    first = report(SECOND).last_at
    assert report(SECOND).last_at >= first


def test_a_further_report_asks_whether_it_is_one_and_raises_the_total(
    report, unit, coder, view, django_assert_num_queries
):
    report(SECOND)
    with transaction.atomic(), django_assert_num_queries(2):  # with the savepoint's two
        record_effort(unit=unit, coder=coder, view=view, active_ms=2 * SECOND)


def test_the_database_refuses_an_end_before_the_beginning(report):
    stored = report(SECOND)
    with pytest.raises(IntegrityError), transaction.atomic():
        Effort.objects.update(last_at=stored.first_at - dt.timedelta(seconds=1))


def test_nothing_measured_is_not_zero(coder, audit):
    assert time_spent(coder) is None
    assert time_spent(coder, audit=audit) is None
    assert time_per_label(audit) == {}


def test_a_labels_time_is_the_sum_over_its_showings(report, unit, coder, audit):
    for seconds in (20, 30):
        report(seconds * SECOND, view=uuid.uuid4())
    found = time_per_label(audit)
    assert set(found) == {(unit.pk, coder.pk)}
    assert found[unit.pk, coder.pk].active == dt.timedelta(seconds=50)
    assert found[unit.pk, coder.pk].wall >= dt.timedelta(minutes=20)


def test_time_is_each_coders_own_by_audit_and_by_day(report, project, ben, coder, make_open_audit):
    other = make_open_audit(1, slug="other")
    ben_coder = workflow.coder_of(project, ben)
    report(MINUTE)
    report(2 * MINUTE, coder=ben_coder)
    yesterday = report(3 * MINUTE, view=uuid.uuid4(), unit=other.units.get())
    day = dt.timedelta(days=1)
    Effort.objects.filter(pk=yesterday.pk).update(
        first_at=F("first_at") - day, last_at=F("last_at") - day
    )
    since = timezone.now() - dt.timedelta(hours=12)
    assert time_spent(coder).active == dt.timedelta(minutes=4)
    assert time_spent(coder, since=since).active == dt.timedelta(minutes=1)
    assert time_spent(coder, audit=other).active == dt.timedelta(minutes=3)
    assert time_spent(ben_coder).active == dt.timedelta(minutes=2)


@pytest.mark.django_db(transaction=True)
def test_first_reports_of_one_showing_at_once_leave_the_greatest(report, coder):
    reports = [5_000 * k for k in range(1, 9)]
    at_once([lambda ms=ms: report(ms) for ms in reports])
    assert Effort.objects.get().active_ms == max(reports)


@pytest.mark.django_db(transaction=True)
def test_later_reports_at_once_leave_the_greatest(report):
    report(SECOND)
    at_once([lambda ms=ms: report(ms) for ms in (9_000, 3_000, 12_000, 6_000) * 2])
    assert Effort.objects.get().active_ms == 12_000
