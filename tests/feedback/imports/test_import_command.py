"""manage.py import_feedback, as a lead or a cron job runs it."""

import gzip
import json
from io import StringIO

import pytest
from django.core.management import CommandError, ManagementUtility, call_command

from feedback.models import Content, Feedback, Import, Output, RejectedRow

UP_DOWN = ["--negative", "down"]


def nothing_is_stored():
    stored = (Import, RejectedRow, Output, Content, Feedback)
    return not any(model.objects.exists() for model in stored)


def test_outputs_and_feedback_come_in(run, table):
    result = run(table, *UP_DOWN)
    counts = {name: n for name, n in result.items() if name.startswith("n_")}
    assert counts == {
        "n_rows": 4,
        "n_new": 4,
        "n_duplicate": 0,
        "n_rejected": 0,
        "n_outputs": 4,
        "n_feedback": 3,
        "n_negative": 2,
    }
    assert result["histogram"] == {"down": 2, "up": 1}
    q2 = Output.objects.with_content().get(external_id="q2")
    assert (q2.release, q2.content.text) == ("A", "No.")
    assert q2.content.conversation == [{"role": "user", "content": "Is 7 prime?"}]
    down = q2.feedback.get()
    assert (down.value, down.is_negative, down.comment) == ("down", True, "wrong")


def test_the_same_file_again_adds_nothing(run, table):
    first = run(table, *UP_DOWN)
    again = run(table, *UP_DOWN)
    assert (first["n_new"], again["n_new"], again["n_duplicate"]) == (4, 0, 4)
    assert (Output.objects.count(), Feedback.objects.count()) == (4, 3)


def test_the_staged_file_is_gone_afterwards(run, table, refused, uploads):
    run(table, *UP_DOWN)
    refused(table, "--negative", "never")
    assert list(uploads.iterdir()) == []


def test_users_are_pseudonymised_wherever_they_stand(run, write, project):
    alice = "alice@example.org"
    nested = {"email": alice, "context": {"username": alice}}
    run(write([{"id": "1", "prompt": "p", "response": "r", "user_id": alice, **nested}]))
    output = Output.objects.get()
    assert output.user_key == project.pseudonym(alice, prefix="u")
    assert "alice" not in json.dumps(output.metadata)
    assert output.metadata["email"] == output.user_key


def test_a_rejected_row_is_kept_without_its_user(run, write):
    good = {"id": "1", "prompt": "p", "response": "r", "user": "alice"}
    run(write([good, {**good, "id": "2", "response": ""}]))
    rejected = RejectedRow.objects.get()
    assert (rejected.line, rejected.reason) == (
        2,
        "response: expected the model's text, got nothing",
    )
    assert json.loads(rejected.raw)["id"] == "2"
    assert "alice" not in rejected.raw


def test_columns_nobody_mapped_are_kept(run, write):
    run(write([{"id": "1", "prompt": "p", "response": "r", "tokens": 7, "tags": ["a"]}]))
    assert Output.objects.get().metadata == {"tokens": 7, "tags": ["a"]}


def test_polarity_is_never_guessed(refused, table):
    sentence = refused(table)
    assert "the file has 'down' 2 times, 'up' 1 times" in sentence
    assert nothing_is_stored()


def test_a_negative_value_that_never_occurs_is_an_error(refused, table):
    sentence = refused(table, "--negative", "Down")
    assert "got 'Down'" in sentence
    assert "'down' 2 times" in sentence


@pytest.mark.parametrize(
    ("ratings", "flag", "n_negative"),
    [
        ([True, False, False], "false", 2),
        ([-1, 0, 1], "-1,0", 2),
        ([-1, 1, 1], "-1", 1),
        ([1, 2, 3, 4, 5], "<=2", 2),
        ([1.0, "2", 3, "4.50"], "4.5,1", 2),
        (["no, never", "yes"], "no, never", 1),
    ],
)
def test_ways_to_say_what_is_negative(run, write, ratings, flag, n_negative):
    rows = [
        {"id": str(n), "prompt": "p", "response": "r", "rating": rating}
        for n, rating in enumerate(ratings)
    ]
    assert run(write(rows), "--negative", flag)["n_negative"] == n_negative


def test_all_negative_is_allowed_and_said(run, write):
    rows = [{"id": "1", "prompt": "p", "response": "r", "rating": "down"}]
    assert "Every value of the rating counts as negative." in run(write(rows), *UP_DOWN)["remarks"]


