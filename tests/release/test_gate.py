"""The gate: a verdict with reasons, and an exit code that a CI job obeys."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from feedback.models import Feedback
from labeling.models import Label
from labeling.workflow import close_audit


def gate(project):
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("gate", "--project", project.slug, "--json", stdout=out)
    return ended.value.code, json.loads(out.getvalue())


@pytest.fixture
def label_share(make_output, make_audit, give_labels):
    """An audit of `n` negatives, all coders agreed, `n_unwelcome` of them unwelcome but correct."""

    def label(n, n_unwelcome):
        for number in range(n):
            make_output(f"o{number}")
        audit = make_audit()
        mode = {True: "unwelcome_but_correct", False: "hallucination"}
        give_labels(audit, {f"o{k}": [mode[k < n_unwelcome]] * 3 for k in range(n)})
        return audit

    return label


def test_without_a_finished_audit_the_gate_knows_nothing(project):
    code, said = gate(project)
    assert (code, said["state"], said["headline"]) == (30, "UNKNOWN", None)


def test_an_audit_that_is_still_labelled_is_not_asked(
    make_output, make_audit, give_labels, project
):
    make_output("o1")
    make_output("o2")
    give_labels(make_audit(), {"o1": ["refusal"] * 3})
    assert gate(project)[0] == 30


def test_a_share_that_is_surely_high_stops_the_release(label_share, project):
    label_share(60, 30)
    code, said = gate(project)
    assert (code, said["state"]) == (20, "STOP")
    assert "surely at or above 25.0%" in said["reasons"][0]
    assert said["policy_version"] == "default-1"


def test_a_share_that_straddles_a_threshold_holds(label_share, project):
    label_share(60, 9)
    code, said = gate(project)
    assert (code, said["state"]) == (10, "HOLD")


@pytest.fixture
def low_share(make_output, make_audit, give_labels):
    """100 negatives, none unwelcome, two modes; on `n_split` of them one coder says other."""

    def label(n_split):
        for number in range(100):
            make_output(f"o{number}")
        audit = make_audit()
        modes = ["hallucination", "refusal"]
        labels = {f"o{k}": [modes[k % 2]] * 3 for k in range(100)}
        for number in range(n_split):
            labels[f"o{number}"][0] = modes[(number + 1) % 2]
        give_labels(audit, labels)

    return label


def test_a_share_that_is_surely_low_passes_when_coders_agree(low_share, project):
    low_share(5)
    code, said = gate(project)
    assert (code, said["state"]) == (0, "PASS")
    assert said["headline"]["high"] <= 0.15


def test_a_low_share_that_rests_on_coders_who_disagree_holds(low_share, project):
    low_share(50)
    code, said = gate(project)
    assert (code, said["state"]) == (10, "HOLD")
    assert any("under 0.667" in reason for reason in said["reasons"])


def test_perfect_agreement_on_many_units_is_agreement(low_share, project):
    low_share(0)
    code, said = gate(project)
    assert (code, said["state"]) == (0, "PASS")
    assert "The coders agreed on every one of 100 units." in said["reasons"]


def test_an_audit_of_another_frame_is_not_asked(make_output, make_audit, give_labels, project):
    for number in range(40):
        output = make_output(f"o{number}", thumb="up")
        Feedback.objects.create(
            output=output, channel="disagree", value="no", is_negative=True, event_key="e"
        )
    audit = make_audit(frame="disagreed")
    give_labels(audit, {f"o{k}": ["unwelcome_but_correct"] * 3 for k in range(40)})
    assert gate(project)[0] == 30


def test_the_interval_speaks_of_the_future_and_not_of_the_closed_period(label_share, project):
    label_share(60, 30)
    headline = gate(project)[1]["headline"]
    assert headline["low"] < headline["share"] < headline["high"]


def test_an_unknown_project_is_status_2_and_not_a_verdict(project):
    with pytest.raises(CommandError) as caught:
        call_command("gate", "--project", "nope")
    assert caught.value.returncode == 2


def test_a_share_too_imprecise_to_show_passes_nothing(
    make_output, make_audit, give_labels, project
):
    for number in range(26):
        make_output(f"o{number}")
    audit = make_audit()
    give_labels(audit, {f"o{k}": [["hallucination", "refusal"][k % 2]] * 3 for k in range(26)})
    code, said = gate(project)
    assert (code, said["state"]) == (10, "HOLD")
    assert any(reason.startswith("Too imprecise: only 26") for reason in said["reasons"])


def test_a_closed_audit_that_is_half_labelled_says_so(label_share, make_output, project):
    audit = label_share(60, 30)
    audit.strata.update(n_sampled=60)
    Label.objects.filter(unit__name__in=[f"o{k}" for k in range(5)]).update(is_late=True)
    close_audit(audit)
    assert "Only 55 of 60 units are labelled." in gate(project)[1]["reasons"]
