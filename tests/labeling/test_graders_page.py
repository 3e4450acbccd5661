"""How each grader works: figures equal a hand count, names stay with the team, flags say why."""

import json
import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from feedback.models import Content
from labeling import workflow
from labeling.grader_reports import build_grader_report
from labeling.models import Coder, Effort, Gold, Label, Skip, Unit
from labeling.workflow import Judgment
from tests.graders_at_work import repeat_of, spend
from tests.sampled import add_unit

PAGE = "/audits/w34/graders/"


WELCOME, SLOW, INVENTED = "unwelcome_but_correct", "latency", "hallucination"


@pytest.fixture
def worked_audit(make_open_audit, say, plant, coder, ana, ben):
    """Four units by ana and ben, a control, two gold units, a repeat, and skips.

    ana: 4 units + control + 2 gold + 1 repeat = 8 labels, 2 skips standing, 1 undone.
    ben: 4 units + control + 1 gold = 6 labels.
    """
    audit = make_open_audit(4)
    units = list(audit.units.order_by("serving"))
    for unit, mode, seconds in zip(
        units, (WELCOME, WELCOME, SLOW, INVENTED), (10, 20, 30, None), strict=True
    ):
        say(unit, ana, mode, seconds=seconds, blind="correct" if mode == INVENTED else "")
    for unit, mode in zip(units, (WELCOME, SLOW, INVENTED, INVENTED), strict=True):
        say(unit, ben, mode)
    control = add_unit(audit, 10, kind="sham")
    positive = audit.strata.create(name="up", is_negative=False, n_frame=9, n_sampled=1)
    Unit.objects.filter(pk=control.pk).update(stratum=positive)
    control.refresh_from_db()
    say(control, ana, "correct")
    say(control, ben, "incorrect")
    first, second = plant(audit, 20, WELCOME), plant(audit, 21, "cannot_tell")
    say(first, ana, WELCOME)
    say(first, ben, SLOW)
    say(second, ana, INVENTED, blind="cannot_tell")
    say(repeat_of(units[0]), ana, SLOW)
    for number in (30, 31, 32):
        unit = add_unit(audit, number)
        Skip.objects.create(unit=unit, coder=coder(ana), reason="language")
    Skip.objects.filter(unit=unit).update(undone_at=timezone.now())
    return audit


def quality(audit, coder):
    return next(
        row.quality for row in build_grader_report(audit).rows if row.quality.coder == coder.name
    )


