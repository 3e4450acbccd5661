"""Judges beside the humans of an audit: page, command and JSON say the same, and are right."""

import csv
import json
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analysis import judge_strata
from labeling.judges import Judgement, record_judgements, register_judge
from labeling.models import Judge
from tests.test_docs import keys_of, section

UNWELCOME, INVENTED = "unwelcome_but_correct", "hallucination"


@pytest.fixture
def judged(project):
    """Let a judge say (verdict[, mode]) of outputs by their names."""

    def say(name, said, *, kind="model", version="1", codebook=None):
        judge = register_judge(project, kind=kind, name=name, version=version)
        ids = dict(project.outputs.values_list("external_id", "pk"))
        modes = {mode.code: mode for mode in codebook.modes.all()} if codebook else {}
        record_judgements(
            judge,
            [
                Judgement(
                    output_id=ids[output],
                    correctness=verdict,
                    mode=modes.get(mode[0] if mode else ""),
                )
                for output, (verdict, *mode) in said.items()
            ],
        )
        return judge

    return say


WRONG = {"o4", "o5", "o6"}


def all_ten(**changed):
    right = {f"o{n}": ("incorrect" if f"o{n}" in WRONG else "correct",) for n in range(10)}
    return {**right, **changed}


def judges(audit):
    out = StringIO()
    call_command("judges", audit.slug, "--json", stdout=out)
    return json.loads(out.getvalue())


def by_label(quality):
    return {entry["label"]: entry for entry in quality["per_label"]}


def test_the_figures_equal_a_hand_count(labelled_audit, judged):
    """Humans: o0-o3, o7 correct; o4-o6 incorrect; o8 incorrect by 2 of 3; o9 cannot tell."""
    judged("gpt", all_ten(o0=("incorrect",)))
    (found,) = judges(labelled_audit)["judges"]
    assert (found["judge"], found["kind"]) == ("gpt@1", "model")
    assert (found["n_judged"], found["n_with_labels"], found["n_judged_frame"]) == (10, 10, 10)
    wrong = by_label(found["correctness"])["incorrect"]
    assert wrong["sensitivity"]["value"] == pytest.approx(3 / 4)
    assert wrong["recall"] == wrong["sensitivity"]
    assert wrong["specificity"]["value"] == pytest.approx(5 / 6)
    assert wrong["precision"]["value"] == pytest.approx(3 / 4)
    assert (wrong["n_human"], wrong["n_judge"]) == (4, 4)
    cells = {(cell["human"], cell["said"]): cell["n"] for cell in found["correctness"]["confusion"]}
    assert cells["correct", "incorrect"] == 1
    assert cells["incorrect", "correct"] == 1
    assert sum(cells.values()) == 10
    assert found["correctness"]["percent"]["value"] == pytest.approx(0.7)


def test_every_figure_carries_its_interval(labelled_audit, judged):
    judged("gpt", all_ten())
    (found,) = judges(labelled_audit)["judges"]
    quality = found["correctness"]
    figures = [quality["percent"], quality["kappa"], found["beside_humans"]["judge_human"]]
    figures += [by_label(quality)["incorrect"][name] for name in ("sensitivity", "precision")]
    for figure in figures:
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_human_human_agreement_stands_beside_it_on_the_same_units(labelled_audit, judged):
    judged("gpt", {"o0": ("correct",), "o8": ("incorrect",)})
    (found,) = judges(labelled_audit)["judges"]
    beside = found["beside_humans"]
    assert beside["n_units"] == 2
    assert beside["human_human"]["value"] == pytest.approx((1 + 1 / 3) / 2)
    assert beside["judge_human"]["value"] == pytest.approx((1 + 2 / 3) / 2)


def test_third_opinions_are_no_independent_labels(make_output, make_audit, give_labels, judged):
    make_output("o0")
    audit = make_audit("november", "--coders", "2", "--third-opinion")
    give_labels(audit, {"o0": [UNWELCOME, INVENTED, INVENTED]})
    judged("gpt", {"o0": ("incorrect",)})
    (found,) = judges(audit)["judges"]
    assert found["beside_humans"]["judge_human"]["value"] == pytest.approx(1 / 2)


