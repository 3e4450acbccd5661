"""The grader's desk, by htmx and by plain forms: what it takes, once, and what it refuses."""

import re
import uuid
from dataclasses import replace

import pytest
from django.db import connection

from labeling.codebook_versions import adopt, next_version
from labeling.codebooks import read_modes
from labeling.models import Label, Verdict
from tests.sampled import add_unit, token_on

BOTH_WAYS = pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])


def test_a_plain_form_posts_redirects_and_shows_the_receipt(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit, htmx=False)
    token = desk.open()
    assert desk.verdict(token, "correct").status_code == 302
    answer = desk.label(token, "latency")
    assert (answer.status_code, answer.url) == (302, "/audits/w34/label/")
    page = desk.get()
    assert "Saved at" in page.text
    assert token_on(page) != token


def test_for_htmx_each_answer_is_the_next_state_with_the_receipt(ana_desk):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    answer = ana_desk.label(token, "latency")
    assert answer.status_code == 200
    assert answer.headers["X-Desk"] == "unit"
    assert "<html" not in answer.text
    assert re.search(r'<span class="saved">Saved \d\d:\d\d:\d\d UTC</span>', answer.text)
    assert "1 by you" in answer.text
    assert token_on(answer) != token


def test_the_verdict_is_locked(ana_desk):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    again = ana_desk.verdict(token, "incorrect")
    assert again.status_code == 422
    assert "locked before as “Correct”" in again.text
    assert Verdict.objects.get().correctness == "correct"


def test_a_double_click_on_a_verdict_is_no_error(ana_desk):
    token = ana_desk.open()
    assert ana_desk.verdict(token, "correct").status_code == 200
    assert ana_desk.verdict(token, "correct").status_code == 200
    assert Verdict.objects.count() == 1


@pytest.mark.parametrize("sent", [{}, {"correctness": "wrong"}, {"correctness": "\0"}])
def test_a_verdict_that_is_none_says_what_was_expected(ana_desk, sent):
    token = ana_desk.open()
    answer = ana_desk.post(f"units/{token}/verdict/", sent)
    assert answer.status_code == 422
    assert "Verdict: expected correct, incorrect or cannot tell, got" in answer.text
    assert not Verdict.objects.exists()


def test_a_label_without_a_verdict_is_refused_with_the_reason(ana_desk):
    answer = ana_desk.label(ana_desk.open(), "latency")
    assert answer.status_code == 422
    assert "The verdict comes first" in answer.text
    assert not Label.objects.exists()


@BOTH_WAYS
def test_a_mode_that_contradicts_the_verdict_is_refused_and_the_page_keeps_what_was_typed(
    ana_client, audit, at_desk, htmx
):
    desk = at_desk(ana_client, audit, htmx=htmx)
    token = desk.open()
    desk.verdict(token, "correct")
    answer = desk.label(token, "hallucination", note="my <note>", further_modes="formatting")
    assert answer.status_code == 422
    assert "needs the verdict incorrect, got correct." in answer.text
    assert "my &lt;note&gt;" in answer.text
    assert re.search(r'name="further_modes" value="formatting"[^>]* checked', answer.text)
    assert not Label.objects.exists()


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose the failure mode"),
        ({"failure_mode": "refusl"}, "expected a mode of this codebook, got refusl"),
        (
            {"failure_mode": "latency", "further_modes": "refusl"},
            "expected modes of this codebook, got refusl",
        ),
        (
            {"failure_mode": "latency", "further_modes": "hallucination"},
            "needs the verdict incorrect",
        ),
        (
            {"failure_mode": "latency", "correctness": "yes"},
            "expected correct, incorrect or cannot_tell, got yes",
        ),
        ({"failure_mode": "latency", "note": "n" * 4001}, "at most 4000 characters (it has 4001)"),
        ({"failure_mode": "latency", "note": "a\0b"}, "Null characters"),
        ({"failure_mode": "latency", "submission_id": "7"}, "valid UUID"),
    ],
)
def test_a_wrong_label_form_gets_one_sentence_and_changes_nothing(ana_desk, sent, sentence):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    answer = ana_desk.post(f"units/{token}/label/", sent)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert answer.text.count('class="field-error"') == 1
    assert 'name="failure_mode"' in answer.text
    assert not Label.objects.exists()
    if sent.get("failure_mode") == "latency":
        assert re.search(r'value="latency"[^>]* checked', answer.text)


def test_changing_the_verdict_needs_a_reason_and_keeps_both(ana_desk):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    page = ana_desk.get(f"units/{token}/?revise=1")
    assert 'value="hallucination"' in page.text
    changed = {"correctness": "incorrect", "failure_mode": "hallucination"}
    refused = ana_desk.post(f"units/{token}/label/", changed)
    assert refused.status_code == 422
    assert "needs a reason" in refused.text
    assert re.search(r'value="incorrect"[^>]* checked', refused.text)
    taken = ana_desk.post(f"units/{token}/label/", changed | {"revision_reason": "He is right."})
    assert taken.status_code == 200
    label = Label.objects.get()
    assert (label.verdict.correctness, label.correctness) == ("correct", "incorrect")
    assert label.revision_reason == "He is right."


