"""The documentation against the code: settings, commands, columns, links, what is shown."""

import ast
import json
import re
import shlex
import subprocess
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class

from config import gunicorn
from config.environment import read_environment
from feedback.mapping import FIELDS
from labeling.exports import COLUMNS, FORMATS, RELIABILITY_COLUMNS, export_labels
from labeling.grader_export import RECORD_COLUMNS
from labeling.judge_export import VERDICT_COLUMNS
from labeling.models import Label
from labeling.unit_export import UNIT_COLUMNS
from tests.surroundings import REPOSITORY

OURS = ("config", "projects", "feedback", "labeling", "release")
DOCS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")])
CODE = re.compile(r"^```(\w*)\n(.*?)^```$|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TABLE_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
DJANGOS = {"-h", "--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback"}
DJANGOS |= {"--no-color", "--force-color", "--skip-checks", "-v"}


def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def named(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


# Settings


class Recorder(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(name)
        return default


def variables_read() -> set[str]:
    """What config/environment.py reads, and every literal name that other code of config reads."""
    recorder = Recorder()
    read_environment(recorder, REPOSITORY)
    found = set(recorder.asked)
    for path in (REPOSITORY / "config").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("environ.get"):
                found |= {str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant)}
    return found


def test_every_variable_that_is_read_is_described():
    described = set(TABLE_ROW.findall(text("docs/settings.md")))
    assert variables_read() - described == set()
    assert {"PORT", "PYTHON"} <= described


def test_every_variable_that_is_described_is_read():
    described = set(TABLE_ROW.findall(text("docs/settings.md")))
    readers = ["Makefile", "tests/surroundings.py", "tests/postgres.py"]
    elsewhere = "".join(map(text, readers))
    assert [n for n in described - variables_read() if not re.search(rf"\b{n}\b", elsewhere)] == []


def test_the_port_that_is_described_is_the_default():
    assert gunicorn.port_number("8000") == 8000
    assert "| `PORT` | `8000` |" in text("docs/settings.md")


# Commands


def our_commands() -> list[str]:
    return sorted(name for name, app in get_commands().items() if app in OURS)


def parser_of(name: str) -> ArgumentParser:
    return load_command_class(get_commands()[name], name).create_parser("manage.py", name)


def options_of(name: str) -> set[str]:
    return {option for action in parser_of(name)._actions for option in action.option_strings}


def section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text("docs/commands.md"), re.M | re.S)
    return found[1] if found else ""


@pytest.mark.parametrize("name", our_commands())
def test_every_command_is_described_with_its_options(name):
    described = section(name)
    assert described, f"docs/commands.md has no section {name}"
    missing = {option for option in options_of(name) - DJANGOS if option not in described}
    assert missing - {"--json"} == set()
    assert "JSON: " in described


@pytest.mark.parametrize("name", our_commands())
def test_no_option_is_described_that_is_not_there(name):
    """Another command's option may be named beside that command."""
    others = {option for other in our_commands() for option in options_of(other)}
    rows = {row for row in TABLE_ROW.findall(section(name)) if row.startswith("--")}
    assert rows - options_of(name) == set()
    assert set(OPTION.findall(section(name))) - others - DJANGOS == set()


def keys_of(answer: object) -> set[str]:
    if isinstance(answer, dict):
        return {*answer, *(key for part in answer.values() for key in keys_of(part))}
    return {key for part in answer for key in keys_of(part)} if isinstance(answer, list) else set()


def answer_of(capsys, *arguments: str) -> Any:
    capsys.readouterr()
    with suppress(SystemExit):  # the gate's exit code
        call_command(*arguments, "--json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "sections"),
    [
        (["audits"], ["audits"]),
        (["report", "SLUG"], ["report", "agreement"]),
        (["agreement", "SLUG"], ["agreement"]),
        (["graders", "SLUG"], ["graders"]),
        (["gate", "--project=P"], ["gate"]),
    ],
    ids=lambda value: value[0],
)
def test_every_key_of_an_answer_is_described(arguments, sections, labelled_audit, capsys):
    names = {"SLUG": labelled_audit.slug, "--project=P": f"--project={labelled_audit.project.slug}"}
    answer = answer_of(capsys, *(names.get(part, part) for part in arguments))
    described = "".join(map(section, sections))
    assert keys_of(answer)
    assert [key for key in keys_of(answer) if f"`{key}`" not in described] == []


def code_in(path: Path) -> list[tuple[str, str]]:
    """(language, code) of fenced blocks, with continued lines joined, and of code in a line."""
    pieces = CODE.findall(path.read_text(encoding="utf-8"))
    return [
        (lang, block.replace("\\\n", " ")) if block else ("", span) for lang, block, span in pieces
    ]


def commands_shown(path: Path) -> list[tuple[str, str, bool]]:
    """(command, arguments, whether it is meant to be typed as it stands)."""
    shown = []
    for language, code in code_in(path):
        for name, arguments in re.findall(r"manage\.py ([a-z_]+)([^\n]*)", code):
            shown.append((name, re.split(r"[;<>|#]| && ", arguments)[0], language == "sh"))
    return shown


SHOWN = [(named(path), *shown) for path in DOCS for shown in commands_shown(path)]


@pytest.mark.parametrize(("where", "name", "arguments", "is_typed"), SHOWN)
def test_every_command_that_is_shown_exists_and_takes_these_options(
    where, name, arguments, is_typed
):
    assert name in get_commands()
    assert set(OPTION.findall(arguments)) - options_of(name) == set()
    if is_typed:
        parser_of(name).parse_args(shlex.split(arguments))


def test_the_walk_through_shows_every_step_of_a_project():
    shown = {name for where, name, _, is_typed in SHOWN if where == "README.md" and is_typed}
    steps = "create_project add_member import_feedback create_audit report agreement export_labels"
    assert {*steps.split(), "import_labels", "audits", "gate"} <= shown


def test_make_targets_that_are_shown_exist():
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
    code = "\n".join(piece for path in DOCS for _, piece in code_in(path))
    assert set(re.findall(r"(?:^|\n)make ([a-z]+)", code)) - targets == set()


# Exports


def test_every_export_column_is_described_in_order():
    columns = text("docs/exports.md").partition("## Columns")[2].partition("## The units")[0]
    assert TABLE_ROW.findall(columns) == list(COLUMNS)


def test_every_column_of_the_units_is_described_in_order():
    units = text("docs/exports.md").partition("## The units")[2]
    assert TABLE_ROW.findall(units.partition("## The grader record")[0]) == list(UNIT_COLUMNS)


def test_every_column_of_the_grader_record_is_described_in_order():
    record = text("docs/exports.md").partition("## The grader record")[2]
    assert TABLE_ROW.findall(record.partition("## The judges' verdicts")[0]) == list(RECORD_COLUMNS)


def test_every_column_of_the_judges_verdicts_is_described_in_order():
    said = text("docs/exports.md").partition("## The judges' verdicts")[2]
    assert TABLE_ROW.findall(said.partition("## The manifest")[0]) == list(VERDICT_COLUMNS)


def test_every_export_format_is_described():
    formats = text("docs/exports.md").partition("## Columns")[0]
    assert TABLE_ROW.findall(formats) == list(FORMATS)
    assert f"`{','.join(RELIABILITY_COLUMNS)}`" in formats


def test_every_key_of_the_manifest_is_described(labelled_audit, tmp_path):
    manifest = export_labels(labelled_audit, kind="csv", out=tmp_path / "labels.csv")
    described = text("docs/exports.md").partition("## The manifest")[2]
    assert [key for key in manifest if f"`{key}`" not in described] == []


def test_the_way_back_to_the_exact_text_runs_as_it_is_shown(labelled_audit, tmp_path, monkeypatch):
    Label.objects.update(note="=1+1;@x")
    for kind in ("csv", "jsonl"):
        export_labels(labelled_audit, kind=kind, out=tmp_path / f"labels.{kind}")
    exact = [json.loads(line) for line in (tmp_path / "labels.jsonl").open(encoding="utf-8")]
    monkeypatch.chdir(tmp_path)
    (shown,) = [code for lang, code in code_in(REPOSITORY / "docs/exports.md") if lang == "python"]
    names: dict[str, Any] = {}
    exec(shown, names)
    for column in ("unit", "note", "conversation", "output"):
        assert [row[column] for row in names["rows"]] == [row[column] for row in exact]


# Feedback files


def test_every_field_of_a_feedback_file_is_described_with_its_names():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|", text("docs/feedback-files.md"), re.M)
    described = {name: tuple(names.replace(" ", "").split(",")) for name, names in rows}
    assert described == {name: known.names or ("",) for name, known in FIELDS.items()}


# README, links, and what has no place in the repository


def test_the_readme_is_short():
    assert len(text("README.md").splitlines()) <= 200


@pytest.mark.parametrize("path", DOCS, ids=named)
def test_every_relative_link_and_image_exists(path):
    links = [link.partition("#")[0] for link in LINK.findall(path.read_text(encoding="utf-8"))]
    relative = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert [link for link in relative if not (path.parent / link).exists()] == []


def test_every_test_file_that_the_architecture_names_exists():
    names = re.findall(r"`(tests/[\w/.]+)`", text("ARCHITECTURE.md"))
    assert names
    assert [name for name in names if not (REPOSITORY / name).exists()] == []


def repository_texts() -> list[tuple[str, str]]:
    """Every text file that is in the repository or could be added to it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the repository is not known")
    texts = []
    for name in filter(None, listed.stdout.split("\0")):
        path = REPOSITORY / name
        data = path.read_bytes() if path.is_file() else b""
        if b"\0" not in data:
            texts.append((name, data.decode("utf-8", "replace")))
    return texts


# Written in pieces, so that this file does not contain what it looks for.
MACHINE = re.compile(r"(?<![\w.*/-])/(?:roo" r"t|wor" r"k|hom" r"e/\w+)/")
REGISTRY = re.compile(
    r"(?:pypi\.o" r"rg|pythonhosted\.o" r"rg|registry\.npm" r"js|conda\.anac" r"onda)"
)


def test_no_file_names_a_path_of_one_machine_or_a_registry_host():
    found = [
        f"{name}: {match[0]}"
        for name, content in repository_texts()
        for pattern in (MACHINE, REGISTRY)
        if (match := pattern.search(content))
    ]
    assert found == []