@pytest.fixture
def large_audit(make_output, make_audit, give_labels):
    """400 negatives, 100 of them sampled; every fourth output is unwelcome but correct."""
    for number in range(400):
        make_output(f"o{number}", user=f"u{number}")
    audit = make_audit(size=100)
    give_labels(
        audit,
        {
            unit.name: [UNWELCOME if int(unit.name[1:]) % 4 == 0 else INVENTED] * 2
            for unit in audit.units.all()
        },
    )
    return audit


def truth(number):
    return ("correct",) if number % 4 == 0 else ("incorrect",)


def test_a_good_judge_of_the_whole_frame_narrows_the_interval(large_audit, judged):
    judged("good", {f"o{n}": truth(n) for n in range(400)})
    (found,) = judges(large_audit)["judges"]
    share = found["share"]
    assert share["mode"] == UNWELCOME
    assert share["with_judge"]["share"] == pytest.approx(0.25)
    assert share["gain"] > 0.3
    wide = share["without"]["high"] - share["without"]["low"]
    narrow = share["with_judge"]["high"] - share["with_judge"]["low"]
    assert share["gain"] == pytest.approx(1 - narrow / wide)


def test_the_share_without_the_judge_is_that_of_the_report(large_audit, judged):
    from labeling.reports import build_report

    judged("good", {f"o{n}": truth(n) for n in range(400)})
    (found,) = judges(large_audit)["judges"]
    assert found["share"]["without"] == build_report(large_audit).headline.as_dict()


def test_a_judge_of_the_sample_alone_is_no_stratum(large_audit, judged):
    names = [unit.name for unit in large_audit.units.all()]
    judged("lazy", {name: truth(int(name[1:])) for name in names})
    (found,) = judges(large_audit)["judges"]
    assert found["share"] is None
    assert "has judged 100 of the frame's 400 outputs" in found["share_undefined_because"]
    assert found["n_judged_frame"] == 100


def test_feedback_after_the_draw_leaves_the_frame_as_it_was(large_audit, judged, make_output):
    make_output("later")
    judged("good", {f"o{n}": truth(n) for n in range(400)})
    (found,) = judges(large_audit)["judges"]
    assert found["n_judged_frame"] == 400


def test_a_label_set_has_judges_but_no_frame(project, make_output, write_labels, judged):
    make_output("o0")
    rows = [("o0", "a", "fine", "correct"), ("o0", "b", "fine", "correct")]
    call_command("import_labels", "set", str(write_labels(rows)), stdout=StringIO())
    judged("gpt", {"o0": ("correct",)})
    (found,) = judges(project.audits.get())["judges"]
    assert found["n_with_labels"] == 1
    assert "it has no frame" in found["share_undefined_because"]


def test_modes_are_compared_where_the_judge_gives_them(labelled_audit, judged):
    said = all_ten(o0=("correct", UNWELCOME), o4=("incorrect", INVENTED))
    judged("gpt", said, codebook=labelled_audit.codebook)
    judged("plain", all_ten())
    modal, plain = judges(labelled_audit)["judges"]
    assert by_label(modal["modes"])[UNWELCOME]["sensitivity"]["value"] == 1.0
    assert modal["modes"]["n_without_verdict"] == 8
    assert plain["modes"] is None


def test_kinds_are_apart_and_models_agree_among_models(labelled_audit, judged, lea_client):
    judged("gpt", all_ten())
    judged("gpt", all_ten(o0=("incorrect",)), version="2")
    judged("sums", all_ten(), kind="rubric")
    found = judges(labelled_audit)
    (among,) = found["among"]
    assert (among["kind"], among["n_judges"], among["n_outputs"]) == ("model", 2, 10)
    assert among["percent"]["value"] == pytest.approx(0.9)
    page = lea_client.get(f"/audits/{labelled_audit.slug}/judges/").text
    assert "Model judges" in page
    assert "Rubric judge" in page
    assert "Agreement among models" in page
    assert "not of people" in page
    out = StringIO()
    call_command("judges", labelled_audit.slug, stdout=out)
    assert "Agreement among 2 judges of kind model, not of people: 90.0%" in out.getvalue()


