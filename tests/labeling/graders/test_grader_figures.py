"""The figures of each grader equal a hand count."""

import pytest
from django.utils import timezone

from feedback.models import Content
from labeling import workflow
from labeling.models import Effort, Gold, Label
from labeling.workflow import Judgment
from tests.graders_at_work import repeat_of, spend
from tests.labeling.graders.conftest import PAGE, SLOW, WELCOME, quality
from tests.sampled import add_unit


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
