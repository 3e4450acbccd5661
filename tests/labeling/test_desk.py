"""The grader's desk, by htmx and by plain forms: what is on it, and what it takes."""

import re
import uuid
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from feedback.models import Feedback, Output
from labeling.codebook_versions import adopt, next_version
from labeling.codebooks import read_modes
from labeling.models import Label, Skip, Verdict
from projects.models import User
from tests.sampled import add_unit, token_on

BOTH_WAYS = pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
HIDDEN_OF_UNIT = ("0.123456", "STRATUM-MARK", "OUTPUT-0", "OUTPUT-1", "OUTPUT-2")
HIDDEN_OF_OUTPUT = {
    "model": "MODEL-MARK",
    "release": "RELEASE-MARK",
    "domain": "DOMAIN-MARK",
    "user_key": "USER-MARK",
    "metadata": {"arm": "ARM-MARK"},
}
SAID = {
    "value": "VALUE-MARK",
    "reason": "REASON-MARK",
    "comment": "COMMENT-MARK",
    "user_key": "RATER-MARK",
}


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(3)


@pytest.fixture
def ana_desk(ana_client, audit, at_desk):
    return at_desk(ana_client, audit)


@pytest.fixture
def marked(audit):
    """Everything a grader may not see yet holds a word that can be found in the bytes."""
    Output.objects.update(**HIDDEN_OF_OUTPUT)
    Feedback.objects.update(channel="rating", **SAID)
    return audit


def found_in(page, *marks):
    """The marks in the answer, headers and cookies included."""
    everything = page.serialize() if hasattr(page, "serialize") else page.content
    return [mark for mark in marks if mark.encode() in everything]


NEVER_SHOWN = (
    *HIDDEN_OF_UNIT,
    "MODEL-MARK",
    "RELEASE-MARK",
    "DOMAIN-MARK",
    "USER-MARK",
    "ARM-MARK",
    "RATER-MARK",
    "sampled",
)
SHOWN_AFTER = ("VALUE-MARK", "REASON-MARK", "COMMENT-MARK")


@BOTH_WAYS
def test_the_blind_step_holds_nothing_the_user_said_and_nothing_of_the_sample(
    ana_client, marked, at_desk, htmx
):
    desk = at_desk(ana_client, marked, htmx=htmx)
    page = desk.get()
    assert "It closed 0 weeks ago." in page.text
    assert found_in(page, *NEVER_SHOWN, *SHOWN_AFTER) == []


@BOTH_WAYS
def test_every_later_blind_step_is_as_blind(ana_client, marked, at_desk, htmx):
    """After a skip, an undo, a label, a refused verdict and a refused skip."""
    desk = at_desk(ana_client, marked, htmx=htmx)
    first = desk.open()
    steps = [desk.verdict(first, "nonsense"), desk.skip(first, "nonsense"), desk.skip(first)]
    steps += [desk.get(), desk.undo(), desk.get(f"units/{first}/"), desk.label(first, "latency")]
    desk.verdict(first, "correct")
    steps += [desk.label(first, "latency"), desk.get()]
    for page in steps:
        assert found_in(page, *NEVER_SHOWN, *SHOWN_AFTER) == []


@BOTH_WAYS
def test_after_the_verdict_the_user_speaks_and_the_sample_stays_hidden(
    ana_client, marked, at_desk, htmx
):
    desk = at_desk(ana_client, marked, htmx=htmx)
    token = desk.open()
    answer = desk.verdict(token, "correct")
    page = answer if htmx else desk.get()
    assert found_in(page, *SHOWN_AFTER) == list(SHOWN_AFTER)
    assert found_in(page, *NEVER_SHOWN) == []


def test_an_audit_that_is_not_blind_says_at_once_what_the_user_said(
    ana_client, make_open_audit, at_desk
):
    audit = make_open_audit(1, is_blind=False)
    Feedback.objects.update(comment="COMMENT-MARK")
    assert "COMMENT-MARK" in at_desk(ana_client, audit).get().text


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
    assert re.search(r'<span class="saved">Saved \d\d:\d\d:\d\d</span>', answer.text)
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


def test_undo_brings_the_unit_back_with_its_locked_verdict_and_keeps_the_old_label(ana_desk):
    old = ana_desk.give("correct", "latency")
    page = ana_desk.undo()
    assert token_on(page) == old.unit.token
    assert 'value="unwelcome_but_correct"' in page.text
    ana_desk.label(old.unit.token, "formatting")
    old.refresh_from_db()
    assert old.superseded_at is not None
    assert Label.objects.current().get().failure_mode.code == "formatting"


