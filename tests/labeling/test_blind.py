"""What is on the desk: blind until the verdict is locked, and nothing of the sample ever."""

import pytest

from feedback.models import Feedback, Output

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
