"""After some more labels a coder no longer sees what they chose on a unit; they may judge it anew.

A hidden repeat of a unit may be on the desk of whoever labelled it that long ago, and a repeat
that is answered from the list of what was sent measures nothing. So every label is sealed once it
is old enough to be repeated, in every audit, whether there are repeats in it or not: what a coder
sees depends on the number of their own labels alone, and tells nothing.

Judging anew opens no seal: the blind verdict came with the first label on the unit, and once that
is sealed the verdict stays out. What is said anew can be read until it is as old.
"""

import datetime as dt

from django.db.models import QuerySet

from labeling.models import Audit, Coder, Label, Unit
from labeling.planting import repeat_gap
from projects.prepared import Prepared


def given_labels(*, audit: int, coder: int) -> QuerySet[Label]:
    """All the coder has sent in the audit, superseded ones too: undoing opens no seal."""
    own = Label.objects.filter(unit__audit=audit, coder=coder, is_imported=False)
    return own.order_by("-created_at", "-pk")


def labels_on(*, unit: int, coder: int) -> QuerySet[Label]:
    own = Label.objects.filter(unit=unit, coder=coder, is_imported=False)
    return own.order_by("-created_at", "-pk")


def labels_before(*, unit: int, coder: int, submission: str) -> QuerySet[Label]:
    return labels_on(unit=unit, coder=coder).exclude(submission_id=submission).reverse()


LAST = Prepared(labels_on, "unit", "coder")
FIRST = Prepared(labels_before, "unit", "coder", texts=("submission",))


def last_said(unit: Unit, coder: Coder) -> Label | None:
    """The coder's latest label on the unit, one that was undone included."""
    return LAST.first(unit=unit.pk, coder=coder.pk)


def sealed_before(audit: Audit, coder: Coder) -> dt.datetime | None:
    """The coder's labels from before this moment are sealed; None: none is."""
    given = given_labels(audit=audit.pk, coder=coder.pk)
    last_open = repeat_gap(audit) - 1
    return given.values_list("created_at", flat=True)[last_open : last_open + 1].first()


def sealed_since(label: Label | None, audit: Audit, *, submission: str = "") -> dt.datetime | None:
    """When a label was sealed to its coder; None: it is not.

    What the coder typed on the unit before that moment goes with the label. The label of
    `submission`, which is being sent again, is not there yet.
    """
    if label is None:
        return None
    given = given_labels(audit=audit.pk, coder=label.coder_id).exclude(submission_id=submission)
    later = given.filter(created_at__gt=label.created_at).order_by("created_at", "pk")
    enough = repeat_gap(audit) - 1
    return later.values_list("created_at", flat=True)[enough : enough + 1].first()


def is_sealed(unit: Unit, coder: Coder, *, submission: str = "") -> bool:
    """Whether the coder's blind verdict on the unit is sealed: it came with their first label."""
    first = FIRST.first(unit=unit.pk, coder=coder.pk, submission=submission)
    return sealed_since(first, unit.audit, submission=submission) is not None