def test_judges_of_another_project_do_not_exist(labelled_audit, elsewhere, lea_client):
    judge = register_judge(elsewhere[0], kind="model", name="theirs", version="1")
    assert judges(labelled_audit)["judges"] == []
    assert lea_client.get(f"/audits/{labelled_audit.slug}/judges/{judge.pk}/").status_code == 404


def test_a_project_without_judges_says_how_they_come_in(labelled_audit, rey_client):
    page = rey_client.get(f"/audits/{labelled_audit.slug}/judges/").text
    assert "No judge has judged an output" in page
    out = StringIO()
    call_command("judges", labelled_audit.slug, stdout=out)
    assert "No judge has judged an output" in out.getvalue()


def test_page_command_and_json_say_the_same(large_audit, judged, rey_client):
    judge = judged("good", {f"o{n}": truth(n) for n in range(400)})
    found = judges(large_audit)
    assert rey_client.get(f"/audits/{large_audit.slug}/judges.json").json() == found
    share = found["judges"][0]["share"]
    page = rey_client.get(f"/audits/{large_audit.slug}/judges/{judge.pk}/").text
    assert f"narrower by {100 * share['gain']:.1f}%" in page
    for part in ("without", "with_judge"):
        assert f"{100 * share[part]['share']:.1f}" in page
    assert "100.0%" in page


def test_a_gain_that_rounds_to_nothing_is_called_none(large_audit, judged, rey_client, monkeypatch):
    judge = judged("good", {f"o{n}": truth(n) for n in range(400)})
    monkeypatch.setattr(judge_strata, "_gain", lambda *_: 0.0002)
    page = rey_client.get(f"/audits/{large_audit.slug}/judges/{judge.pk}/").text
    assert "It narrows nothing" in page
    assert "narrower by" not in page
    out = StringIO()
    call_command("judges", large_audit.slug, stdout=out)
    assert "no narrower" in out.getvalue()


def test_the_page_of_a_judge_shows_its_prompt_as_text(labelled_audit, project, judged, lea_client):
    judged("gpt", all_ten())
    Judge.objects.update(recipe="<script>alert(1)</script> PROMPT-MARK")
    judge = Judge.objects.get()
    page = lea_client.get(f"/audits/{labelled_audit.slug}/judges/{judge.pk}/").text
    assert "PROMPT-MARK" in page
    assert "<script>alert" not in page


def test_nothing_labelled_is_said_not_made_up(make_output, make_audit, judged, lea_client):
    make_output("o0")
    audit = make_audit()
    judge = judged("gpt", {"o0": ("correct",)})
    (found,) = judges(audit)["judges"]
    assert found["correctness"]["percent"]["value"] is None
    assert found["correctness"]["percent"]["undefined_because"]
    for path in ("judges/", f"judges/{judge.pk}/"):
        assert lea_client.get(f"/audits/{audit.slug}/{path}").status_code == 200


def test_the_figures_of_a_judge_come_as_csv(large_audit, judged, rey_client):
    said = {f"o{n}": truth(n) for n in range(400)}
    judge = judged("good", said, codebook=large_audit.codebook)
    path = f"/audits/{large_audit.slug}/judges/{judge.pk}"
    assert f'href="{path}.csv"' in rey_client.get(f"{path}/").text
    answer = rey_client.get(f"{path}.csv")
    assert answer["Content-Disposition"].endswith(f'filename="{large_audit.slug}-judge-good.csv"')
    rows = list(csv.DictReader(StringIO(answer.content.decode())))
    (found,) = judges(large_audit)["judges"]
    named = {(r["of"], r["figure"], r["humans"], r["judge"]): r for r in rows}
    assert len(named) == len(rows)
    quality = found["correctness"]
    kappa = named["correctness", "kappa", "", ""]
    assert float(kappa["value"]) == pytest.approx(quality["kappa"]["value"])
    for cell in quality["confusion"]:
        row = named["correctness", "confusion, part of humans", cell["human"], cell["said"]]
        assert float(row["n"]) == pytest.approx(cell["n"])
    share = named["share", "with the judge", UNWELCOME, ""]
    assert float(share["low"]) == pytest.approx(found["share"]["with_judge"]["low"])
    assert (
        rey_client.get(f"/audits/{large_audit.slug}/judges/{judge.pk + 99}.csv").status_code == 404
    )


