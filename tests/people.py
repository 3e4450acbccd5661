"""People with names and roles: ana and ben grade, lea leads, rey researches, adam administers.

`out` has an account and is none of these.
"""

import pytest
from django.test import Client

from projects.models import Membership, Project, User
from projects.roles import Role


@pytest.fixture
def project(db) -> Project:
    return Project.objects.create(slug="assistant", name="Assistant")


@pytest.fixture
def make_member(project):
    def make(username: str, role: Role | None) -> User:
        user = User.objects.create_user(username, password="a long password for tests")
        if role:
            Membership.objects.create(project=project, user=user, role=role)
        return user

    return make


@pytest.fixture
def ana(make_member) -> User:
    return make_member("ana", Role.GRADER)


@pytest.fixture
def ben(make_member) -> User:
    return make_member("ben", Role.GRADER)


@pytest.fixture
def chi(make_member) -> User:
    return make_member("chi", Role.GRADER)


@pytest.fixture
def lea(make_member) -> User:
    return make_member("lea", Role.LEAD)


@pytest.fixture
def rey(make_member) -> User:
    return make_member("rey", Role.RESEARCHER)


@pytest.fixture
def adam(make_member) -> User:
    return make_member("adam", Role.ADMIN)


@pytest.fixture
def out(make_member) -> User:
    return make_member("out", None)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def ana_client(ana) -> Client:
    return signed_in(ana)


@pytest.fixture
def ben_client(ben) -> Client:
    return signed_in(ben)


@pytest.fixture
def chi_client(chi) -> Client:
    return signed_in(chi)


@pytest.fixture
def lea_client(lea) -> Client:
    return signed_in(lea)


@pytest.fixture
def rey_client(rey) -> Client:
    return signed_in(rey)


@pytest.fixture
def adam_client(adam) -> Client:
    return signed_in(adam)


@pytest.fixture
def out_client(out) -> Client:
    return signed_in(out)
