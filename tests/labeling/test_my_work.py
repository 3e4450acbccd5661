"""A grader's own work: counted now, everything sent to open again, nothing about others."""

import datetime as dt
import uuid

import pytest
from django.db.models import F
from django.utils import timezone

from labeling import workflow
from labeling.effort import record_effort
from labeling.models import Audit, Codebook, Effort, Flag, Gold, Label, Seat, Unit
from labeling.my_work import in_steps, label_fields, own_accuracy, percent_step
from labeling.sealing import last_said
from labeling.workflow import coder_of
from projects.models import Membership
from projects.templatetags.figures import hours
from tests.sampled import add_unit, expire

MINE = "/audits/w34/mine/"


@pytest.fixture
def audit(make_open_audit):
    return make_open_audit(4)


@pytest.fixture
def coder(project, ana):
    return coder_of(project, ana)


@pytest.fixture
def plant(audit, coder):
    """One planted unit on the coder's desk, as the serving of gold and repeats would place it."""

    def plant(number, kind, **fields):
        unit = add_unit(audit, number)
        unit.seats.all().delete()
        changes = {"kind": kind, "inclusion_probability": None, "stratum": None, **fields}
        Unit.objects.filter(pk=unit.pk).update(**changes)
        now = timezone.now()
        Seat.objects.create(
            unit=unit,
            audit=audit,
            position=1,
            serving=unit.serving,
            coder=coder,
            claimed_at=now,
            lease_until=now + dt.timedelta(minutes=30),
            is_planted=True,
        )
        unit.refresh_from_db()
        return unit

    return plant


@pytest.fixture
def make_gold(plant, audit):
    def make(number, correctness="correct", mode="latency", **fields):
        unit = plant(number, "gold")
        known = audit.codebook.modes.filter(code=mode).first()
        Gold.objects.create(unit=unit, correctness=correctness, failure_mode=known, **fields)
        return unit

    return make


def judge(desk, unit, correctness="correct", mode="latency", **fields):
    desk.verdict(unit.token, correctness)
    return desk.label(unit.token, mode, submission_id=str(uuid.uuid4()), **fields)


def work(client):
    (place,) = client.get("/my-work/").context["places"]
    (found,) = place["works"]
    return found


# My work


def test_labels_skips_and_progress_are_of_this_moment(ana_client, ana_desk, ben_client, at_desk):
    ana_desk.give()
    ana_desk.give()
    ana_desk.skip(ana_desk.open())
    at_desk(ben_client, ana_desk.audit).give()
    found = work(ana_client)
    assert (found.n_today, found.n_mine, found.n_skipped_today) == (2, 2, 1)
    assert (found.n_done, found.n_places) == (3, 8)
    assert "about 0%" in ana_client.get("/my-work/").text, "a step holds ten places at least"


@pytest.mark.parametrize(
    ("n_done", "n", "percent"),
    [(0, 0, None), (7, 8, 0), (8, 8, 100), (19, 40, 25), (59, 100, 50), (399, 1200, 30)],
)
def test_progress_moves_by_ten_places_or_more(n_done, n, percent):
    """Moving with each label, it told the planted units, which move nothing."""
    assert in_steps(n_done, n) == percent
    if n:
        assert percent_step(n) * n >= 1000 or percent_step(n) == 100


def test_yesterdays_labels_and_skips_are_not_todays(ana_client, ana_desk):
    ana_desk.give()
    ana_desk.skip(ana_desk.open())
    for model in (Label, ana_desk.audit.units.first().skips.model):
        model.objects.update(created_at=F("created_at") - dt.timedelta(days=1))
    found = work(ana_client)
    assert (found.n_today, found.n_mine, found.n_skipped_today) == (0, 1, 0)


def test_a_label_that_was_sent_anew_is_one_and_an_undone_one_none(ana_client, ana_desk, audit):
    first = ana_desk.give()
    judge(ana_desk, first.unit, "correct", "formatting")
    assert work(ana_client).n_mine == 1
    ana_desk.undo()
    assert work(ana_client).n_mine == 0


def test_planted_units_are_no_places_of_the_audit(ana_client, make_gold):
    make_gold(90)
    assert work(ana_client).n_places == 8


