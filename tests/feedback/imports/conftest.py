"""Files to import, and the command as a person runs it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

HEADER = "id,prompt,response,rating,comment,release,user"
ROWS = [
    "q1,Is it warm?,Yes.,up,,A,ana",
    "q2,Is 7 prime?,No.,down,wrong,A,ben",
    "q3,Say hello,Hello.,,,B,ana",
    "q4,Am I right?,No: 2 + 2 is 4.,down,rude,B,chi",
]


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    """Staged files of a test lie in its own folder; nothing may be left there afterwards."""
    settings.DATA_DIR = tmp_path / "data"
    folder = settings.DATA_DIR / "uploads"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def write(tmp_path):
    """Write a file of text, bytes, or records as JSON lines; give its path."""

    def write(content, name="feedback.csv"):
        if isinstance(content, list):
            content = "".join(json.dumps(record) + "\n" for record in content)
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def table(write):
    return write("\n".join([HEADER, *ROWS]) + "\n")


@pytest.fixture
def run(project):
    """Run import_feedback into the project; give its JSON."""

    def run(path, *flags, into=project.slug):
        out = StringIO()
        call_command("import_feedback", str(path), "--project", into, "--json", *flags, stdout=out)
        return json.loads(out.getvalue())

    return run


@pytest.fixture
def refused(run):
    """Run import_feedback where it must be refused; give the one sentence."""

    def refused(path, *flags):
        with pytest.raises(CommandError) as error:
            run(path, *flags)
        assert error.value.returncode == 2
        return str(error.value)

    return refused
