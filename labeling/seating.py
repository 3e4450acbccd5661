"""Who sits where: claiming the next unit, the lease on a seat, and giving seats back.

Each claim is one transaction that locks the coder first. Times are the database's own.
"""

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from labeling.models import (
    Adjudication,
    Audit,
    Coder,
    Label,
    Lapse,
    Seat,
    Skip,
    Unit,
    Verdict,
)
from labeling.planting import give_up, is_planted, next_planted, planted_seat, plants
from labeling.training import must_train
from projects.prepared import Prepared

LEASE = dt.timedelta(minutes=30)


class Bar(StrEnum):
    """Why a coder gets no new unit of an audit, whatever is free."""

    IMPORTED = "imported"
    NOT_OPEN = "not open"
    CLOSED = "closed"
    NOT_INVITED = "not invited"
    UNTRAINED = "not trained"
    CAPPED = "capped"


def bar_of(audit: Audit, coder: Coder) -> Bar | None:
    """What keeps the coder from new units; None: nothing. The desk and the claim both ask here."""
    if audit.is_imported:
        return Bar.IMPORTED
    if not audit.is_open:
        return Bar.CLOSED if audit.is_closed else Bar.NOT_OPEN
    if audit.by_invitation and not audit.graders.filter(pk=coder.pk).exists():
        return Bar.NOT_INVITED
    if must_train(audit, coder):
        return Bar.UNTRAINED
    most = audit.max_labels_per_coder
    if most is not None and count_given(audit, coder) >= most:
        return Bar.CAPPED
    return None


def count_given(audit: Audit, coder: Coder) -> int:
    """The coder's current labels in the audit, planted units included: all are the same work."""
    return Label.objects.current().filter(unit__audit=audit, coder=coder).count()


def claim_next(audit: Audit, coder: Coder) -> Seat | None:
    """The coder's open seat, or the next free one in serving order, leased to the coder.

    Serving order finishes begun units first: a free seat on a begun unit always comes before the
    units nobody has seen, so the labelled part is at any time a random part of the sample. A
    planted unit comes before the free one, never in its stead: with none left, nothing is planted.
    An open seat may be finished by a coder who gets no new unit, until the audit closes.
    """
    with transaction.atomic():
        lock_coder(coder)
        return take_next(audit, coder)


def lock_coder(coder: Coder) -> None:
    """Two tabs of one person claim one after the other, so they are given the same unit."""
    if not connection.features.has_select_for_update:
        return  # SQLite: whoever has begun to write is alone
    Coder.objects.select_for_update(no_key=True).get(pk=coder.pk)


def take_next(audit: Audit, coder: Coder) -> Seat | None:
    """As `claim_next`, for a caller in whose transaction the coder is locked already."""
    bar = bar_of(audit, coder)
    if bar in (Bar.IMPORTED, Bar.NOT_OPEN, Bar.CLOSED, Bar.UNTRAINED):
        return None
    seat = OPEN_SEAT.first(audit=audit.pk, coder=coder.pk)
    if seat is None and bar is None:
        seat = new_seat(audit, coder)
    if seat is not None:
        lease(seat, coder)
    return seat


def new_seat(audit: Audit, coder: Coder) -> Seat | None:
    """The next seat for the coder, locked; None also when the audit was closed meanwhile.

    Its state is read anew once the seat is locked: a closing that is not seen then waits for this
    seat and gives it back.
    """
    ids = {"audit": audit.pk, "coder": coder.pk, "user": coder.user_id or 0}
    may_plant = plants(audit) and free_seats(**ids).exists()
    planted = next_planted(audit, coder) if may_plant else None
    seat = planted or FREE_SEAT.first(**ids)
    now = AUDIT.first(audit=audit.pk)
    if now is None or now.is_open:
        return seat
    audit.status, audit.closed_at = now.status, now.closed_at
    if planted:
        give_up(planted.unit, coder)
    return None


def open_seats(*, audit: int, coder: int) -> QuerySet[Seat]:
    """Seats the coder holds and has not labelled from, the latest first, locked.

    Locked, so that a seat whose lease ran out is not also given to another at this instant.
    """
    skipped = Skip.objects.filter(unit=OuterRef("unit"), coder=coder, undone_at=None)
    held = Seat.objects.filter(~Exists(skipped), audit=audit, coder=coder, is_done=False)
    return held.select_for_update(of=("self",)).order_by("-claimed_at")


def free_seats(*, audit: int, coder: int, user: int) -> QuerySet[Seat]:
    """Seats nobody holds (or whose lease ran out) on units that are new to the coder."""
    new = new_to(audit=audit, coder=coder, user=user)
    free = new.filter(Q(coder=None) | Q(lease_until__lt=Now()))
    return free.order_by("serving", "position")


