"""Seats: k coders per unit exactly, in draw order, with leases, also when fifty come at once."""

import gc
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.db.models import Count

from labeling import seating, workflow
from labeling.models import Label, Seat, Verdict
from labeling.seating import claim_next
from labeling.workflow import Judgment
from tests.sampled import expire


@pytest.fixture
def ana_coder(project, ana):
    return workflow.coder_of(project, ana)


@pytest.fixture
def ben_coder(project, ben):
    return workflow.coder_of(project, ben)


def label_unit(unit, coder, code="latency"):
    workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
    judgment = Judgment(
        correctness="correct", failure_mode=unit.audit.codebook.modes.get(code=code)
    )
    return workflow.record_label(
        unit=unit, coder=coder, judgment=judgment, submission_id=str(uuid.uuid4())
    )


def test_units_come_in_draw_order_and_begun_ones_first(make_open_audit, make_graders):
    """Two coders per unit: the second person finishes what the first began."""
    audit = make_open_audit(4)
    first, second, third = make_graders(3)
    order = []
    for coder in (first, first, second, second, third, third):
        seat = claim_next(audit, coder)
        label_unit(seat.unit, coder)
        order.append(seat.unit.prn[-1])
    assert order == ["0", "1", "0", "1", "2", "3"]


def test_the_open_seat_comes_before_a_new_one(make_open_audit, ana_coder):
    audit = make_open_audit(3)
    assert claim_next(audit, ana_coder).pk == claim_next(audit, ana_coder).pk
    assert Seat.objects.filter(coder=ana_coder).count() == 1


def test_a_unit_gets_exactly_k_coders_and_nobody_twice(make_open_audit, make_graders):
    audit = make_open_audit(2, coders=3)
    for coder in make_graders(5):
        while seat := claim_next(audit, coder):
            label_unit(seat.unit, coder)
    labels = Label.objects.counted().values("unit").annotate(n=Count("pk"))
    assert [row["n"] for row in labels] == [3, 3]
    assert not Label.objects.values("unit", "coder").annotate(n=Count("pk")).filter(n__gt=1)


def test_the_database_refuses_a_second_seat_for_one_coder(make_open_audit, ana_coder):
    audit = make_open_audit(1)
    first, second = audit.seats.all()
    seating.lease(first, ana_coder)
    with pytest.raises(IntegrityError, match=r"one_seat_per_coder|UNIQUE"), transaction.atomic():
        seating.lease(second, ana_coder)


def test_the_database_refuses_two_current_labels_on_one_seat(make_open_audit, ana_coder, ben_coder):
    audit = make_open_audit(1)
    label = label_unit(claim_next(audit, ana_coder).unit, ana_coder)
    with (
        pytest.raises(IntegrityError, match=r"one_current_label_per_seat|UNIQUE"),
        transaction.atomic(),
    ):
        Label.objects.create(
            unit=label.unit,
            coder=ben_coder,
            seat=label.seat,
            codebook=audit.codebook,
            correctness="cannot_tell",
            submission_id="another",
        )


def test_a_seat_whose_lease_ran_out_goes_to_another(make_open_audit, ana_coder, ben_coder):
    audit = make_open_audit(1, coders=1)
    seat = claim_next(audit, ana_coder)
    assert claim_next(audit, ben_coder) is None
    expire(audit)
    assert claim_next(audit, ben_coder).pk == seat.pk


def test_nobody_elses_claim_means_an_old_lease_is_simply_renewed(make_open_audit, ana_coder):
    audit = make_open_audit(2)
    seat = claim_next(audit, ana_coder)
    expire(audit)
    assert claim_next(audit, ana_coder).pk == seat.pk


def test_a_verdict_extends_the_lease(make_open_audit, ana_coder, ben_coder):
    audit = make_open_audit(1, coders=1)
    seat = claim_next(audit, ana_coder)
    expire(audit)
    workflow.record_verdict(unit=seat.unit, coder=ana_coder, correctness="correct")
    assert claim_next(audit, ben_coder) is None


def test_a_late_label_lands_in_a_seat_that_is_still_free(make_open_audit, ana_coder, ben_coder):
    audit = make_open_audit(1, coders=2)
    seat = claim_next(audit, ana_coder)
    expire(audit)
    assert claim_next(audit, ben_coder).pk == seat.pk
    label = label_unit(seat.unit, ana_coder)
    assert not label.is_late
    assert label.seat_id != seat.pk


