"""manage.py create_project SLUG --name NAME."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from projects.commands import InputCommand
from projects.errors import InputError
from projects.models import Project


class Command(InputCommand):
    help = "Make a project: one product whose feedback is audited."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "slug", metavar="SLUG", help="letters, digits, - and _; part of its pages' addresses"
        )
        parser.add_argument("--name", required=True, help="what people call it")

    def run(self, options: dict[str, Any]) -> None:
        project = Project(slug=options["slug"], name=options["name"].strip())
        try:
            project.full_clean()
        except ValidationError as error:
            field, problems = next(iter(error.message_dict.items()))
            came = getattr(project, field, "")
            raise InputError(f"{field}: {' '.join(problems)} Got {came!r}.") from error
        project.save()
        made = {"slug": project.slug, "name": project.name}
        self.answer(made, f"Made the project {project.slug} ({project.name}).")
