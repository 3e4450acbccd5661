"""Members: deactivated, let in again, given a last day. Nothing is ever deleted."""

from datetime import date

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from projects.errors import InputError
from projects.models import Membership, Project
from projects.roles import may_manage


@transaction.atomic
def deactivate(*, member: Membership, by: Membership) -> None:
    """End the member's access from the next request on; a second time changes nothing."""
    held = hold(member, by=by)
    Membership.objects.filter(pk=held.pk, removed_at=None).update(removed_at=Now())


@transaction.atomic
def reactivate(*, member: Membership, by: Membership) -> None:
    """Let the member in again with the same role; a last day that is past is taken away."""
    held = hold(member, by=by)
    is_over = held.ends_on is not None and held.ends_on < today()
    ends_on = None if is_over else held.ends_on
    Membership.objects.filter(pk=held.pk).update(removed_at=None, ends_on=ends_on)


@transaction.atomic
def set_end_date(*, member: Membership, ends_on: date | None, by: Membership) -> None:
    """Set the last day of access, in UTC; None is access without an end."""
    held = hold(member, by=by)
    refuse_past(ends_on)
    Membership.objects.filter(pk=held.pk).update(ends_on=ends_on)


def hold(member: Membership, *, by: Membership) -> Membership:
    """Give the member as it is now, under the project's lock; refuse what `by` may not change."""
    acting = acting_lead(by)
    if member.pk == acting.pk:
        raise InputError("Your own access is changed by another lead or an admin, not by you.")
    held = Membership.objects.get(pk=member.pk, project=acting.project_id)
    if not may_manage(acting.role, held.role):
        raise InputError("Only an admin may change the access of an admin.")
    return held


def acting_lead(by: Membership) -> Membership:
    """Lock the project, then read who acts: two who deactivate each other do so one by one."""
    lock_project(by.project_id)
    acting = Membership.objects.current().filter(pk=by.pk).first()
    if acting is None:
        raise InputError("Your own access to this project has ended.")
    return acting


def lock_project(pk: int) -> None:
    """What changes members and invitations of one project happens one after the other."""
    Project.objects.select_for_update(no_key=True).get(pk=pk)


def refuse_past(ends_on: date | None) -> None:
    if ends_on is not None and ends_on < today():
        raise InputError(f"Last day: expected {today()} (today in UTC) or later, got {ends_on}.")


def today() -> date:
    return timezone.now().date()
