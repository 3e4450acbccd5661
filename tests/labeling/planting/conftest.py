"""An audit whose graders get gold units, or repeats, and the work of one of them."""

import pytest

from labeling import seating, workflow
from labeling.models import Unit
from projects.models import User


@pytest.fixture
def audit(make_open_audit, make_gold, every_second):
    """Twelve units; half of what a grader gets is gold, while the three last."""
    audit = make_open_audit(12, gold_share=0.5)
    for number in (101, 102, 103):
        make_gold(audit, number)
    return audit


@pytest.fixture
def repeating(make_open_audit, every_second):
    """Twelve units, so a repeat comes after six labels; half of what a grader gets."""
    return make_open_audit(12, repeat_share=0.5)


def kind_of(token):
    return Unit.objects.get(token=token).kind


def work(desk, *, until=None, most=60):
    """Label what comes; the kinds that came, up to the first unit of the kind `until`."""
    person = User.objects.get(pk=desk.client.session["_auth_user_id"])
    coder = coder_of(person, desk.audit)
    kinds: list[str] = []
    while len(kinds) < most and (seat := seating.claim_next(desk.audit, coder)):
        kinds.append(seat.unit.kind)
        if kinds[-1] == until:
            break
        label_unit(desk.audit, seat.unit, coder, "latency")
    return kinds


def coder_of(person, audit):
    return workflow.coder_of(audit.project, person)


def label_unit(audit, unit, coder, mode):
    found = audit.codebook.modes.get(code=mode) if unit.asks_mode else None
    workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
    workflow.record_label(
        unit=unit,
        coder=coder,
        judgment=workflow.Judgment(correctness="correct", failure_mode=found),
        submission_id=f"{unit.pk}-{coder.pk}",
    )


@pytest.fixture
def repeating_too(make_open_audit, every_second):
    return make_open_audit(12, slug="again", repeat_share=0.5)
