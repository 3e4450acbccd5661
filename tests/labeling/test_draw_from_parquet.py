"""An audit drawn from Parquet in place: the same outputs, and only they come over."""

from io import StringIO

import duckdb
import pytest
from django.core.management import CommandError, call_command

from feedback.models import Content, Feedback, Import, Output
from feedback.parquet import ParquetSource
from labeling.models import Audit, Unit
from projects.errors import InputError

FLAGS = ("--project=assistant", "--frame=negative", "--size=40", "--seed=7", "--strata=domain")


def write(path, select):
    with duckdb.connect() as writer:
        writer.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


@pytest.fixture
def folder(tmp_path):
    """Two files of 200 outputs: every fourth is rated down, every other fourth up."""
    for part in (0, 1):
        write(
            tmp_path / f"part{part}.parquet",
            f"""SELECT 'o''{part}%-' || i AS output_id, 'q' || i AS prompt, 'a' || i AS response,
                CASE i % 4 WHEN 0 THEN 'down' WHEN 1 THEN 'up' END AS thumb,
                CASE WHEN i % 3 = 0 THEN NULL ELSE 'tax' END AS domain,
                'u' || i AS user_id, TIMESTAMP '2026-08-01 12:00:00' AS created_at,
                [1, 2] AS extra
                FROM range(200) AS r(i)""",
        )
    return tmp_path


def create_audit(*arguments):
    out = StringIO()
    call_command("create_audit", *arguments, stdout=out)
    return out.getvalue()


def test_only_the_drawn_outputs_come_over(project, folder):
    said = create_audit("w34", *FLAGS, f"--from={folder}/*.parquet", "--negative=down")
    assert "400 outputs, 200 rated (50.0%), 100 negative." in said
    audit = Audit.objects.get()
    assert (audit.n_outputs, audit.n_rated, audit.n_negative) == (400, 200, 100)
    assert [(s.name, s.n_frame) for s in audit.strata.all()] == [
        ("down · (none)", 34),
        ("down · tax", 66),
    ]
    assert Unit.objects.count() == Output.objects.count() == Content.objects.count() == 40
    assert Feedback.objects.filter(is_negative=True, value="down").count() == 40
    assert (Import.objects.get().format, Import.objects.get().n_new) == ("parquet", 40)
    output = Output.objects.all()[0]
    assert output.user_key.startswith("u-")
    assert output.metadata == {"extra": [1, 2]}


def test_the_same_feedback_imported_draws_the_same_units(project, folder, tmp_path):
    create_audit("there", *FLAGS, f"--from={folder}/*.parquet", "--negative=down")
    drawn = list(Unit.objects.values_list("name", "prn", "inclusion_probability"))
    with duckdb.connect() as reader:
        rows = reader.execute(
            f"SELECT output_id, domain, thumb FROM '{folder}/*.parquet'"
        ).fetchall()
    there = set(Output.objects.values_list("external_id", flat=True))
    outputs = Output.objects.bulk_create(
        Output(project=project, external_id=i, domain=d or "", content_sha256="0" * 64)
        for i, d, _ in rows
        if i not in there
    )
    thumbs = {i: thumb for i, _, thumb in rows}
    Feedback.objects.bulk_create(
        Feedback(
            output=output,
            channel="thumb",
            value=thumbs[output.external_id],
            is_negative=thumbs[output.external_id] == "down",
            event_key="0" * 64,
        )
        for output in outputs
        if thumbs[output.external_id]
    )
    create_audit("here", *FLAGS)
    here = Unit.objects.filter(audit__slug="here")
    assert list(here.values_list("name", "prn", "inclusion_probability")) == drawn


def test_a_row_per_user_is_one_output(project, tmp_path):
    write(
        tmp_path / "f.parquet",
        """SELECT 'o' || (i // 2) AS id, 'q' AS prompt, 'a' AS response, i % 2 + 1 AS rating,
           'u' || i AS user_id FROM range(80) AS r(i) UNION ALL
           SELECT 'z' || i, 'q', 'a', 5, 'u' FROM range(60) AS r(i)""",
    )
    create_audit(
        *("w34", "--project=assistant", "--frame=bottom-decile", "--size=30"),
        *(f"--from={tmp_path}/f.parquet", "--negative=<=2"),
    )
    assert [(s.name, s.n_frame) for s in Audit.objects.get().strata.all()] == [("rating", 40)]
    assert Feedback.objects.filter(channel="rating").count() == 60


REFUSED = {
    "--from: expected Parquet files, none match": ["--from=nowhere/*.parquet"],
    "--negative: expected the values that are negative": ["--from={}/part0.parquet"],
    "--negative: expected values that occur in the rating, got 'bad'": [
        "--from={}/*.parquet",
        "--negative=bad",
    ],
    "rating: expected a column of": ["--from={}/*.parquet", "--map=rating=stars"],
    "--from: expected Parquet files with the same columns": ["--from={}/broken"],
    "--negative: expected with --from only": ["--negative=down"],
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_wrong_files_and_columns_are_refused_in_one_sentence(sentence, project, folder):
    (folder / "broken").write_text("not parquet")
    with pytest.raises(CommandError) as refused:
        create_audit("w34", *FLAGS, *(flag.format(folder) for flag in REFUSED[sentence]))
    assert sentence in str(refused.value)
    assert not Audit.objects.exists()
    assert not Output.objects.exists()


def test_a_drawn_output_that_cannot_be_stored_leaves_nothing(project, tmp_path):
    write(
        tmp_path / "f.parquet",
        """SELECT 'o' || i AS id, 'q' AS prompt, CASE WHEN i < 29 THEN 'a' END AS response,
           'down' AS thumb FROM range(30) AS r(i)""",
    )
    with pytest.raises(CommandError, match="response: expected the model's text, got nothing"):
        create_audit(
            *("w34", "--project=assistant", "--frame=negative", "--size=30"),
            *(f"--from={tmp_path}/f.parquet", "--negative=down"),
        )
    assert not Audit.objects.exists()
    assert not Output.objects.exists()
    assert not Import.objects.exists()


def test_the_engine_reads_the_named_files_and_nothing_else(project, folder):
    source = ParquetSource(project, f"{folder}/part0.parquet", negative=["down"])
    for text in (
        f"SELECT * FROM '{folder}/part1.parquet'",
        "SELECT * FROM read_text('/etc/hostname')",
        f"COPY (SELECT 1) TO '{folder}/out.csv'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with pytest.raises(InputError):
            source.rows(text)