def test_active_time_stands_apart_from_wall_time(ana_client, ana_desk, audit, coder):
    unit = audit.units.get(token=ana_desk.open())
    Seat.objects.filter(coder=coder).update(claimed_at=F("claimed_at") - dt.timedelta(minutes=20))
    record_effort(unit=unit, coder=coder, view=uuid.uuid4(), active_ms=7 * 60_000)
    page = ana_client.get("/my-work/").text
    assert "<dd>0:07<small>0:20 on the clock</small>" in page
    assert "in the window you were using" in page


def test_without_scripts_no_time_is_claimed(ana_client, ana_desk):
    ana_desk.give()
    assert "not measured without scripts" in ana_client.get("/my-work/").text
    assert not Effort.objects.exists()


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (dt.timedelta(0), "0:00"),
        (dt.timedelta(seconds=40), "<0:01"),
        (dt.timedelta(hours=1, minutes=5, seconds=59), "1:05"),
        (dt.timedelta(hours=26), "26:00"),
        (None, "?"),
    ],
)
def test_time_is_shown_in_hours_and_minutes(span, shown):
    assert hours(span) == shown


def test_only_open_audits_of_ones_own_projects_are_there(
    ana_client, audit, elsewhere, make_open_audit
):
    make_open_audit(1, slug="other", in_project=elsewhere[0])
    make_open_audit(1, slug="shut", status="closed")
    assert work(ana_client).audit == audit
    page = ana_client.get("/my-work/").text
    assert "Audit other" not in page
    assert "Audit shut" not in page


def test_nothing_open_and_no_role_are_said(ana_client, rey_client, out_client, project):
    assert "Nothing is open for you" in ana_client.get("/my-work/").text
    for client in (rey_client, out_client):
        assert "You label in no project now." in client.get("/my-work/").text


def test_a_removed_member_sees_nothing(ana_client, ana, audit):
    Membership.objects.filter(user=ana).update(removed_at=timezone.now())
    assert "Audit w34" not in ana_client.get("/my-work/").text
    assert ana_client.get(MINE).status_code == 404


def test_an_answer_of_the_lead_comes_first(ana_client, ana_desk, lea_client, audit):
    for text in ("FIRST-FLAG", "SECOND-FLAG"):
        token = ana_desk.open()
        ana_desk.post(f"units/{token}/flag/", {"text": text})
        judge(ana_desk, audit.units.get(token=token))
    first = Flag.objects.earliest("pk")
    lea_client.post(f"/audits/w34/flags/{first.pk}/", {"text": "THE-ANSWER", "reply": "1"})
    for path in ("/my-work/", MINE):
        page = ana_client.get(path).text
        assert page.index("THE-ANSWER") < page.index("SECOND-FLAG")
        assert "Read the answer" in page


def test_home_leads_a_grader_to_the_own_work(ana_client, ana_desk):
    assert 'href="/my-work/"' in ana_client.get("/").text
    assert MINE not in ana_client.get("/").text
    ana_desk.give()
    assert MINE in ana_client.get("/").text


# Own accuracy


def test_own_accuracy_is_nowhere_unless_the_lead_shares_it(ana_client, ana_desk, make_gold):
    judge(ana_desk, make_gold(90))
    page = ana_client.get("/my-work/")
    assert work(ana_client).accuracy is None
    assert "ccuracy" not in page.text
    assert "ccuracy" not in ana_client.get(MINE).text


@pytest.fixture
def batches_of(monkeypatch):
    return lambda n: monkeypatch.setattr("labeling.my_work.ACCURACY_BATCH", n)


def test_shared_accuracy_is_k_of_n_with_a_wilson_interval(
    ana_client, ana_desk, make_gold, audit, batches_of
):
    batches_of(4)
    Audit.objects.update(shares_accuracy=True)
    judge(ana_desk, make_gold(90))
    judge(ana_desk, make_gold(91), "correct", "formatting")
    judge(ana_desk, make_gold(92, "incorrect", "refusal"), "incorrect", "refusal")
    judge(ana_desk, make_gold(93, "cannot_tell", None), "cannot_tell", "")
    page = ana_client.get("/my-work/").text
    assert "3 of 4" in page
    # Wilson 1927 for 3 of 4: 0.3006 to 0.9544
    assert "30.1 to 95.4%" in page


