"""manage.py invite EMAIL --project P --role ROLE."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.core.validators import URLValidator, validate_email
from django.urls import reverse

from projects.commands import InputCommand, find_project
from projects.errors import InputError
from projects.invitations import invite
from projects.models import Invitation
from projects.roles import Role

HERE = "http://127.0.0.1:8000"
LONGEST = Invitation._meta.get_field("email").max_length or 254


class Command(InputCommand):
    help = "Print a link that makes the person of one e-mail address a member of a project."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--project", required=True, metavar="P")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--ends-on", metavar="YYYY-MM-DD", help="last day of access, in UTC")
        parser.add_argument(
            "--base-url", default=HERE, metavar="URL", help="where people reach the pages"
        )

    def run(self, options: dict[str, Any]) -> None:
        base = read_address(options["base_url"])
        project = find_project(options["project"])
        invitation, token = invite(
            project=project,
            email=read_email(options["email"]),
            role=options["role"],
            ends_on=read_day(options["ends_on"]),
            by=None,
        )
        link = base + reverse("projects:join", args=[token])
        made = {
            "project": project.slug,
            "email": invitation.email,
            "role": invitation.role,
            "ends_on": invitation.ends_on.isoformat() if invitation.ends_on else None,
            "expires_at": invitation.expires_at.isoformat(timespec="seconds"),
            "link": link,
        }
        text = (
            f"{invitation.email} may become {invitation.role} of {project.slug} by this link, "
            f"once, until {invitation.expires_at:%Y-%m-%d %H:%M} UTC:\n{link}"
        )
        self.answer(made, text)


def read_email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise InputError(f"EMAIL: expected an e-mail address, got {text!r}.") from error
    if len(text) > LONGEST:
        raise InputError(f"EMAIL: expected at most {LONGEST} characters, got {len(text)}.")
    return text


def read_day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise InputError(f"--ends-on: expected a date such as 2027-01-31, got {text!r}.")
    return day


def read_address(text: str) -> str:
    try:
        URLValidator(schemes=["http", "https"])(text)
    except ValidationError as error:
        raise InputError(
            f"--base-url: expected an address such as https://labels.example.com, got {text!r}."
        ) from error
    if "?" in text or "#" in text:
        raise InputError(f"--base-url: expected no ? and no # in the address, got {text!r}.")
    return text.rstrip("/")
