"""Why a coder's queue is empty: it is never just "nothing here"."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Now

from labeling.models import Audit, Coder, Label, Seat, Skip
from labeling.training import must_train


@dataclass(frozen=True, kw_only=True)
class EmptyQueue:
    """The reason as a sentence, with the counts behind it."""

    reason: str
    n_mine: int
    n_skipped: int
    held_until: dt.datetime | None = None
    may_undo: bool = False


def explain_empty_queue(audit: Audit, coder: Coder) -> EmptyQueue:
    """Say whether the audit is closed, finished, done by this coder, or held by others."""
    n_mine = Label.objects.current().filter(unit__audit=audit, coder=coder).count()
    n_skipped = Skip.objects.filter(unit__audit=audit, coder=coder, undone_at=None).count()
    unlabelled = Seat.objects.filter(audit=audit, is_done=False, is_planted=False)
    held = unlabelled.filter(lease_until__gte=Now()).exclude(coder=coder)
    same_unit = {"unit": OuterRef("unit"), "coder": coder}
    held = held.filter(
        ~Exists(Label.objects.current().filter(**same_unit)),
        ~Exists(Skip.objects.filter(undone_at=None, **same_unit)),
    )
    held_until = held.aggregate(last=Max("lease_until"))["last"]
    return EmptyQueue(
        reason=empty_reason(
            audit,
            n_unlabelled=unlabelled.count(),
            held_until=held_until,
            must_train=must_train(audit, coder),
        ),
        n_mine=n_mine,
        n_skipped=n_skipped,
        held_until=held_until,
        may_undo=audit.is_open and n_mine + n_skipped > 0,
    )


def empty_reason(
    audit: Audit, *, n_unlabelled: int, held_until: dt.datetime | None, must_train: bool = False
) -> str:
    if audit.is_imported:
        return "This audit holds labels that were made elsewhere: there is nothing to label here."
    if not audit.is_open:
        return "This audit is closed: it takes no more labels."
    if must_train:
        return "A training comes first: open the audit again from your work."
    if n_unlabelled == 0:
        return "Every unit has all its labels: the audit is finished."
    if held_until:
        return f"Other graders hold the last units, at the latest until {held_until:%H:%M} UTC."
    return "You have seen every unit that still needs a label; the rest is for other graders."