def test_accuracy_over_no_gold_is_not_a_number(ana_client, audit):
    Audit.objects.update(shares_accuracy=True)
    page = ana_client.get("/my-work/").text
    assert "nothing to count yet" in page
    assert "counted anew after every 20 units" in page


def test_accuracy_moves_after_every_twenty_units_whichever_they_were(
    ana_desk, make_gold, audit, coder
):
    """Moving with each gold label, it told that the unit just sent was one."""
    seen = []
    for number in range(21):
        counts = number in {0, 7, 19, 20}
        judge(ana_desk, make_gold(100 + number, retired_at=None if counts else timezone.now()))
        seen.append(own_accuracy(audit, coder).n)
    assert seen == [0] * 19 + [3, 3]


def test_training_and_retired_gold_are_not_in_it(ana_desk, make_gold, audit, coder, batches_of):
    batches_of(1)
    judge(ana_desk, make_gold(90, is_training=True, explanation="Because."))
    judge(ana_desk, make_gold(91, retired_at=timezone.now()))
    assert own_accuracy(audit, coder).n == 0
    judge(ana_desk, make_gold(92))
    assert own_accuracy(audit, coder).n == 1


def test_trying_answers_on_units_does_not_tell_which_are_gold(
    ana_desk, make_gold, audit, coder, batches_of
):
    """Had the present label counted, opening each unit again would have shown it."""
    batches_of(1)
    unit = make_gold(90)
    judge(ana_desk, unit, "correct", "formatting")
    before = own_accuracy(audit, coder)
    judge(ana_desk, unit, "correct", "latency")
    assert own_accuracy(audit, coder) == before
    assert (before.n_right, before.n) == (0, 1)


def test_accuracy_is_ones_own(ana_desk, make_gold, audit, project, ana, ben, batches_of):
    batches_of(1)
    judge(ana_desk, make_gold(90))
    assert own_accuracy(audit, coder_of(project, ben)).n == 0
    assert own_accuracy(audit, coder_of(project, ana)).n == 1


# What I sent


def test_what_was_sent_is_listed_newest_first_with_its_words(ana_client, ana_desk, audit):
    ana_desk.give("correct", "latency", note="A note.")
    ana_desk.give("incorrect", "refusal")
    page = ana_client.get(MINE).text
    modes = dict(audit.codebook.modes.values_list("code", "name"))
    assert page.index(modes["refusal"]) < page.index(modes["latency"])
    for shown in ("2 labels", "It closed 0 weeks ago.", ">note<", f">v{audit.codebook.version}<"):
        assert shown in page
    assert page.count(">note<") == 1


def test_others_labels_are_not_in_the_list(ana_client, ben_client, ana_desk, at_desk):
    at_desk(ben_client, ana_desk.audit).give(note="NOTE-OF-BEN")
    page = ana_client.get(MINE)
    assert "Nothing yet in this audit." in page.text
    assert page.context["sent"] == []


def test_a_late_label_says_so(ana_client, ana_desk, ben_client, at_desk, audit):
    Seat.objects.filter(position=2).delete()
    token = ana_desk.open()
    expire(audit)
    assert at_desk(ben_client, audit).give().unit.token == token
    judge(ana_desk, audit.units.get(token=token))
    assert "late: outside the figures" in ana_client.get(MINE).text


def test_fifty_labels_fit_on_a_page(ana_client, ana_desk, audit, coder):
    mode = audit.codebook.modes.get(code="latency")
    for number in range(100, 151):
        unit = add_unit(audit, number)
        Label.objects.create(
            unit=unit,
            coder=coder,
            codebook=audit.codebook,
            correctness="correct",
            failure_mode=mode,
            needed_verdict="correct",
            submission_id=str(number),
        )
    first, second = ana_client.get(MINE), ana_client.get(f"{MINE}?page=2")
    assert len(first.context["sent"]) == 50
    assert [line.token for line in second.context["sent"]] == ["w34-token-100"]
    assert "Page 2 of 2" in second.text
    for odd in ("0", "-1", "x", "9" * 40):
        assert ana_client.get(f"{MINE}?page={odd}").status_code == 200


