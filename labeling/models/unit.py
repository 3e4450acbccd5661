"""A sampled or planted output as graders see it, and the known answer of a gold unit."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from feedback.models import Output
from labeling.models.audit import Audit, Stratum
from labeling.models.codebook import Correctness, FailureMode

PLANTED = ("gold", "repeat")
"""Kinds of units that were not drawn: they measure graders and enter no figure of the audit."""


def new_token() -> str:
    """Public name of a unit: says nothing about order, stratum or size of the sample."""
    return secrets.token_urlsafe(12)


class UnitQuerySet(models.QuerySet["Unit"]):
    def drawn(self) -> Self:
        """What the draw chose, controls included; planted units are in no figure."""
        return self.exclude(kind__in=PLANTED)


class Unit(models.Model):
    """A sampled or planted output as graders see it."""

    class Kind(models.TextChoices):
        SAMPLED = "sampled", "Sampled"
        SHAM = "sham", "Sham: a control that was rated up or not at all"
        GOLD = "gold", "Gold: planted, with a known answer"
        REPEAT = "repeat", "Repeat: planted, a unit its coder has labelled before"

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
    repeats = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeated_by"
    )

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering = ["audit", "prn"]
        constraints = [
            models.UniqueConstraint(
                fields=["audit", "name"], condition=~Q(kind="repeat"), name="one_unit_per_output"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["sampled", "sham", "gold", "repeat"]),
                name="unit_kind_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="repeat", repeats__isnull=False)
                | ~Q(kind="repeat") & Q(repeats__isnull=True),
                name="repeat_names_its_original",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["gold", "repeat"], inclusion_probability__isnull=True)
                | ~Q(kind__in=["gold", "repeat"])
                & Q(
                    inclusion_probability__isnull=False,
                    inclusion_probability__gt=0,
                    inclusion_probability__lte=1,
                ),
                name="unit_probability_unless_planted",
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


class Gold(models.Model):
    """The known answer of a gold unit, and why it is the answer."""

    unit = models.OneToOneField(Unit, on_delete=models.PROTECT, related_name="gold")
    correctness = models.CharField(max_length=12, choices=Correctness.choices)
    failure_mode = models.ForeignKey(
        FailureMode, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    explanation = models.TextField(blank=True, help_text="Shown after the answer in training.")
    is_training = models.BooleanField(
        default=False, help_text="True: shown in training; False: mixed in silently afterwards."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "gold"
        constraints = [
            models.CheckConstraint(
                condition=Q(correctness="cannot_tell", failure_mode__isnull=True)
                | Q(correctness__in=["correct", "incorrect"], failure_mode__isnull=False),
                name="gold_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(is_training=False) | ~Q(explanation=""),
                name="training_gold_is_explained",
            ),
        ]
