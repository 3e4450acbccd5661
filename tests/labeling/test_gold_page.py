"""The lead's page of gold and training units, and the command that reads a file of them."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling import planting, workflow
from labeling.codebook_versions import next_version
from labeling.codebooks import read_modes
from labeling.models import Adjudication, Audit, Gold, TrainingAnswer, Unit
from labeling.opening import checklist
from tests.labeling.test_seats import label_unit
from tests.sampled import add_output

PAGE = "/audits/w34/gold/"


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(2)


@pytest.fixture
def spare(audit):
    return add_output(audit, 100)


def sent(**changes):
    return {
        "unit": "w34-OUTPUT-100",
        "correctness": "correct",
        "label": "latency",
        "explanation": "Forty seconds for one line.",
        **changes,
    }


def test_a_lead_adds_a_gold_unit_and_sees_it(lea_client, lea, audit, spare):
    answer = lea_client.post(PAGE, sent())
    assert (answer.status_code, answer.url) == (302, PAGE)
    page = lea_client.get(PAGE).text
    assert "w34-OUTPUT-100 is a gold unit now." in page
    assert "Correct, Too slow" in page
    gold = Gold.objects.get()
    assert (gold.unit.output, gold.created_by, gold.is_training) == (spare, lea, False)


def test_a_training_unit_is_one_with_a_tick(lea_client, audit, spare):
    lea_client.post(PAGE, sent(is_training="on"))
    assert "is a training unit now" in lea_client.get(PAGE).text
    assert Gold.objects.get().is_training


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"unit": "nowhere"}, "Output: Expected the id of an output of this project, got nowhere."),
        ({"unit": "w34-OUTPUT-0"}, "is in the sample of &#x27;w34&#x27;: choose another."),
        ({"unit": ""}, "Output: This field is required."),
        ({"label": "refusal"}, "needs the verdict incorrect, got correct."),
        ({"label": ""}, "Failure mode: Expected a failure mode, got none."),
        ({"correctness": "yes"}, "Verdict: Select a valid choice."),
        ({"explanation": "", "is_training": "on"}, "Explanation: Expected a text for a training"),
    ],
)
def test_what_cannot_be_gold_is_said_and_what_was_typed_stays(
    lea_client, audit, spare, changes, sentence
):
    answer = lea_client.post(PAGE, sent(**changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    if "explanation" not in changes:
        assert "Forty seconds for one line.</textarea>" in answer.text
    assert not Gold.objects.exists()


def test_the_page_counts_who_answered_and_who_was_right(lea_client, audit, make_gold, make_graders):
    silent, trained = make_gold(audit, 100), make_gold(audit, 101, is_training=True)
    modes = {mode.code: mode for mode in audit.codebook.modes.all()}
    for coder, mode in zip(make_graders(3), ("latency", "latency", "formatting"), strict=True):
        planting.planted_seat(silent.unit, coder)
        workflow.record_verdict(unit=silent.unit, coder=coder, correctness="correct")
        judgment = workflow.Judgment(correctness="correct", failure_mode=modes[mode])
        workflow.record_label(
            unit=silent.unit, coder=coder, judgment=judgment, submission_id=coder.name
        )
        for attempt, said in ((1, "refusal"), (2, "latency")):
            TrainingAnswer.objects.create(
                gold=trained,
                coder=coder,
                attempt=attempt,
                correctness=modes[said].needs_verdict,
                failure_mode=modes[said],
                answered_at=trained.created_at,
            )
    page = lea_client.get(PAGE).text
    assert "2 of 3" in page
    assert "0 of 3" in page  # of training the first attempts count


def test_retiring_ends_the_planting_and_keeps_the_answers(lea_client, audit, make_gold):
    gold = make_gold(audit, 100)
    answer = lea_client.post(f"{PAGE}{gold.unit.token}/retire/")
    assert answer.url == PAGE
    assert "retired" in lea_client.get(PAGE).text
    gold.refresh_from_db()
    assert gold.retired_at is not None
    assert lea_client.post(f"{PAGE}no-such/retire/").status_code == 404
    assert lea_client.get(f"{PAGE}{gold.unit.token}/retire/").status_code == 405


def test_an_explanation_is_shown_as_text(lea_client, audit, make_gold):
    make_gold(audit, 100, explanation="<script>alert(1)</script>")
    assert "<script>alert" not in lea_client.get(PAGE).text


@pytest.fixture
def decided(make_open_audit, lea):
    """Another audit of the project with two decisions: one mode, and one nobody can tell."""
    other = make_open_audit(3, slug="w33")
    mode = other.codebook.modes.get(code="unwelcome_but_correct")
    first, second = other.units.order_by("prn")[:2]
    workflow.adjudicate(
        unit=first,
        lead=lea,
        judgment=workflow.Judgment(correctness="correct", failure_mode=mode),
        reason="The rule in the prompt says so.",
    )
    workflow.adjudicate(
        unit=second,
        lead=lea,
        judgment=workflow.Judgment(correctness="cannot_tell"),
        reason="The source is missing.",
    )
    return other


def test_a_decision_of_another_audit_fills_the_form_in(lea_client, audit, decided):
    page = lea_client.get(PAGE).text
    assert "The rule in the prompt says so." in page
    token = decided.units.order_by("prn").first().token
    filled = lea_client.get(f"{PAGE}?decision={token}").text
    assert 'value="w33-OUTPUT-0"' in filled
    assert '<option value="unwelcome_but_correct" selected>' in filled
    assert "The rule in the prompt says so.</textarea>" in filled
    lea_client.post(
        PAGE, sent(unit="w33-OUTPUT-0", label="unwelcome_but_correct", explanation="The rule.")
    )
    assert Gold.objects.get().unit.audit == audit
    assert f"?decision={token}" not in lea_client.get(PAGE).text


def test_only_decisions_on_what_could_be_gold_are_offered(
    lea_client, audit, decided, elsewhere, make_open_audit, lea
):
    Unit.objects.filter(name="w33-OUTPUT-0").update(kind="sham")
    foreign = make_open_audit(1, slug="foreign", in_project=elsewhere[0])
    workflow.adjudicate(
        unit=foreign.units.get(),
        lead=lea,
        judgment=workflow.Judgment(correctness="cannot_tell"),
        reason="FOREIGN",
    )
    page = lea_client.get(PAGE).text
    assert "w33-OUTPUT-0" not in page
    assert "w33-OUTPUT-1" in page
    assert "FOREIGN" not in page
    token = foreign.units.get().token
    assert "foreign-OUTPUT" not in lea_client.get(f"{PAGE}?decision={token}").text
    own = lea_client.get("/audits/w33/gold/").text
    assert "No decision of another audit" in own
    assert Adjudication.objects.count() == 3


# Candidates: nobody knows ids by heart


@pytest.fixture
def labelled(make_open_audit, make_graders):
    """Another audit: all labels of its first unit alike, the second split, the third with one."""
    other = make_open_audit(4, slug="w33")
    first, second, third, fourth = other.units.order_by("prn")
    ana, ben = make_graders(2)
    said = [(first, "latency", "latency"), (second, "latency", "formatting"), (third, "latency")]
    for unit, *codes in said:
        for coder, code in zip((ana, ben), codes, strict=False):
            label_unit(unit, coder, code)
    for coder in (ana, ben):
        workflow.record_verdict(unit=fourth, coder=coder, correctness="cannot_tell")
        judgment = workflow.Judgment(correctness="cannot_tell")
        workflow.record_label(
            unit=fourth, coder=coder, judgment=judgment, submission_id=f"t{coder.pk}"
        )
    return other


def test_units_whose_labels_are_all_alike_fill_the_form_in(lea_client, audit, labelled):
    offered = lea_client.get(PAGE).context["unanimous"]
    assert [(unit.name, unit.verdict, unit.mode_name, unit.n_labels) for unit in offered] == [
        ("w33-OUTPUT-3", "Cannot tell", "", 2),
        ("w33-OUTPUT-0", "Correct", "Too slow", 2),
    ]
    page = lea_client.get(PAGE).text
    assert "Correct, Too slow, said by 2 coders" in page
    filled = lea_client.get(f"{PAGE}?unanimous={offered[1].token}").context["filled"]
    assert filled == {"unit": "w33-OUTPUT-0", "correctness": "correct", "label": "latency"}
    lea_client.post(PAGE, filled)
    assert Gold.objects.get().unit.name == "w33-OUTPUT-0"
    assert [unit.name for unit in lea_client.get(PAGE).context["unanimous"]] == ["w33-OUTPUT-3"]


def test_units_that_wait_for_a_label_are_not_shown_to_whom_it_may_be_asked(
    lea_client, audit, make_open_audit, make_graders
):
    other = make_open_audit(1, slug="w33", coders=3)
    unit = other.units.get()
    for coder in make_graders(2):
        label_unit(unit, coder, "latency")
    assert lea_client.get(PAGE).context["unanimous"] == []
    workflow.close_audit(other)
    assert [each.name for each in lea_client.get(PAGE).context["unanimous"]] == [unit.name]


def test_a_known_answer_whose_mode_went_is_pointed_out(lea_client, lea, audit, make_gold):
    make_gold(audit, 101, "latency")
    without = next_version(
        audit.codebook,
        [mode for mode in read_modes(audit.codebook) if mode.code != "latency"],
        removed={"latency"},
        note="Nobody is slow any more.",
        by=lea,
    )
    told = lea_client.post("/audits/w34/codebook/", {"version": without.version}, follow=True).text
    sentence = "1 known answer names a mode the codebook has no more"
    assert sentence in told
    assert sentence in " ".join(check.says for check in checklist(Audit.objects.get(pk=audit.pk)))
    assert "with a mode the codebook has no more" in lea_client.get("/audits/w34/settings/").text
    planting.retire(Gold.objects.get())
    assert sentence not in " ".join(check.says for check in checklist(audit))


def test_a_decided_unit_is_offered_as_a_decision_alone(lea_client, lea, audit, labelled):
    workflow.adjudicate(
        unit=labelled.units.order_by("prn").first(),
        lead=lea,
        judgment=workflow.Judgment(correctness="cannot_tell"),
        reason="As decided.",
    )
    page = lea_client.get(PAGE)
    assert [unit.name for unit in page.context["unanimous"]] == ["w33-OUTPUT-3"]
    assert "As decided." in page.text


def test_labels_of_the_audits_own_sample_are_not_offered(lea_client, labelled):
    page = lea_client.get("/audits/w33/gold/")
    assert page.context["unanimous"] == []
    assert "it can be gold in the next" in page.text


@pytest.mark.parametrize("words", ["w34-OUTPUT-10", "CLOSED 100 weeks", " 100 "])
def test_an_output_is_found_by_its_id_and_by_its_words(lea_client, audit, spare, words):
    page = lea_client.get(PAGE, {"search": words})
    assert [output.external_id for output in page.context["found"]] == ["w34-OUTPUT-100"]
    assert 'href="?output=w34-OUTPUT-100#add"' in page.text
    filled = lea_client.get(PAGE, {"output": "w34-OUTPUT-100"})
    assert 'value="w34-OUTPUT-100"' in filled.text


@pytest.mark.parametrize("words", ["w34-OUTPUT-0", "w34-UP", "FOREIGN", "<b>", "  "])
def test_what_could_not_be_gold_is_not_found(lea_client, audit, elsewhere, make_open_audit, words):
    rated_up = add_output(audit, 200, is_negative=False)
    type(rated_up).objects.filter(pk=rated_up.pk).update(external_id="w34-UP")
    add_output(make_open_audit(1, slug="FOREIGN", in_project=elsewhere[0]), 300)
    page = lea_client.get(PAGE, {"search": words})
    assert (page.status_code, page.context["found"]) == (200, [])
    assert "<b></td>" not in page.text
    assert lea_client.get(PAGE, {"output": words}).context["filled"] == {}


def test_an_imported_audit_has_no_gold_page(lea_client, audit):
    audit.kind, audit.frame = "imported", ""
    audit.save()
    assert lea_client.get(PAGE).status_code == 404


def test_the_verdict_starts_empty_so_that_no_answer_is_half_chosen(lea_client, audit):
    """ "Correct" and "none (cannot tell)" were chosen at first, which is no answer."""
    page = lea_client.get(PAGE).text
    assert '<select name="correctness" required><option value="">choose</option>' in page
    assert " selected" not in page
    assert "Verdict: This field is required." in lea_client.post(PAGE, sent(correctness="")).text


def test_the_text_of_each_unit_can_be_read_as_text(lea_client, audit, make_gold):
    gold = make_gold(audit, 100)
    content = gold.unit.output.content
    content.text = "<b>THE TEXT</b> " + "x" * 3000
    content.save()
    page = lea_client.get(PAGE).text
    assert "&lt;b&gt;THE TEXT&lt;/b&gt;" in page
    assert "x" * 2001 not in page


def test_the_settings_are_one_click_away(lea_client, audit):
    assert 'href="/audits/w34/settings/"' in lea_client.get(PAGE).text


def test_the_audits_page_leads_to_it(lea_client, rey_client, audit):
    assert PAGE in lea_client.get("/audits/w34/").text
    assert PAGE not in rey_client.get("/audits/w34/").text


# The command


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "gold.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(path)

    return write


def add_gold(*arguments):
    out = StringIO()
    call_command("add_gold", *arguments, stdout=out)
    return out.getvalue()


HEADER = "unit,correctness,label,explanation,training"
GOOD = 'w34-OUTPUT-100,correct,latency,"It was slow, very.",yes'


def test_the_command_adds_what_the_file_says(audit, spare, write):
    add_output(audit, 101)
    add_output(audit, 102)
    path = write(
        HEADER,
        GOOD,
        "w34-OUTPUT-101,incorrect,refusal,,",
        "w34-OUTPUT-102,cannot_tell,cannot_tell,,no",
    )
    said = json.loads(add_gold("w34", path, "--json"))
    assert said == {"audit": "w34", "n_gold": 2, "n_training": 1}
    found = Gold.objects.order_by("unit__name").values_list(
        "correctness", "failure_mode__code", "explanation", "is_training"
    )
    assert list(found) == [
        ("correct", "latency", "It was slow, very.", True),
        ("incorrect", "refusal", "", False),
        ("cannot_tell", None, "", False),
    ]


def test_the_last_two_columns_may_be_left_out(audit, spare, write):
    said = add_gold("w34", write("label,unit,correctness", "latency,w34-OUTPUT-100,correct"))
    assert said == "1 gold and 0 training units added to audit w34\n"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nowhere,correct,latency,,", "Line 3: unit: expected the id of an output of 'assistant'"),
        ("w34-OUTPUT-0,correct,latency,,", "Line 3: unit: 'w34-OUTPUT-0' is in the sample"),
        (GOOD, "Line 3: unit: 'w34-OUTPUT-100' is a gold unit already"),
        ("w34-OUTPUT-101,correct,slow,,", "Line 3: label: expected one of refusal, hallucination"),
        ("w34-OUTPUT-101,yes,latency,,", "Line 3: correctness: expected one of correct"),
        ("w34-OUTPUT-101,correct,refusal,,", "Line 3: label: 'refusal' needs the verdict"),
        ("w34-OUTPUT-101,correct,,,", "Line 3: label: expected a failure mode, got none"),
        ("w34-OUTPUT-101,correct,latency,,maybe", "Line 3: training: expected yes or no"),
        ("w34-OUTPUT-101,correct,latency,,yes", "Line 3: explanation: expected a text"),
        ("w34-OUTPUT-101,correct", "expected 5 cells"),
    ],
)
def test_one_wrong_row_and_nothing_is_added(audit, spare, write, line, sentence):
    add_output(audit, 101)
    with pytest.raises(CommandError) as error:
        add_gold("w34", write(HEADER, GOOD, line))
    assert sentence in str(error.value)
    assert error.value.returncode == 2
    assert not Gold.objects.exists()
    assert not Unit.objects.filter(kind="gold").exists()


@pytest.mark.parametrize("header", ["unit,label", "unit,correctness,label,label"])
def test_wrong_columns_are_named(audit, write, header):
    cells = ",".join(["x"] * len(header.split(",")))
    with pytest.raises(CommandError, match="FILE: expected the columns unit, correctness, label"):
        add_gold("w34", write(header, cells))


def test_an_unknown_audit_and_a_missing_file_are_one_sentence(audit, tmp_path):
    with pytest.raises(CommandError, match="SLUG: expected the slug of an audit"):
        add_gold("nothing", str(tmp_path / "x.csv"))
    with pytest.raises(CommandError, match="there is no file"):
        add_gold("w34", str(tmp_path / "x.csv"))
