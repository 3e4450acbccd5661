"""The report: what a unit's label is, what the shares are of, and page = command = JSON."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from labeling import workflow
from labeling.models import Audit, Unit
from labeling.reports import build_report
from labeling.workflow import Judgment


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def shares(report):
    return {mode.code: mode.share.value for mode in report.shares}


def test_a_units_label_is_the_majority_and_a_tie_is_split_evenly(labelled_audit):
    report = build_report(labelled_audit)
    found = shares(report)
    assert found["unwelcome_but_correct"] == pytest.approx((4 + 1 / 3) / 10)
    assert found["hallucination"] == pytest.approx((3 + 1 / 3) / 10)
    assert found["refusal"] == pytest.approx(1 / 30)
    assert found["cannot_tell"] == pytest.approx(1 / 10)
    assert sum(found.values()) == pytest.approx(1)
    assert report.n_ties == 1


def test_a_leads_decision_is_the_units_label_and_leaves_agreement_as_it_was(labelled_audit, lea):
    before = build_report(labelled_audit)
    mode = labelled_audit.codebook.modes.get(code="unwelcome_but_correct")
    workflow.adjudicate(
        unit=Unit.objects.get(name="o8"),
        lead=lea,
        judgment=Judgment(correctness="correct", failure_mode=mode),
        reason="The figure in the prompt settles it.",
    )
    after = build_report(labelled_audit)
    assert shares(after)["unwelcome_but_correct"] == pytest.approx(0.5)
    assert (after.n_ties, after.n_adjudicated) == (0, 1)
    assert after.agreement.as_dict() == before.agreement.as_dict()


def test_a_fully_labelled_frame_is_a_census_without_sampling_error(labelled_audit):
    headline = build_report(labelled_audit).headline
    assert (headline.low, headline.value, headline.high) == pytest.approx((13 / 30,) * 3)
    future = build_report(labelled_audit).headline_for_future
    assert future.low < 13 / 30 < future.high


def test_the_range_of_coders_error_stands_beside_each_share(labelled_audit):
    unwelcome = next(
        mode for mode in build_report(labelled_audit).shares if mode.code == "unwelcome_but_correct"
    )
    assert unwelcome.all_said.value == pytest.approx(0.2)
    assert unwelcome.any_said.value == pytest.approx(0.5)
    assert not unwelcome.mostly_noise


def test_a_mode_that_coders_rarely_agree_on_is_flagged_as_noise(labelled_audit):
    noisy = {mode.code for mode in build_report(labelled_audit).shares if mode.mostly_noise}
    assert noisy == {"refusal", "other_wrong", "no_fault_found"}


def test_the_grid_knows_the_down_row_and_says_that_nobody_labelled_the_up_row(labelled_audit):
    found = build_report(labelled_audit).as_dict()["grid"]
    # o0-o3 and o7 are correct; o4-o6 and o8 (two of three) incorrect; o9 is neither; 15 are rated
    assert found["down_correct"]["share"] == pytest.approx(10 / 15 * 0.5)
    assert found["down_incorrect"]["share"] == pytest.approx(10 / 15 * 0.4)
    assert found["up_correct"]["n"] == 0
    assert [found["up_correct"][key] for key in ("share", "low", "high")] == [None] * 3
    assert "correctness is not known in this row" in found["up_correct"]["undefined_because"]


def test_thumbs_up_controls_fill_the_grid_and_stay_outside_the_headline(
    make_output, make_audit, write_labels
):
    for number in range(8):
        make_output(f"d{number}")
        make_output(f"u{number}", thumb="up")
    audit = make_audit("with-controls", "--thumbs-up", "8")
    rows = [(f"d{k}", "c1", "unwelcome_but_correct", "correct") for k in range(8)]
    call_command("import_labels", audit.slug, str(write_labels(rows)), stdout=StringIO())
    ana_says = [("u0", "incorrect"), *((f"u{k}", "correct") for k in range(1, 8))]
    label_shams(audit, ana_says)
    report = build_report(audit)
    assert report.headline.n == report.n_labelled == 8
    assert report.agreement.n_units == 8
    cells = report.as_dict()["grid"]
    assert cells["up_incorrect"]["share"] == pytest.approx(1 / 16)
    assert cells["up_correct"]["share"] == pytest.approx(7 / 16)
    assert cells["down_correct"]["share"] == pytest.approx(8 / 16)


def label_shams(audit, verdicts):
    from labeling.models import Coder

    coder = Coder.objects.create(project=audit.project, name="c9")
    for name, correctness in verdicts:
        unit = audit.units.get(name=name)
        workflow.record_verdict(unit=unit, coder=coder, correctness=correctness)
        workflow.record_label(
            unit=unit,
            coder=coder,
            judgment=Judgment(correctness=correctness),
            submission_id=f"sham-{name}",
        )


def test_a_sample_is_weighted_by_stratum_and_not_pooled(make_output, make_audit, write_labels):
    for number in range(60):
        make_output(f"a{number}", release="A")
    for number in range(20):
        make_output(f"b{number}", release="B")
    audit = make_audit("two-releases", "--strata", "release", size=40)
    rows = [
        (unit.name, "c1", "unwelcome_but_correct" if unit.name[0] == "b" else "refusal")
        for unit in audit.units.all()
    ]
    call_command("import_labels", audit.slug, str(write_labels(rows)), stdout=StringIO())
    report = build_report(audit)
    assert report.headline.value == pytest.approx(20 / 80)
    drawn = {part.name: part.share.n for part in report.by_stratum}
    assert sum(drawn.values()) == 40
    assert min(drawn.values()) == 20, "the small stratum is sampled at a higher rate"
    assert report.difference.value == pytest.approx(1.0)


def test_an_audit_without_labels_says_so_and_invents_nothing(make_output, make_audit):
    for number in range(3):
        make_output(f"o{number}")
    report = build_report(make_audit("fresh"))
    assert report.headline.value is None
    assert report.headline.undefined_because == "no unit is labelled"
    assert report.agreement.alpha.undefined_because == "no unit has two labels"
    assert "not known" in report.headline_sentence


def test_late_and_superseded_labels_change_no_figure(labelled_audit, write_labels):
    before = build_report(labelled_audit).as_dict()
    rows = [("o0", "c4", "refusal"), ("o1", "c4", "refusal")]
    call_command("import_labels", "november", str(write_labels(rows)), stdout=StringIO())
    after = build_report(labelled_audit)
    assert after.as_dict() == before
    assert after.n_late == 2


def test_page_command_and_json_say_the_same(labelled_audit, rey_client):
    said = json.loads(run("report", "november", "--json"))
    assert rey_client.get("/audits/november/report.json").json() == said
    page = rey_client.get("/audits/november/report/").content.decode()
    headline = said["headline"]
    assert f"{100 * headline['share']:.1f}%" in page
    assert f"{100 * headline['low']:.1f} to {100 * headline['high']:.1f}" in page
    alpha = said["agreement"]["alpha"]["value"]
    assert f"{alpha:.3f}" in page
    assert run("report", "november").splitlines()[0] in page.replace("&#x27;", "'")


def test_the_contract_of_report_json(labelled_audit):
    said = json.loads(run("report", "november", "--json"))
    assert list(said) == [
        "audit",
        "n_frame",
        "n_sampled",
        "n_labelled",
        "headline",
        "shares",
        "agreement",
        "grid",
        "grid_undefined_because",
        "n_outputs",
        "n_rated",
        "n_negative",
        "rated_share",
        "response",
        "nonresponse",
        "anytime",
        "work_left",
        "headline_for_future",
        "by_stratum",
        "difference",
        "breakdowns",
        "reasons",
        "latencies",
        "to_decide",
    ]
    assert (said["n_frame"], said["n_sampled"], said["n_labelled"]) == (10, 10, 10)
    words = ["undefined_because", "too_imprecise", "deff_users", "unsampled"]
    assert list(said["headline"]) == ["share", "low", "high", "n", *words]
    row = ["mode", *said["headline"], "all_said", "any_said", "mostly_noise", "unanswered"]
    assert all(list(found) == row for found in said["shares"])
    assert said["grid_undefined_because"] is None
    assert list(said["grid"]) == ["down_correct", "down_incorrect", "up_correct", "up_incorrect"]


def test_the_agreement_page_says_what_it_was_checked_against(labelled_audit, rey_client):
    page = rey_client.get("/audits/november/agreement/").content.decode()
    said = json.loads(run("agreement", "november", "--json"))
    reference = said["reference"]
    assert reference["package"] == "krippendorff 0.9.0"
    assert 0 <= reference["difference"] < 1e-12
    shown = f"{reference['difference']:.1e}"
    assert f"Checked against krippendorff 0.9.0: it differs by {shown}." in page
    assert f"{said['alpha']['value']:.3f}" in page
    assert [pair["n"] for pair in said["pairs"]] == [10, 10, 10]


def test_an_unknown_audit_is_one_sentence_that_names_those_there_are(labelled_audit):
    with pytest.raises(CommandError, match=r"got 'nope'; there are: november") as caught:
        run("report", "nope")
    assert caught.value.returncode == 2


def test_agreement_takes_a_slug_or_a_file_and_not_both(labelled_audit, write_labels):
    path = write_labels([("1", "a", "x"), ("1", "b", "y")])
    for arguments in ((), ("november", "--file", str(path))):
        with pytest.raises(CommandError, match="either SLUG or --file"):
            run("agreement", *arguments)
    with pytest.raises(CommandError, match="there is no file"):
        run("agreement", "--file", "nowhere.csv")


def test_an_audit_that_is_closed_keeps_its_figures(labelled_audit):
    before = build_report(labelled_audit).as_dict()
    workflow.close_audit(labelled_audit)
    after = build_report(Audit.objects.get()).as_dict()
    assert after == {**before, "anytime": None}, "nobody looks every day at what is closed"


def test_a_label_set_without_the_mode_has_no_headline(project, write_labels):
    rows = [("1", "a", "yes"), ("1", "b", "no"), ("2", "a", "yes"), ("2", "b", "yes")]
    call_command("import_labels", "elsewhere", str(write_labels(rows)), stdout=StringIO())
    report = build_report(Audit.objects.get())
    assert report.headline.value is None
    assert "has no mode unwelcome_but_correct" in report.headline_sentence
    assert "of the label set" in report.headline_sentence
    told = report.as_dict()
    assert told["headline"]["share"] is None
    assert "has no mode unwelcome_but_correct" in told["headline"]["undefined_because"]
    assert told["grid_undefined_because"] == "an imported label set has no frame of rated outputs"
    assert told["grid"]["down_correct"]["undefined_because"] == told["grid_undefined_because"]


def test_the_audits_page_groups_its_ways_and_offers_what_the_role_may_do(
    make_open_audit, lea_client, rey_client
):
    make_open_audit(1)
    lead, reader = (client.get("/audits/w34/").text for client in (lea_client, rey_client))
    assert [f"<h2>{group}</h2>" in lead for group in ("Work", "Read", "Set up")] == [True] * 3
    assert [f"<h2>{group}</h2>" in reader for group in ("Work", "Read", "Set up")] == [
        False,
        True,
        False,
    ]
    for way in ("/audits/w34/graders/", "/audits/w34/versions/", "/projects/assistant/codebooks/"):
        assert f'href="{way}"' in lead
        assert f'href="{way}"' in reader
    assert 'href="/projects/assistant/people/"' in lead
    assert "/people/" not in reader
