"""Who may do what: people, projects, and the role each person has in each project."""

import hashlib
import hmac
import secrets
from datetime import UTC
from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now, TruncDate

from projects.roles import LEADS, Role

TODAY = TruncDate(Now(), tzinfo=UTC)
"""The date in UTC by the database's clock, as each query finds it."""


def new_pseudonym_key() -> str:
    return secrets.token_hex(32)


def is_not_over() -> Q:
    """`ends_on` is the last day that counts; without one there is no end."""
    return Q(ends_on=None) | Q(ends_on__gte=TODAY)


class User(AbstractUser):
    """A person who signs in."""

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username


class ProjectQuerySet(models.QuerySet["Project"]):
    def for_user(self, user: User) -> Self:
        """Projects in which the person has a current role."""
        current = Membership.objects.current().filter(user=user)
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
        """Who has access at this moment: not deactivated, and not past the last day."""
        return self.filter(is_not_over(), removed_at=None)


class Membership(models.Model):
    """The role of one person in one project; a deactivated member keeps the row, without access."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=12, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="Last day of access, in UTC.")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["project", "role", "user"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_per_project"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.role} of {self.project}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        """Those whose link works now; one whose inviter has lost the right to invite does not."""
        inviter = Membership.objects.current().filter(
            project=OuterRef("project"), user=OuterRef("invited_by"), user__is_active=True
        )
        leads = inviter.filter(role__in=LEADS)
        admins = inviter.filter(role=Role.ADMIN)
        may_invite = Q(invited_by=None) | Q(Exists(admins)) | ~Q(role=Role.ADMIN) & Q(Exists(leads))
        unused = self.filter(accepted_at=None, revoked_at=None, expires_at__gt=Now())
        return unused.filter(may_invite, is_not_over())


class Invitation(models.Model):
    """A single-use link that makes the person of one e-mail address a member with one role."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(help_text="In lower case.")
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=12, choices=Role.choices)
    ends_on = models.DateField(null=True, blank=True, help_text="Last day of access, in UTC.")
    token_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token.")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="invitations_given",
        help_text="Empty: by the command.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="invitations_accepted",
    )
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="invitation_role_is_known"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_accepted_or_revoked",
            ),
            models.UniqueConstraint(
                fields=["project", "email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_per_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}, {self.role} of {self.project}"

    def is_for(self, user: User) -> bool:
        return bool(user.email) and user.email.lower() == self.email
