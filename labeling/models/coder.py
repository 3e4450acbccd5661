"""A person, or a file's column, as a source of labels."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from projects.models import Project


class Coder(models.Model):
    """Who gave a label: a member who signs in, or a name from an imported label set."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="coders")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(
        max_length=120, help_text="Pseudonym of a member, or the name in an imported set."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="one_coder_per_name"),
            models.UniqueConstraint(
                fields=["project", "user"],
                condition=Q(user__isnull=False),
                name="one_coder_per_member",
            ),
        ]

    def __str__(self) -> str:
        return self.name
