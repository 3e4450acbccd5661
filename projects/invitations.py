"""Invitations: a link that works once, for 72 hours, for one e-mail address and one role.

The token has 128 random bits. Only its SHA-256 is stored, so the link can be shown once.
"""

import hashlib
import secrets
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from projects.errors import InputError
from projects.models import Invitation, Membership, Project, User
from projects.people import acting_lead, lock_project, refuse_past
from projects.roles import may_manage

VALID_FOR = timedelta(hours=72)
TOKEN_BYTES = 16


@transaction.atomic
def invite(
    *,
    project: Project,
    email: str,
    role: str,
    by: Membership | None,
    name: str = "",
    ends_on: date | None = None,
) -> tuple[Invitation, str]:
    """Give the invitation and its token; an earlier link for the same address stops working.

    `by` is None for whoever runs the command on the server, who may give every role.
    """
    email = email.lower()
    if by is None:
        lock_project(project.pk)
    else:
        refuse_roles(acting_lead(by), email, role)
    refuse_past(ends_on)
    refuse_member(project, email)
    unused = project.invitations.filter(email=email, accepted_at=None, revoked_at=None)
    unused.update(revoked_at=Now())
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        project=project,
        email=email,
        name=name,
        role=role,
        ends_on=ends_on,
        token_hash=digest(token),
        invited_by=by.user if by else None,
        expires_at=timezone.now() + VALID_FOR,
    )
    return invitation, token


def refuse_roles(acting: Membership, email: str, role: str) -> None:
    """A lead neither makes an admin nor takes back the link an admin was invited by."""
    replaced = Invitation.objects.open().filter(project=acting.project_id, email=email)
    roles = [role, *replaced.values_list("role", flat=True)]
    if not all(may_manage(acting.role, each) for each in roles):
        raise InputError("Only an admin may invite an admin, or replace such an invitation.")


def refuse_member(project: Project, email: str) -> None:
    members = Membership.objects.current().filter(project=project, user__email__iexact=email)
    member = members.select_related("user").first()
    if member:
        role = member.get_role_display().lower()
        raise InputError(f"{email} is in this project already: {member.user.username}, {role}.")


@transaction.atomic
def revoke(*, invitation: Invitation, by: Membership) -> None:
    """Make the link stop working; of one that is used or revoked nothing changes."""
    acting = acting_lead(by)
    if not may_manage(acting.role, invitation.role):
        raise InputError("Only an admin may revoke the invitation of an admin.")
    unused = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    unused.update(revoked_at=Now())


def find_open(token: str) -> Invitation | None:
    """The invitation whose link works at this moment."""
    invitations = Invitation.objects.open().select_related("project", "invited_by")
    return invitations.filter(token_hash=digest(token)).first()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def accept(*, token: str, user: User) -> Membership | None:
    """Use the link up and make the person a member; None when it does not work any more.

    A `user` that is not stored yet becomes an account. A former member gets the membership back
    with the invitation's role and last day.

    Raises
    ------
    InputError
        The invitation is for another address, or there is nothing to accept.
    """
    found = find_open(token)
    if found is None:
        return None
    lock_project(found.project_id)
    invitation = find_open(token)  # again: what came before us under the lock may have used it
    if invitation is None:
        return None
    if user._state.adding:
        make_account(user, invitation)
    refuse_others(user, invitation)
    member, _ = Membership.objects.update_or_create(
        project=invitation.project,
        user=user,
        defaults={"role": invitation.role, "ends_on": invitation.ends_on, "removed_at": None},
    )
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=Now(), accepted_by=user)
    return member


def has_account(email: str) -> bool:
    return User.objects.filter(email__iexact=email).exists()


def make_account(user: User, invitation: Invitation) -> None:
    if has_account(invitation.email):
        raise InputError(f"There is an account with {invitation.email} already: sign in with it.")
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise InputError("This user name was taken a moment ago: choose another.") from error


def refuse_others(user: User, invitation: Invitation) -> None:
    if not invitation.is_for(user):
        raise InputError(f"This invitation is for {invitation.email}, not for you.")
    member = Membership.objects.current().filter(project=invitation.project, user=user).first()
    if member:
        role = member.get_role_display().lower()
        raise InputError(f"You are in this project already, as {role}: nothing was changed.")
