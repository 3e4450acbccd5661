"""The four roles, and the groups of roles that doors are opened for."""

from django.db.models import TextChoices


class Role(TextChoices):
    GRADER = "grader", "Grader"
    LEAD = "lead", "Team lead"
    RESEARCHER = "researcher", "Researcher"
    ADMIN = "admin", "Admin"


LABELERS = frozenset({Role.GRADER, Role.LEAD})
LEADS = frozenset({Role.LEAD, Role.ADMIN})
READERS = frozenset({Role.LEAD, Role.RESEARCHER, Role.ADMIN})
EVERYONE = frozenset(Role)


def may_manage(actor: str, role: str) -> bool:
    """Leads and admins let people in and out; what concerns an admin is for admins alone."""
    return actor in LEADS and (role != Role.ADMIN or actor == Role.ADMIN)
