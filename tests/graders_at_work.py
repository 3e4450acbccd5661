"""Labels, times, gold units and repeats of graders, for what is said of how they work."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling import workflow
from labeling.models import Effort, Gold, Label, Seat, Unit
from labeling.workflow import Judgment
from tests.sampled import add_unit


def measure(audit, seconds):
    """Give each current label of the audit this active time."""
    now = timezone.now()
    Effort.objects.bulk_create(
        Effort(
            unit=label.unit,
            coder=label.coder,
            active_ms=1000 * seconds,
            first_at=now - timedelta(seconds=seconds),
            last_at=now,
        )
        for label in Label.objects.current().filter(unit__audit=audit)
    )


@pytest.fixture
def coder(project):
    """The project's coder for a user."""
    return lambda user: workflow.coder_of(project, user)


@pytest.fixture
def say(coder):
    """A label on a unit, through the workflow, after a blind verdict and some active seconds."""

    def say(unit, user, mode, *, blind="", seconds=None) -> Label:
        person = coder(user)
        if unit.kind in ("gold", "repeat"):
            plant_seat(unit, person)
        chosen = unit.audit.codebook.modes.filter(code=mode).first()
        correctness = chosen.needs_verdict if chosen else mode
        workflow.record_verdict(unit=unit, coder=person, correctness=blind or correctness)
        if seconds is not None:
            spend(unit, person, seconds)
        moved = "They have a point." if blind else ""
        judgment = Judgment(
            correctness=correctness, failure_mode=chosen, revision_reason=moved, note=""
        )
        name = f"{unit.pk}-{person.pk}"
        return workflow.record_label(unit=unit, coder=person, judgment=judgment, submission_id=name)

    return say


def spend(unit, coder, seconds):
    now = timezone.now()
    Effort.objects.create(
        unit=unit, coder=coder, active_ms=round(1000 * seconds), first_at=now, last_at=now
    )


def plant_seat(unit, coder):
    now = timezone.now()
    Seat.objects.create(
        unit=unit,
        audit=unit.audit,
        position=unit.seats.count() + 1,
        serving=unit.serving,
        coder=coder,
        claimed_at=now,
        lease_until=now + timedelta(hours=1),
        is_planted=True,
    )


@pytest.fixture
def plant():
    """Make a unit of the audit a gold unit, or plant a repeat of it."""

    def gold(audit, number, mode, **fields) -> Unit:
        unit = add_unit(audit, number)
        unit.seats.all().delete()
        Unit.objects.filter(pk=unit.pk).update(
            kind="gold", stratum=None, inclusion_probability=None
        )
        unit.refresh_from_db()
        chosen = audit.codebook.modes.filter(code=mode).first()
        correctness = chosen.needs_verdict if chosen else mode
        Gold.objects.create(unit=unit, correctness=correctness, failure_mode=chosen, **fields)
        return unit

    return gold


def repeat_of(original) -> Unit:
    return Unit.objects.create(
        audit=original.audit,
        stratum=original.stratum,
        output=original.output,
        name=original.name,
        kind="repeat",
        repeats=original,
        prn=original.prn,
        serving=original.serving,
    )
