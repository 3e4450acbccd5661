"""Verdicts of judges from files: every row accounted for, and nothing mixed with coders' labels."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.judgement_import import import_judgements
from labeling.judges import Judgement, record_judgements, register_judge
from labeling.models import Judge, JudgeVerdict, Label
from labeling.reports import build_report

HEADER = "output,verdict,mode,score,rationale\n"


@pytest.fixture
def outputs(make_output):
    return [make_output(f"o{number}") for number in range(4)]


@pytest.fixture
def judge_file(tmp_path):
    def write(text, name="verdicts.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def bring_in(path, *options, judge="gpt", version="1", kind="model"):
    out = StringIO()
    named = ["--project", "assistant", "--judge", judge, "--judge-version", version, "--kind", kind]
    call_command("import_judgements", str(path), *named, *options, "--json", stdout=out)
    return json.loads(out.getvalue())


ROWS = HEADER + (
    "o0,correct,unwelcome_but_correct,0.9,Right and blunt.\n"
    "o1,incorrect,hallucination,0.1,\n"
    "o2,cannot_tell,,,\n"
)


def test_each_row_becomes_a_verdict_of_a_registered_judge(outputs, judge_file):
    done = bring_in(judge_file(ROWS))
    assert (done["n_rows"], done["n_new"], done["n_duplicate"], done["n_rejected"]) == (3, 3, 0, 0)
    judge = Judge.objects.get()
    assert (judge.kind, judge.name, judge.version, str(judge)) == ("model", "gpt", "1", "gpt@1")
    said = JudgeVerdict.objects.order_by("output__external_id").values_list(
        "output__external_id", "correctness", "failure_mode__code", "score", "rationale"
    )
    assert list(said) == [
        ("o0", "correct", "unwelcome_but_correct", 0.9, "Right and blunt."),
        ("o1", "incorrect", "hallucination", 0.1, ""),
        ("o2", "cannot_tell", None, None, ""),
    ]


def test_the_same_file_again_adds_nothing(outputs, judge_file):
    path = judge_file(ROWS)
    bring_in(path)
    again = bring_in(path)
    assert (again["n_new"], again["n_duplicate"]) == (0, 3)
    assert JudgeVerdict.objects.count() == 3


def test_json_lines_are_read_with_the_names_people_use(outputs, judge_file):
    lines = [{"output_id": "o0", "correctness": "incorrect"}, {"id": "o1", "verdict": "correct"}]
    path = judge_file("\n".join(map(json.dumps, lines)), "verdicts.jsonl")
    assert bring_in(path)["n_new"] == 2


def test_elements_of_a_list_on_one_line_are_told_apart(outputs, judge_file):
    said = [{"output": "o0", "verdict": "correct"}, {"output": "o0", "verdict": "incorrect"}]
    done = bring_in(judge_file(json.dumps(said), "verdicts.json"))
    assert (done["n_new"], done["n_rejected"]) == (1, 1)


def test_a_changed_verdict_supersedes_the_old_one_which_is_kept(outputs, judge_file):
    bring_in(judge_file("output,verdict\no0,correct\n"))
    bring_in(judge_file("output,verdict\no0,incorrect\n"))
    history = JudgeVerdict.objects.order_by("pk")
    assert [verdict.correctness for verdict in history] == ["correct", "incorrect"]
    assert [verdict.superseded_at is None for verdict in history] == [False, True]
    assert history[0].superseded_at == history[1].created_at


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody,correct,,,", "output: 'nobody' is not in the project"),
        (",correct,,,", "output: expected an id, got nothing"),
        ("o1,yes,,,", "verdict: expected correct, incorrect, cannot_tell, got 'yes'"),
        ("o1,correct,rude,,", "mode: expected one of refusal, hallucination,"),
        ("o1,correct,refusal,,", "mode: 'refusal' does not go with the verdict 'correct'"),
        ("o1,cannot_tell,refusal,,", "does not go with the verdict 'cannot_tell'"),
        ("o1,correct,,high,", "score: expected a number, got 'high'"),
        ("o1,correct", "expected 5 cells as in the header, got 2"),
        ("o0,incorrect,,,", "output: 'o0' is judged otherwise in line 2"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_and_stops_no_other(outputs, judge_file, row, reason):
    done = bring_in(judge_file(f"{HEADER}o0,correct,,,\n{row}\no3,correct,,,\n"))
    assert (done["n_new"], done["n_rejected"]) == (2, 1)
    (rejected,) = done["rejected"]
    assert rejected["line"] == 3
    assert reason in rejected["reason"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        ("output,verdict\n", "expected at least one row"),
        ("output,said\no0,correct\n", "expected a column for the verdict (verdict, correctness)"),
        ("output,verdict\nx,correct\ny,correct\n", "all 2 rows were rejected, first line 2"),
        ("output,verdict\no0,correct\n\udcff,correct\n", "expected UTF-8 text"),
    ],
)
def test_a_file_of_which_nothing_can_be_taken_stores_nothing(outputs, tmp_path, text, sentence):
    path = tmp_path / "verdicts.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CommandError) as refused:
        bring_in(path)
    assert sentence in str(refused.value)
    assert refused.value.returncode == 2
    assert not Judge.objects.exists()
    assert not JudgeVerdict.objects.exists()


def test_a_missing_file_is_one_sentence(project, tmp_path):
    with pytest.raises(CommandError, match="FILE: expected a file"):
        bring_in(tmp_path / "none.csv")


def test_a_dry_run_says_what_would_come_in_and_stores_nothing(outputs, judge_file):
    done = bring_in(judge_file(ROWS), "--dry-run")
    assert (done["n_new"], done["dry_run"]) == (3, True)
    assert not Judge.objects.exists()


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"kind": "human"}, "kinds are kept apart"),
        ({"judge": "a@b"}, "--judge: expected 1 to 80 letters"),
        ({"version": "a b"}, "--judge-version: expected 1 to 120"),
    ],
)
def test_names_are_plain_and_a_version_has_one_kind(outputs, judge_file, named, sentence):
    bring_in(judge_file(ROWS))
    with pytest.raises(CommandError, match=sentence):
        bring_in(judge_file(ROWS), **named)


def test_another_version_is_another_judge(outputs, judge_file):
    bring_in(judge_file(ROWS), version="1")
    done = bring_in(judge_file(ROWS), version="2")
    assert done["n_new"] == 3
    assert Judge.objects.count() == 2
    assert JudgeVerdict.objects.current().count() == 6


def test_an_import_that_was_cut_off_goes_on_when_it_is_done_again(
    outputs, judge_file, project, monkeypatch
):
    monkeypatch.setattr("labeling.judgement_import.BATCH_ROWS", 1)
    path = judge_file(ROWS)
    judge = register_judge(project, kind="model", name="gpt", version="1")
    next(import_judgements(path, judge))  # killed after its first batch
    assert JudgeVerdict.objects.count() == 1
    done = bring_in(path)
    assert (done["n_new"], done["n_duplicate"]) == (2, 1)


def test_outputs_of_another_project_do_not_exist(outputs, elsewhere, judge_file):
    from feedback.models import Output

    Output.objects.create(project=elsewhere[0], external_id="theirs", content_sha256="0" * 64)
    done = bring_in(judge_file("output,verdict\ntheirs,correct\no0,correct\n"))
    assert (done["n_new"], done["n_rejected"]) == (1, 1)


class TestTheDatabase:
    """What it refuses by itself."""

    @pytest.fixture
    def judge(self, project):
        return register_judge(project, kind="rubric", name="sums", version="1")

    def test_two_current_verdicts_of_one_judge_on_one_output(self, judge, outputs):
        said = Judgement(output_id=outputs[0].pk, correctness="correct")
        record_judgements(judge, [said])
        with pytest.raises(IntegrityError), transaction.atomic():
            self.store(judge, outputs[0], correctness="correct")

    @pytest.mark.parametrize(
        "fields",
        [
            {"correctness": "maybe"},
            {"correctness": "cannot_tell", "mode": "latency"},
            {"correctness": "incorrect", "mode": "latency"},
        ],
    )
    def test_a_verdict_that_contradicts_itself(self, judge, outputs, make_open_audit, fields):
        modes = {mode.code: mode for mode in make_open_audit(0).codebook.modes.all()}
        mode = modes.get(fields.pop("mode", ""))
        needs = mode.needs_verdict if mode else ""
        with pytest.raises(IntegrityError), transaction.atomic():
            self.store(judge, outputs[0], failure_mode=mode, needed_verdict=needs, **fields)

    def test_a_kind_that_is_none(self, project):
        with pytest.raises(IntegrityError), transaction.atomic():
            Judge.objects.create(project=project, kind="crowd", name="a", version="1")

    def store(self, judge, output, **fields):
        JudgeVerdict.objects.create(judge=judge, output=output, created_at=timezone.now(), **fields)


def test_a_judge_enters_neither_labels_nor_agreement_nor_shares(
    labelled_audit, judge_file, tmp_path
):
    before = build_report(labelled_audit).as_dict()
    n_labels = Label.objects.count()
    rows = "".join(f"o{n},incorrect,refusal\n" for n in range(10))
    assert bring_in(judge_file(f"output,verdict,mode\n{rows}"), kind="human")["n_new"] == 10
    assert build_report(labelled_audit).as_dict() == before
    assert Label.objects.count() == n_labels
    for kind in ("reliability", "csv"):
        path = tmp_path / f"out.{kind}"
        options = ["--format", kind, "--out", str(path)]
        call_command("export_labels", labelled_audit.slug, *options, stdout=StringIO())
        assert "gpt" not in path.read_text()


def test_a_grader_never_sees_a_judges_verdict(make_open_audit, ana_client, at_desk, judge_file):
    audit = make_open_audit(1, coders=1)
    name = audit.units.get().name
    row = f"{name},incorrect,refusal,0.125,JUDGE-MARK\n"
    assert bring_in(judge_file(HEADER + row), judge="JUDGE-NAME")["n_new"] == 1
    desk = at_desk(ana_client, audit)
    token = desk.open()
    pages = [
        desk.get(),
        desk.verdict(token, "correct"),
        desk.label(token, "latency"),
        desk.get("mine/"),
        ana_client.get("/my-work/"),
        ana_client.get("/"),
    ]
    for page in pages:
        assert page.status_code in (200, 302)
        assert "JUDGE-" not in page.text
        assert "0.125" not in page.text