def test_a_late_label_without_a_free_seat_is_kept_outside_the_figures(
    make_open_audit, ana_coder, ben_coder
):
    audit = make_open_audit(1, coders=1)
    seat = claim_next(audit, ana_coder)
    expire(audit)
    label_unit(claim_next(audit, ben_coder).unit, ben_coder)
    late = label_unit(seat.unit, ana_coder, "formatting")
    assert (late.is_late, late.seat) == (True, None)
    assert [label.coder for label in Label.objects.counted()] == [ben_coder]


def test_a_skip_gives_the_unit_to_others_and_never_back_to_the_skipper(
    make_open_audit, ana_coder, ben_coder
):
    audit = make_open_audit(2, coders=1)
    unit = claim_next(audit, ana_coder).unit
    workflow.skip_unit(unit=unit, coder=ana_coder, reason="language")
    assert claim_next(audit, ben_coder).unit == unit
    other = claim_next(audit, ana_coder).unit
    assert other != unit
    label_unit(other, ana_coder)
    expire(audit)
    assert claim_next(audit, ana_coder) is None


def test_closing_gives_held_seats_back_and_keeps_labels(make_open_audit, ana_coder, ben_coder):
    audit = make_open_audit(2, coders=1)
    label_unit(claim_next(audit, ana_coder).unit, ana_coder)
    claim_next(audit, ben_coder)
    workflow.close_audit(audit)
    assert Seat.objects.filter(coder=ben_coder).count() == 0
    assert Label.objects.counted().count() == 1


# At once


def at_once(jobs):
    """Run the jobs in threads that all start at the same moment; their results in order."""
    start = Barrier(len(jobs), timeout=30)

    def run(job):
        try:
            start.wait()
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(run, job) for job in jobs]]


@pytest.mark.django_db(transaction=True)
def test_fifty_claims_in_one_instant(make_open_audit, make_graders):
    """Twenty-five places for fifty people: each place is given once, no unit twice to one."""
    audit = make_open_audit(5, coders=5)
    coders = make_graders(50)
    given = at_once([lambda coder=coder: claim_next(audit, coder) for coder in coders])
    seats = [seat.pk for seat in given if seat]
    assert len(seats) == len(set(seats)) == 25
    held = Seat.objects.filter(coder__isnull=False)
    assert held.count() == 25
    assert not held.values("unit", "coder").annotate(n=Count("pk")).filter(n__gt=1)


N_ROUNDS, N_PEOPLE = 100, 50


@contextmanager
def crowd():
    """Fifty threads with a connection each; call it with a job for each, and all begin at once.

    Garbage is collected between the rounds alone: a thread that clears the cursor of a refused
    attempt would wait, with the interpreter locked, for the connection that waits for it.
    """
    start = Barrier(N_PEOPLE, timeout=60)

    def run(job):
        start.wait()
        return job()

    def at_one_instant(jobs):
        gc.collect()
        return list(pool.map(run, jobs, timeout=120))

    gc.disable()
    try:
        with ThreadPoolExecutor(N_PEOPLE) as pool:
            at_one_instant([impatient] * N_PEOPLE)
            yield at_one_instant
            at_one_instant([lambda: connection.close()] * N_PEOPLE)
    finally:
        gc.enable()


def impatient():
    """Waiting in step, fifty connections to SQLite get one turn in 100 ms: let each ask oftener."""
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA busy_timeout = 50")


def claim_at_last(audit, coder):
    while True:
        try:
            return claim_next(audit, coder)
        except OperationalError as error:
            if "locked" not in str(error):
                raise


@pytest.fixture
def no_pool(transactional_db, monkeypatch):
    """Fifty connections at once: of a pool, eight at a time would claim."""
    if connection.vendor == "postgresql":
        monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "pool", False)


