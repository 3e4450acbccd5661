"""Versioned definitions of the failure modes; a codebook that an audit uses is frozen."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from projects.models import Project


class Correctness(models.TextChoices):
    CORRECT = "correct", "Correct"
    INCORRECT = "incorrect", "Incorrect"
    CANNOT_TELL = "cannot_tell", "Cannot tell"


class Codebook(models.Model):
    """One version of a team's failure modes; an edit makes the next version."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="codebooks")
    name = models.SlugField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    note = models.TextField(blank=True, help_text="What changed in this version, and why.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name", "version"], name="one_codebook_per_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def is_frozen(self) -> bool:
        """In use, or used: what people and judges said under it stays when audits move on."""
        judged = self.modes.filter(judge_verdicts__isnull=False)
        return self.audits.exists() or self.labels.exists() or judged.exists()


class FailureMode(models.Model):
    """One category: why the user rated the output down."""

    codebook = models.ForeignKey(Codebook, on_delete=models.PROTECT, related_name="modes")
    code = models.CharField(max_length=120)
    name = models.CharField(max_length=120)
    definition = models.TextField(blank=True)
    key = models.CharField(max_length=1, blank=True, help_text="The key that chooses it.")
    position = models.PositiveIntegerField(help_text="The first that applies is the one.")
    needs_verdict = models.CharField(
        max_length=12, choices=Correctness.choices, blank=True, help_text="Blank: any verdict."
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["codebook", "code"], name="one_mode_per_code"),
            models.UniqueConstraint(
                fields=["codebook", "key"], condition=~Q(key=""), name="one_mode_per_key"
            ),
            models.UniqueConstraint(fields=["codebook", "position"], name="one_mode_per_position"),
            models.CheckConstraint(
                condition=Q(needs_verdict__in=["", "correct", "incorrect"]),
                name="mode_needs_a_known_verdict",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ModeExample(models.Model):
    """A case for or against a failure mode, as graders read it beside the definition."""

    mode = models.ForeignKey(FailureMode, on_delete=models.CASCADE, related_name="examples")
    applies = models.BooleanField(help_text="True: a case of this mode; False: none, though near.")
    position = models.PositiveSmallIntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["mode", "-applies", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["mode", "applies", "position"], name="one_example_per_position"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="example_has_a_text"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
