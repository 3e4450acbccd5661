"""Training before an audit: the desk's two steps, the known answer after each, the bar."""

import re

import pytest
from django.core.management import call_command

from feedback.models import Feedback, Output
from labeling import planting, seating, workflow
from labeling.models import Audit, Gold, Label, Seat, TrainingAnswer, Verdict
from labeling.training import n_needed, training_state
from tests.labeling.test_blind import HIDDEN_OF_OUTPUT, NEVER_SHOWN, SAID, SHOWN_AFTER, found_in
from tests.sampled import token_on

HOME = "/audits/w34/training/"


@pytest.fixture
def audit(make_open_audit, make_gold):
    """Three training units, two of which are to be right: slow, slow, refused."""
    audit = make_open_audit(3, training_bar=0.6)
    for number, mode in ((101, "latency"), (102, "latency"), (103, "refusal")):
        make_gold(audit, number, mode, is_training=True, explanation=f"**Because** {number}.")
    return audit


def token_in(page):
    """The training unit on the page."""
    found = re.search(r'data-unit="([^"]+)"', page.text)
    return found[1] if found else ""


class Training:
    """A grader in training, by plain forms."""

    def __init__(self, client):
        self.client = client

    def get(self, path=""):
        return self.client.get(HOME + path)

    def post(self, token, **sent):
        return self.client.post(f"{HOME}{token}/", {"attempt": "1", **sent})

    def go(self, verdict, mode="", *, again="", attempt=1):
        """Answer the unit that comes next; the page with the known answer."""
        token = token_in(self.get(again))
        self.post(token, correctness=verdict, attempt=attempt)
        answer = self.post(token, failure_mode=mode, attempt=attempt)
        assert answer.status_code == 302, answer.text
        return self.client.get(answer.url)


@pytest.fixture
def training(ana_client):
    return Training(ana_client)


@pytest.fixture
def ana_coder(ana, audit):
    return workflow.coder_of(audit.project, ana)


def test_the_desk_leads_to_the_training_and_gives_no_unit(
    ana_client, ana_coder, audit, at_desk, training
):
    desk = at_desk(ana_client, audit)
    answer = desk.get()
    assert (answer.status_code, answer.url) == (302, HOME)
    assert "Training: 0 of 3, 0 right" in training.get().text
    assert seating.claim_next(audit, ana_coder) is None
    assert not Seat.objects.filter(coder__isnull=False).exists()


def test_a_unit_is_judged_blind_then_revealed_then_answered(training, audit):
    Feedback.objects.update(comment="COMMENT-MARK")
    page = training.get()
    assert "Was the answer right?" in page.text
    assert found_in(page, "COMMENT-MARK", "Because") == []
    token = token_in(page)
    assert training.post(token, correctness="correct").url == HOME
    page = training.get()
    assert "COMMENT-MARK" in page.text
    assert found_in(page, "Because") == []
    assert 'value="refusal"' not in page.text
    answer = training.post(token, failure_mode="formatting")
    assert answer.url == f"{HOME}{token}/"
    page = training.get(f"{token}/")
    assert "Not this time" in page.text
    assert "Correct, Formatting" in page.text
    assert "<b>Correct, Too slow</b>" in page.text
    assert "<strong>Because</strong> 101." in page.text
    assert "Training: 1 of 3, 0 right" in page.text
    assert token_in(training.get()) != token


@pytest.mark.parametrize("blind", [True, False])
def test_the_blind_step_is_as_blind_as_the_desks(training, audit, blind):
    Output.objects.update(**HIDDEN_OF_OUTPUT)
    Feedback.objects.update(channel="rating", **SAID)
    Audit.objects.update(is_blind=blind)
    page = training.get()
    assert found_in(page, *NEVER_SHOWN) == []
    assert found_in(page, *SHOWN_AFTER) == ([] if blind else list(SHOWN_AFTER))


def test_who_reaches_the_bar_may_start(ana_client, audit, at_desk, training):
    assert "Right" in training.go("correct", "latency").text
    training.go("correct", "latency")
    training.go("correct", "formatting")
    page = training.get()
    assert "You may start" in page.text
    assert "2 of 3 right" in page.text
    assert 'href="/audits/w34/label/"' in page.text
    assert at_desk(ana_client, audit).open().startswith("w34-token-")


