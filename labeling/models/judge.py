"""Judges, and what they said of which output: appended, and apart from the labels of coders."""

from typing import Self

from django.db import models
from django.db.models import Q

from feedback.models import Output
from labeling.models.codebook import Correctness, FailureMode
from projects.models import Project


class Judge(models.Model):
    """One version of a judge; another version, model or prompt is another judge."""

    class Kind(models.TextChoices):
        HUMAN = "human", "Human"
        MODEL = "model", "Model"
        RUBRIC = "rubric", "Rubric"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="judges")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=80)
    version = models.CharField(max_length=120)
    recipe = models.TextField(
        blank=True, help_text="The whole prompt or rubric; blank: its verdicts came in a file."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["kind", "name", "created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "version"], name="one_judge_per_version"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["human", "model", "rubric"]), name="judge_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(version=""), name="judge_has_name_and_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class JudgeVerdictQuerySet(models.QuerySet["JudgeVerdict"]):
    def current(self) -> Self:
        return self.filter(superseded_at=None)


class JudgeVerdict(models.Model):
    """What a judge said of one output; current, or superseded and kept."""

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="verdicts")
    output = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="judge_verdicts")
    correctness = models.CharField(max_length=12, choices=Correctness.choices)
    failure_mode = models.ForeignKey(
        FailureMode, on_delete=models.PROTECT, null=True, related_name="judge_verdicts"
    )
    needed_verdict = models.CharField(
        max_length=12, blank=True, help_text="Copy of the mode's rule, for the constraint."
    )
    score = models.FloatField(null=True, help_text="As the judge gave it, on its own scale.")
    rationale = models.TextField(blank=True)
    created_at = models.DateTimeField(help_text="The moment at which it supersedes another.")
    superseded_at = models.DateTimeField(null=True)

    objects = JudgeVerdictQuerySet.as_manager()

    class Meta:
        ordering = ["judge", "output", "created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["judge", "output"],
                condition=Q(superseded_at=None),
                name="one_current_verdict_per_judge",
            ),
            models.CheckConstraint(
                condition=Q(correctness__in=["correct", "incorrect", "cannot_tell"]),
                name="judge_verdict_is_known",
            ),
            models.CheckConstraint(
                condition=Q(failure_mode__isnull=True, needed_verdict="")
                | Q(failure_mode__isnull=False)
                & ~Q(correctness="cannot_tell")
                & (Q(needed_verdict="") | Q(needed_verdict=models.F("correctness"))),
                name="judge_mode_fits_verdict",
            ),
        ]