class TestFigures:
    def test_they_equal_a_hand_count(self, worked_audit, coder, ana):
        found = quality(worked_audit, coder(ana))
        assert found.n_labels == 8
        assert (found.active_time.median, found.active_time.n) == (20, 3)
        assert (found.skip_rate.value, found.skip_rate.n) == (2 / 10, 10)
        assert (found.gold_accuracy.value, found.gold_accuracy.n) == (1 / 2, 2)
        assert (found.self_agreement.value, found.self_agreement.n) == (0, 1)

    def test_a_gold_label_that_is_changed_afterwards_changes_no_accuracy(
        self, worked_audit, coder, ana
    ):
        before = quality(worked_audit, coder(ana)).gold_accuracy
        for unit in worked_audit.units.filter(kind="gold"):
            known = Judgment(
                correctness=unit.gold.correctness,
                failure_mode=unit.gold.failure_mode,
                revision_reason="I know the answer now.",
            )
            workflow.record_label(
                unit=unit, coder=coder(ana), judgment=known, submission_id=f"again-{unit.pk}"
            )
        after = quality(worked_audit, coder(ana)).gold_accuracy
        assert (after.value, after.n) == (before.value, before.n)

    def test_others_are_met_on_drawn_control_and_gold_units_but_on_no_repeat(
        self, worked_audit, coder, ana
    ):
        """Equal on units 0 and 3; not on 1, 2, the control and the first gold unit."""
        found = quality(worked_audit, coder(ana))
        assert (found.agreement.value, found.agreement.n) == (2 / 6, 6)
        # Blind: ana correct on all four and the control, ben on the first two units and the gold.
        assert (found.verdict_bias.value, found.verdict_bias.n) == (3 / 6, 6)

    def test_the_anchoring_meter_counts_a_move_on_a_complaint_alone(
        self, worked_audit, coder, ana, ben
    ):
        """Seven verdicts of ana could move towards it: not the control, which nobody complained of.

        Two did: from correct, and from cannot tell on a gold unit.
        """
        found = quality(worked_audit, coder(ana))
        assert (found.moved_towards.value, found.moved_towards.n) == (2 / 7, 7)
        assert (found.moved_away.value, found.moved_away.n) == (0, 1)
        assert quality(worked_audit, coder(ben)).moved_towards.value == 0

    def test_a_verdict_that_was_not_blind_says_nothing_of_bias_or_anchoring(
        self, worked_audit, coder, ana
    ):
        coder(ana).verdicts.update(is_blind=False)
        found = quality(worked_audit, coder(ana))
        assert found.verdict_bias.value is None
        assert found.moved_towards.value is None

    def test_late_superseded_and_other_audits_labels_are_left_out(
        self, worked_audit, make_open_audit, say, coder, ana
    ):
        labels = Label.objects.filter(unit__audit=worked_audit, coder=coder(ana))
        labels.filter(unit__name="w34-OUTPUT-0", unit__kind="sampled").update(is_late=True)
        labels.filter(unit__name="w34-OUTPUT-1").update(superseded_at=timezone.now())
        say(make_open_audit(1, slug="other").units.get(), ana, SLOW)
        found = quality(worked_audit, coder(ana))
        assert found.n_labels == 6
        assert found.self_agreement.n == 0

    @pytest.mark.parametrize("field", [{"retired_at": timezone.now()}, {"is_training": True}])
    def test_a_retired_answer_and_a_training_unit_measure_nobody(
        self, worked_audit, coder, ana, field
    ):
        Gold.objects.update(**field, explanation="Why.")
        assert quality(worked_audit, coder(ana)).gold_accuracy.n == 0

    def test_a_label_in_no_time_at_all_has_an_unknown_time(self, worked_audit, coder, ana):
        Effort.objects.filter(active_ms=10_000).update(active_ms=0)
        assert quality(worked_audit, coder(ana)).active_time.n == 2

    def test_times_of_several_showings_add_up(self, worked_audit, coder, ana):
        unit = worked_audit.units.get(name="w34-OUTPUT-1")
        spend(unit, coder(ana), 100)
        assert quality(worked_audit, coder(ana)).active_time.median == 30

    def test_the_words_to_read_are_those_that_stand_unfolded(self, worked_audit, coder, ana):
        """600 words in 60 seconds can be read; hidden earlier turns need not be."""
        turns = [
            {"role": "user", "content": "old " * 5000},
            *[{"role": "user", "content": "x"}] * 3,
        ]
        Content.objects.update(conversation=turns, text="word " * 590)
        for unit in worked_audit.units.filter(labels__coder=coder(ana)):
            Effort.objects.filter(unit=unit).delete()
            spend(unit, coder(ana), 60)
        for number in range(40, 43):
            unit = add_unit(worked_audit, number)
            Content.objects.filter(output=unit.output).update(text="word " * 700)
            say_slow(unit, coder(ana))
        speed = quality(worked_audit, coder(ana)).flags[0]
        assert (speed.id, speed.n, speed.measured) == ("speed", 11, 3 / 11)


def say_slow(unit, coder):
    """A label on a long unit in a minute."""
    mode = unit.audit.codebook.modes.get(code=SLOW)
    workflow.record_verdict(unit=unit, coder=coder, correctness="correct")
    spend(unit, coder, 60)
    judgment = Judgment(correctness="correct", failure_mode=mode)
    workflow.record_label(
        unit=unit, coder=coder, judgment=judgment, submission_id=f"{unit.pk}-{coder.pk}"
    )


class TestThirdOpinions:
    @pytest.fixture
    def disputed(self, make_open_audit, say, ana, ben, chi):
        """ana and ben differ on both units, and chi is asked."""
        audit = make_open_audit(2, coders=3)
        type(audit).objects.filter(pk=audit.pk).update(asks_third=True, coders_per_unit=2)
        audit.refresh_from_db()
        for unit in audit.units.all():
            say(unit, ana, WELCOME)
            say(unit, ben, SLOW)
            say(unit, chi, WELCOME)
        return audit

    def test_they_are_labels_that_are_compared_with_nobody(self, disputed, coder, ana, chi):
        assert quality(disputed, coder(ana)).agreement.value == 0
        third = quality(disputed, coder(chi))
        assert (third.n_labels, third.agreement.n, third.verdict_bias.n) == (2, 0, 0)
        assert third.moved_towards.n == 2

    def test_a_repeat_of_one_still_measures_self_agreement(self, disputed, say, coder, chi):
        say(repeat_of(disputed.units.first()), chi, WELCOME)
        found = quality(disputed, coder(chi)).self_agreement
        assert (found.value, found.n) == (1, 1)

    def test_the_page_says_so(self, disputed, lea_client):
        assert "Third opinions count as labels" in lea_client.get(PAGE).text

    def test_without_the_option_every_place_is_compared(self, disputed, coder, chi):
        type(disputed).objects.update(asks_third=False, coders_per_unit=3)
        disputed.refresh_from_db()
        assert quality(disputed, coder(chi)).agreement.n == 2