def test_a_scale_is_a_rating_and_other_values_are_rejected(run, write):
    ratings = [1, 2, 3, 4, 5, 6, "four", "٤"]
    rows = [
        {"id": str(n), "prompt": "p", "response": "r", "rating": r} for n, r in enumerate(ratings)
    ]
    result = run(write(rows), "--negative", "<=2", "--map", "scale=:1..5")
    assert set(Feedback.objects.values_list("channel", flat=True)) == {"rating"}
    assert [row["line"] for row in result["rejected"]] == [6, 7, 8]


def test_the_channel_may_be_a_constant_or_a_column(run, write):
    rows = [
        {"id": "1", "prompt": "p", "response": "r", "rating": "no", "channel": "correct"},
        {"id": "1", "prompt": "p", "response": "r", "rating": "no", "channel": "disagree"},
    ]
    run(write(rows), "--negative", "no")
    assert sorted(Feedback.objects.values_list("channel", flat=True)) == ["correct", "disagree"]
    run(write(rows), "--negative", "no", "--map", "channel=:experience")
    assert Feedback.objects.filter(channel="experience").count() == 1


def test_a_changed_signal_supersedes_the_users_earlier_one(run, write):
    row = {"id": "1", "prompt": "p", "response": "r", "user": "alice"}
    run(write([{**row, "rating": "up"}, {**row, "id": "2", "rating": "down"}]), *UP_DOWN)
    run(write([{**row, "rating": "down"}]), *UP_DOWN)
    one = Feedback.objects.filter(output__external_id="1")
    assert [f.value for f in one.order_by("pk")] == ["up", "down"]
    assert [f.value for f in one.current()] == ["down"]


def test_an_earlier_signal_that_arrives_late_is_not_current(run, write):
    row = {"id": "1", "prompt": "p", "response": "r", "user": "alice"}
    late = {**row, "rating": "down", "rated_at": "2026-01-02T00:00:00Z"}
    early = {**row, "rating": "up", "rated_at": "2026-01-01T00:00:00Z"}
    run(write([late, early]), *UP_DOWN)
    assert [f.value for f in Feedback.objects.current()] == ["down"]


def test_a_known_id_with_another_text_is_rejected(run, write):
    run(write([{"id": "q1", "prompt": "p", "response": "first"}]))
    rows = [
        {"id": "q1", "prompt": "p", "response": "second"},
        {"id": "q2", "prompt": "p", "response": "x"},
    ]
    result = run(write(rows))
    reason = "output 'q1' is already stored with another text"
    assert result["rejected"] == [{"line": 1, "reason": reason}]
    assert Content.objects.get(output__external_id="q1").text == "first"


def test_without_ids_an_output_is_known_by_its_text(run, write):
    rows = [{"prompt": "p", "response": "r"}, {"prompt": "p", "response": "r"}]
    result = run(write(rows))
    assert (result["n_new"], result["n_duplicate"]) == (1, 1)
    assert any("SHA-256" in remark for remark in result["remarks"])


def test_messages_end_with_the_output(run, write):
    messages = [
        {"role": "system", "content": "Be honest."},
        {"role": "user", "content": [{"type": "text", "text": "Grade it."}, {"type": "image_url"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"function": {"name": "grade", "arguments": '{"id": 7}'}}],
        },
        {"role": "tool", "content": "C"},
        {"role": "assistant", "content": "It is a C."},
        {"role": "user", "content": "Rude!"},
    ]
    run(write([{"id": "1", "messages": messages}]))
    output = Output.objects.with_content().get()
    assert output.content.text == "It is a C."
    assert output.content.conversation == [
        {"role": "system", "content": "Be honest."},
        {"role": "user", "content": "Grade it.\n[image_url]"},
        {"role": "assistant", "content": '[calls grade({"id": 7})]'},
        {"role": "tool", "content": "C"},
    ]
    assert output.metadata == {"later_turns": [{"role": "user", "content": "Rude!"}]}


def test_nested_keys_by_dotted_path(run, write):
    rows = [{"id": "1", "q": {"text": "p"}, "a": {"text": "r"}, "vote": {"v": "down"}}]
    flags = ["--map", "prompt=q.text", "--map", "response=a.text", "--map", "rating=vote.v"]
    assert run(write(rows), *flags, *UP_DOWN)["n_negative"] == 1


