"""Who may do what: people, projects, and the role each person has in each project."""

import hashlib
import hmac
import secrets
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from projects.roles import Role


def new_pseudonym_key() -> str:
    return secrets.token_hex(32)


class User(AbstractUser):
    """A person who signs in."""

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class ProjectQuerySet(models.QuerySet["Project"]):
    def for_user(self, user: User) -> Self:
        """Projects in which the person has a current role."""
        current = Membership.objects.filter(user=user, removed_at=None)
        return self.filter(pk__in=current.values("project"))


class Project(models.Model):
    """One product whose feedback is audited."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    latency_limit_ms = models.PositiveIntegerField(
        default=8000, help_text="The team's own limit: shown beside each output's latency."
    )
    is_demo = models.BooleanField(default=False)
    pseudonym_key = models.CharField(max_length=64, default=new_pseudonym_key, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def pseudonym(self, identifier: str, *, prefix: str) -> str:
        """Keyed pseudonym of a user or coder: stable in this project, meaningless outside it."""
        if not identifier:
            return ""
        key = bytes.fromhex(self.pseudonym_key)
        digest = hmac.new(key, f"{prefix}:{identifier}".encode(), hashlib.sha256).hexdigest()
        return f"{prefix}-{digest[:12]}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> Self:
        return self.filter(removed_at=None)


class Membership(models.Model):
    """The role of one person in one project; a removed member keeps the row and loses access."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["project", "role", "user"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_per_project"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.role} of {self.project}"
