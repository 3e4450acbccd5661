"""One more coder where the first k differ: the extra seat, made and taken away with the labels.

A third opinion (the name it has at two coders per unit) is asked only where it is needed. It enters
the unit's majority and never the agreement, which would be computed on the hard units twice.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from labeling.models import PLANTED, Audit, Label, Lapse, Seat, Unit

CHUNK = 500


def settle_third_opinion(audit: Audit, unit: Unit) -> None:
    """Make the extra seat if the first k labels differ; else remove it, while it is free.

    For a caller that has locked the unit. Whoever holds the seat, or has labelled from it, keeps
    it, also when the others come to agree.
    """
    if not audit.asks_third or unit.kind in PLANTED:
        return
    if first_labels_differ(audit, unit):
        Seat.objects.get_or_create(
            unit=unit,
            position=audit.coders_per_unit + 1,
            defaults={"audit": audit, "serving": unit.serving},
        )
    else:
        remove_free_extra(audit, unit)


def first_labels_differ(audit: Audit, unit: Unit) -> bool:
    """Whether all of the first k seats are labelled, and not alike in verdict and mode."""
    first = Label.objects.counted().filter(
        unit=unit, seat__position__lte=audit.coders_per_unit, seat__is_done=True
    )
    said = list(first.values_list("correctness", "failure_mode__code"))
    return len(said) == audit.coders_per_unit and len(set(said)) > 1


def remove_free_extra(audit: Audit, unit: Unit) -> None:
    """Locked before it is deleted, so that nobody is given it at this instant."""
    extra = Seat.objects.filter(unit=unit, position__gt=audit.coders_per_unit, is_done=False)
    unused = extra.filter(
        Q(coder=None) | Q(lease_until__lt=Now()),
        ~Exists(Label.objects.filter(seat=OuterRef("pk"))),
    )
    for seat in unused.select_for_update(of=("self",)):
        if seat.coder_id is not None:  # somebody may still be reading: the answer is taken as late
            Lapse.objects.bulk_create(
                [Lapse(unit=unit, coder_id=seat.coder_id)], ignore_conflicts=True
            )
        seat.delete()


def lock_for_third_opinions(audit: Audit, units: Iterable[Unit]) -> None:
    """Lock many units, in one order, before their labels change; nothing where none is asked."""
    if not audit.asks_third:
        return
    keys = sorted(unit.pk for unit in units)
    for start in range(0, len(keys), CHUNK):
        part = Unit.objects.filter(pk__in=keys[start : start + CHUNK]).order_by("pk")
        list(part.select_for_update(no_key=True).values_list("pk"))


def seats_outside_agreement(audit: Audit) -> QuerySet[Seat]:
    """The extra seats: their labels were asked because others differed."""
    if not audit.asks_third:
        return Seat.objects.none()
    later = Seat.objects.filter(audit=audit, position__gt=audit.coders_per_unit)
    return later.filter(is_planted=False)


def count_full_units(audit: Audit) -> int:
    """Drawn units with all of their first k labels: on these the choice has been made."""
    first = Seat.objects.filter(unit=OuterRef("pk"), position__lte=audit.coders_per_unit)
    drawn = audit.units.drawn().filter(Exists(first))
    return drawn.filter(~Exists(first.filter(is_done=False))).count()


def third_opinion_note(audit: Audit) -> str:
    """What agreement is computed on, where third opinions are asked; empty elsewhere."""
    if not audit.asks_third:
        return ""
    return (
        f"Agreement is computed on the first {audit.coders_per_unit} labels of each unit, "
        "each given without sight of the others; third opinions were asked only where they "
        "differed."
    )
