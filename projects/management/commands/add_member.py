"""manage.py add_member --project P USERNAME --role ROLE."""

import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.db import transaction

from projects.commands import InputCommand, find_project
from projects.errors import InputError
from projects.models import Membership, Project, User
from projects.roles import Role


class Command(InputCommand):
    help = "Give a person a role in a project; the account is made when there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--project", required=True, metavar="P")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from standard input; a new account has none without it",
        )

    @transaction.atomic
    def run(self, options: dict[str, Any]) -> None:
        project = find_project(options["project"])
        user, is_new = find_or_make_user(options["username"])
        if options["password_stdin"]:
            set_password(user, sys.stdin.readline().rstrip("\r\n"))
        give_role(project, user, role=options["role"])
        made = {"project": project.slug, "username": user.username, "role": options["role"]}
        account = "a new account" if is_new else "an existing account"
        signs_in = "" if user.has_usable_password() else " without a password"
        self.answer(
            {**made, "is_new_account": is_new},
            f"{user.username} ({account}{signs_in}) is now {options['role']} of {project.slug}.",
        )


def find_or_make_user(username: str) -> tuple[User, bool]:
    """Give the account of this name and whether it was made just now."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        return user, False
    user = User(username=username)
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise InputError(f"USERNAME: {' '.join(error.messages)} Got {username!r}.") from error
    user.save()
    return user, True


def set_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InputError(f"--password-stdin: {' '.join(error.messages)}") from error
    user.set_password(password)
    user.save(update_fields=["password"])


def give_role(project: Project, user: User, *, role: str) -> None:
    Membership.objects.update_or_create(
        project=project,
        user=user,
        defaults={"role": role, "removed_at": None, "ends_on": None},
    )
