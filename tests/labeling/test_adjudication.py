"""The lead decides where coders disagree: without names, with a reason, overwriting nothing."""

import pytest

from labeling import workflow
from labeling.models import Adjudication, Coder, Label
from projects.models import User

URL = "/audits/w34/adjudicate/"


@pytest.fixture
def split(audit, ana_client, ben_client, at_desk):
    """u0: two modes. u1: two verdicts. u2: agreement."""
    User.objects.filter(username="ana").update(first_name="ANAFIRST", last_name="ANALAST")
    ana, ben = at_desk(ana_client, audit), at_desk(ben_client, audit)
    ana.give("correct", "latency", note="NOTE-OF-A")
    ben.give("correct", "formatting")
    ana.give("correct", "latency")
    ben.give("cannot_tell")
    ana.give("incorrect", "refusal")
    ben.give("incorrect", "refusal")
    return audit


@pytest.fixture
def first(split):
    return split.units.first()


def decide(client, unit, **changes):
    form = {"correctness": "correct", "failure_mode": "latency", "reason": "It took 40 s."}
    return client.post(f"{URL}{unit.token}/", {**form, **changes})


def test_the_lead_sees_only_units_whose_coders_disagree(lea_client, split):
    queue = lea_client.get(URL)
    assert queue.status_code == 302
    page = lea_client.get(queue.url).text
    assert "2 waiting" in page
    agreed = split.units.last()
    assert lea_client.get(f"{URL}{agreed.token}/").status_code == 404


def test_labels_stand_side_by_side_without_names(lea_client, first):
    page = lea_client.get(f"{URL}{first.token}/")
    modes = first.audit.codebook.modes.filter(code__in=["latency", "formatting"])
    for shown in ("Coder A", "Coder B", *(mode.name for mode in modes), "NOTE-OF-A"):
        assert shown in page.text
    names = [coder.name for coder in Coder.objects.all()]
    for hidden in (*names, "ANAFIRST", "ANALAST", ">ana<", ">ben<", "grader"):
        assert hidden.encode() not in page.content, hidden


def test_a_decision_goes_to_the_next_unit_and_overwrites_no_label(lea_client, first):
    before = list(Label.objects.order_by("pk").values())
    answer = decide(lea_client, first)
    assert (answer.status_code, answer.url) == (302, URL)
    decision = Adjudication.objects.get()
    assert (decision.category, decision.reason) == ("latency", "It took 40 s.")
    assert list(Label.objects.order_by("pk").values()) == before
    assert "1 waiting" in lea_client.get(URL, follow=True).text


def test_a_second_decision_supersedes_the_first_and_both_are_kept(lea_client, first):
    decide(lea_client, first)
    assert "Decided before" in lea_client.get(f"{URL}{first.token}/").text
    decide(lea_client, first, failure_mode="formatting", reason="Seen again.")
    assert Adjudication.objects.count() == 2
    assert Adjudication.objects.current().get().category == "formatting"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reason": ""}, "Say why."),
        ({"reason": "   "}, "Say why."),
        ({"failure_mode": "hallucination"}, "needs the verdict incorrect, got correct"),
        ({"failure_mode": ""}, "Choose the failure mode"),
        ({"failure_mode": "refusl"}, "expected a mode of this codebook, got refusl"),
        ({"correctness": ""}, "Say whether the answer was right."),
        ({"correctness": "maybe"}, "got maybe"),
    ],
)
def test_a_wrong_decision_gets_one_sentence_and_changes_nothing(
    lea_client, first, changes, sentence
):
    answer = decide(lea_client, first, note="x", **changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert answer.text.count('class="field-error"') == 1
    if "reason" not in changes:
        assert "It took 40 s." in answer.text
    assert not Adjudication.objects.exists()


def test_cannot_tell_is_a_decision_without_a_mode(lea_client, first):
    decide(lea_client, first, correctness="cannot_tell", failure_mode="")
    assert Adjudication.objects.get().category == "cannot_tell"


def test_when_nothing_waits_the_decisions_are_listed(lea_client, split):
    for unit in split.units.all()[:2]:
        decide(lea_client, unit)
    page = lea_client.get(URL)
    assert page.status_code == 200
    assert "No disagreement waits" in page.text
    assert page.text.count("It took 40 s.") == 2


def test_a_late_label_makes_no_disagreement(make_open_audit, ana, ben, project, lea_client):
    audit = make_open_audit(1, slug="late", coders=1)
    unit = audit.units.get()
    for person, code in ((ana, "latency"), (ben, "formatting")):
        coder = workflow.coder_of(project, person)
        workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
        mode = audit.codebook.modes.get(code=code)
        judgment = workflow.Judgment(correctness="correct", failure_mode=mode)
        workflow.record_label(unit=unit, coder=coder, judgment=judgment, submission_id=code)
    assert "0 units had different labels" in lea_client.get("/audits/late/adjudicate/").text


def test_graders_and_researchers_do_not_decide(ana_client, rey_client, first):
    for client in (ana_client, rey_client):
        assert client.get(URL).status_code == 404
        assert decide(client, first).status_code == 404
    assert not Adjudication.objects.exists()


def test_the_lead_of_another_project_gets_the_missing_page(elsewhere, first):
    project, stranger = elsewhere
    project.memberships.update(role="lead")
    assert stranger.get(f"{URL}{first.token}/").status_code == 404