def test_every_key_of_the_answer_is_described(large_audit, judged):
    judged("good", {f"o{n}": truth(n) for n in range(400)}, codebook=large_audit.codebook)
    judged(
        "two", {f"o{n}": ("correct", UNWELCOME) for n in range(9)}, codebook=large_audit.codebook
    )
    described = section("judges")
    assert [key for key in keys_of(judges(large_audit)) if f"`{key}`" not in described] == []


def test_an_unknown_audit_is_one_sentence(db):
    with pytest.raises(CommandError, match="SLUG: expected the slug of an audit"):
        call_command("judges", "none")


@pytest.mark.slow
def test_the_frame_is_counted_once_however_many_judges_there_are(
    large_audit, judged, rey_client, django_assert_num_queries
):
    pages = ("judges/", "judges.json", "judges/{pk}/", "judges/{pk}.csv")
    first = judged("good", {f"o{n}": truth(n) for n in range(400)})
    counted = {}
    for path in pages:
        with CaptureQueriesContext(connection) as queries:
            assert rey_client.get(f"/audits/november/{path.format(pk=first.pk)}").status_code == 200
        counted[path] = len(queries)
    for k in range(6):
        judged(f"more{k}", {f"o{n}": truth(n + k) for n in range(400)})
    for path in pages:
        with django_assert_num_queries(counted[path]):
            rey_client.get(f"/audits/november/{path.format(pk=first.pk)}")
    assert [row["n_judged_frame"] for row in judges(large_audit)["judges"]] == [400] * 7


def test_a_judge_of_outputs_that_are_outside_the_frame_has_judged_none_of_it(
    large_audit, judged, make_output
):
    make_output("up0", thumb="up")
    judged("elsewhere", {"up0": ("correct",)})
    (found,) = judges(large_audit)["judges"]
    assert (found["n_judged"], found["n_judged_frame"]) == (1, 0)
    assert "has judged 0 of the frame's 400 outputs" in found["share_undefined_because"]


def test_the_chart_of_a_judge_comes_as_a_picture(large_audit, judged, rey_client):
    judge = judged("good", {f"o{n}": truth(n) for n in range(400)})
    lazy = judged("lazy", {"o1": ("correct",)})
    path = f"/audits/november/judges/{judge.pk}"
    assert f'href="{path}.svg"' in rey_client.get(f"{path}/").text
    answer = rey_client.get(f"{path}.svg")
    assert answer["Content-Type"].startswith("image/svg+xml")
    texts = [one.text for one in ElementTree.fromstring(answer.text).iter() if one.text]
    for shown in ("with and without the judge good@1", "Humans alone", "95% intervals"):
        assert any(shown in text for text in texts), shown
    nothing = f"/audits/november/judges/{lazy.pk}"
    assert f"{nothing}.svg" not in rey_client.get(f"{nothing}/").text
    assert rey_client.get(f"{nothing}.svg").status_code == 404


def test_all_judges_are_one_table(labelled_audit, judged, rey_client):
    judged("gpt", all_ten())
    judged("gpt", all_ten(o0=("incorrect",)), version="2")
    assert 'href="/audits/november/judges.csv"' in rey_client.get("/audits/november/judges/").text
    rows = list(csv.DictReader(StringIO(rey_client.get("/audits/november/judges.csv").text)))
    found = judges(labelled_audit)
    for one in found["judges"]:
        own = {(r["of"], r["figure"]): r for r in rows if r["name"] == one["judge"]}
        kappa = own["correctness", "kappa"]
        assert float(kappa["value"]) == pytest.approx(one["correctness"]["kappa"]["value"])
        assert kappa["kind"] == "model"
    among = {r["figure"]: r for r in rows if r["of"] == "among judges"}
    assert float(among["agreement"]["value"]) == pytest.approx(0.9)
    assert float(among["alpha"]["low"]) == pytest.approx(found["among"][0]["alpha"]["low"])
