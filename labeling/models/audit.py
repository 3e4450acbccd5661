"""One frame, one codebook version, one sample: audits, strata, units and their seats."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from feedback.models import Output
from labeling.models.codebook import Codebook
from labeling.models.coder import Coder
from projects.models import Project, User


def new_token() -> str:
    """Public name of a unit: says nothing about order, stratum or size of the sample."""
    return secrets.token_urlsafe(12)


class AuditQuerySet(models.QuerySet["Audit"]):
    def for_user(self, user: User) -> Self:
        return self.filter(project__in=Project.objects.for_user(user))

    def open(self) -> Self:
        return self.filter(status=Audit.Status.OPEN)


class Audit(models.Model):
    """A sample of one frame, labelled under one codebook version."""

    class Kind(models.TextChoices):
        SAMPLED = "sampled", "Sampled"
        IMPORTED = "imported", "Imported labels"

    class Frame(models.TextChoices):
        NEGATIVE = "negative", "All negative feedback"
        BOTTOM_DECILE = "bottom-decile", "Bottom decile of the ratings"
        RATED = "rated", "All rated outputs"
        DISAGREED = "disagreed", "Outputs a user disagreed with"
        NONE = "", "None (imported labels)"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="audits")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.SAMPLED)
    frame = models.CharField(max_length=16, choices=Frame.choices, blank=True)
    frame_note = models.TextField(blank=True, help_text="What the cut did, in words.")
    strata_field = models.CharField(max_length=40, blank=True)
    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, related_name="audits")
    coders_per_unit = models.PositiveSmallIntegerField(default=3)
    seed = models.BigIntegerField(default=0)
    is_blind = models.BooleanField(default=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    # The frame as it stood at the draw; frozen, so that later feedback displaces no drawn unit.
    frame_until = models.DateTimeField(null=True, help_text="Feedback up to this time counts.")
    n_outputs = models.PositiveBigIntegerField(default=0)
    n_rated = models.PositiveBigIntegerField(default=0)
    n_negative = models.PositiveBigIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["sampled", "imported"]), name="audit_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "closed"]), name="audit_status_is_known"
            ),
            models.CheckConstraint(condition=Q(coders_per_unit__gte=1), name="audit_asks_a_coder"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_imported(self) -> bool:
        return self.kind == self.Kind.IMPORTED


class Stratum(models.Model):
    """A part of the frame sampled at one rate: N_h eligible outputs, n_h of them drawn."""

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="strata")
    name = models.CharField(max_length=250)
    is_negative = models.BooleanField(
        default=True, help_text="Negative feedback; the headline is estimated from these alone."
    )
    in_frame = models.BooleanField(
        default=True, help_text="False: thumbs-up controls beside the frame, for the grid."
    )
    n_frame = models.PositiveBigIntegerField()
    n_sampled = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["audit", "-in_frame", "-is_negative", "name"]
        verbose_name_plural = "strata"
        constraints = [
            models.UniqueConstraint(fields=["audit", "name"], name="one_stratum_per_name"),
            models.CheckConstraint(
                condition=Q(n_sampled__lte=F("n_frame")), name="sample_within_frame"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A sampled output as graders see it."""

    class Kind(models.TextChoices):
        SAMPLED = "sampled", "Sampled"
        SHAM = "sham", "Sham: a thumbs-up control"
        GOLD = "gold", "Gold: planted, with a known answer"

    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="units")
    stratum = models.ForeignKey(Stratum, on_delete=models.PROTECT, null=True, related_name="units")
    output = models.ForeignKey(
        Output, on_delete=models.PROTECT, null=True, blank=True, related_name="units"
    )
    name = models.CharField(max_length=200, help_text="The output's id, or the id in a label set.")
    token = models.CharField(max_length=24, unique=True, default=new_token)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SAMPLED)
    prn = models.CharField(max_length=32, help_text="Permanent random number: md5(seed:id).")
    serving = models.CharField(
        max_length=32, help_text="md5(seed:serve:id): the order graders get units in."
    )
    inclusion_probability = models.FloatField(null=True)

    class Meta:
        ordering = ["audit", "prn"]
        constraints = [
            models.UniqueConstraint(fields=["audit", "name"], name="one_unit_per_output"),
            models.CheckConstraint(
                condition=Q(kind__in=["sampled", "sham", "gold"]), name="unit_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="gold", inclusion_probability__isnull=True)
                | ~Q(kind="gold")
                & Q(
                    inclusion_probability__isnull=False,
                    inclusion_probability__gt=0,
                    inclusion_probability__lte=1,
                ),
                name="unit_probability_unless_gold",
            ),
        ]
        indexes = [models.Index(fields=["audit", "prn"], name="unit_in_draw_order")]

    def __str__(self) -> str:
        return self.name

    @property
    def asks_mode(self) -> bool:
        """Whether a failure mode is asked: why it was rated down, so of negative units alone."""
        if self.kind == self.Kind.SHAM:
            return False
        return self.stratum is None or self.stratum.is_negative


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
        ]
        indexes = [
            models.Index(
                fields=["audit", "serving", "position"],
                condition=Q(is_done=False),
                name="seats_to_serve",
            ),
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
