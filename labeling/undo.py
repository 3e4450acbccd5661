"""Taking back the last label or skip: one transaction, and sent twice it takes back one."""

from django.db import transaction
from django.db.models.functions import Now

from labeling.models import Audit, Coder, Label, Seat, Skip, Unit
from labeling.seating import OPEN_SEAT, count_given, lease, lock_coder, seat_for_label
from labeling.third_opinions import settle_third_opinion
from labeling.workflow import lock_open_audit, require_fresh_eyes
from projects.errors import InputError


@transaction.atomic
def undo_last(
    audit: Audit, coder: Coder, *, shown: str = "", n_done: int | None = None
) -> Unit | None:
    """Take back the coder's last label or skip in this audit and show that unit again.

    The label stays in the history as superseded; the verdict stays locked. None: nothing to undo.
    `shown` is the token of the unit that the page shows, `n_done` how many labels and skips a page
    without a unit counts: an undo that is sent twice, because its answer was lost, takes back one.

    Raises
    ------
    InputError
        The audit is closed, all places on the skipped unit have gone to others, or the coder
        decided on the unit as the lead since.
    """
    lock_coder(coder)
    came_back = came_back_before(audit, coder, shown, n_done)
    if came_back:
        return came_back
    label = last_label(audit, coder)
    skip = (
        Skip.objects.filter(unit__audit=audit, coder=coder, undone_at=None)
        .order_by("-created_at")
        .first()
    )
    last = max(
        (done for done in (label, skip) if done), key=lambda done: done.created_at, default=None
    )
    if last is None:
        return None
    unit = last.unit
    lock_open_audit(unit)
    require_fresh_eyes(unit, coder)  # it would take no new label
    if isinstance(last, Skip):
        Skip.objects.filter(pk=last.pk).update(undone_at=Now())
    else:
        Label.objects.filter(pk=last.pk).update(superseded_at=Now())
    seat = seat_for_label(unit, coder)
    if seat:
        lease(seat, coder)
    elif isinstance(last, Skip):
        raise InputError("The skipped unit has gone to other graders: the skip stays.")
    settle_third_opinion(audit, unit)
    return unit


def came_back_before(audit: Audit, coder: Coder, shown: str, n_done: int | None) -> Unit | None:
    """The unit that an undo from this page has brought back already.

    It is held since later than the unit on the page, which is still waiting for its answer; on a
    page without a unit there is one label or skip fewer since.
    """
    if n_done is not None:
        latest = OPEN_SEAT.first(audit=audit.pk, coder=coder.pk)
        return latest.unit if latest and count_standing(audit, coder) < n_done else None
    waiting = Seat.objects.filter(audit=audit, unit__token=shown, coder=coder, is_done=False)
    if not shown or not waiting.exists():
        return None
    latest = OPEN_SEAT.first(audit=audit.pk, coder=coder.pk)
    return latest.unit if latest and latest.unit.token != shown else None


def count_standing(audit: Audit, coder: Coder) -> int:
    """Labels and skips of the coder that were not taken back."""
    skips = Skip.objects.filter(unit__audit=audit, coder=coder, undone_at=None)
    return count_given(audit, coder) + skips.count()


def last_label(audit: Audit, coder: Coder) -> Label | None:
    own = Label.objects.current().filter(unit__audit=audit, coder=coder, is_imported=False)
    return own.select_related("unit").order_by("-created_at", "-pk").first()