def seats_to_take(*, audit: int, coder: int, user: int) -> QuerySet[Seat]:
    """Free seats, locked, past those that other coders are taking at this instant."""
    free = free_seats(audit=audit, coder=coder, user=user)
    if connection.features.has_select_for_update_skip_locked:
        free = free.select_for_update(skip_locked=True, of=("self",))
    return free


def audits(*, audit: int) -> QuerySet[Audit]:
    return Audit.objects.filter(pk=audit)


AUDIT = Prepared(audits, "audit")
OPEN_SEAT = Prepared(open_seats, "audit", "coder")
FREE_SEAT = Prepared(seats_to_take, "audit", "coder", "user")


def held_seats(audit: Audit, coder: Coder) -> QuerySet[Seat]:
    """Seats that others hold now on units that are new to the coder: they may come free."""
    new = new_to(audit=audit.pk, coder=coder.pk, user=coder.user_id or 0)
    return new.filter(coder__isnull=False, lease_until__gte=Now())


def new_to(*, audit: int, coder: int, user: int) -> QuerySet[Seat]:
    """Seats to be labelled from on units that are new to the coder.

    Seats on planted units are one coder's own and are never passed on. What `user` decided on as
    a lead is not new: they have seen the others' labels.
    """
    same_unit = {"unit": OuterRef("unit"), "coder": coder}
    decided = Adjudication.objects.filter(unit=OuterRef("unit"), decided_by=user)
    return (
        Seat.objects.filter(audit=audit, is_done=False, is_planted=False)
        .exclude(coder=coder)
        .filter(
            ~Exists(Seat.objects.filter(**same_unit)),
            ~Exists(Label.objects.current().filter(**same_unit)),
            ~Exists(Skip.objects.filter(undone_at=None, **same_unit)),
            ~Exists(decided),
        )
    )


def lease(seat: Seat, coder: Coder) -> None:
    """Hold the seat for the coder, from the database's now to the end of the lease."""
    if seat.coder_id not in (None, coder.pk):
        remember_holders([seat])
    Seat.objects.filter(pk=seat.pk).update(
        coder=coder, claimed_at=Now(), lease_until=Now() + LEASE, is_done=False
    )
    seat.coder = coder


def extend_lease(unit: Unit, coder: Coder) -> None:
    """The coder is still at it: a seat that nobody took in the meantime is held on."""
    held = Seat.objects.filter(unit=unit, coder=coder, is_done=False)
    held.update(lease_until=Now() + LEASE)


def remember_holders(seats: Iterable[Seat]) -> None:
    """Note who held seats that pass to others, so that an answer that comes late is still taken."""
    lapses = [
        Lapse(unit_id=seat.unit_id, coder_id=seat.coder_id)
        for seat in seats
        if seat.coder_id is not None
    ]
    Lapse.objects.bulk_create(lapses, ignore_conflicts=True)


def seats_of(*, unit: int, coder: int) -> QuerySet[Seat]:
    return Seat.objects.filter(unit=unit, coder=coder).order_by()


SEAT = Prepared(seats_of, "unit", "coder")


def was_given(unit: Unit, coder: Coder) -> bool:
    """Whether the unit ever came to the coder's desk: for everybody else it does not exist."""
    if SEAT.first(unit=unit.pk, coder=coder.pk):
        return True
    traces = (Verdict, Skip, Lapse, Label)
    return any(trace.objects.filter(unit=unit, coder=coder).exists() for trace in traces)


def release(seats: QuerySet[Seat]) -> int:
    """Give seats back that were held and not labelled from; a planted one stays its coder's."""
    held = seats.filter(is_done=False, is_planted=False)
    return held.update(coder=None, claimed_at=None, lease_until=None)


def give_back(unit: Unit, coder: Coder) -> None:
    """After a skip: the place on the unit is free for others, a planted one is gone."""
    release(Seat.objects.filter(unit=unit, coder=coder))
    give_up(unit, coder)


def locked_seats(*, unit: int) -> QuerySet[Seat]:
    # The model's own order would join unit and audit, and lock their rows as well.
    return Seat.objects.select_for_update(of=("self",)).filter(unit=unit).order_by("position")


def own_seats(*, unit: int, coder: int) -> QuerySet[Seat]:
    return locked_seats(unit=unit).filter(coder=coder)


OWN_SEAT = Prepared(own_seats, "unit", "coder")


def seat_for_label(unit: Unit, coder: Coder) -> Seat | None:
    """The coder's own seat on the unit, else one that is still free, else None (late)."""
    mine = OWN_SEAT.first(unit=unit.pk, coder=coder.pk)
    if mine:
        return mine
    if is_planted(unit):
        seat = planted_seat(unit, coder)
        lease(seat, coder)
        return seat
    free = locked_seats(unit=unit.pk).filter(
        Q(coder=None) | Q(lease_until__lt=Now()), is_done=False, is_planted=False
    )
    first = free.first()
    if first:
        lease(first, coder)
    return first
