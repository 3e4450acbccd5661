"""What a coder chose long enough ago is not shown to them: a repeat of it may be on their desk."""

import re

import pytest

from labeling import planting, workflow
from labeling.grader_reports import build_grader_report
from labeling.models import Draft, Label, Seat, Unit
from tests.sampled import token_on

MINE = "/audits/w34/mine/"
NOTE = "NOTE-OF-THE-FIRST"


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(6, coders=1)  # a label is sealed, and may be repeated, after three


@pytest.fixture
def desk(ana_client, audit, at_desk):
    return at_desk(ana_client, audit)


@pytest.fixture
def first(desk):
    """The first of four labels, old enough to be repeated."""
    label = desk.give("incorrect", "hallucination", note=NOTE)
    for _ in range(3):
        desk.give("correct", "latency")
    return label


@pytest.fixture
def repeat(desk, first, monkeypatch):
    """A repeat of the first unit, on the desk."""
    return serve_repeat(desk, first, monkeypatch)


def serve_repeat(desk, first, monkeypatch):
    """Put the unit on the desk back, so that the next one is a repeat."""
    held = Seat.objects.filter(coder__isnull=False, is_done=False)
    held.update(coder=None, claimed_at=None, lease_until=None)
    type(desk.audit).objects.update(repeat_share=0.5)
    monkeypatch.setattr(planting, "digest", lambda *_: "00000000")
    token = desk.open()
    assert Unit.objects.get(token=token).repeats == first.unit
    return token


def address(label):
    return f"units/{label.unit.token}/"


def line_of(desk, label):
    sent = desk.client.get(MINE).context["sent"]
    return next(line for line in sent if line.token == label.unit.token)


OF_ONE_SHOWING = re.compile(
    r'X-CSRFToken": "[^"]*"|name="(csrfmiddlewaretoken|submission_id)" [^>]*>'
)


def lasting(page):
    """The page without what is its own in every showing."""
    return OF_ONE_SHOWING.sub("", page.text)


SAID = (NOTE, '<b class="verdict-incorrect">', " checked", "Hallucination</td>")


def test_what_was_chosen_is_readable_until_the_unit_may_be_repeated(desk):
    first = desk.give("incorrect", "hallucination", note=NOTE)
    for _ in range(2):
        desk.give("correct", "latency")
    line = line_of(desk, first)
    assert (line.is_sealed, line.correctness, line.has_note) == (False, "Incorrect", True)
    assert NOTE in desk.get(address(first)).text
    desk.give("correct", "latency")
    line = line_of(desk, first)
    assert (line.is_sealed, line.correctness, line.mode, line.has_note) == (True, "", "", False)
    assert "not shown any more" in desk.client.get(MINE).text


def test_while_a_repeat_is_on_the_desk_nothing_of_the_first_label_can_be_read(desk, first, repeat):
    pages = [
        desk.client.get(MINE),
        desk.get(address(first)),
        desk.get(f"{address(first)}?revise=1"),
        desk.client.get(f"/audits/w34/{address(first)}"),
        desk.get("label/"),
    ]
    for page in pages:
        assert [said for said in SAID if said in page.text] == []
    reopened = pages[1]
    assert reopened.context["verdict"] is None
    assert reopened.context["typed"] == {}
    assert [choice["is_chosen"] for choice in reopened.context["verdicts"]] == [False] * 3


def test_guessing_the_verdict_is_answered_alike_whether_it_was_right_or_wrong(desk, first, repeat):
    right, wrong = (desk.verdict(first.unit.token, word) for word in ("incorrect", "correct"))
    assert right.status_code == wrong.status_code == 200
    assert lasting(right) == lasting(wrong)


@pytest.mark.parametrize("verdict", ["incorrect", "correct"])
def test_a_reason_is_asked_whether_or_not_the_verdict_changes(desk, first, repeat, verdict):
    mode = {"incorrect": "refusal", "correct": "latency"}[verdict]
    answer = desk.label(first.unit.token, mode, correctness=verdict)
    assert answer.status_code == 422
    assert "Say why you judge it again." in answer.text
    assert Label.objects.filter(unit=first.unit).count() == 1


def test_a_verdict_that_is_left_out_is_not_taken_from_before(desk, first, repeat):
    answer = desk.label(first.unit.token, "hallucination", revision_reason="Seen again.")
    assert answer.status_code == 422
    assert "Say whether the answer was right." in answer.text
    assert '<b class="verdict-incorrect">' not in answer.text


