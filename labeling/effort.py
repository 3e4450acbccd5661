"""Time at the desk: active time as the page measured it, wall time as the server saw it.

The two are kept apart and never added. Without scripts nothing is measured.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import (
    Count,
    DurationField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Greatest, Least, Now
from django.utils import timezone

from labeling.models import PLANTED, Audit, Coder, Effort, Label, Seat, Unit

GRACE_MS = 5_000
"""A page's clock may run this far ahead of the server's before its total is cut."""

LONGEST_FIRST = dt.timedelta(minutes=30)
"""The most that a first report may claim: the page has not been heard of before."""

WALL = Sum(F("last_at") - F("first_at"), output_field=DurationField())


@dataclass(frozen=True, kw_only=True)
class TimeSpent:
    """Active: visible, focused and used within 60 s. Wall: first to last sign of each showing."""

    active: dt.timedelta
    wall: dt.timedelta


class MillisecondsUntilNow(models.Func):
    """How long ago a stored moment was, by the database's clock."""

    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST((julianday('now') - julianday(%(expressions)s)) * 86400000 AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(EXTRACT(EPOCH FROM STATEMENT_TIMESTAMP() - %(expressions)s) * 1000)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


@transaction.atomic(savepoint=False)  # nobody goes on after a failure in here
def record_effort(
    *, unit: Unit, coder: Coder, view: uuid.UUID, active_ms: int, seat: Seat | None = None
) -> None:
    """Take the running total of active milliseconds of one showing (`view`) of a unit.

    `seat` is the coder's own, where the caller has it: a label's is mostly the first report.

    The total only grows, so a report that comes twice or late changes nothing. It is never more
    than the time since the showing began, as far as the server knows, plus a grace.
    """
    showing = Effort.objects.filter(unit=unit, coder=coder, view=view)
    reported = max(0, min(active_ms, 2**31 - 1))
    if seat is None and showing.exists():
        raise_total(showing, reported)
        return
    if seat is not None and seat.claimed_at is not None:
        now = timezone.now()
        first_at = max(seat.claimed_at, now - LONGEST_FIRST)
    else:
        first_at, now = find_start(unit, coder, reported)
    possible = int((now - first_at).total_seconds() * 1000) + GRACE_MS
    first = Effort(
        unit=unit,
        coder=coder,
        view=view,
        active_ms=max(0, min(reported, possible)),
        first_at=first_at,
        last_at=max(first_at, now),
    )
    try:
        with transaction.atomic():
            first.save(force_insert=True)
    except IntegrityError:  # another first report of this showing was faster
        raise_total(showing, reported)


def raise_total(showing: QuerySet[Effort], reported: int) -> None:
    possible = MillisecondsUntilNow(F("first_at")) + GRACE_MS
    showing.update(
        active_ms=Greatest(F("active_ms"), Least(reported, possible)),
        last_at=Greatest(F("last_at"), Now()),
    )


def find_start(unit: Unit, coder: Coder, reported: int) -> tuple[dt.datetime, dt.datetime]:
    """When a showing began that is heard of for the first time, and now.

    That is when the coder took the open seat; on a unit that is opened again, the reported time
    ago. At most half an hour ago in either case.
    """
    seat = Seat.objects.filter(unit=unit, coder=coder, is_done=False)
    known = Coder.objects.filter(pk=coder.pk).values_list(
        Now(), Subquery(seat.values("claimed_at"))
    )
    now, claimed_at = known.get()
    started = claimed_at or now - dt.timedelta(milliseconds=min(reported, 86_400_000))
    return min(now, max(started, now - LONGEST_FIRST)), now


def time_spent(
    coder: Coder, *, audit: Audit | None = None, since: dt.datetime | None = None
) -> TimeSpent | None:
    """The coder's time in the audit, or in all; None when nothing was measured.

    A showing belongs to the moment of its last report.
    """
    efforts = Effort.objects.filter(coder=coder)
    if audit:
        efforts = efforts.filter(unit__audit=audit)
    if since:
        efforts = efforts.filter(last_at__gte=since)
    sums = efforts.aggregate(n=Count("pk"), active_ms=Sum("active_ms"), wall=WALL)
    return spent(sums["active_ms"], sums["wall"]) if sums["n"] else None


def time_per_label(audit: Audit) -> dict[tuple[int, int], TimeSpent]:
    """(unit, coder) to the time of all showings of that unit to that coder."""
    efforts = Effort.objects.filter(unit__audit=audit).order_by().values("unit_id", "coder_id")
    sums = efforts.annotate(active=Sum("active_ms"), wall=WALL)
    return {(row["unit_id"], row["coder_id"]): spent(row["active"], row["wall"]) for row in sums}


def active_times(audit: Audit) -> list[tuple[int, int]]:
    """The unit and the active milliseconds of each current label on a drawn unit, by unit, then
    shortest first; labels without a known time are not in it.
    """
    given = Label.objects.current().filter(unit=OuterRef("unit"), coder=OuterRef("coder"))
    efforts = Effort.objects.filter(Exists(given), unit__audit=audit)
    efforts = efforts.exclude(unit__kind__in=PLANTED).order_by()
    sums = efforts.values("unit_id", "coder_id").annotate(active=Sum("active_ms"))
    return list(sums.values_list("unit_id", "active").order_by("unit_id", "active"))


def seconds_per_label(audit: Audit) -> list[float]:
    """Active seconds of each current label on a drawn unit, as `active_times` has them."""
    return [active / 1000 for _, active in active_times(audit)]


def spent(active_ms: int, wall: dt.timedelta) -> TimeSpent:
    return TimeSpent(active=dt.timedelta(milliseconds=active_ms), wall=wall)