class TestPage:
    def test_leads_and_admins_see_whom_they_lead_and_researchers_pseudonyms(
        self, worked_audit, lea_client, adam_client, rey_client, coder, ana
    ):
        ana.first_name, ana.last_name = "Anastasia", "Quill"
        ana.save()
        paths = (PAGE, f"{PAGE}{coder(ana).pk}/")
        for path in paths:
            assert "Anastasia Quill" in lea_client.get(path).text
            assert "Anastasia Quill" in adam_client.get(path).text
            page = rey_client.get(path)
            assert coder(ana).name in page.text
            assert "Anastasia" not in page.text
            shown = page.context.get("graders") or [page.context["grader"]]
            assert {grader.person for grader in shown} == {""}
            assert re.search(r"\bana\b", page.text) is None

    def test_the_json_holds_no_name_for_anybody(self, worked_audit, lea_client, coder, ana):
        answer = lea_client.get("/audits/w34/graders.json")
        assert re.search(r"\bana\b", answer.text) is None
        assert coder(ana).name in answer.text

    def test_graders_and_strangers_find_nothing(
        self, worked_audit, ana_client, out_client, coder, ana
    ):
        for client in (ana_client, out_client):
            for path in (PAGE, f"{PAGE}{coder(ana).pk}/", "/audits/w34/graders.json"):
                assert client.get(path).status_code == 404

    def test_a_coder_without_work_in_the_audit_has_no_page(
        self, worked_audit, lea_client, coder, chi, make_open_audit, project
    ):
        stranger = Coder.objects.create(project=project, name="elsewhere")
        for pk in (coder(chi).pk, stranger.pk, 10**9):
            assert lea_client.get(f"{PAGE}{pk}/").status_code == 404

    def test_a_figure_shows_value_interval_and_n_or_why_it_is_not_known(
        self, worked_audit, rey_client, coder, ben
    ):
        page = rey_client.get(f"{PAGE}{coder(ben).pk}/").text
        assert "0.0%<small>[0.0, 79.3], n = 1</small>" in page  # gold: 0 of 1, Wilson
        assert "not known<small>no hidden repeat</small>" in page
        assert "not known<small>no label with a known time</small>" in page

    def test_it_says_that_nothing_is_blocked_and_how_often_honest_graders_are_flagged(
        self, worked_audit, rey_client
    ):
        page = rey_client.get(PAGE).text
        assert "Flags are for a person to look at; nothing is blocked by them." in page
        rate = "At least one flag fires on 0.4% [0.2, 0.7] of honest graders at about 25 labels"
        assert rate in page

    def test_every_flag_is_explained_with_why_it_was_not_judged(
        self, worked_audit, rey_client, coder, ana
    ):
        page = rey_client.get(f"{PAGE}{coder(ana).pk}/").text
        assert page.count('<div class="todo flag">') == 7
        assert "Not judged: fewer than 10 labels with a known time" in page
        assert "faster than the text can be read at 600 words a minute" in page

    def test_a_flag_that_fires_shows_value_threshold_and_its_false_alarms(
        self, worked_audit, say, lea_client, coder, ana, ben
    ):
        """Twelve labels in a tenth of a second each."""
        for number in range(50, 62):
            unit = add_unit(worked_audit, number)
            say(unit, ben, WELCOME, seconds=0.1)
        fired = "100.0% of 12 timed labels, fires from 50.0%"
        assert quality(worked_audit, coder(ben)).flags[0].fires
        page = lea_client.get(PAGE).text
        assert "too fast" in page
        assert f"{fired}; fires on 0.0% [0.0, 0.2] of honest graders at about 25 labels" in page
        assert page.index(">ben<") < page.index(">ana<")  # who has a flag comes first

    def test_the_copier_flag_names_the_other_to_leads_alone(
        self, make_open_audit, say, coder, lea_client, rey_client, ana, ben, chi, plant
    ):
        """ana and ben give the same wrong answer on gold, again and again."""
        audit = make_open_audit(0)
        for number in range(30):
            unit = plant(audit, number, WELCOME)
            wrong = (SLOW, INVENTED, "refusal", "formatting")[number % 4]
            for person in (ana, ben):
                say(unit, person, wrong if number % 2 else WELCOME)
            say(unit, chi, WELCOME)
        copier = quality(audit, coder(ana)).flags[5]
        assert (copier.id, copier.fires, copier.about) == ("copier", True, coder(ben).name)
        seen = f"100.0% of 15 telling units wrong alike with ben ({coder(ben).name})"
        assert seen in lea_client.get(PAGE).text
        assert f"wrong alike with {coder(ben).name}" in rey_client.get(PAGE).text

    def test_flags_block_nobody(self, worked_audit, say, ben, ben_client):
        for number in range(50, 62):
            say(add_unit(worked_audit, number), ben, WELCOME, seconds=0.1)
        add_unit(worked_audit, 70)
        assert "/units/" in ben_client.get("/audits/w34/label/").text

    def test_an_audit_without_a_label_says_so(self, make_open_audit, lea_client):
        make_open_audit(1)
        assert "No label yet." in lea_client.get(PAGE).text

    def test_who_has_only_skipped_is_there_too(self, make_open_audit, coder, ana, lea_client):
        unit = make_open_audit(1).units.get()
        workflow.skip_unit(unit=unit, coder=coder(ana), reason="language")
        assert ">ana<" in lea_client.get(PAGE).text

    def test_the_audit_and_its_agreement_lead_here(self, worked_audit, rey_client):
        for path in ("/audits/w34/", "/audits/w34/agreement/"):
            assert f'href="{PAGE}"' in rey_client.get(path).text

    @pytest.mark.parametrize("n_more", [0, 30])
    def test_the_number_of_queries_does_not_grow_with_labels_or_coders(
        self, worked_audit, say, make_graders, lea_client, django_assert_num_queries, n_more
    ):
        for number, grader in enumerate(make_graders(n_more), start=100):
            say(add_unit(worked_audit, number), grader.user, WELCOME, seconds=3)
        with django_assert_num_queries(QUERIES):
            lea_client.get(PAGE)


