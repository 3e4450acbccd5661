"""How far an audit is: which units still wait for a label. Counted when asked, never stored."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from labeling.models import Adjudication, Audit, Seat, Unit


def awaited_seats() -> QuerySet[Seat]:
    """The places of a unit that wait for a label, a third opinion's included."""
    return Seat.objects.filter(unit=OuterRef("pk"), is_done=False)


def count_complete(audit: Audit) -> int:
    """Sampled in-frame units that have every label asked for, or a lead's decision."""
    in_frame = audit.units.filter(kind=Unit.Kind.SAMPLED)
    if audit.is_imported:
        return in_frame.count()
    decided = Adjudication.objects.current().filter(unit=OuterRef("pk"))
    return in_frame.filter(~Exists(awaited_seats()) | Q(Exists(decided))).count()
