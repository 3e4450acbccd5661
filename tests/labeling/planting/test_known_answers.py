"""What can be a gold unit, and with what answer."""

import re

import pytest
from django.utils import timezone

from feedback.models import Feedback, Output
from labeling import planting
from labeling.drawing import extend_audit, store_extension
from labeling.models import Audit, Gold, Unit
from projects.errors import InputError
from tests.sampled import add_output


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