@BOTH_WAYS
def test_undo_of_a_skip_shows_the_unit_again(ana_client, audit, at_desk, htmx):
    desk = at_desk(ana_client, audit, htmx=htmx)
    token = desk.open()
    desk.skip(token)
    answer = desk.undo()
    assert token_on(answer if htmx else ana_client.get(answer.url)) == token
    assert Skip.objects.get().undone_at is not None


def test_undo_with_nothing_to_undo_says_so(ana_desk):
    answer = ana_desk.undo()
    assert answer.status_code == 422
    assert "There is nothing to undo" in answer.text


def test_undo_of_a_skip_whose_places_are_taken_says_so_and_the_skip_stays(
    ana_client, make_open_audit, ben_client, at_desk
):
    audit = make_open_audit(1, coders=1)
    desk = at_desk(ana_client, audit)
    desk.skip(desk.open())
    at_desk(ben_client, audit).give()
    answer = desk.undo()
    assert answer.status_code == 422
    assert "gone to other graders" in answer.text
    assert Skip.objects.get().undone_at is None


def test_undo_works_step_by_step(ana_desk):
    first, second = ana_desk.give(), ana_desk.give()
    assert token_on(ana_desk.undo()) == second.unit.token
    assert token_on(ana_desk.undo()) == first.unit.token
    assert not Label.objects.current().exists()


def test_a_skip_needs_a_reason_of_the_list(ana_desk):
    token = ana_desk.open()
    for sent in ({}, {"reason": "bored"}):
        answer = ana_desk.post(f"units/{token}/skip/", sent)
        assert answer.status_code == 422
        assert "reason of the list" in answer.text
    assert not Skip.objects.exists()


def test_a_labelled_unit_is_not_skipped_by_a_stale_page(ana_desk):
    label = ana_desk.give()
    answer = ana_desk.skip(label.unit.token)
    assert answer.status_code == 422
    assert "undo the label before you skip" in answer.text
    assert not Skip.objects.exists()


def test_a_closed_audit_takes_nothing_and_says_why(ana_desk, audit):
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    audit.status = "closed"
    audit.save(update_fields=["status"])
    for answer in (ana_desk.label(token, "latency"), ana_desk.skip(token)):
        assert answer.status_code == 422
        assert "is closed and takes no more labels" in answer.text
    assert "This audit is closed" in ana_desk.get().text
    assert not Label.objects.exists()
    assert not Skip.objects.exists()


def test_a_label_sent_before_the_audit_closed_still_gets_its_receipt(ana_desk, audit):
    form = {"submission_id": str(uuid.uuid4())}
    label = ana_desk.give(**form)
    audit.status = "closed"
    audit.save(update_fields=["status"])
    again = ana_desk.label(label.unit.token, "latency", **form)
    assert again.status_code == 200
    assert 'class="saved"' in again.text


@pytest.mark.parametrize("step", ["", "verdict/", "label/", "skip/"])
def test_an_unknown_unit_and_one_of_another_audit_are_the_same_missing_page(
    ana_client, audit, make_open_audit, at_desk, step
):
    other = make_open_audit(1, slug="w35")
    desk = at_desk(ana_client, audit, htmx=False)
    missing = ana_client.get("/no/such/page/").content
    for token in ("nonsense", other.units.get().token):
        answer = desk.post(f"units/{token}/{step}") if step else desk.get(f"units/{token}/")
        assert (answer.status_code, answer.content) == (404, missing)


def test_a_unit_that_is_not_mine_does_not_exist(ana_desk, ben_client, audit, at_desk):
    ana_desk.open()
    not_held = audit.units.last().token
    assert at_desk(ben_client, audit).get(f"units/{not_held}/").status_code == 404


def test_a_grader_of_another_project_gets_the_missing_page(elsewhere, audit):
    stranger = elsewhere[1]
    missing = stranger.get("/no/such/page/").content
    for path in ("label/", f"units/{audit.units.first().token}/"):
        answer = stranger.get(f"/audits/{audit.slug}/{path}")
        assert (answer.status_code, answer.content) == (404, missing)


def test_a_removed_member_is_out_on_the_next_request(ana_desk, ana):
    assert ana_desk.get().status_code == 200
    ana.memberships.update(removed_at=timezone.now())
    assert ana_desk.get().status_code == 404


def test_a_deactivated_account_is_signed_out_on_the_next_request(ana_desk, ana):
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert ana_desk.get().status_code == 401


