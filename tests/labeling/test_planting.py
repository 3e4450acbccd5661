"""Gold units and hidden repeats: planted in silence, told from no other unit, in no figure."""

import json
import re
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from feedback.models import Feedback, Output
from labeling import planting, seating, workflow
from labeling.disagreements import disputed_units
from labeling.drawing import extend_audit, store_extension
from labeling.exports import export_labels
from labeling.models import Audit, Gold, Label, Seat, Skip, Unit
from projects.errors import InputError
from projects.models import User
from tests.labeling.test_desk import HIDDEN_OF_OUTPUT, NEVER_SHOWN, SAID, SHOWN_AFTER, found_in
from tests.labeling.test_seats import at_once
from tests.sampled import add_output, add_unit, expire, token_on

MARKS = (*NEVER_SHOWN, "gold", "Gold", "repeat", "planted", "training", "It took too long")


@pytest.fixture
def audit(make_open_audit, make_gold):
    """Twelve units; half of what a grader gets is gold, while the three last."""
    audit = make_open_audit(12, gold_share=0.5)
    for number in (101, 102, 103):
        make_gold(audit, number)
    return audit


@pytest.fixture
def repeating(make_open_audit):
    """Twelve units, so a repeat comes after six labels; half of what a grader gets."""
    return make_open_audit(12, repeat_share=0.5)


def kind_of(token):
    return Unit.objects.get(token=token).kind


def work(desk, *, until=None, most=60):
    """Label what comes; the kinds that came, up to the first unit of the kind `until`."""
    person = User.objects.get(pk=desk.client.session["_auth_user_id"])
    coder = coder_of(person, desk.audit)
    kinds: list[str] = []
    while len(kinds) < most and (seat := seating.claim_next(desk.audit, coder)):
        kinds.append(seat.unit.kind)
        if kinds[-1] == until:
            break
        label_unit(desk.audit, seat.unit, coder, "latency")
    return kinds


def coder_of(person, audit):
    return workflow.coder_of(audit.project, person)


def label_unit(audit, unit, coder, mode):
    found = audit.codebook.modes.get(code=mode) if unit.asks_mode else None
    workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
    workflow.record_label(
        unit=unit,
        coder=coder,
        judgment=workflow.Judgment(correctness="correct", failure_mode=found),
        submission_id=f"{unit.pk}-{coder.pk}",
    )


# What comes when


def test_gold_units_come_in_between_each_once_and_never_first(ana_client, audit, at_desk):
    kinds = work(at_desk(ana_client, audit))
    assert kinds[0] == "sampled"
    assert kinds.count("sampled") == 12
    assert 1 <= kinds.count("gold") <= 3
    assert kinds[-1] == "sampled"
    golds = Label.objects.filter(unit__kind="gold")
    assert golds.count() == golds.values("unit").distinct().count() == kinds.count("gold")


def test_without_drawn_units_nothing_is_planted(ana_client, make_open_audit, make_gold, at_desk):
    audit = make_open_audit(1, gold_share=0.5, repeat_share=0.5)
    for number in range(100, 110):
        make_gold(audit, number)
    desk = at_desk(ana_client, audit)
    assert work(desk) == ["sampled"]
    assert "Nothing to label here now" in desk.get().text
    assert not Seat.objects.filter(is_planted=True).exists()


