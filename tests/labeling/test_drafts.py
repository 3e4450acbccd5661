"""What is typed is kept for its coder alone, is no label, and is gone once it is sent."""

import uuid

import pytest

from labeling.models import Draft, Label, Seat
from tests.sampled import expire


@pytest.fixture
def token(ana_desk):
    """Ana's unit, its verdict given."""
    token = ana_desk.open()
    ana_desk.verdict(token, "correct")
    return token


def keep(desk, token, **fields):
    return desk.post(f"units/{token}/keep/", {"draft": "1", **fields})


def test_a_draft_is_filled_in_again(ana_desk, token):
    fields = {"note": "  my <note>\n", "failure_mode": "latency", "further_modes": "formatting"}
    answer = keep(ana_desk, token, **fields)
    assert answer.status_code == 200
    assert set(answer.json()) == {"kept_at"}
    page = ana_desk.get().text
    assert "  my &lt;note&gt;\n</textarea>" in page
    assert 'value="latency"' in page
    assert "not sent" in page
    assert Draft.objects.get().fields["further_modes"] == ["formatting"]
    assert not Label.objects.exists()


def test_a_draft_is_its_coders_alone(ana_desk, token, ben_client, audit, at_desk):
    keep(ana_desk, token, note="ANA-ONLY")
    ben = at_desk(ben_client, audit)
    pages = [ben.get(), ben.verdict(ben.open(), "correct"), ben.get(f"units/{token}/")]
    assert [page for page in pages if "ANA-ONLY" in page.text] == []


def test_what_is_sent_wins_over_the_draft_and_ends_it(ana_desk, token):
    keep(ana_desk, token, note="first thought", failure_mode="latency")
    ana_desk.label(token, "formatting", note="second thought")
    label = Label.objects.get()
    assert (label.note, label.category) == ("second thought", "formatting")
    assert not Draft.objects.exists()


def test_a_draft_that_arrives_after_its_own_label_is_left_out(ana_desk, token):
    """The page had sent it before; the network was slow."""
    form = str(uuid.uuid4())
    ana_desk.label(token, "latency", submission_id=form)
    assert keep(ana_desk, token, note="late", submission_id=form).status_code == 200
    assert not Draft.objects.exists()


def test_an_empty_draft_is_none(ana_desk, token):
    keep(ana_desk, token, note="x")
    keep(ana_desk, token, note="")
    assert not Draft.objects.exists()


def test_a_sign_of_life_without_a_draft_keeps_the_one_there_is(ana_desk, token):
    keep(ana_desk, token, note="still here")
    ana_desk.post(f"units/{token}/keep/", {})
    assert Draft.objects.get().fields == {"note": "still here"}


@pytest.mark.parametrize("fields", [{"note": "n" * 4001}, {"note": "a\0b"}, {"correctness": "yes"}])
def test_what_cannot_be_kept_is_refused_in_a_sentence(ana_desk, token, fields):
    answer = keep(ana_desk, token, **fields)
    assert answer.status_code == 422
    assert answer.json()["problem"]
    assert not Draft.objects.exists()


def test_whoever_never_held_the_unit_keeps_nothing(token, ben_client, audit, at_desk):
    assert keep(at_desk(ben_client, audit), token, note="x").status_code == 404
    assert not Draft.objects.exists()


def test_a_sign_of_life_holds_the_seat(ana_desk, token, audit, ben_client, at_desk):
    expire(audit)
    ana_desk.post(f"units/{token}/keep/", {})
    at_desk(ben_client, audit).open()
    assert Seat.objects.filter(coder__isnull=False).count() == 2


def test_signed_out_gets_a_401_that_the_page_understands(audit, token, client):
    url = f"/audits/{audit.slug}/units/{token}/keep/"
    assert client.post(url, {"note": "x"}, headers={"HX-Request": "true"}).status_code == 401


def test_what_was_typed_in_the_first_step_comes_too_late_after_the_label(ana_desk, token):
    """A page of the first step carries no submission id: it is older than the label."""
    ana_desk.label(token, "latency")
    assert keep(ana_desk, token, skip_note="late").json() == {}
    assert not Draft.objects.exists()


def test_what_is_typed_on_a_unit_that_is_opened_again_is_kept(ana_desk, token):
    ana_desk.label(token, "latency", submission_id=str(uuid.uuid4()))
    again = keep(ana_desk, token, note="second thought", submission_id=str(uuid.uuid4()))
    assert set(again.json()) == {"kept_at"}
    assert Draft.objects.get().fields == {"note": "second thought"}
