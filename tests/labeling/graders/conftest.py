"""An audit that ana and ben have worked in, with gold units, a repeat, a control and skips."""

import pytest
from django.utils import timezone

from labeling.grader_reports import build_grader_report
from labeling.models import Skip, Unit
from tests.graders_at_work import repeat_of
from tests.sampled import add_unit

PAGE = "/audits/w34/graders/"
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