def test_it_can_be_judged_afresh_until_the_audit_closes(desk, first, repeat):
    answer = desk.label(
        first.unit.token, "latency", correctness="correct", revision_reason="Seen again."
    )
    assert answer.status_code == 200
    now = Label.objects.current().get(unit=first.unit)
    assert (now.category, now.revision_reason) == ("latency", "Seen again.")
    first.refresh_from_db()
    assert first.superseded_at is not None
    assert not line_of(desk, first).is_sealed


AFRESH = {"correctness": "incorrect", "revision_reason": "Seen again."}


def test_judging_afresh_does_not_open_the_blind_verdict(desk, first, repeat):
    """It did: a label without any thought in it, and the first verdict could be read."""
    desk.label(first.unit.token, "latency", correctness="correct", revision_reason="x")
    for page in (desk.get(address(first)), desk.get(f"{address(first)}?revise=1")):
        assert page.context["verdict"] is None
        assert '<b class="verdict-incorrect">' not in page.text
        assert page.context["typed"]["correctness"] == "correct", "what was said now is readable"
    again = desk.verdict(first.unit.token, "correct")
    assert (again.status_code, "locked before as" in again.text) == (200, False)


def test_an_afresh_judgment_that_is_sent_twice_is_one_label(desk, first):
    sent = {**AFRESH, "submission_id": "4b1e7a2c-9d5f-4d58-8a53-0f2f3a4a5b6c"}
    once, twice = (desk.label(first.unit.token, "refusal", **sent) for _ in range(2))
    assert (once.status_code, twice.status_code) == (200, 200)
    assert Label.objects.filter(unit=first.unit).count() == 2


def test_a_judgment_that_seals_the_verdict_it_changes_may_be_sent_twice(desk):
    """The label is the third since the first one; sent again, it is not asked to say why."""
    first = desk.give("incorrect", "hallucination")
    for _ in range(2):
        desk.give("correct", "latency")
    sent = {"submission_id": "4b1e7a2c-9d5f-4d58-8a53-0f2f3a4a5b6c"}
    once, twice = (desk.label(first.unit.token, "refusal", **sent) for _ in range(2))
    assert (once.status_code, twice.status_code) == (200, 200)


def test_self_agreement_is_with_the_label_that_was_sealed(desk, audit, first, repeat):
    """Judged afresh while the repeat was on the desk, both could be answered alike."""
    desk.label(first.unit.token, "refusal", **AFRESH)
    desk.verdict(repeat, "incorrect")
    desk.label(repeat, "refusal")
    (row,) = build_grader_report(audit).rows
    assert (row.quality.self_agreement.value, row.quality.self_agreement.n) == (0, 1)


def test_nothing_tells_that_a_repeat_is_there(desk, first, monkeypatch):
    """The same pages with a drawn unit on the desk and with a repeat."""
    paths = ["mine/", address(first)]
    assert Unit.objects.get(token=desk.open()).kind == "sampled"
    before = [lasting(desk.get(path)) for path in paths]
    serve_repeat(desk, first, monkeypatch)
    assert [lasting(desk.get(path)) for path in paths] == before


def test_a_draft_from_before_is_sealed_too_and_a_new_one_is_not(desk):
    first = desk.give("incorrect", "hallucination")
    keep = {"draft": "1", "submission_id": "4b1e7a2c-9d5f-4d58-8a53-0f2f3a4a5b6c"}
    desk.post(f"{address(first)}keep/", {**keep, "note": "OLD-DRAFT"})
    assert "OLD-DRAFT" in desk.get(address(first)).text
    for _ in range(3):
        desk.give("correct", "latency")
    assert "OLD-DRAFT" not in desk.get(address(first)).text
    desk.post(f"{address(first)}keep/", {**keep, "note": "NEW-DRAFT"})
    assert "NEW-DRAFT" in desk.get(address(first)).text
    assert Draft.objects.count() == 1


def test_undoing_opens_no_seal(desk, first):
    for _ in range(3):
        desk.undo()
    assert line_of(desk, first).is_sealed
    desk.undo()
    page = desk.get(address(first))
    assert first.unit.token == token_on(page)
    assert [said for said in SAID if said in page.text] == []


def test_closing_opens_no_seal_either(desk, audit, first, repeat):
    """A closed audit may be reopened, with the repeat still on the desk."""
    workflow.close_audit(audit)
    assert line_of(desk, first).is_sealed
    assert NOTE not in desk.get(address(first)).text


def test_others_labels_seal_nothing(desk, audit, ben_client, at_desk):
    first = desk.give("incorrect", "hallucination")
    ben = at_desk(ben_client, audit)
    for _ in range(4):
        ben.give("correct", "latency")
    assert not line_of(desk, first).is_sealed
