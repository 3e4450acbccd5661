"""Labels made elsewhere: a new slug becomes an audit, a known one takes labels; all or nothing."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling.models import Audit, Label, Unit


def import_labels(*arguments):
    out = StringIO()
    call_command("import_labels", *map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


ROWS = [("1", "a", "yes"), ("1", "b", "yes"), ("2", "a", "no"), ("2", "b", "yes"), ("3", "a", "no")]


def test_an_unknown_slug_becomes_an_imported_audit_with_a_codebook_of_its_own(
    project, write_labels
):
    done = import_labels("elsewhere", write_labels(ROWS), "--project", project.slug)
    audit = Audit.objects.get(slug="elsewhere")
    assert audit.kind == "imported"
    assert list(audit.codebook.modes.values_list("code", flat=True)) == ["no", "yes"]
    assert (done["n_new"], done["n_units"], done["n_coders"]) == (5, 3, 2)


def test_the_same_file_again_adds_nothing(project, write_labels):
    path = write_labels(ROWS)
    import_labels("elsewhere", path)
    again = import_labels("elsewhere", path)
    assert (again["n_new"], again["n_duplicate"]) == (0, 5)
    assert Label.objects.count() == 5


def test_a_changed_label_supersedes_the_old_one_which_is_kept(project, write_labels):
    import_labels("elsewhere", write_labels(ROWS))
    import_labels("elsewhere", write_labels([("1", "a", "no")]))
    history = Label.objects.filter(unit__name="1", coder__name="a").order_by("pk")
    assert [label.failure_mode.code for label in history] == ["yes", "no"]
    assert [label.superseded_at is None for label in history] == [False, True]


def test_one_wrong_row_stores_nothing_and_names_its_line(project, write_labels):
    rows = [("1", "a", "yes", "correct"), ("2", "a", "no", "wrong")]
    with pytest.raises(CommandError, match=r"Line 3: correctness must be one of .* got 'wrong'"):
        import_labels("elsewhere", write_labels(rows))
    assert not Audit.objects.exists()
    assert not Label.objects.exists()


@pytest.mark.parametrize("slug", ["", "a b", "a/b", "ü", "x" * 81])
def test_a_slug_that_is_no_address_is_refused_and_makes_no_audit(project, write_labels, slug):
    with pytest.raises(CommandError, match="slug: expected 1 to 80 letters, digits"):
        import_labels(slug, write_labels(ROWS))
    assert not Audit.objects.exists()


@pytest.mark.parametrize("slug", ["XSTest_v1", "x" * 80])
def test_a_label_set_may_have_any_slug_that_a_drawn_audit_may_have(project, write_labels, slug):
    assert import_labels(slug, write_labels(ROWS))["audit"] == slug
    assert Audit.objects.get().codebook.name == slug


def test_a_label_set_does_not_become_a_version_of_the_projects_own_codebook(project, write_labels):
    """Its codebook bears the audit's name, and new audits take the newest `default`."""
    with pytest.raises(CommandError, match="'default' is the name of the project's own codebook"):
        import_labels("default", write_labels(ROWS))
    assert not Audit.objects.exists()


def test_a_cell_over_several_lines_is_no_label(project, write_labels):
    with pytest.raises(CommandError, match=r"one line, got a control character in 'yes\\nno'"):
        import_labels("elsewhere", write_labels([("1", "a", "yes\nno")]))
    assert not Audit.objects.exists()


def test_two_columns_of_correctness_are_refused_not_chosen_from(project, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("unit,coder,label,correctness,correctness\n1,a,x,correct,incorrect\n")
    with pytest.raises(CommandError, match="expected one column correctness"):
        import_labels("elsewhere", path)


def test_cannot_tell_beside_a_label_of_a_foreign_codebook_is_kept_without_a_verdict(
    project, write_labels
):
    rows = [("1", "a", "formatting", "cannot_tell"), ("1", "b", "formatting", "correct")]
    import_labels("elsewhere", write_labels(rows))
    said = Label.objects.order_by("coder__name").values_list("failure_mode__code", "correctness")
    assert list(said) == [("formatting", ""), ("formatting", "correct")]
    assert import_labels("elsewhere", write_labels(rows))["n_duplicate"] == 2


@pytest.fixture
def audit_with_controls(make_output, make_audit):
    for number in range(4):
        make_output(f"d{number}")
        make_output(f"u{number}", thumb="up")
    return make_audit("november", "--thumbs-up", "4")


def test_outputs_rated_up_take_a_verdict_alone(audit_with_controls, write_labels):
    rows = [
        ("d0", "c1", "latency", "correct"),
        ("d1", "c1", "", "cannot_tell"),
        ("u0", "c1", "", "incorrect"),
        ("u1", "c1", "cannot_tell", ""),
        ("u2", "c1", "", ""),
    ]
    assert import_labels("november", write_labels(rows))["n_new"] == 4
    assert import_labels("november", write_labels(rows))["n_duplicate"] == 4
    said = Label.objects.values_list("unit__name", "asks_mode", "failure_mode__code", "correctness")
    assert sorted(said) == [
        ("d0", True, "latency", "correct"),
        ("d1", True, None, "cannot_tell"),
        ("u0", False, None, "incorrect"),
        ("u1", False, None, "cannot_tell"),
    ]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (("u0", "c1", "latency", ""), "unit 'u0' was rated up, so only its correctness is asked"),
        (("u0", "c1", "cannot_tell", "correct"), "'cannot_tell' does not go with .* 'correct'"),
        (("d0", "c1", "", "correct"), "expected a label beside correctness 'correct'"),
    ],
)
def test_what_does_not_fit_the_rating_is_refused_and_stores_nothing(
    audit_with_controls, write_labels, row, sentence
):
    with pytest.raises(CommandError, match=f"Line 3: .*{sentence}"):
        import_labels("november", write_labels([("d3", "c1", "latency", "correct"), row]))
    assert not Label.objects.exists()


