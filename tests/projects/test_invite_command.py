"""manage.py invite: a link for the operator to send."""

import json
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, ManagementUtility, call_command
from django.utils.dateparse import parse_datetime

from projects.models import Invitation, Membership


def invite(capsys, *more, email="dora@example.com", project="assistant", role="grader"):
    call_command("invite", email, f"--project={project}", f"--role={role}", *more)
    return capsys.readouterr().out


def refusal(*arguments):
    with pytest.raises(CommandError) as error:
        call_command("invite", *arguments)
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    return str(error.value)


def test_it_prints_a_link_that_works(project, client, capsys):
    said = invite(capsys, "--base-url=https://labels.example.com/")
    first, link = said.splitlines()
    assert "dora@example.com may become grader of assistant by this link, once, until" in first
    assert link.startswith("https://labels.example.com/join/")
    password = "a long password for tests"
    sent = {"username": "dora", "password1": password, "password2": password}
    page = client.get(urlsplit(link).path).text
    assert "The operator of this site invites" in page
    assert client.post(urlsplit(link).path, sent).status_code == 302
    assert Membership.objects.get().role == "grader"


def test_as_json(project, capsys):
    made = json.loads(invite(capsys, "--json", "--ends-on=2999-01-31", role="admin"))
    stored = Invitation.objects.get()
    assert made.pop("link").startswith("http://127.0.0.1:8000/join/")
    assert parse_datetime(made.pop("expires_at")) == stored.expires_at.replace(microsecond=0)
    assert made == {
        "project": "assistant",
        "email": "dora@example.com",
        "role": "admin",
        "ends_on": "2999-01-31",
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["nobody"], "EMAIL: expected an e-mail address, got 'nobody'."),
        (["a\0@example.com"], "EMAIL: expected an e-mail address"),
        (["d@example.com", "--ends-on=soon"], "--ends-on: expected a date such as 2027-01-31"),
        (["d@example.com", "--ends-on=20990101"], "--ends-on: expected a date"),
        (["d@example.com", "--ends-on=2001-01-01"], "or later, got 2001-01-01."),
        (["d@example.com", "--base-url=labels"], "--base-url: expected an address"),
        (["d@example.com", "--base-url=ftp://a.example"], "--base-url: expected an address"),
        (["d@example.com", "--base-url=https://a.example/?b"], "no ? and no #"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_makes_nothing(project, more, said):
    assert said in refusal(*more, "--project=assistant", "--role=grader")
    assert not Invitation.objects.exists()


def test_an_unknown_project_or_role_is_named(project, capsys):
    assert "got 'none'; there are: assistant" in refusal(
        "d@example.com", "--project=none", "--role=grader"
    )
    typed = ["invite", "d@example.com", "--project=assistant", "--role=boss"]
    with pytest.raises(SystemExit) as left:
        ManagementUtility(["manage.py", *typed]).execute()
    assert left.value.code == 2
    assert "--role: invalid choice: 'boss'" in capsys.readouterr().err
