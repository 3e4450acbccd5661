"""A link that Lea made for Dora, who may have an account."""

import pytest

from projects import invitations
from projects.models import Invitation, User

PASSWORD = "a long password for tests"


ACCOUNT = {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}


PEOPLE = "/projects/assistant/people/"


@pytest.fixture
def make_link(project, lea):
    """Lea invites; the path of the link."""

    def make(email="dora@example.com", role="grader", **more):
        more.setdefault("by", lea.memberships.get())
        _, token = invitations.invite(project=project, email=email, role=role, **more)
        return f"/join/{token}/"

    return make


@pytest.fixture
def dora(db) -> User:
    """Has an account and no role."""
    return User.objects.create_user("dora", email="Dora@Example.com", password=PASSWORD)


def age(**fields):
    Invitation.objects.update(**fields)
