"""The demo beside real accounts: it takes over none of them."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from projects.models import Project, User


@pytest.mark.django_db
def test_the_demo_takes_over_no_account_that_is_there():
    User.objects.create_user("lea", password="a long password for tests")
    with pytest.raises(CommandError, match="the accounts lea exist already"):
        call_command("demo", stdout=StringIO())
    assert not Project.objects.exists()
