"""A small audit to read figures from: its outputs, its sample and its labels are all in sight."""

import csv
from io import StringIO

import pytest
from django.core.management import call_command

from feedback.models import Content, Feedback, Output
from labeling.models import Audit

THREE_CODERS = ("c1", "c2", "c3")


@pytest.fixture
def make_output(project):
    """Store an output with its text and one thumb; `thumb` None: nobody rated it."""

    def make(external_id, *, thumb="down", text="The answer.", user="", **fields):
        output = Output.objects.create(
            project=project,
            external_id=external_id,
            user_key=user,
            content_sha256="0" * 64,
            **fields,
        )
        Content.objects.create(
            output=output, conversation=[{"role": "user", "content": "A question?"}], text=text
        )
        if thumb:
            Feedback.objects.create(
                output=output,
                channel="thumb",
                value=thumb,
                is_negative=thumb == "down",
                user_key=user,
                event_key=external_id,
                reason="not_factually_correct" if thumb == "down" else "",
                comment="That cannot be right." if thumb == "down" else "",
            )
        return output

    return make


@pytest.fixture
def make_audit(project):
    """Draw an audit through the command, as a lead would."""

    def make(slug="november", *options, frame="negative", size=1000):
        arguments = [slug, "--project", project.slug, "--frame", frame, "--size", str(size)]
        call_command("create_audit", *arguments, "--seed", "1", *options, stdout=StringIO())
        return Audit.objects.get(slug=slug)

    return make


@pytest.fixture
def write_labels(tmp_path):
    """Write rows (unit, coder, label[, correctness]) as a file that `import_labels` reads."""

    def write(rows, name="labels.csv"):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            header = ["unit", "coder", "label", "correctness"]
            writer.writerow(header[: len(rows[0])] if rows else header)
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def give_labels(write_labels):
    """Give each unit of an audit the labels of three coders, through the command."""

    def give(audit, labels_by_unit):
        rows = [
            (unit, coder, label)
            for unit, labels in labels_by_unit.items()
            for coder, label in zip(THREE_CODERS, labels, strict=False)
            if label
        ]
        call_command("import_labels", audit.slug, str(write_labels(rows)), stdout=StringIO())

    return give


@pytest.fixture
def labelled_audit(make_output, make_audit, give_labels):
    """Ten negatives, all sampled: 4 unwelcome, 3 hallucinated, 1 too slow, 1 tie, 1 cannot tell."""
    for number in range(10):
        make_output(f"o{number}", text=f"Answer {number}.", release="B", user=f"u{number}")
    for number in range(5):
        make_output(f"up{number}", thumb="up")
    audit = make_audit()
    unwelcome, invented = "unwelcome_but_correct", "hallucination"
    give_labels(
        audit,
        {
            "o0": [unwelcome] * 3,
            "o1": [unwelcome] * 3,
            "o2": [unwelcome, unwelcome, invented],
            "o3": [unwelcome, unwelcome, "no_fault_found"],
            "o4": [invented] * 3,
            "o5": [invented] * 3,
            "o6": [invented, invented, "other_wrong"],
            "o7": ["latency"] * 3,
            "o8": [unwelcome, invented, "refusal"],
            "o9": ["cannot_tell", "cannot_tell", invented],
        },
    )
    return audit
