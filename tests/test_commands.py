"""What all commands do alike: one sentence and status 2, whatever is wrong around them."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, ManagementUtility, call_command
from django.db import ProgrammingError
from django.utils import timezone

from feedback.models import Import
from labeling.models import Audit
from projects.commands import MAX_USAGE, about_database

pytestmark = pytest.mark.slow

COMMANDS = (
    ["audits"],
    ["demo"],
    ["gate", "--project", "p"],
    ["report", "a"],
    ["import_labels", "a", "nowhere.csv"],
)


def refusal(*arguments):
    """The sentence of a command that must be refused, called from Python."""
    with pytest.raises(CommandError) as error:
        call_command(*arguments, stdout=StringIO())
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_database_without_tables_is_one_sentence_and_no_traceback(
    settings, tmp_path, monkeypatch, command
):
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", *command, "--json"],
        cwd=settings.BASE_DIR,
        env={**environment, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    if command[0] != "import_labels":  # its file is looked at first
        assert "run manage.py migrate" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_mistake_of_ours_in_sql_is_not_blamed_on_the_database():
    with pytest.raises(ProgrammingError):
        about_database(ProgrammingError("syntax error at or near SELCT"))


def test_an_argument_of_thousands_of_characters_is_not_repeated_whole(capsys):
    with pytest.raises(SystemExit) as left:
        ManagementUtility(["manage.py", "agreement", "a", "--seed", "1" * 5000]).execute()
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert said.startswith("agreement: argument --seed: invalid int value: '111")
    assert said.endswith("...; see agreement --help.\n")
    assert len(said) < MAX_USAGE + 60


@pytest.mark.parametrize("command", [["audits"], ["import_labels", "new", "nowhere.csv"]])
def test_an_empty_slug_of_a_project_is_not_every_project(project, command):
    assert "expected the slug of a project, got ''" in refusal(*command, "--project", "")


def test_a_path_that_is_too_long_is_refused_by_every_reader(project):
    path = "x" * 300
    for command in (
        ["import_feedback", path, "--project", project.slug],
        ["import_labels", "new", path],
        ["agreement", "--file", path],
    ):
        assert "File name too long" in refusal(*command)


def test_a_pipe_is_no_parquet_file_and_is_not_waited_for(project, tmp_path):
    os.mkfifo(tmp_path / "a.parquet")
    said = refusal(
        *("create_audit", "new", "--project", project.slug, "--frame", "negative", "--size", "5"),
        *("--from", str(tmp_path / "*.parquet")),
    )
    assert "expected files only" in said
    assert "a.parquet" in said


def test_an_audits_name_that_is_too_long_is_refused_before_anything_is_stored(project, make_output):
    make_output("o1")
    said = refusal(
        *("create_audit", "new", "--project", project.slug, "--frame", "negative", "--size", "1"),
        *("--name", "x" * 500),
    )
    assert said == "name: Ensure this value has at most 160 characters (it has 500)."
    assert not Audit.objects.exists()


def test_a_shape_belongs_to_a_file_and_is_refused_with_an_audit(labelled_audit):
    assert "--shape: expected with --file only" in refusal(
        "agreement", labelled_audit.slug, "--shape", "wide"
    )


def test_what_a_killed_import_left_on_the_disk_goes_with_a_later_import(
    project, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    left = tmp_path / "uploads" / "left.jsonl"
    left.parent.mkdir()
    left.write_text("what users said")
    killed = Import.objects.create(project=project, staged=left.name, status="running")
    Import.objects.filter(pk=killed.pk).update(created_at=timezone.now() - timedelta(days=8))
    log = tmp_path / "log.csv"
    log.write_text("id,prompt,response,rating\n1,q,a,down\n")
    out = StringIO()
    call_command(
        *("import_feedback", str(log), "--project", project.slug, "--negative", "down", "--json"),
        stdout=out,
    )
    assert json.loads(out.getvalue())["n_new"] == 1
    assert not left.exists()
    assert Import.objects.get(pk=killed.pk).status == "failed"