def test_a_json_list_and_gzip(run, write):
    rows = [{"id": str(n), "prompt": "p [", "response": 'r "}'} for n in range(3)]
    listed = json.dumps(rows, indent=1)
    assert run(write(gzip.compress(listed.encode()), "x.bin"))["n_new"] == 3


def test_a_dry_run_stores_nothing(run, table, uploads):
    result = run(table, *UP_DOWN, "--dry-run")
    assert (result["n_new"], result["dry_run"]) == (4, True)
    assert nothing_is_stored()
    assert list(uploads.iterdir()) == []


def test_a_file_of_which_every_row_is_rejected_stores_nothing(refused, write):
    sentence = refused(write("id,prompt,response\n1,p,\n2,p,\n"))
    assert "all 2 rows were rejected, first line 2: response" in sentence
    assert nothing_is_stored()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("id,prompt,response\n", "at least one row"),
        ("PK\x03\x04zip", "a zip archive"),
        (b"PAR1\x00\x00", "a Parquet file"),
        (b"\x00\x01\x02", "binary"),
        ("just a sentence\n", "expected CSV with a header"),
        ("1,2,3\n4,5,6\n", "line 1: expected a header"),
        ("id,a,a\n1,2,3\n", "'a' twice"),
        ("id,prompt,response\n1,p,caf\u00e9\n".encode("latin-1"), "line 2: expected UTF-8"),
        ('id,prompt,response\n1,"p,r\n2,p,r\n', "line 2: a quote is opened"),
        ('{\n "id": 1\n}\n', "spread over several lines"),
        ('[{"id": 1}, {"id"', "closed by ]"),
        ("[]", "at least one row"),
        ("id,foo\n1,2\n", "response=COLUMN"),
        (gzip.compress(b"id,prompt,response\n1,p,r\n", mtime=0)[:20], "gzip file is damaged"),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(refused, write, content, said):
    sentence = refused(write(content))
    assert said in sentence
    assert sentence.count("\n") == 0
    assert nothing_is_stored()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--map", "colour=x"], "field=column"),
        (["--map", "model=nowhere"], "expected a column of id, prompt"),
        (["--map", "channel=:shouting"], "expected one of thumb"),
        (["--map", "scale=:5..1"], "LOW..HIGH"),
        (["--format", "jsonl"], "looks like csv"),
        (["--traces", "x.jsonl"], "not supported yet"),
        (["--negative", "<=2"], "expected numbers"),
    ],
)
def test_a_flag_that_is_wrong_is_one_sentence(refused, table, flags, said):
    assert said in refused(table, *flags)
    assert nothing_is_stored()


def test_an_unknown_project_lists_those_that_exist(project, table):
    with pytest.raises(CommandError, match="got 'nope'; there are: assistant"):
        call_command("import_feedback", str(table), "--project", "nope")


def test_a_folder_and_a_missing_file(refused, tmp_path):
    assert "got the folder" in refused(tmp_path)
    assert "there is none at" in refused(tmp_path / "nowhere.csv")


@pytest.mark.django_db(transaction=True)
def test_status_2_and_one_line_on_standard_error(project, table, capsys):
    known = ["--project", "assistant"]
    for flags in ([], ["--project"], known, [*known, "--format", "xml"], [*known, "--colour"]):
        with pytest.raises(SystemExit) as stop:
            ManagementUtility(["manage.py", "import_feedback", str(table), *flags]).execute()
        assert stop.value.code == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1


def test_human_output_names_counts_and_reasons(project, write):
    out = StringIO()
    path = write("id,prompt,response\n1,p,r\n2,p\n")
    call_command("import_feedback", str(path), "--project", project.slug, stdout=out)
    assert "2 rows, 1 new, 0 duplicate, 1 rejected" in out.getvalue()
    assert "line 3: expected 3 cells as in the header, got 2" in out.getvalue()


def test_signals_without_a_user_are_not_one_persons(project, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("id,prompt,response,thumb\nq1,p,r,down\nq1,p,r,up\n")
    arguments = [str(path), "--project", project.slug, *UP_DOWN]
    call_command("import_feedback", *arguments, stdout=StringIO())
    assert sorted(Feedback.objects.current().values_list("value", flat=True)) == ["down", "up"]
