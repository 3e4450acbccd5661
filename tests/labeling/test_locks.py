"""What a label locks, and many people at once on one audit: nobody waits for ever."""

import contextlib
import random
import uuid
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from labeling import flags, planting, seating, workflow
from labeling.models import Audit, Draft, Label, Lapse, Seat, Unit
from labeling.undo import undo_last
from labeling.workflow import Judgment
from projects.errors import InputError
from tests.labeling.test_seats import at_once, label_unit

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def label_and_claim(audit, unit, coder, *, code="latency", pause=None, sent=""):
    """As the desk does it: one transaction, the coder locked first."""
    fresh = Audit.objects.select_related("codebook").get(pk=audit.pk)
    with transaction.atomic():
        seating.lock_coder(coder)
        mode = fresh.codebook.modes.get(code=code)
        judgment = Judgment(correctness="correct", failure_mode=mode)
        saved = workflow.record_label(
            unit=unit, coder=coder, judgment=judgment, submission_id=sent or str(uuid.uuid4())
        )
        if pause:
            pause.wait()
        return saved, seating.take_next(fresh, coder)


def test_a_label_locks_its_unit_and_seat_and_never_the_audit(make_open_audit, make_graders):
    """The seat's own order once joined the audit, and all labels of an audit waited in line."""
    audit = make_open_audit(2)
    (coder,) = make_graders(1)
    seat = seating.claim_next(audit, coder)
    workflow.record_verdict(unit=seat.unit, coder=coder, correctness="correct")
    with CaptureQueriesContext(connection) as ran:
        label_and_claim(audit, seat.unit, coder)
    locking = [query["sql"] for query in ran if " FOR UPDATE" in query["sql"]]
    assert [sql for sql in locking if '"labeling_audit"' in sql and " OF " not in sql] == []


def test_two_people_may_be_given_each_others_gold(
    make_open_audit, make_gold, make_graders, monkeypatch
):
    """Each labels the gold unit that the other gets next, at the same moment."""
    audit = make_open_audit(12, gold_share=0.5)
    golds = [make_gold(audit, number).unit for number in (101, 102)]
    people = make_graders(2)
    for coder, unit in zip(people, golds, strict=True):
        label_unit(seating.claim_next(audit, coder).unit, coder)
        with transaction.atomic():
            seating.lease(planting.planted_seat(unit, coder), coder)
        workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
    monkeypatch.setattr(planting, "count_done", lambda *_: 1)
    monkeypatch.setattr(planting, "digest", lambda *_: "00000000")
    together = Barrier(2, timeout=20) if connection.vendor == "postgresql" else None
    jobs = [
        lambda coder=coder, unit=unit: label_and_claim(audit, unit, coder, pause=together)
        for coder, unit in zip(people, golds, strict=True)
    ]
    given = [seat.unit for _, seat in at_once(jobs)]
    assert given == golds[::-1]


def test_an_audit_that_closes_at_the_instant_of_a_submit(make_open_audit, make_graders):
    """Each label is in before the closing or refused, and no seat is held afterwards."""
    coders = make_graders(3)
    for number in range(10):
        audit = make_open_audit(3, slug=f"closing-{number}")
        jobs = [close_job(audit), *(submit_job(audit, coder) for coder in coders)]
        at_once(jobs)
        held = Seat.objects.filter(audit=audit, coder__isnull=False, is_done=False)
        assert not held.exists()
        done = Seat.objects.filter(audit=audit, is_done=True).count()
        assert done == Label.objects.counted().filter(unit__audit=audit).count()


def close_job(audit):
    return lambda: workflow.close_audit(audit)


def submit_job(audit, coder):
    seat = seating.claim_next(audit, coder)
    workflow.record_verdict(unit=seat.unit, coder=coder, correctness="correct")

    def submit():
        with contextlib.suppress(workflow.AuditClosedError):
            label_and_claim(audit, Unit.objects.get(pk=seat.unit_id), coder)

    return submit


def test_a_claim_that_still_believes_the_audit_open_gets_nothing(make_open_audit, make_graders):
    audit = make_open_audit(3)
    (coder,) = make_graders(1)
    workflow.close_audit(Audit.objects.get(pk=audit.pk))
    assert audit.is_open  # as the request read it
    assert seating.claim_next(audit, coder) is None
    assert audit.is_closed  # so the empty queue gives the reason
    assert not Seat.objects.filter(audit=audit, coder__isnull=False).exists()


