"""Deadlocks on PostgreSQL."""

import uuid
from threading import Barrier
from unittest import mock

import pytest
from django.db import transaction

from labeling import flags, planting, seating, workflow
from labeling.models import Audit, Label, Seat, Unit
from labeling.workflow import Judgment
from tests.labeling.test_seats import at_once, label_unit

pytestmark = pytest.mark.django_db(transaction=True)


def label_and_claim(audit, unit, coder, pause=None, code="latency"):
    with transaction.atomic():
        seating.lock_coder(coder)
        j = Judgment(correctness="correct", failure_mode=audit.codebook.modes.get(code=code))
        saved = workflow.record_label(
            unit=unit, coder=coder, judgment=j, submission_id=str(uuid.uuid4())
        )
        if pause:
            pause.wait()
        return saved, seating.take_next(audit, coder)


def test_two_label_gold_and_are_given_each_others(make_open_audit, make_gold, make_graders):
    """A labels G1 and gets G2; B labels G2 and gets G1."""
    audit = make_open_audit(12, gold_share=0.5)
    g1, g2 = make_gold(audit, 101).unit, make_gold(audit, 102).unit
    a, b = make_graders(2)
    for c in (a, b):
        s = seating.claim_next(audit, c)
        label_unit(s.unit, c)
    # as the draw may choose: each holds one, the other comes next
    for c, g in ((a, g1), (b, g2)):
        with transaction.atomic():
            seating.lease(planting.planted_seat(g, c), c)
        workflow.record_verdict(unit=g, coder=c, correctness="correct")
    barrier = Barrier(2, timeout=20)

    def go(coder, mine):
        audit_ = Audit.objects.get(pk=audit.pk)
        return label_and_claim(audit_, mine, coder, barrier)

    with (
        mock.patch.object(planting, "count_done", lambda *_: 1),
        mock.patch.object(planting, "digest", lambda *p: "00000000"),
    ):
        at_once([lambda: go(a, g1), lambda: go(b, g2)])


def test_close_at_the_instant_of_a_submit(make_open_audit, make_graders):
    late = 0
    for k in range(25):
        audit = make_open_audit(3, slug=f"a{k}")
        if k == 0:
            coders = make_graders(3)
        jobs = []
        for c in coders:
            s = seating.claim_next(audit, c)
            workflow.record_verdict(unit=s.unit, coder=c, correctness="correct")

            def go(s=s, c=c):
                try:
                    return label_and_claim(
                        Audit.objects.select_related("codebook").get(pk=audit.pk),
                        Unit.objects.get(pk=s.unit_id),
                        c,
                    )
                except workflow.AuditClosedError:
                    return None

            # all of them
            jobs.append(go)
        jobs.append(lambda: workflow.close_audit(audit))
        at_once(jobs)
        audit.refresh_from_db()
        late += Seat.objects.filter(audit=audit, coder__isnull=False, is_done=False).count()
    print("held seats in closed audits", late)


def test_random_storm(make_open_audit, make_gold, make_graders):
    import random

    from projects.errors import InputError

    coders = make_graders(6)
    audit = make_open_audit(14, gold_share=0.4, repeat_share=0.3, asks_third=True, slug="storm")
    for n in range(101, 105):
        make_gold(audit, n)
    errors = []

    def person(c, seed):
        rnd = random.Random(seed)
        for step in range(30):
            try:
                a = Audit.objects.select_related("codebook").get(pk=audit.pk)
                s = seating.claim_next(a, c)
                r = rnd.random()
                if s is None or r < 0.2:
                    workflow.undo_last(a, c)
                    continue
                if r < 0.35:
                    workflow.skip_unit(unit=s.unit, coder=c, reason="language")
                    continue
                if r < 0.45:
                    flags.raise_flag(unit=s.unit, coder=c, user=c.user, text=f"t{step}")
                    continue
                if r < 0.5:
                    from django.db.models.functions import Now

                    Seat.objects.filter(pk=s.pk).update(lease_until=Now() - seating.LEASE)
                workflow.record_verdict(unit=s.unit, coder=c, correctness="correct")
                label_and_claim(a, s.unit, c, code=rnd.choice(["latency", "formatting"]))
            except InputError:
                pass
            except Exception as e:
                import traceback

                errors.append(
                    "|".join(
                        f"{f.filename[-22:]}:{f.lineno} {f.name}"
                        for f in traceback.extract_tb(e.__traceback__)
                        if "labeling" in f.filename and "venv" not in f.filename
                    )
                    + " "
                    + str(e)[:150].replace(chr(10), " ")
                )

    at_once([lambda c=c, k=k: person(c, k) for k, c in enumerate(coders)])
    from django.db.models import Count

    cur = Label.objects.counted().filter(unit__audit=audit)
    assert not cur.values("unit", "coder").annotate(n=Count("pk")).filter(n__gt=1)
    over = cur.filter(unit__kind="sampled").values("unit").annotate(n=Count("pk")).filter(n__gt=3)
    assert not over
    bad = Seat.objects.filter(audit=audit, is_done=True).exclude(labels__superseded_at=None).count()
    stray = cur.filter(seat__is_done=False).count()
    print("ERRORS", len(errors))
    print(chr(10).join("ERR " + e for e in errors))
    assert (len(errors), bad, stray) == (0, 0, 0)