QUERIES = 11
"""Session, user, audit, membership; labels, units, skips, times, texts; names of modes, people."""


class TestImported:
    @pytest.fixture
    def imported(self, write_labels, project):
        rows = [(f"u{k}", who, "AB"[k % 2]) for k in range(40) for who in ("x", "y / z")]
        path = str(write_labels(rows))
        call_command("import_labels", "w34", path, "--project=assistant", stdout=StringIO())

    def test_the_coders_of_the_file_have_a_page_without_times_or_verdicts(
        self, imported, lea_client
    ):
        page = lea_client.get(PAGE).text
        assert "y / z" in page
        assert "These labels were made elsewhere" in page
        pk = Coder.objects.get(name="y / z").pk
        one = lea_client.get(f"{PAGE}{pk}/").text
        assert "100.0%<small>[91.2, 100.0], n = 40</small>" in one  # agreement: 40 of 40

    def test_flags_that_rest_on_an_order_are_not_judged(self, imported, rey_client):
        pk = Coder.objects.get(name="x").pk
        page = rey_client.get(f"{PAGE}{pk}/").text
        reason = "Not judged: the order in which imported labels were given is not known"
        assert page.count(reason) == 2


class TestCommand:
    def answer(self, *options):
        out = StringIO()
        call_command("graders", "w34", *options, stdout=out)
        return out.getvalue()

    def test_json_is_that_of_the_page(self, worked_audit, rey_client):
        assert (
            json.loads(self.answer("--json")) == rey_client.get("/audits/w34/graders.json").json()
        )

    def test_the_text_holds_each_figure_and_each_flag_that_fires(
        self, worked_audit, say, coder, ana, ben
    ):
        for number in range(50, 62):
            say(add_unit(worked_audit, number), ben, WELCOME, seconds=0.1)
        text = self.answer()
        assert f"{coder(ana).name}: 8 labels" in text
        assert "Gold right              50.0%, [9.5, 90.5], n = 2" in text
        assert "FLAG too fast: 100.0% of 12 timed labels, fires from 50.0%; fires on 0.0%" in text
        assert "nothing is blocked by them" in text

    def test_an_audit_without_a_label(self, make_open_audit):
        make_open_audit(1)
        assert "No label yet." in self.answer()
