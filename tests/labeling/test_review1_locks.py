"""What a label locks on PostgreSQL."""

import contextlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeling import seating, workflow
from labeling.models import Audit
from tests.labeling.test_review1_at_once import label_and_claim
from tests.labeling.test_seats import at_once


@pytest.mark.django_db(transaction=True)
def test_a_label_locks_its_unit_and_seat_and_never_the_audit(make_open_audit, make_graders):
    audit = make_open_audit(2)
    (coder,) = make_graders(1)
    seat = seating.claim_next(audit, coder)
    workflow.record_verdict(unit=seat.unit, coder=coder, correctness="correct")
    with CaptureQueriesContext(
        connection,
    ) as ran:
        label_and_claim(Audit.objects.get(pk=audit.pk), seat.unit, coder)
    locking = [q["sql"] for q in ran if "FOR UPDATE" in q["sql"]]
    print(
        "\n\n".join(
            "LOCK " + q["sql"][q["sql"].index(" FROM ") :] for q in ran if " FOR " in q["sql"]
        )
    )
    assert not [sql for sql in locking if '"labeling_audit"' in sql and " OF " not in sql]


@pytest.mark.django_db(transaction=True)
def test_plain_labels_of_eight_people_at_once(make_open_audit, make_graders):
    audit = make_open_audit(40, coders=2)
    coders = make_graders(8)
    errors = []

    def person(c):
        for _ in range(8):
            try:
                a = Audit.objects.select_related("codebook").get(pk=audit.pk)
                s = seating.claim_next(a, c)
                if s is None:
                    return
                workflow.record_verdict(unit=s.unit, coder=c, correctness="correct")
                label_and_claim(a, s.unit, c)
            except Exception as e:
                errors.append(str(e)[:200])

    at_once([lambda c=c: person(c) for c in coders])
    print("PLAIN", len(errors), errors[:2])
    assert not errors


@pytest.mark.django_db(transaction=True)
def test_no_label_is_taken_after_the_audit_was_closed(make_open_audit, make_graders, monkeypatch):
    """The audit closes between the check and the write (PostgreSQL; SQLite lets nobody in)."""
    from concurrent.futures import ThreadPoolExecutor

    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    audit = make_open_audit(2)
    (coder,) = make_graders(1)
    seat = seating.claim_next(audit, coder)
    workflow.record_verdict(unit=seat.unit, coder=coder, correctness="correct")
    original = workflow.check_judgment

    def close():
        workflow.close_audit(audit)
        connection.close()

    def closed_meanwhile(*args):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(close).result(timeout=20)
        return original(*args)

    monkeypatch.setattr(workflow, "check_judgment", closed_meanwhile)
    with contextlib.suppress(workflow.AuditClosedError):
        label_and_claim(Audit.objects.get(pk=audit.pk), seat.unit, coder)
    from labeling.models import Label, Seat

    held = Seat.objects.filter(audit=audit, is_done=False, coder__isnull=False).count()
    print("CLOSED: labels", Label.objects.count(), "held", held)
    assert (Label.objects.count(), held) == (0, 0)