def test_who_does_not_is_told_by_how_much_and_may_try_again(ana_client, audit, at_desk, training):
    for mode in ("latency", "formatting", "formatting"):
        training.go("correct", mode)
    page = training.get()
    assert "Not there yet" in page.text
    assert "You had 1 of 3 right; 2 are needed to start." in page.text
    assert at_desk(ana_client, audit).get().status_code == 302
    assert "Training: 0 of 3, 0 right" in training.get("?again=1").text
    training.go("correct", "latency", again="?again=1", attempt=2)
    assert "Training: 1 of 3, 1 right" in training.get().text
    training.go("correct", "latency", attempt=2)
    training.go("incorrect", "refusal", attempt=2)
    assert "You may start" in training.get().text
    assert TrainingAnswer.objects.filter(attempt=1).count() == 3
    assert at_desk(ana_client, audit).open()


def test_the_verdict_alone_may_be_right(ana_client, make_open_audit, training):
    audit = make_open_audit(1, training_bar=1)
    spare = make_open_audit(1, slug="spare").units.get().output
    planting.add_gold(
        audit=audit,
        output=spare,
        correctness="cannot_tell",
        mode=None,
        explanation="Nobody can.",
        is_training=True,
    )
    page = training.go("cannot_tell")
    assert "Right" in page.text
    assert "<b>Cannot tell</b>" in page.text
    assert "You may start" in training.get().text


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Verdict: expected one of correct, incorrect, cannot_tell, got &#x27;&#x27;."),
        ({"correctness": "yes"}, "Verdict: expected correct, incorrect or cannot tell, got “yes”."),
        ({"correctness": "correct", "attempt": "2"}, "of an earlier attempt: nothing was saved"),
        ({"correctness": "correct", "attempt": "none"}, "Enter a whole number."),
    ],
)
def test_a_wrong_verdict_form_gets_one_sentence(training, audit, sent, sentence):
    answer = training.post(token_in(training.get()), **sent)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not TrainingAnswer.objects.exists()


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("", "Choose the failure mode"),
        ("refusl", "Expected a mode of this codebook, got refusl."),
        ("refusal", "needs the verdict incorrect, got correct."),
    ],
)
def test_a_wrong_mode_form_gets_one_sentence_and_stays_open(training, audit, mode, sentence):
    token = token_in(training.get())
    training.post(token, correctness="correct")
    answer = training.post(token, failure_mode=mode)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'name="failure_mode"' in answer.text
    assert TrainingAnswer.objects.get().answered_at is None


def test_a_double_click_is_one_answer_and_the_first_stays(training, audit):
    token = token_in(training.get())
    for verdict in ("correct", "incorrect"):
        assert training.post(token, correctness=verdict).status_code == 302
    for mode in ("latency", "formatting"):
        assert training.post(token, failure_mode=mode).status_code == 302
    answer = TrainingAnswer.objects.get()
    assert (answer.correctness, answer.failure_mode.code) == ("correct", "latency")


def test_after_passing_nothing_more_is_taken(training, audit):
    for _ in range(2):
        training.go("correct", "latency")
    training.go("incorrect", "refusal")
    token = TrainingAnswer.objects.first().gold.unit.token
    assert training.post(token, correctness="correct", attempt=2).status_code == 302
    assert TrainingAnswer.objects.count() == 3
    assert "of an earlier attempt" in training.get().text


def test_a_lead_who_labels_trains_too(lea_client, audit, at_desk):
    assert at_desk(lea_client, audit).get().url == HOME


@pytest.mark.parametrize("step", ["", "verdict/", "label/", "skip/"])
def test_a_training_unit_is_no_unit_of_the_desk(ana_client, training, audit, at_desk, step):
    token = token_in(training.get())
    desk = at_desk(ana_client, audit)
    assert desk.get(f"units/{token}/").status_code == 404
    desk.post(f"units/{token}/{step}", {"correctness": "correct", "failure_mode": "latency"})
    assert not Label.objects.exists()
    assert not Seat.objects.filter(coder__isnull=False).exists()