def test_two_tabs_and_a_reload_get_the_same_planted_unit(ana, ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    assert work(desk, until="gold")[-1] == "gold"
    assert desk.open() == desk.open()
    assert Seat.objects.filter(is_planted=True, is_done=False).count() == 1
    seat = Seat.objects.get(is_planted=True, is_done=False)
    assert seat.coder == coder_of(ana, audit)
    assert seat.lease_until - seat.claimed_at == seating.LEASE


def test_shares_of_zero_plant_nothing(ana_client, make_open_audit, make_gold, at_desk):
    audit = make_open_audit(5)
    for number in range(100, 105):
        make_gold(audit, number)
    assert work(at_desk(ana_client, audit)) == ["sampled"] * 5


def test_each_coder_has_an_order_of_their_own(make_open_audit, make_gold, make_graders):
    audit = make_open_audit(3)
    for number in range(100, 112):
        make_gold(audit, number)
    firsts = {planting.next_gold(audit, coder).pk for coder in make_graders(8)}
    assert len(firsts) > 1


def test_about_the_share_that_was_asked_for_is_planted(make_open_audit, make_graders, monkeypatch):
    audit = make_open_audit(1, gold_share=0.1, repeat_share=0.05)
    (coder,) = make_graders(1)
    chosen = {"gold": 0, "repeat": 0}

    def choose(kind):
        def count(*_):
            chosen[kind] += 1

        return count

    monkeypatch.setattr(planting, "next_gold", choose("gold"))
    monkeypatch.setattr(planting, "next_repeat", choose("repeat"))
    for n_done in range(1, 2001):
        monkeypatch.setattr(planting, "count_done", lambda *_, n=n_done: n)
        planting.next_planted(audit, coder)
    assert 140 <= chosen["gold"] <= 260
    assert 60 <= chosen["repeat"] <= 140


def test_retired_training_and_own_gold_is_not_planted(lea, make_open_audit, make_gold):
    audit = make_open_audit(3)
    planting.retire(make_gold(audit, 100))
    make_gold(audit, 101, is_training=True)
    own = make_gold(audit, 102, by=lea)
    assert planting.next_gold(audit, coder_of(lea, audit)) is None
    Gold.objects.filter(pk=own.pk).update(created_by=None)
    assert planting.next_gold(audit, coder_of(lea, audit)) == own.unit


def test_a_gold_unit_has_a_place_for_everybody(make_open_audit, make_gold, make_graders):
    audit = make_open_audit(1)
    unit = make_gold(audit, 100).unit
    for coder in make_graders(4):
        assert planting.next_gold(audit, coder) == unit
        planting.planted_seat(unit, coder)
        assert planting.next_gold(audit, coder) is None
    assert sorted(unit.seats.values_list("position", flat=True)) == [1, 2, 3, 4]


def test_a_repeat_copies_a_unit_of_long_ago_once(ana, ana_client, repeating, at_desk):
    kinds = work(at_desk(ana_client, repeating))
    assert kinds[:7].count("repeat") == 0
    assert "repeat" in kinds
    order = list(Label.objects.order_by("created_at", "pk").values_list("unit", flat=True))
    repeats = Unit.objects.filter(kind="repeat").select_related("repeats")
    assert repeats.values("repeats").distinct().count() == repeats.count()
    for unit in repeats:
        same = ("stratum_id", "output_id", "name", "audit_id")
        assert [getattr(unit, f) for f in same] == [getattr(unit.repeats, f) for f in same]
        assert unit.inclusion_probability is None
        assert order.index(unit.pk) - order.index(unit.repeats_id) > 6


def test_the_gap_before_a_repeat_is_twenty_labels_or_half_of_a_small_audit(make_open_audit):
    assert planting.repeat_gap(make_open_audit(1, slug="one")) == 1
    assert planting.repeat_gap(make_open_audit(12, slug="small")) == 6
    assert planting.repeat_gap(make_open_audit(60, slug="large")) == 20


def test_a_unit_the_coder_decided_on_as_the_lead_is_not_repeated(lea, repeating):
    coder, mode = coder_of(lea, repeating), repeating.codebook.modes.get(code="latency")
    judgment = workflow.Judgment(correctness="correct", failure_mode=mode)
    for number in range(8):
        unit = seating.claim_next(repeating, coder).unit
        workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
        workflow.record_label(
            unit=unit, coder=coder, judgment=judgment, submission_id=f"given-{number}"
        )
    assert planting.next_repeat(repeating, coder) is not None
    for label in Label.objects.filter(unit__kind="sampled").select_related("unit"):
        workflow.adjudicate(unit=label.unit, lead=lea, judgment=judgment, reason="It is.")
    Unit.objects.filter(kind="repeat", seats=None).delete()
    assert planting.next_repeat(repeating, coder) is None


@pytest.mark.django_db(transaction=True)
def test_ten_people_at_once_get_planted_units_and_every_drawn_unit_its_labels(
    make_open_audit, make_gold, make_graders
):
    audit = make_open_audit(12, coders=3, gold_share=0.4, repeat_share=0.4)
    for number in (101, 102):
        make_gold(audit, number)

    def label_all(coder):
        while seat := seating.claim_next(audit, coder):
            label_unit(audit, seat.unit, coder, "latency")

    at_once([lambda coder=coder: label_all(coder) for coder in make_graders(10)])
    given = Label.objects.counted().filter(unit__in=audit.units.drawn())
    per_unit = given.values("unit").annotate(n=Count("pk")).values_list("n", flat=True)
    assert list(per_unit) == [3] * 12
    assert not Label.objects.filter(is_late=True).exists()
    twice = Seat.objects.filter(is_planted=True).values("unit", "coder").annotate(n=Count("pk"))
    assert twice.exists()
    assert not twice.filter(n__gt=1).exists()


# Nobody can tell


@pytest.mark.parametrize("htmx", [True, False], ids=["htmx", "plain"])
@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_no_byte_of_any_step_tells_a_planted_unit(
    ana_client, audit, repeating_too, at_desk, kind, htmx
):
    planted = audit if kind == "gold" else repeating_too
    Output.objects.update(**HIDDEN_OF_OUTPUT)
    Feedback.objects.update(channel="rating", **SAID)
    desk = at_desk(ana_client, planted, htmx=htmx)
    assert work(desk, until=kind)[-1] == kind
    blind = desk.get()
    token = token_on(blind)
    assert kind_of(token) == kind
    steps = [blind, desk.get(f"units/{token}/"), desk.verdict(token, "nonsense")]
    for page in steps:
        assert found_in(page, *MARKS, *SHOWN_AFTER) == []
    revealed = [desk.verdict(token, "correct"), desk.get(), desk.get(f"units/{token}/?revise=1")]
    revealed += [desk.label(token, "nonsense"), desk.label(token, "latency")]
    revealed += [desk.undo(), desk.get()]
    assert kind_of(token_on(revealed[-1])) == kind
    for page in revealed:
        assert found_in(page, *MARKS) == []


@pytest.fixture
def repeating_too(make_open_audit):
    return make_open_audit(12, slug="again", repeat_share=0.5)


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_the_page_of_a_planted_unit_is_that_of_a_drawn_one(
    ana_client, audit, repeating_too, at_desk, kind
):
    """But for the unit's own token and text, byte by byte, in both steps."""
    planted = audit if kind == "gold" else repeating_too
    desk = at_desk(ana_client, planted)
    pages = {"sampled": both_steps(desk)}
    work(desk, until=kind)
    pages[kind] = both_steps(desk)
    assert pages[kind] == pages["sampled"]


def both_steps(desk):
    token = desk.open()
    pages = desk.get().text, desk.verdict(token, "correct").text
    desk.label(token, "latency")
    return [neutral(page, token) for page in pages]


def neutral(page, token):
    page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", page.replace(token, "TOKEN"))
    page = re.sub(r'csrfmiddlewaretoken" value="\w+"', "CSRF", page)
    page = re.sub(r'<div id="progress".*?</div>', "PROGRESS", page, flags=re.S)
    return re.sub(r"It closed \d+ weeks ago", "TEXT", page)


def test_a_new_token_is_as_long_as_a_drawn_ones(audit, make_gold):
    drawn = Unit(audit=audit).token
    assert len(make_gold(audit, 200).unit.token) == len(drawn)


def test_the_count_of_own_labels_goes_on_as_with_any_unit(ana_client, audit, at_desk):
    """A count that stood still after a planted unit would tell it."""
    desk = at_desk(ana_client, audit)
    n_before = len(work(desk, until="gold")) - 1
    token = desk.open()
    desk.verdict(token, "correct")
    assert f"{n_before + 1} by you" in desk.label(token, "latency").text


def test_a_repeat_shows_nothing_of_the_earlier_label(ana_client, repeating, at_desk):
    desk = at_desk(ana_client, repeating)
    desk.give("correct", "formatting", note="MY-NOTE")
    for _ in range(40):
        token = desk.open()
        unit = Unit.objects.get(token=token)
        if unit.kind == "repeat":
            break
        desk.give("correct", "formatting", note="MY-NOTE")
    page = desk.get()
    assert "MY-NOTE" not in page.text
    assert " checked" not in re.sub(r'id="letters" checked', "", page.text)
    assert 'data-step="1"' in page.text
    revealed = desk.verdict(token, "correct").text
    assert "MY-NOTE" not in revealed
    assert not re.search(r'name="failure_mode"[^>]*checked', revealed)


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_after_a_skip_a_planted_unit_opens_as_a_drawn_one_does(
    ana_client, audit, repeating_too, at_desk, kind
):
    planted = audit if kind == "gold" else repeating_too
    desk = at_desk(ana_client, planted)
    first = desk.open()
    desk.skip(first)
    assert desk.get(f"units/{first}/").status_code == 200
    work(desk, until=kind)
    token = desk.open()
    assert desk.skip(token).status_code == 200
    assert desk.open() != token
    assert desk.get(f"units/{token}/").status_code == 200
    work(desk)
    assert not Label.objects.filter(unit__token=token).exists()


# Skip, undo, change, close


@pytest.mark.parametrize("kind", ["gold", "repeat"])
def test_undo_of_a_skip_gives_the_planted_unit_back(
    ana_client, audit, repeating_too, at_desk, kind
):
    planted = audit if kind == "gold" else repeating_too
    desk = at_desk(ana_client, planted)
    work(desk, until=kind)
    token = desk.open()
    desk.skip(token)
    assert token_on(desk.undo()) == token
    assert desk.open() == token
    desk.verdict(token, "correct")
    assert desk.label(token, "latency").status_code == 200
    label = Label.objects.get(unit__token=token)
    assert not label.is_late
    assert label.seat.is_planted


def test_a_skip_after_an_undone_label_moves_on_and_can_be_undone(ana_client, audit, at_desk):
    """The place cannot be deleted: the old label was given from it."""
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    desk.verdict(token, "correct")
    desk.label(token, "latency")
    desk.undo()
    assert desk.skip(token).status_code == 200
    assert desk.open() != token
    assert Skip.objects.filter(unit__token=token, undone_at=None).exists()
    assert token_on(desk.undo()) == token
    assert desk.open() == token


def test_a_skipped_repeat_is_not_made_again(ana, ana_client, repeating, at_desk):
    desk = at_desk(ana_client, repeating)
    work(desk, until="repeat")
    original = Unit.objects.get(token=desk.open()).repeats
    desk.skip(desk.open())
    work(desk)
    assert Unit.objects.filter(repeats=original).count() == 1


def test_a_label_on_a_planted_unit_is_changed_and_undone_as_any(ana_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    desk.verdict(token, "correct")
    desk.label(token, "latency")
    desk.label(token, "formatting")
    mine = Label.objects.filter(unit__token=token)
    assert mine.count() == 2
    assert mine.current().get().failure_mode.code == "formatting"
    assert token_on(desk.undo()) == token
    assert not mine.current().exists()
    desk.label(token, "latency")
    assert not mine.current().get().is_late


def test_a_planted_seat_is_never_passed_on(ana_client, ben_client, audit, at_desk):
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    expire(audit)
    work(at_desk(ben_client, audit))
    assert desk.open() == token
    assert Seat.objects.get(unit__token=token, coder__user__username="ana").is_planted


def test_closing_and_reopening_an_audit_keeps_the_planted_unit_on_the_desk(
    ana_client, audit, at_desk
):
    desk = at_desk(ana_client, audit)
    work(desk, until="gold")
    token = desk.open()
    workflow.close_audit(audit)
    assert "is closed" in desk.get().text
    workflow.reopen_audit(audit)
    assert desk.open() == token


# What can be gold


def add(audit, output, correctness="correct", mode="latency", **fields):
    found = audit.codebook.modes.filter(code=mode).first()
    return planting.add_gold(
        audit=audit, output=output, correctness=correctness, mode=found, **fields
    )


def test_only_what_the_sample_could_hold_becomes_gold(make_open_audit, elsewhere):
    audit = make_open_audit(1)
    up = add_output(audit, 50, is_negative=False)
    with pytest.raises(InputError, match="expected an output that a user rated negative"):
        add(audit, up)
    with pytest.raises(InputError, match="is in the sample of 'w34': choose another"):
        add(audit, audit.units.get().output)
    foreign = make_open_audit(1, slug="foreign", in_project=elsewhere[0])
    with pytest.raises(InputError, match="expected an output of 'assistant'"):
        add(audit, foreign.units.get().output)
    later = add_output(audit, 51)
    Audit.objects.filter(pk=audit.pk).update(frame_until=timezone.now())
    audit.refresh_from_db()
    Feedback.objects.filter(output=later).update(imported_at=timezone.now())
    with pytest.raises(InputError, match="before the audit was drawn"):
        add(audit, later)
    Audit.objects.filter(pk=audit.pk).update(kind="imported", frame="")
    audit.refresh_from_db()
    with pytest.raises(InputError, match="'w34' is imported"):
        add(audit, later)
    assert not Gold.objects.exists()


def test_an_audit_of_disagreements_takes_outputs_that_were_disagreed_with(make_open_audit):
    audit = make_open_audit(1, slug="dis")
    audit.frame = "disagreed"
    output = add_output(audit, 50)
    with pytest.raises(InputError, match="a user disagreed with"):
        add(audit, output)
    Feedback.objects.filter(output=output).update(channel="disagree", is_negative=False)
    assert add(audit, output).unit.kind == "gold"


@pytest.mark.parametrize(
    ("correctness", "mode", "sentence"),
    [
        ("yes", "latency", "correctness: expected one of correct, incorrect, cannot_tell"),
        ("correct", "", "label: expected a failure mode, got none"),
        ("cannot_tell", "latency", "label: expected no failure mode with cannot_tell, got latency"),
        ("correct", "refusal", "label: 'refusal' needs the verdict incorrect, got correct"),
    ],
)
def test_a_known_answer_is_whole_and_fits(make_open_audit, correctness, mode, sentence):
    audit = make_open_audit(1)
    with pytest.raises(InputError, match=re.escape(sentence)):
        add(audit, add_output(audit, 50), correctness, mode)
    assert not Unit.objects.filter(kind="gold").exists()


def test_a_mode_of_another_codebook_and_training_without_explanation_are_refused(
    make_open_audit, elsewhere
):
    audit = make_open_audit(1)
    output = add_output(audit, 50)
    other = make_open_audit(1, slug="foreign", in_project=elsewhere[0])
    foreign = other.codebook.modes.get(code="latency")
    with pytest.raises(InputError, match="expected a mode of codebook default v1"):
        planting.add_gold(audit=audit, output=output, correctness="correct", mode=foreign)
    with pytest.raises(InputError, match="explanation: expected a text for a training unit"):
        add(audit, output, is_training=True, explanation="  ")


def test_a_retired_unit_comes_back_with_another_answer(make_open_audit):
    audit = make_open_audit(1)
    output = add_output(audit, 50)
    first = add(audit, output)
    with pytest.raises(InputError, match="is a gold unit already: retire it"):
        add(audit, output)
    planting.retire(first)
    first.refresh_from_db()
    assert first.retired_at is not None
    again = add(audit, output, "incorrect", "refusal")
    assert (again.pk, again.retired_at, again.failure_mode.code) == (first.pk, None, "refusal")


def test_a_larger_draw_that_would_take_a_gold_unit_says_so(lea, make_output, make_audit):
    for number in range(40):
        make_output(f"o{number}")
    audit = make_audit(size=20)
    there = set(audit.units.values_list("name", flat=True))
    spare = Output.objects.exclude(external_id__in=there)
    for output in spare:
        add(audit, output)
    with pytest.raises(InputError, match="are gold units of 'november'"):
        extend_audit(audit, 30)
    assert store_extension(audit, [], []) == 0
    assert audit.units.drawn().count() == 20


# In no figure


@pytest.fixture
def figures(tmp_path):
    """Everything that says something of an audit, as text."""

    def read(audit, reader):
        out = StringIO()
        call_command("audits", "--json", stdout=out)
        call_command("report", audit.slug, "--json", stdout=out)
        call_command("agreement", audit.slug, "--json", stdout=out)
        with suppress(SystemExit):  # the gate's exit code
            call_command("gate", "--project", audit.project.slug, "--json", stdout=out)
        base = f"/audits/{audit.slug}/"
        pages = [reader.get(base + path).text for path in ("", "report/", "agreement/", "exports/")]
        pages += [reader.get(path).text for path in ("/", "/projects/assistant/")]
        pages.append(reader.get(base + "report.json").text)
        files = []
        for kind in ("csv", "jsonl", "reliability"):
            path = tmp_path / kind
            export_labels(audit, kind=kind, out=path)
            files.append(path.read_text())
        return [out.getvalue(), *(re.sub(r'"csrf.*?>', "", page) for page in pages), *files]

    return read


def test_no_planted_unit_enters_a_figure(ana, ben, lea_client, make_open_audit, make_gold, figures):
    audit = make_open_audit(4)
    add_unit(audit, 10, kind="sham")
    coders = [coder_of(ana, audit), coder_of(ben, audit)]
    for position, unit in enumerate(audit.units.all()):
        for coder in coders:
            label_unit(audit, unit, coder, "latency" if position % 2 else "formatting")
    golds = [make_gold(audit, number).unit for number in (101, 102, 103)]
    before = figures(audit, lea_client)
    for unit in golds[:2]:
        for coder, mode in zip(coders, ("latency", "unwelcome_but_correct"), strict=True):
            planting.planted_seat(unit, coder)
            label_unit(audit, unit, coder, mode)
    for coder in coders:
        repeat = planting.repeat_of(audit.units.filter(kind="sampled").first())
        planting.planted_seat(repeat, coder)
        label_unit(audit, repeat, coder, "unwelcome_but_correct")
    planting.planted_seat(golds[2], coders[0])
    workflow.skip_unit(unit=golds[2], coder=coders[0], reason="language")
    assert Label.objects.filter(unit__kind__in=("gold", "repeat")).count() == 6
    after = figures(audit, lea_client)
    assert [mask(text) for text in after] == [mask(text) for text in before]


def mask(text):
    return re.sub(r"\d\d:\d\d|\w{64}", "", text)


def test_planted_units_are_not_in_the_leads_queue_of_disagreements(
    ana, ben, make_open_audit, make_gold
):
    audit = make_open_audit(1)
    unit = make_gold(audit, 100).unit
    for person, mode in ((ana, "latency"), (ben, "formatting")):
        coder = coder_of(person, audit)
        planting.planted_seat(unit, coder)
        label_unit(audit, unit, coder, mode)
    assert not disputed_units(audit).exists()


def test_imported_labels_find_no_planted_unit(make_open_audit, make_gold, write_labels):
    audit = make_open_audit(1)
    gold = make_gold(audit, 100)
    path = write_labels([(gold.unit.name, "c1", "latency")])
    with pytest.raises(Exception, match="is not in the sample of 'w34'"):
        call_command("import_labels", audit.slug, str(path), stdout=StringIO())
    repeat = planting.repeat_of(audit.units.drawn().get())
    path = write_labels([(repeat.name, "c1", "latency")])
    call_command("import_labels", audit.slug, str(path), stdout=StringIO())
    assert Label.objects.get().unit == audit.units.drawn().get()


def test_planted_units_do_not_hold_up_the_end_of_an_audit(
    ana_client, lea_client, make_open_audit, make_gold, at_desk
):
    audit = make_open_audit(2, coders=1)
    unit = make_gold(audit, 100).unit
    desk = at_desk(ana_client, audit)
    work(desk)
    planting.planted_seat(unit, Label.objects.first().coder)
    assert "2 of 2 units have all their labels" in lea_client.get("/").text
    out = StringIO()
    call_command("audits", "--json", stdout=out)
    assert json.loads(out.getvalue())[0]["n_labelled"] == 2