@pytest.mark.data
def test_the_demo_ratings_become_an_audit_with_their_known_alpha(project, shared_dir):
    demo = shared_dir / "data" / "demo"
    done = import_labels("demo-ratings", demo / "ratings.csv")
    assert (done["n_new"], done["n_units"], done["n_coders"]) == (1200, 400, 5)
    out = StringIO()
    call_command("agreement", "demo-ratings", "--json", stdout=out)
    expected = json.loads((demo / "expected.json").read_text())["alpha_failure_mode"]
    assert json.loads(out.getvalue())["alpha"]["value"] == pytest.approx(expected, abs=1e-6)


def test_a_coder_twice_on_a_unit_is_refused(project, write_labels):
    rows = [("1", "a", "yes"), ("1", "a", "no")]
    with pytest.raises(CommandError, match="Line 3: coder 'a' labelled unit '1' already in line 2"):
        import_labels("elsewhere", write_labels(rows))


def test_labels_for_a_sampled_audit_must_fit_its_sample_and_codebook(
    make_output, make_audit, write_labels
):
    make_output("o1")
    make_audit("november")
    for row, sentence in {
        ("o2", "a", "refusal"): "Line 2: unit 'o2' is not in the sample",
        ("o1", "a", "rude"): "Line 2: label 'rude' is not in codebook default v1",
        ("o1", "a", "refusal", "correct"): "does not go with correctness 'correct'",
    }.items():
        with pytest.raises(CommandError, match=sentence):
            import_labels("november", write_labels([row]))
    assert not Label.objects.exists()


def test_more_labels_than_seats_are_late_and_outside_the_figures(
    make_output, make_audit, write_labels
):
    make_output("o1")
    make_audit("november", "--coders", "2")
    done = import_labels("november", write_labels([("o1", c, "refusal") for c in "abc"]))
    assert (done["n_new"], done["n_late"]) == (3, 1)
    assert Label.objects.counted().count() == 2
    assert Unit.objects.get().seats.filter(is_done=True).count() == 2


def test_cannot_tell_is_a_verdict_and_not_a_mode(project, write_labels):
    import_labels("elsewhere", write_labels([("1", "a", "cannot_tell"), ("1", "b", "yes")]))
    label = Label.objects.get(coder__name="a")
    assert (label.correctness, label.failure_mode) == ("cannot_tell", None)
    out = StringIO()
    call_command("agreement", "elsewhere", "--json", stdout=out)
    assert {entry["label"] for entry in json.loads(out.getvalue())["per_label"]} == {
        "cannot_tell",
        "yes",
    }


def test_a_project_must_be_named_when_there_are_several(project, write_labels):
    type(project).objects.create(slug="second", name="Second")
    with pytest.raises(
        CommandError, match="needs --project P; the projects are: assistant, second"
    ):
        import_labels("elsewhere", write_labels(ROWS))
    with pytest.raises(CommandError, match="got 'third'; there are: assistant, second"):
        import_labels("elsewhere", write_labels(ROWS), "--project", "third")


def test_a_file_that_is_no_long_table_is_one_sentence(project, tmp_path):
    for text in ("", "a,b\n1,2\n", "unit,coder,label\n", "unit,coder,label\n1,a,\n", "\0\0"):
        path = tmp_path / "bad.csv"
        path.write_text(text)
        with pytest.raises(CommandError) as caught:
            import_labels("elsewhere", path)
        assert caught.value.returncode == 2
        assert "\n" not in str(caught.value)
    assert not Audit.objects.exists()


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("name", ["xstest", "xsum_hallucination", "llmfao"])
def test_published_sets_give_their_known_alpha(project, shared_dir, name):
    expected = json.loads((shared_dir / "data" / "expected.json").read_text())["sets"][name]
    done = import_labels(name, shared_dir / "data" / name / "reliability.csv")
    assert done["n_new"] == expected["n_labels"]
    out = StringIO()
    call_command("agreement", name, "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found["alpha"]["value"] == pytest.approx(expected["alpha"]["nominal"], abs=1e-4)
    assert found["percent"]["value"] == pytest.approx(expected["irrCAC_identity"]["pa"], abs=1e-4)
    assert found["n_units"] == expected["n_units"]
