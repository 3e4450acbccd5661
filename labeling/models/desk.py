"""What belongs to a person at the desk and is no label: drafts, time, flags, keys, training."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from labeling.models.codebook import Correctness, FailureMode
from labeling.models.coder import Coder
from labeling.models.unit import Gold, Unit


class Draft(models.Model):
    """What a coder has typed on a unit and not sent: shown again, never made a label by itself."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="drafts")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="drafts")
    fields = models.JSONField(default=dict, help_text="Form field to what was typed or chosen.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "coder"], name="one_draft_per_coder"),
        ]


class Effort(models.Model):
    """Time with one unit on one screen. Active: visible, focused and used within 60 seconds.

    The screen reports its running total, so that a report that arrives twice counts once.
    Wall time is `last_at` minus `first_at`, both the server's.
    """

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="efforts")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="efforts")
    view = models.UUIDField(default=uuid.uuid4, help_text="Made by the page for each showing.")
    active_ms = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit", "coder", "view"], name="one_effort_per_view"),
            models.CheckConstraint(
                condition=Q(last_at__gte=F("first_at")), name="effort_ends_after_it_begins"
            ),
        ]
        indexes = [models.Index(fields=["coder", "last_at"], name="efforts_of_a_coder")]


class Flag(models.Model):
    """A coder asks the lead about a unit; the thread is theirs alone."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="flags")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="flags")
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    read_at = models.DateTimeField(
        null=True, blank=True, help_text="Its coder has read the messages up to this moment."
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "coder"], name="one_flag_per_coder"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False),
                name="resolved_flag_names_who",
            ),
        ]


class FlagMessage(models.Model):
    """One sentence of a flag's thread, by the coder or by a lead."""

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="flag_message_has_a_text"),
        ]


class DeskKeys(models.Model):
    """One person's keys at the desk, where they differ from the ones every page starts with."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="desk_keys"
    )
    keys = models.JSONField(default=dict, help_text="Action to key.")
    letters_on = models.BooleanField(default=True, help_text="Single keys act (WCAG 2.1.4).")

    class Meta:
        verbose_name_plural = "desk keys"


class TrainingAnswer(models.Model):
    """A coder's answer to a training unit; it is no label and enters no figure of the audit."""

    gold = models.ForeignKey(Gold, on_delete=models.PROTECT, related_name="training_answers")
    coder = models.ForeignKey(Coder, on_delete=models.PROTECT, related_name="training_answers")
    attempt = models.PositiveSmallIntegerField(default=1)
    correctness = models.CharField(max_length=12, choices=Correctness.choices)
    failure_mode = models.ForeignKey(
        FailureMode, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, help_text="When the mode was given, too.")

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["gold", "coder", "attempt"], name="one_training_answer_per_attempt"
            ),
            models.CheckConstraint(
                condition=Q(correctness__in=Correctness.values), name="training_verdict_is_known"
            ),
        ]