def test_cannot_tell_needs_no_mode(ana_desk):
    token = ana_desk.open()
    page = ana_desk.verdict(token, "cannot_tell")
    assert 'name="failure_mode"' not in page.text
    assert ana_desk.label(token).status_code == 200
    assert Label.objects.get().category == "cannot_tell"


def test_a_sham_unit_asks_no_mode_and_looks_like_any_other_before_the_verdict(
    ana_client, make_open_audit, at_desk
):
    audit = make_open_audit(0)
    add_unit(audit, 0, kind="sham")
    desk = at_desk(ana_client, audit)
    page = desk.get()
    assert "sham" not in page.text
    revealed = desk.verdict(token_on(page), "correct")
    assert 'name="failure_mode"' not in revealed.text
    assert desk.label(token_on(page)).status_code == 200
    label = Label.objects.get()
    assert (label.correctness, label.asks_mode, label.failure_mode) == ("correct", False, None)


def test_the_same_submission_twice_is_one_label(ana_desk):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    form = {"failure_mode": "latency", "submission_id": str(uuid.uuid4())}
    first = ana_desk.post(f"units/{token}/label/", form)
    again = ana_desk.post(f"units/{token}/label/", form)
    assert (first.status_code, again.status_code) == (200, 200)
    assert Label.objects.count() == 1
    assert "Saved" in again.text


def test_the_same_submission_with_another_answer_is_not_called_saved(ana_desk):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    form = {"failure_mode": "latency", "submission_id": str(uuid.uuid4())}
    ana_desk.post(f"units/{token}/label/", form)
    answer = ana_desk.post(f"units/{token}/label/", form | {"failure_mode": "formatting"})
    assert answer.status_code == 422
    assert "nothing was saved" in answer.text
    assert 'class="saved"' not in answer.text
    assert Label.objects.get().failure_mode.code == "latency"


def test_a_submission_that_was_undone_is_not_called_saved(ana_desk):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    form = {"failure_mode": "latency", "submission_id": str(uuid.uuid4())}
    ana_desk.post(f"units/{token}/label/", form)
    ana_desk.undo()
    answer = ana_desk.post(f"units/{token}/label/", form)
    assert answer.status_code == 422
    assert not Label.objects.current().exists()


def test_somebody_elses_submission_id_is_refused_and_the_form_gets_a_fresh_one(
    ana_desk, ben_client, audit, at_desk
):
    used = str(uuid.uuid4())
    ana_desk.give(submission_id=used)
    ben_desk = at_desk(ben_client, audit)
    token = ben_desk.open()
    ben_desk.verdict(token, "correct")
    answer = ben_desk.label(token, "latency", submission_id=used)
    assert answer.status_code == 422
    assert used not in answer.text
    assert Label.objects.count() == 1


def test_two_tabs_show_the_same_unit_and_leave_one_current_label(ana_desk):
    """The second tab's answer supersedes the first one's, and both are kept."""
    first, second = ana_desk.open(), ana_desk.open()
    assert first == second
    ana_desk.verdict(first, "correct")
    ana_desk.label(first, "latency", submission_id=str(uuid.uuid4()))
    ana_desk.label(second, "formatting", submission_id=str(uuid.uuid4()))
    assert Label.objects.count() == 2
    assert Label.objects.current().get().failure_mode.code == "formatting"


def test_a_label_from_a_page_of_an_older_codebook_is_not_called_one_of_the_new(
    ana_desk, audit, lea
):
    """The audit went on to another version while the page was open."""
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    old = audit.codebook
    first, *rest = read_modes(old)
    shorter = replace(first, definition="It declined.")
    newer = next_version(old, [shorter, *rest], note="Shorter.", by=lea)
    adopt(audit, newer)
    answer = ana_desk.label(token, "latency", codebook_version=str(old.version))
    assert answer.status_code == 422
    assert "went on to version 2 while this page was open" in answer.text
    assert not Label.objects.exists()
    ana_desk.label(token, "latency", codebook_version=str(newer.version))
    assert Label.objects.get().codebook == newer


def test_query_counts(ana_client, make_open_audit, at_desk, django_assert_num_queries):
    """What one unit costs; the same for 3 units as for 30."""
    audit = make_open_audit(30)
    desk = at_desk(ana_client, audit)
    desk.give()
    lock = int(connection.features.has_select_for_update)  # SQLite needs none
    with django_assert_num_queries(PAGE + lock):
        token = desk.open()
    with django_assert_num_queries(VERDICT):
        desk.verdict(token, "correct")
    with django_assert_num_queries(LABEL + lock):
        desk.label(token, "latency", submission_id=str(uuid.uuid4()))


PAGE, VERDICT, LABEL = 16, 21, 35
