"""An audit that ana and ben have worked in, with gold units, a repeat, a control and skips."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeling import workflow
from labeling.grader_reports import build_grader_report
from labeling.models import Effort, Gold, Label, Seat, Skip, Unit
from labeling.workflow import Judgment
from tests.sampled import add_unit

PAGE = "/audits/w34/graders/"


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


WELCOME, SLOW, INVENTED = "unwelcome_but_correct", "latency", "hallucination"


@pytest.fixture
def worked_audit(make_open_audit, say, plant, coder, ana, ben):
    """Four units by ana and ben, a control, two gold units, a repeat, and skips.

    ana: 4 units + control + 2 gold + 1 repeat = 8 labels, 2 skips standing, 1 undone.
    ben: 4 units + control + 1 gold = 6 labels.
    """
    audit = make_open_audit(4)
    units = list(audit.units.order_by("serving"))
    for unit, mode, seconds in zip(
        units, (WELCOME, WELCOME, SLOW, INVENTED), (10, 20, 30, None), strict=True
    ):
        say(unit, ana, mode, seconds=seconds, blind="correct" if mode == INVENTED else "")
    for unit, mode in zip(units, (WELCOME, SLOW, INVENTED, INVENTED), strict=True):
        say(unit, ben, mode)
    control = add_unit(audit, 10, kind="sham")
    positive = audit.strata.create(name="up", is_negative=False, n_frame=9, n_sampled=1)
    Unit.objects.filter(pk=control.pk).update(stratum=positive)
    control.refresh_from_db()
    say(control, ana, "correct")
    say(control, ben, "incorrect")
    first, second = plant(audit, 20, WELCOME), plant(audit, 21, "cannot_tell")
    say(first, ana, WELCOME)
    say(first, ben, SLOW)
    say(second, ana, INVENTED, blind="cannot_tell")
    say(repeat_of(units[0]), ana, SLOW)
    for number in (30, 31, 32):
        unit = add_unit(audit, number)
        Skip.objects.create(unit=unit, coder=coder(ana), reason="language")
    Skip.objects.filter(unit=unit).update(undone_at=timezone.now())
    return audit


def quality(audit, coder):
    return next(
        row.quality for row in build_grader_report(audit).rows if row.quality.coder == coder.name
    )