@pytest.mark.simulation
def test_fifty_claims_in_one_instant_a_hundred_rounds(no_pool, make_open_audit, make_graders):
    """Each place is given once, nobody sits twice on a unit, and none is stuck.

    In every round a third opinion waits, a lease has run out and a unit was skipped before. Of the
    units some are agreed on and end with two labels, the others with three.
    """
    coders = deque(make_graders(N_PEOPLE))
    with crowd() as at_one_instant:
        for number in range(N_ROUNDS):
            with transaction.atomic():  # one commit: what is at once is the claims alone
                audit = make_open_audit(4, slug=f"round-{number}", asks_third=True)
                begin(audit, coders)
            places = Seat.objects.filter(audit=audit, is_done=False)
            free = set(places.values_list("pk", flat=True))
            claims = [partial(claim_at_last, audit, coder) for coder in coders]
            seats = [seat for seat in at_one_instant(claims) if seat]
            assert len(free) == len(seats) == 7
            assert {seat.pk for seat in seats} == free
            with transaction.atomic():
                for seat in seats:
                    label_unit(seat.unit, seat.coder, MODES[(seat.unit_id + seat.position) % 4])
                finish(audit, coders)
            assert_whole(audit)
            coders.rotate(7)


MODES = ("latency", "latency", "formatting", "no_fault_found")


def begin(audit, coders):
    """One unit with two labels that differ, one whose holder is away, one that was skipped."""
    for coder, mode in zip(list(coders)[:2], MODES[1:], strict=False):
        label_unit(claim_next(audit, coder).unit, coder, mode)
    away = claim_next(audit, coders[0])
    expire(audit)
    skipper = claim_next(audit, coders[3])
    workflow.skip_unit(unit=skipper.unit, coder=coders[3], reason="language")
    assert away.unit.seats.filter(position=3).count() == 0


def finish(audit, coders):
    """One after the other takes what is left; whatever is open must find somebody."""
    for coder in coders:
        while seat := claim_next(audit, coder):
            label_unit(seat.unit, coder, "formatting")
        if not Seat.objects.filter(audit=audit, is_done=False).exists():
            return


def assert_whole(audit):
    for unit in audit.units.all():
        labels = list(unit.labels.order_by("seat__position"))
        first_two = {label.failure_mode_id for label in labels[:2]}
        assert len(labels) == len({label.coder_id for label in labels}) == 1 + len(first_two)
        assert not any(label.is_late or label.superseded_at for label in labels)
    assert not Seat.objects.filter(audit=audit, is_done=False).exists()


@pytest.mark.django_db(transaction=True)
def test_ten_people_label_everything_at_once(make_open_audit, make_graders):
    """No unit gets more labels than asked, and none is stuck."""
    audit = make_open_audit(8, coders=3)

    def work(coder):
        while seat := claim_next(audit, coder):
            label_unit(seat.unit, coder)

    at_once([lambda coder=coder: work(coder) for coder in make_graders(10)])
    labels = Label.objects.counted().values("unit").annotate(n=Count("pk"))
    assert sorted(row["n"] for row in labels) == [3] * 8
    assert not Label.objects.filter(is_late=True)


@pytest.mark.django_db(transaction=True)
def test_many_tabs_of_one_person_are_given_one_unit(make_open_audit, make_graders):
    """Each of them once took a seat of its own, or failed with a constraint."""
    audit = make_open_audit(6, coders=3)
    (coder,) = make_graders(1)
    given = at_once([lambda: claim_next(audit, coder)] * 8)
    assert len({seat.pk for seat in given}) == 1


@pytest.mark.django_db(transaction=True)
def test_one_submission_sent_eight_times_at_once_is_one_label(make_open_audit, make_graders):
    audit = make_open_audit(1, coders=2)
    (coder,) = make_graders(1)
    unit = claim_next(audit, coder).unit
    workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
    mode = audit.codebook.modes.get(code="latency")
    judgment = Judgment(correctness="correct", failure_mode=mode)

    def send():
        return workflow.record_label(
            unit=unit, coder=coder, judgment=judgment, submission_id="one-form"
        ).pk

    assert len(set(at_once([send] * 8))) == 1
    assert Label.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_verdicts_of_one_person_at_once_leave_one(make_open_audit, make_graders):
    audit = make_open_audit(1)
    (coder,) = make_graders(1)
    unit = claim_next(audit, coder).unit
    words = ["correct", "incorrect", "cannot_tell", "correct"]
    given = at_once(
        [
            lambda word=word: workflow.record_verdict(unit=unit, coder=coder, correctness=word)
            for word in words
        ]
    )
    assert len({verdict.correctness for verdict in given}) == 1
    assert Verdict.objects.count() == 1
