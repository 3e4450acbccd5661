"""Which units graders get, and when: a random part of the sample, seen by fresh eyes."""

from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command

from labeling import seating, workflow
from labeling.models import Coder, Seat, Unit
from labeling.reports import build_report
from labeling.shown import what_the_user_said
from labeling.workflow import Judgment
from projects.errors import InputError


def coder(project, name, user=None):
    return Coder.objects.create(project=project, name=name, user=user)


def label(unit, who, correctness, code=None):
    workflow.record_verdict(unit=unit, coder=who, correctness=correctness)
    mode = unit.audit.codebook.modes.get(code=code) if code else None
    judgment = Judgment(correctness=correctness, failure_mode=mode)
    return workflow.record_label(
        unit=unit, coder=who, judgment=judgment, submission_id=f"{unit.pk}-{who.pk}"
    )


def test_strata_sampled_at_different_rates_are_served_mixed(make_output, make_audit):
    """By the draw's own number the thinly sampled controls would all come first."""
    for number in range(120):
        make_output(f"d{number}")
    for number in range(1200):
        make_output(f"u{number}", thumb="up")
    audit = make_audit("mixed", "--thumbs-up", "120")
    order = Seat.objects.filter(audit=audit, position=1).order_by("serving")
    kinds = list(order.values_list("unit__kind", flat=True))
    first, second = Counter(kinds[:120])["sham"], Counter(kinds[120:])["sham"]
    assert first + second == 120
    assert 40 <= first <= 80


def test_who_decided_on_a_unit_does_not_label_it(make_output, make_audit, lea, project):
    make_output("o1")
    audit = make_audit()
    unit = Unit.objects.select_related("audit__codebook", "stratum").get()
    label(unit, coder(project, "c1"), "correct", "latency")
    label(unit, coder(project, "c2"), "incorrect", "refusal")
    mode = audit.codebook.modes.get(code="refusal")
    workflow.adjudicate(
        unit=unit,
        lead=lea,
        judgment=Judgment(correctness="incorrect", failure_mode=mode),
        reason="It declined.",
    )
    lead = workflow.coder_of(project, lea)
    assert seating.claim_next(audit, lead) is None
    with pytest.raises(InputError, match="You decided on this unit as the lead"):
        workflow.record_verdict(unit=unit, coder=lead, correctness="correct")


def test_a_thumbs_up_of_a_rated_frame_is_asked_for_its_verdict_alone(
    make_output, make_audit, project
):
    for number in range(20):
        make_output(f"d{number}")
        make_output(f"u{number}", thumb="up")
    audit = make_audit("rated", frame="rated")
    who = coder(project, "c1"), coder(project, "c2")
    for unit in audit.units.select_related("audit__codebook", "stratum"):
        assert unit.asks_mode == unit.name.startswith("d")
        for person in who:
            label(unit, person, "correct", "latency" if unit.asks_mode else None)
    report = build_report(audit)
    assert report.n_labelled == report.n_sampled == 40
    assert report.agreement.n_units == report.headline.n == 20
    assert report.grid.up_correct.share == pytest.approx(0.5)


def test_what_users_said_comes_over_with_outputs_drawn_from_parquet(project, tmp_path):
    import duckdb

    target = tmp_path / "feedback.parquet"
    with duckdb.connect() as writer:
        writer.execute(
            "COPY (SELECT 'o' || i AS output_id, 'q' AS prompt, 'a' || i AS response, "
            "'down' AS thumb, 'Cannot be.' AS comment FROM range(30) AS r(i)) "
            f"TO '{target}' (FORMAT parquet)"
        )
    arguments = ["--project=assistant", "--frame=negative", "--size=10", "--negative=down"]
    call_command("create_audit", "there", *arguments, f"--from={target}", stdout=StringIO())
    unit = Unit.objects.select_related("audit", "output").first()
    assert [said.comment for said in what_the_user_said(unit)] == ["Cannot be."]
