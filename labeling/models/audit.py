"""One frame, one codebook version, one sample: audits and their strata."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from labeling.models.codebook import Codebook
from labeling.models.coder import Coder
from projects.models import Project, User


class AuditQuerySet(models.QuerySet["Audit"]):
    def for_user(self, user: User) -> Self:
        return self.filter(project__in=Project.objects.for_user(user))

    def open(self) -> Self:
        return self.filter(status=Audit.Status.OPEN)

    def not_closed(self) -> Self:
        return self.exclude(status=Audit.Status.CLOSED)


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
        PREPARED = "prepared", "Not open yet"
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="audits")
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.SAMPLED)
    frame = models.CharField(max_length=16, choices=Frame.choices, blank=True)
    frame_note = models.TextField(blank=True, help_text="What the cut did, in words.")
    strata_field = models.CharField(
        max_length=210, blank=True, help_text="A field of outputs, or judge:NAME@VERSION."
    )
    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, related_name="audits")
    coders_per_unit = models.PositiveSmallIntegerField(default=3)
    seed = models.BigIntegerField(default=0)
    is_blind = models.BooleanField(default=True)
    asks_third = models.BooleanField(
        default=False, help_text="One more coder is asked where the first `coders_per_unit` differ."
    )
    max_labels_per_coder = models.PositiveIntegerField(
        null=True, blank=True, help_text="Nobody gives more labels than this; empty: no limit."
    )
    by_invitation = models.BooleanField(
        default=False, help_text="Only the graders that a lead has let in get units."
    )
    graders = models.ManyToManyField(
        Coder, blank=True, related_name="let_into", help_text="Who a lead has let in."
    )
    gold_share = models.FloatField(
        default=0, help_text="The part of the units a grader gets that are gold, in silence."
    )
    repeat_share = models.FloatField(
        default=0, help_text="The part that are units the grader has labelled before, in silence."
    )
    training_bar = models.FloatField(
        null=True,
        blank=True,
        help_text="The part of the training units to get right before entering; empty: none.",
    )
    shares_accuracy = models.BooleanField(
        default=False, help_text="Graders see their own accuracy on gold units."
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    # The frame as it stood at the draw; frozen, so that later feedback displaces no drawn unit.
    judge_negatives = models.FloatField(
        null=True,
        blank=True,
        help_text="The part of the sample from the judge's negatives; empty: in proportion.",
    )
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
                condition=Q(status__in=["prepared", "open", "closed"]),
                name="audit_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="prepared") | Q(kind="sampled"),
                name="prepared_audit_was_drawn_here",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(status="closed"),
                name="only_a_closed_audit_was_closed",
            ),
            models.CheckConstraint(
                condition=Q(judge_negatives__isnull=True)
                | Q(
                    judge_negatives__isnull=False,
                    judge_negatives__gt=0,
                    judge_negatives__lt=1,
                    strata_field__startswith="judge:",
                ),
                name="negatives_are_of_a_judge",
            ),
            models.CheckConstraint(condition=Q(coders_per_unit__gte=1), name="audit_asks_a_coder"),
            models.CheckConstraint(
                condition=Q(asks_third=False) | Q(coders_per_unit__gte=2),
                name="third_opinion_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(gold_share__gte=0, gold_share__lte=0.5)
                & Q(repeat_share__gte=0, repeat_share__lte=0.5),
                name="planted_shares_at_most_half",
            ),
            models.CheckConstraint(
                condition=Q(training_bar__isnull=True)
                | Q(training_bar__isnull=False, training_bar__gt=0, training_bar__lte=1),
                name="training_bar_is_a_part",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def is_prepared(self) -> bool:
        """Drawn, and not opened for labeling yet."""
        return self.status == self.Status.PREPARED

    @property
    def is_closed(self) -> bool:
        return self.status == self.Status.CLOSED

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
    is_rated = models.BooleanField(
        default=True, help_text="False: controls that no user rated; they are in no figure."
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