def test_such_a_claim_plants_nothing(make_open_audit, make_gold, make_graders, monkeypatch):
    audit = make_open_audit(3, gold_share=0.5)
    make_gold(audit, 90)
    (coder,) = make_graders(1)
    label_unit(seating.claim_next(audit, coder).unit, coder)
    monkeypatch.setattr(planting, "digest", lambda *_: "00000000")
    workflow.close_audit(Audit.objects.get(pk=audit.pk))
    assert seating.claim_next(audit, coder) is None
    assert not Seat.objects.filter(audit=audit, is_done=False, coder__isnull=False).exists()


def test_claims_at_the_instant_of_a_closing_leave_no_seat_held(make_open_audit, make_graders):
    """Each is given back by the closing or never made, and its coder is remembered."""
    coders = make_graders(5)
    for number in range(10):
        audit = make_open_audit(6, slug=f"claims-{number}")
        stale = [Audit.objects.get(pk=audit.pk) for _ in coders]
        claims = [
            lambda seen=seen, coder=coder: seating.claim_next(seen, coder)
            for seen, coder in zip(stale, coders, strict=True)
        ]
        given = at_once([*claims[:2], close_job(audit), *claims[2:]])
        assert not Seat.objects.filter(audit=audit, coder__isnull=False).exists()
        served = {(seat.unit_id, seat.coder_id) for seat in given if isinstance(seat, Seat)}
        lapses = Lapse.objects.filter(unit__audit=audit).values_list("unit", "coder")
        assert set(lapses) == served


def test_a_draft_at_the_instant_of_its_label_is_gone(make_open_audit, make_graders):
    """`keep` once looked for the label outside the unit's lock, and wrote after it."""
    (coder,) = make_graders(1)
    audit = make_open_audit(10, coders=1)
    for _ in range(10):
        unit = seating.claim_next(audit, coder).unit
        workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
        together, sent = Barrier(2, timeout=20), str(uuid.uuid4())
        label = partial(label_and_claim, audit, unit, coder, pause=together, sent=sent)
        keep = partial(keep_after, together, unit, coder, sent)
        assert at_once([label, keep])[1] is False
        assert not Draft.objects.exists()


def keep_after(together, unit, coder, sent):
    together.wait()  # the label is stored, and its transaction still open
    fields = {"note": "Typed before."}
    return workflow.keep_typed(unit=unit, coder=coder, fields=fields, submission_id=sent)


def test_a_storm_of_labels_skips_undos_and_flags(make_open_audit, make_gold, make_graders):
    """Six people, thirty steps each; no step ends in an error of the database."""
    audit = make_open_audit(14, gold_share=0.4, repeat_share=0.3, asks_third=True, slug="storm")
    for number in range(101, 105):
        make_gold(audit, number)
    people = make_graders(6)
    at_once(
        [
            lambda coder=coder, seed=seed: work(audit, coder, seed)
            for seed, coder in enumerate(people)
        ]
    )
    counted = Label.objects.counted().filter(unit__audit=audit)
    assert not counted.values("unit", "coder").annotate(n=Count("pk")).filter(n__gt=1)
    drawn = counted.filter(unit__kind="sampled").values("unit").annotate(n=Count("pk"))
    assert not drawn.filter(n__gt=3)
    assert not Seat.objects.filter(audit=audit, is_done=True).exclude(labels__superseded_at=None)
    assert not counted.filter(seat__is_done=False)


def work(audit, coder, seed):
    lot = random.Random(seed)
    for step in range(30):
        with contextlib.suppress(InputError):
            do_something(audit, coder, lot.random(), step)


def do_something(audit, coder, chance, step):
    seat = seating.claim_next(audit, coder)
    if seat is None or chance < 0.2:
        undo_last(audit, coder)
    elif chance < 0.35:
        workflow.skip_unit(unit=seat.unit, coder=coder, reason="language")
    elif chance < 0.45:
        flags.raise_flag(unit=seat.unit, coder=coder, user=coder.user, text=f"Step {step}?")
    else:
        if chance < 0.5:
            Seat.objects.filter(pk=seat.pk).update(lease_until=Now() - seating.LEASE)
        workflow.record_verdict(unit=seat.unit, coder=coder, correctness="correct")
        label_and_claim(audit, seat.unit, coder, code="latency" if step % 2 else "formatting")