def test_researcher_and_admin_cannot_label(rey_client, adam_client, audit, at_desk):
    token = audit.units.first().token
    for client in (rey_client, adam_client):
        desk = at_desk(client, audit)
        assert desk.get().status_code == 404
        assert desk.verdict(token, "correct").status_code == 404
    assert not Verdict.objects.exists()


def test_a_lead_may_label_too(lea_client, audit, at_desk):
    assert at_desk(lea_client, audit).give().category == "latency"


@pytest.mark.parametrize("path", ["label/", "units/w34-token-0/verdict/", "undo/"])
def test_signed_out_htmx_gets_a_401_it_can_show_and_a_page_the_sign_in(audit, path):
    url = f"/audits/{audit.slug}/{path}"
    send = Client().get if path == "label/" else Client().post
    by_htmx = send(url, headers={"HX-Request": "true"})
    assert by_htmx.status_code == 401
    assert 'id="signed-out"' in by_htmx.text
    plain = Client().get(url)
    assert (plain.status_code, plain.headers["Location"].split("?")[0]) == (302, "/sign-in/")


@pytest.mark.parametrize("step", ["verdict/", "label/", "skip/"])
def test_the_address_of_a_form_leads_back_to_the_desk(ana_desk, step):
    """Somebody who signs in again is sent to the address the form had."""
    answer = ana_desk.get(f"units/{ana_desk.open()}/{step}")
    assert (answer.status_code, answer.url) == (302, "/audits/w34/label/")


def test_forms_need_the_csrf_token(ana, audit):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    page = strict.get(f"/audits/{audit.slug}/label/")
    url = f"/audits/{audit.slug}/units/{token_on(page)}/verdict/"
    assert strict.post(url, {"correctness": "correct"}).status_code == 403
    assert not Verdict.objects.exists()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
    header = re.search(r'"X-CSRFToken": "([^"]+)"', page.text)[1]
    form = {"correctness": "correct", "csrfmiddlewaretoken": token}
    assert strict.post(url, form).status_code == 302
    by_header = strict.post(
        url, {"correctness": "correct"}, headers={"HX-Request": "true", "X-CSRFToken": header}
    )
    assert by_header.status_code == 200


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


class TestEmptyQueue:
    """The empty desk says why."""

    def test_done_by_me(self, ana_client, make_open_audit, at_desk):
        desk = at_desk(ana_client, make_open_audit(1))
        desk.give()
        page = desk.get()
        assert "You have seen every unit that still needs a label" in page.text
        assert "You gave 1 label." in page.text
        assert "Undo my last label" in page.text

    def test_finished(self, ana_client, make_open_audit, at_desk):
        desk = at_desk(ana_client, make_open_audit(1, coders=1))
        desk.give()
        assert "Every unit has all its labels" in desk.get().text

    def test_held_by_others(self, ana_client, ben_client, make_open_audit, at_desk):
        audit = make_open_audit(1, coders=1)
        at_desk(ben_client, audit).open()
        assert "Other graders hold the last units" in at_desk(ana_client, audit).get().text

    def test_skipped_by_me_and_held_by_another_is_not_a_reason_to_wait(
        self, ana_client, ben_client, make_open_audit, at_desk
    ):
        audit = make_open_audit(1, coders=1)
        desk = at_desk(ana_client, audit)
        desk.skip(desk.open())
        at_desk(ben_client, audit).open()
        page = desk.get()
        assert "the rest is for other graders" in page.text
        assert "skipped 1 unit" in page.text
        assert "Undo my last label or skip" in page.text

    def test_an_imported_audit_has_nothing_to_label(self, ana_client, make_open_audit, at_desk):
        audit = make_open_audit(1, kind="imported")
        assert "made elsewhere" in at_desk(ana_client, audit).get().text


def test_hostile_output_is_inert_on_the_desk(ana_client, make_open_audit, at_desk):
    audit = make_open_audit(1)
    content = audit.units.get().output.content
    content.text = '<script>alert(1)</script> <form hx-post="/x"><button name="correctness">'
    content.conversation = [{"role": 'user"><img src=x>', "content": "<img src=x onerror=y>"}]
    content.save()
    page = at_desk(ana_client, audit, htmx=False).get().text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert '<form hx-post="/x"' not in page


def test_a_page_without_a_latency_says_so(ana_client, make_open_audit, at_desk):
    audit = make_open_audit(1)
    Output.objects.update(latency_ms=None)
    assert "latency not known" in at_desk(ana_client, audit).get().text


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
