"""The places on a unit, and the passing on of one."""

from django.db import models
from django.db.models import Q

from labeling.models.audit import Audit
from labeling.models.coder import Coder
from labeling.models.unit import Unit


class Seat(models.Model):
    """One of the k places on a unit, held by at most one coder, for the length of a lease."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="seats")
    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="seats")
    position = models.PositiveSmallIntegerField()
    serving = models.CharField(
        max_length=32, help_text="The unit's, so that one index serves `next`."
    )
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, null=True, related_name="seats")
    claimed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    is_done = models.BooleanField(default=False, help_text="A label was given from this seat.")
    is_planted = models.BooleanField(
        default=False, help_text="On a gold or repeated unit: made for one coder, never passed on."
    )

    class Meta:
        ordering = ["unit", "position"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "position"], name="one_seat_per_position"),
            models.UniqueConstraint(
                fields=["unit", "coder"],
                condition=Q(coder__isnull=False),
                name="one_seat_per_coder",
            ),
            models.CheckConstraint(
                condition=Q(coder__isnull=True, claimed_at__isnull=True, lease_until__isnull=True)
                | Q(coder__isnull=False, claimed_at__isnull=False, lease_until__isnull=False),
                name="seat_is_free_or_leased",
            ),
            models.CheckConstraint(
                condition=Q(is_done=False) | Q(coder__isnull=False), name="done_seat_has_a_coder"
            ),
            models.CheckConstraint(
                condition=Q(is_planted=False) | Q(coder__isnull=False),
                name="planted_seat_has_a_coder",
            ),
        ]
        indexes = [
            models.Index(
                fields=["audit", "serving", "position"],
                condition=Q(is_done=False, is_planted=False),
                name="seats_to_serve",
            ),
        ]


class Lapse(models.Model):
    """A coder's lease on a unit ran out and the seat went on: their answer is still taken."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="lapses")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="lapses")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "coder"], name="one_lapse_per_coder"),
        ]


class Skip(models.Model):
    """A coder passed on a unit: it goes back for others and does not count as a label."""

    class Reason(models.TextChoices):
        NOT_MY_FIELD = "not_my_field", "I do not know the subject"
        LANGUAGE = "language", "I do not read the language"
        UNREADABLE = "unreadable", "It cannot be read or is cut off"
        DISTRESSING = "distressing", "I would rather not read this"
        CONFLICT = "conflict", "I know the person or the case"
        OTHER = "other", "Another reason"

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="skips")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="skips")
    reason = models.CharField(max_length=16, choices=Reason.choices)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "coder"], condition=Q(undone_at=None), name="one_skip_per_coder"
            ),
            models.CheckConstraint(
                condition=Q(
                    reason__in=[
                        "not_my_field",
                        "language",
                        "unreadable",
                        "distressing",
                        "conflict",
                        "other",
                    ]
                ),
                name="skip_reason_is_known",
            ),
        ]