def test_a_long_output_costs_one_line(ana_client, ana_desk, audit):
    content = audit.units.first().output.content
    content.text = "# Head\n\n" + "word <b>bold</b> " * 3000
    content.save()
    ana_desk.give()
    page = ana_client.get(MINE)
    assert ">Head word &lt;b&gt;bold" in page.text
    assert len(page.content) < 12_000


def test_gold_and_repeats_look_like_any_other(ana_client, ana_desk, audit, make_gold, plant):
    """Same columns, own lines, no mark; what names a unit or its place in the sample is absent."""
    original = ana_desk.give().unit
    judge(ana_desk, make_gold(90))
    judge(ana_desk, plant(91, "repeat", repeats=original))
    page = ana_client.get(MINE)
    rows = page.text.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    shapes = {row.count("<td") for row in rows}
    assert (len(rows), len(shapes)) == (3, 1)
    for hidden in ("gold", "repeat", "OUTPUT", "STRATUM-MARK", "planted", "sampled"):
        assert hidden not in page.text, hidden
    assert {type(line).__name__ for line in page.context["sent"]} == {"SentLine"}


# Opening again


def test_each_can_be_opened_again_until_the_audit_closes(ana_client, ana_desk, audit):
    label = ana_desk.give("correct", "latency")
    link = f"/audits/w34/units/{label.unit.token}/"
    assert f'href="{link}"' in ana_client.get(MINE).text
    assert "mode-step" in ana_client.get(link).text
    workflow.close_audit(audit)
    closed = ana_client.get(MINE).text
    assert "Reopen" not in closed
    assert "no longer changed" in closed


def test_a_label_sent_anew_supersedes_the_earlier_which_is_kept(ana_desk, ana_client, lea, audit):
    """Also where the lead has decided: the decision stands."""
    first = ana_desk.give("correct", "latency")
    workflow.adjudicate(
        unit=first.unit,
        lead=lea,
        judgment=workflow.Judgment(
            correctness="correct", failure_mode=audit.codebook.modes.get(code="latency")
        ),
        reason="As said.",
    )
    assert judge(ana_desk, first.unit, "correct", "formatting").status_code == 200
    first.refresh_from_db()
    assert first.superseded_at is not None
    assert Label.objects.current().get().category == "formatting"
    assert first.unit.adjudications.get().superseded_at is None
    assert "the decision stands" in ana_client.get(MINE).text


def test_the_form_of_a_reopened_unit_begins_with_what_was_said(ana_desk, coder, audit):
    label = ana_desk.give("correct", "latency")
    ana_desk.label(
        label.unit.token,
        "refusal",
        correctness="incorrect",
        revision_reason="Seen again.",
        further_modes="hallucination",
        note="A note.",
    )
    assert label_fields(last_said(label.unit, coder), audit) == {
        "correctness": "incorrect",
        "failure_mode": "refusal",
        "further_modes": ["hallucination"],
        "revision_reason": "Seen again.",
        "note": "A note.",
    }


def test_cannot_tell_and_an_undone_label_are_remembered_too(ana_desk, coder, audit):
    label = ana_desk.give("cannot_tell", "")
    ana_desk.undo()
    fields = label_fields(last_said(label.unit, coder), audit)
    assert (fields["correctness"], fields["failure_mode"]) == ("cannot_tell", "")


def test_nothing_is_filled_in_that_the_coder_did_not_say(ana_desk, project, ben, audit):
    label = ana_desk.give()
    assert last_said(label.unit, coder_of(project, ben)) is None


def test_a_mode_that_the_codebook_has_no_more_is_not_filled_in(ana_desk, coder, audit, project):
    unit = ana_desk.give("correct", "latency", further_modes="formatting").unit
    unit.audit.codebook = Codebook.objects.create(project=project, name="empty")
    fields = label_fields(last_said(unit, coder), unit.audit)
    assert (fields["failure_mode"], fields["further_modes"]) == ("", [])