def test_silent_gold_has_no_page_in_training(ana_client, audit, make_gold):
    silent = make_gold(audit, 300).unit
    assert ana_client.get(f"{HOME}{silent.token}/").status_code == 404
    assert ana_client.post(f"{HOME}{silent.token}/", {"attempt": "1"}).status_code == 404


def test_without_a_bar_or_without_units_no_training_is_asked(
    ana_client, make_open_audit, make_gold, at_desk, training
):
    audit = make_open_audit(1, training_bar=0.8)
    assert "No training is asked" in training.get().text
    assert at_desk(ana_client, audit).open()
    make_gold(audit, 100, is_training=True)
    assert at_desk(ana_client, audit).get().status_code == 302
    Audit.objects.update(training_bar=None)
    assert at_desk(ana_client, audit).open()


def test_a_closed_audit_asks_no_training(ana_client, audit, at_desk, training):
    token = token_in(training.get())
    workflow.close_audit(audit)
    assert training.get().url == "/audits/w34/label/"
    assert training.post(token, correctness="correct").status_code == 404
    assert "is closed" in at_desk(ana_client, audit).get().text


def test_a_bar_that_came_in_the_middle_is_named_where_the_queue_ends(
    ana_client, make_open_audit, make_gold, at_desk
):
    audit = make_open_audit(2)
    desk = at_desk(ana_client, audit)
    token = desk.open()
    desk.verdict(token, "correct")
    make_gold(audit, 100, is_training=True)
    Audit.objects.update(training_bar=0.8)
    answer = desk.label(token, "latency")
    assert "A training comes first" in answer.text
    assert token_on(answer) == ""


def test_a_unit_added_or_retired_later_does_not_undo_what_was_passed(
    training, audit, ana_coder, make_gold
):
    for _ in range(3):
        training.go("correct", "latency")
    assert training_state(audit, ana_coder).passed
    make_gold(audit, 200, is_training=True)
    planting.retire(Gold.objects.first())
    assert training_state(audit, ana_coder).passed
    Audit.objects.update(training_bar=0.9)
    audit.refresh_from_db()
    assert not training_state(audit, ana_coder).passed


def test_a_unit_retired_during_an_attempt_is_asked_no_more(training, audit, ana_coder):
    first = token_in(training.get())
    training.post(first, correctness="correct")
    planting.retire(Gold.objects.get(unit__token=first))
    assert token_in(training.get()) not in ("", first)
    training.go("correct", "latency")
    training.go("incorrect", "refusal")
    state = training_state(audit, ana_coder)
    assert (state.passed, state.n_done, state.n_right) == (True, 2, 2)


def test_what_was_explained_in_training_is_not_planted_afterwards(training, audit, ana_coder):
    training.go("correct", "latency")
    gold = TrainingAnswer.objects.get().gold
    Gold.objects.exclude(pk=gold.pk).update(retired_at=gold.created_at)
    Gold.objects.filter(pk=gold.pk).update(is_training=False)
    assert planting.next_gold(audit, ana_coder) is None


def test_training_makes_no_label_verdict_or_seat(training, audit):
    before = Seat.objects.count()
    for _ in range(3):
        training.go("correct", "latency")
    assert TrainingAnswer.objects.count() == 3
    assert not Label.objects.exists()
    assert not Verdict.objects.exists()
    assert Seat.objects.count() == before


def test_training_changes_no_figure(lea_client, training, audit, capsys):
    def figures():
        capsys.readouterr()
        call_command("report", audit.slug, "--json")
        call_command("audits", "--json")
        return capsys.readouterr().out

    before = figures()
    for _ in range(3):
        training.go("correct", "latency")
    assert figures() == before
    assert "0 labelled by you" in lea_client.get("/").text


@pytest.mark.parametrize(
    ("n_units", "bar", "needed"),
    [(10, 0.8, 8), (3, 0.67, 2), (3, 0.66, 2), (10, 0.85, 9), (1, 1, 1)],
)
def test_how_many_reach_the_bar(n_units, bar, needed):
    assert n_needed(n_units, bar) == needed


def test_an_explanation_is_hostile_text(training, make_open_audit, make_gold):
    audit = make_open_audit(1, training_bar=0.5)
    make_gold(audit, 100, is_training=True, explanation="<script>alert(1)</script> <img src=x>")
    page = training.go("correct", "latency")
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
