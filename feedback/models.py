"""What users said about which output. Feedback rows are appended, never updated away."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q

from projects.models import Project


class Channel(models.TextChoices):
    THUMB = "thumb", "Thumb"
    RATING = "rating", "Rating"
    CORRECT = "correct", "Was it correct?"
    EXPERIENCE = "experience", "Experience"
    DISAGREE = "disagree", "Disagree"


INSTRUMENTS = (Channel.THUMB, Channel.RATING)
"""The channels that audits draw from: one signed verdict per user, negative or not."""


class Import(models.Model):
    """One file on its way in: mapping, polarity, progress, and the receipt when it is done."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", "Waiting for the column mapping"
        MAPPED = "mapped", "Waiting for the polarity"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="imports")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    staged = models.CharField(max_length=255, help_text="Records as JSON lines, under DATA_DIR.")
    n_records = models.PositiveIntegerField(default=0)
    format = models.CharField(max_length=12)
    columns = models.JSONField(
        default=dict, help_text="Per column: how many rows have it, and its values if they are few."
    )
    mapping = models.JSONField(default=dict)
    negative_values = models.JSONField(default=list)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.UPLOADED)
    position = models.BigIntegerField(default=0, help_text="Bytes of the staged file taken in.")
    # The receipt: what became of each row of this file. Facts about the file, not running totals.
    n_new = models.PositiveIntegerField(default=0)
    n_duplicate = models.PositiveIntegerField(default=0)
    n_rejected = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["uploaded", "mapped", "running", "done", "failed"]),
                name="import_status_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.project}"

    @property
    def n_done(self) -> int:
        return self.n_new + self.n_duplicate + self.n_rejected


class RejectedRow(models.Model):
    """A row that was not taken, with its line and the reason, for download and repair."""

    source = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejected")
    line = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    raw = models.TextField()

    class Meta:
        ordering = ["line"]


class OutputQuerySet(models.QuerySet["Output"]):
    def with_content(self) -> Self:
        return self.select_related("content")


class Output(models.Model):
    """The model's text and the conversation it closes; the text itself is in `Content`."""

    project = models.ForeignKey(
        Project,
        on_delete=models.PROTECT,
        related_name="outputs",
        db_index=False,  # one_output_per_external_id begins with it
    )
    external_id = models.CharField(max_length=200)
    source = models.ForeignKey(Import, on_delete=models.PROTECT, null=True, related_name="outputs")
    model = models.CharField(max_length=200, blank=True)
    release = models.CharField(max_length=200, blank=True)
    domain = models.CharField(max_length=200, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, help_text="None: not known.")
    user_key = models.CharField(max_length=64, blank=True, help_text="Keyed pseudonym.")
    created_at = models.DateTimeField(null=True, help_text="When the output was given.")
    imported_at = models.DateTimeField(auto_now_add=True)
    content_sha256 = models.CharField(max_length=64)
    metadata = models.JSONField(default=dict)

    objects = OutputQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "external_id"], name="one_output_per_external_id"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id


class Content(models.Model):
    """The long text of an output, apart from it so that lists and draws never read it."""

    output = models.OneToOneField(
        Output, on_delete=models.PROTECT, primary_key=True, related_name="content"
    )
    conversation = models.JSONField(help_text="Turns before the output: [{role, content}, ...].")
    text = models.TextField()


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def current(self) -> Self:
        return self.filter(superseded_at=None)

    def as_of(self, moment: datetime | None) -> Self:
        """What held at `moment` (None: now): the feedback a frozen frame was drawn from."""
        if moment is None:
            return self.current()
        still = Q(superseded_at=None) | Q(superseded_at__gt=moment)
        return self.filter(still, imported_at__lte=moment)

    def ratings_of(self, output: OuterRef) -> Self:
        """The ratings of an output, the one that a file names first: negative, then the latest."""
        rated = self.filter(output=output, channel__in=INSTRUMENTS)
        return rated.order_by("-is_negative", F("given_at").desc(nulls_last=True), "-pk")


class Feedback(models.Model):
    """One user's signal on one output, on one channel; a later one supersedes it."""

    output = models.ForeignKey(
        Output,
        on_delete=models.PROTECT,
        related_name="feedback",
        db_index=False,  # one_row_per_event begins with it
    )
    source = models.ForeignKey(Import, on_delete=models.PROTECT, null=True, related_name="feedback")
    channel = models.CharField(max_length=12, choices=Channel.choices)
    value = models.CharField(max_length=100, help_text="As the product wrote it.")
    score = models.FloatField(null=True, help_text="The value as a number; None: not a number.")
    is_negative = models.BooleanField(help_text="By the polarity a person confirmed.")
    reason = models.CharField(max_length=200, blank=True)
    comment = models.TextField(blank=True)
    user_key = models.CharField(max_length=64, blank=True)
    given_at = models.DateTimeField(null=True)
    imported_at = models.DateTimeField(auto_now_add=True)
    event_key = models.CharField(max_length=64, help_text="SHA-256 of what the user sent.")
    superseded_at = models.DateTimeField(null=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="channel_is_known"
            ),
            models.UniqueConstraint(
                fields=["output", "channel", "event_key"], name="one_row_per_event"
            ),
            models.UniqueConstraint(
                fields=["output", "channel", "user_key"],
                condition=Q(superseded_at=None) & ~Q(user_key=""),
                name="one_current_signal_per_user",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "output"],
                condition=Q(superseded_at=None),
                name="current_feedback",
            )
        ]
