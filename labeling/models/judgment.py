"""Verdicts, labels and adjudications: appended, never updated away."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from labeling.models.codebook import Codebook, Correctness, FailureMode
from labeling.models.coder import Coder
from labeling.models.seat import Seat
from labeling.models.unit import Unit

MODE_FITS_VERDICT = (
    Q(asks_mode=False, failure_mode__isnull=True, needed_verdict="")
    | Q(asks_mode=True, correctness="cannot_tell", failure_mode__isnull=True, needed_verdict="")
    | Q(asks_mode=True, failure_mode__isnull=False)
    & ~Q(correctness="cannot_tell")
    & (Q(needed_verdict="") | Q(needed_verdict=models.F("correctness")))
)
"""A mode that contradicts the verdict is refused by the database as well as by the form."""


class Verdict(models.Model):
    """The blind judgment, stored and locked before anything is revealed."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="verdicts")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="verdicts")
    correctness = models.CharField(max_length=12, choices=Correctness.choices)
    is_blind = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "coder"], name="one_verdict_per_coder"),
            models.CheckConstraint(
                condition=Q(correctness__in=Correctness.values), name="verdict_is_known"
            ),
        ]


class LabelQuerySet(models.QuerySet["Label"]):
    def current(self) -> Self:
        return self.filter(superseded_at=None)

    def counted(self) -> Self:
        """Current labels that enter the figures: one per unit and coder, not late."""
        return self.current().filter(is_late=False)


class Label(models.Model):
    """One coder's judgment of one unit; current, or superseded and kept."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="labels")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="labels")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, null=True, related_name="labels")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, null=True, related_name="labels")
    codebook = models.ForeignKey(
        Codebook,
        on_delete=models.PROTECT,
        related_name="labels",
        help_text="The version it was given under.",
    )
    correctness = models.CharField(
        max_length=12,
        choices=Correctness.choices,
        blank=True,
        help_text="Blank: an imported label without a verdict.",
    )
    revision_reason = models.TextField(
        blank=True, help_text="Why the verdict changed after the reveal."
    )
    asks_mode = models.BooleanField(default=True, help_text="False: a sham unit, verdict only.")
    failure_mode = models.ForeignKey(
        FailureMode, on_delete=models.PROTECT, null=True, related_name="labels"
    )
    needed_verdict = models.CharField(
        max_length=12, blank=True, help_text="Copy of the frozen mode's rule, for the constraint."
    )
    further_modes = models.ManyToManyField(FailureMode, related_name="further_labels", blank=True)
    note = models.TextField(blank=True)
    submission_id = models.CharField(max_length=40, unique=True)
    is_late = models.BooleanField(default=False)
    is_imported = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True)

    objects = LabelQuerySet.as_manager()

    class Meta:
        ordering = ["unit", "coder", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "coder"],
                condition=Q(superseded_at=None),
                name="one_current_label_per_coder",
            ),
            models.UniqueConstraint(
                fields=["seat"],
                condition=Q(superseded_at=None),
                name="one_current_label_per_seat",
            ),
            models.CheckConstraint(
                condition=Q(correctness__in=Correctness.values)
                | Q(correctness="", is_imported=True),
                name="label_has_a_verdict_unless_imported",
            ),
            models.CheckConstraint(condition=MODE_FITS_VERDICT, name="label_mode_fits_verdict"),
        ]
        indexes = [
            # All that agreement reads. SQLite reads an index alone only if the columns of its
            # condition are in it too.
            models.Index(
                fields=[
                    *("unit", "coder", "failure_mode", "seat"),
                    *("asks_mode", "is_late", "superseded_at"),
                ],
                condition=Q(asks_mode=True, is_late=False, superseded_at=None),
                name="labels_of_agreement",
            ),
        ]

    @property
    def category(self) -> str:
        """The label as one nominal category: the mode's code, or `cannot_tell`."""
        return self.failure_mode.code if self.failure_mode else self.correctness


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    def current(self) -> Self:
        return self.filter(superseded_at=None)


class Adjudication(models.Model):
    """A lead's recorded decision on a unit, with a reason; it overwrites no label."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="adjudications")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    correctness = models.CharField(max_length=12, choices=Correctness.choices, blank=True)
    asks_mode = models.BooleanField(default=True)
    failure_mode = models.ForeignKey(
        FailureMode, on_delete=models.PROTECT, null=True, related_name="+"
    )
    needed_verdict = models.CharField(max_length=12, blank=True)
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True)

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(superseded_at=None),
                name="one_current_adjudication_per_unit",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="adjudication_has_a_reason"),
            models.CheckConstraint(
                condition=Q(correctness__in=[*Correctness.values, ""]),
                name="adjudication_verdict_is_known",
            ),
            models.CheckConstraint(
                condition=MODE_FITS_VERDICT, name="adjudication_mode_fits_verdict"
            ),
        ]

    @property
    def category(self) -> str:
        return self.failure_mode.code if self.failure_mode else self.correctness
