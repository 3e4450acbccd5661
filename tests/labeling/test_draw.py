"""An audit as drawn: strata, units with their probability, seats; and what is refused."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from feedback.frames import FramePlan
from feedback.models import Feedback, Output
from labeling.codebooks import current_codebook, default_codebook
from labeling.drawing import draw_audit, extend_audit
from labeling.models import Adjudication, Audit, Codebook, Coder, Label, Seat, Stratum, Unit
from projects.errors import InputError


@pytest.fixture
def rate(project):
    """Store outputs with one thumb each."""

    def store(n, prefix, *, is_negative=True, domain=""):
        outputs = Output.objects.bulk_create(
            Output(
                project=project, external_id=f"{prefix}{k}", domain=domain, content_sha256="0" * 64
            )
            for k in range(n)
        )
        Feedback.objects.bulk_create(
            Feedback(
                output=output,
                channel="thumb",
                value="down" if is_negative else "up",
                score=float(not is_negative),
                is_negative=is_negative,
                event_key="0" * 64,
            )
            for output in outputs
        )

    return store


@pytest.fixture
def feedback(rate):
    rate(80, "d", domain="tax")
    rate(40, "e", domain="law")
    rate(60, "u", is_negative=False, domain="tax")


@pytest.fixture
def plan(project):
    def make(**changes):
        asked = {"frame": "negative", "size": 60, "seed": 7, "until": timezone.now(), **changes}
        return FramePlan(project=project, **asked)

    return make


@pytest.fixture
def draw(project, plan):
    def make(slug="w34", **changes):
        return draw_audit(plan(**changes), slug=slug, codebook=current_codebook(project))

    return make


def create_audit(*arguments):
    out = StringIO()
    call_command("create_audit", *arguments, stdout=out)
    return out.getvalue()


def stored_rows():
    return [model.objects.count() for model in (Audit, Stratum, Unit, Seat)]


def test_the_frame_is_frozen_in_the_audit(feedback, draw):
    audit = draw(strata_field="domain")
    assert (audit.n_outputs, audit.n_rated, audit.n_negative) == (180, 180, 120)
    assert audit.frame_note == "All 120 negative of 180 rated outputs."
    assert list(audit.strata.values_list("name", "n_frame", "n_sampled")) == [
        ("down · law", 40, 20),
        ("down · tax", 80, 40),
    ]


def test_every_unit_stores_its_inclusion_probability(feedback, draw):
    audit = draw(strata_field="domain", size=90)
    for unit in audit.units.select_related("stratum", "output"):
        assert unit.inclusion_probability == unit.stratum.n_sampled / unit.stratum.n_frame
        assert unit.output.external_id == unit.name
    assert sum(1 / unit.inclusion_probability for unit in audit.units.all()) == pytest.approx(120)


def test_every_unit_has_k_free_seats_in_draw_order(feedback, draw):
    audit = draw(coders=2)
    assert Seat.objects.filter(audit=audit, coder=None).count() == 120
    for unit in audit.units.all():
        seats = unit.seats.values_list("position", "serving", "audit")
        assert list(seats) == [(1, unit.serving, audit.pk), (2, unit.serving, audit.pk)]


def test_thumbs_up_controls_are_sham_units_outside_the_frame(feedback, draw):
    audit = draw(n_thumbs_up=15)
    shams = audit.units.filter(kind=Unit.Kind.SHAM)
    assert {unit.name[0] for unit in shams} == {"u"}
    assert {unit.inclusion_probability for unit in shams} == {0.25}
    stratum = audit.strata.get(name="up")
    assert (stratum.in_frame, stratum.is_negative, stratum.n_frame) == (False, False, 60)


def test_extending_keeps_every_drawn_unit_and_updates_probabilities(feedback, rate, draw):
    audit = draw(strata_field="domain", n_thumbs_up=10)
    before = set(audit.units.values_list("pk", "name"))
    rate(50, "late", domain="tax")
    assert extend_audit(audit, 100) == 40
    assert before <= set(audit.units.values_list("pk", "name"))
    assert audit.units.filter(name__startswith="late").count() == 0
    assert audit.units.filter(kind=Unit.Kind.SHAM).count() == 10
    for unit in audit.units.select_related("stratum"):
        assert unit.inclusion_probability == unit.stratum.n_sampled / unit.stratum.n_frame
    assert Seat.objects.filter(audit=audit).count() == 3 * 110


def test_an_extended_audit_is_the_larger_audit(feedback, draw):
    small, large = draw("small", size=50), draw("large", size=90)
    extend_audit(small, 90)
    units = ("name", "prn", "inclusion_probability", "kind", "stratum__name")
    assert list(small.units.values_list(*units)) == list(large.units.values_list(*units))


def test_a_smaller_size_does_not_shrink_an_audit(feedback, draw):
    audit = draw()
    with pytest.raises(InputError, match="expected more than the 60 units of 'w34', got 60"):
        extend_audit(audit, 60)


def test_a_frame_that_changed_under_the_audit_is_not_extended(feedback, draw):
    audit = draw()
    Feedback.objects.filter(output__external_id="d1").delete()
    with pytest.raises(InputError, match="'down' 120 -> 119"):
        extend_audit(audit, 100)
    assert audit.units.count() == 60


def test_two_audits_of_one_seed_share_their_units(feedback, draw):
    one, two = draw("one"), draw("two")
    assert list(one.units.values_list("name")) == list(two.units.values_list("name"))


def test_the_default_codebook_is_made_once(project):
    codebook = default_codebook(project)
    assert default_codebook(project) == codebook
    assert list(codebook.modes.values_list("key", "code", "needs_verdict")) == [
        ("1", "refusal", "incorrect"),
        ("2", "hallucination", "incorrect"),
        ("3", "other_wrong", "incorrect"),
        ("4", "latency", "correct"),
        ("5", "formatting", "correct"),
        ("6", "unwelcome_but_correct", "correct"),
        ("7", "no_fault_found", "correct"),
    ]


def test_an_audit_uses_the_newest_default_codebook(project):
    default_codebook(project)
    newer = Codebook.objects.create(project=project, name="default", version=2)
    assert current_codebook(project) == newer


def test_the_command_previews_and_draws(feedback):
    said = create_audit("w34", "--project=assistant", "--frame=negative", "--size=60", "--seed=7")
    assert "All 120 negative of 180 rated outputs." in said
    assert "60 units x 3 coders = 180 seats; seed 7." in said
    assert stored_rows() == [1, 1, 60, 180]


def test_the_command_answers_as_json(feedback):
    told = json.loads(
        create_audit(
            *("w34", "--project=assistant", "--frame=rated", "--strata=domain", "--size=60"),
            *("--coders=1", "--json"),
        )
    )
    assert (told["n_outputs"], told["n_frame"], told["n_sampled"]) == (180, 180, 60)
    assert [s["name"] for s in told["strata"]] == ["down · law", "down · tax", "up · tax"]
    assert Audit.objects.get().seed == told["seed"]


def test_a_dry_run_stores_nothing(feedback):
    said = create_audit(
        *("w34", "--project=assistant", "--frame=negative", "--margin=0.1", "--dry-run")
    )
    assert "Dry run: w34 was not made." in said
    assert stored_rows() == [0, 0, 0, 0]
    assert not Codebook.objects.exists()


REFUSED = {
    "size: expected 1 unit or more, got 0.": ["--size=0"],
    "size: expected 1 unit or more, got -1.": ["--size=-1"],
    "size or margin: expected one of the two, got neither.": [],
    "coders: expected 1 to 50 per unit, got 0.": ["--size=9", "--coders=0"],
    "frame: expected one of negative": ["--size=9", "--frame=bad"],
    "no disagreement in project 'assistant': 0 of 180 outputs": ["--size=9", "--frame=disagreed"],
    "strata: expected one of release": ["--size=9", "--strata=user"],
    "seed: expected a whole number of 64 bits": ["--size=9", "--seed=9223372036854775808"],
    "--seed: invalid int value: 'x'": ["--size=9", "--seed=x"],
    "--size: invalid int value: '1.5'": ["--size=1.5"],
    "--project: expected the slug of a project, got 'nope'": ["--size=9", "--project=nope"],
    "thumbs-up: expected with the frames": ["--size=9", "--frame=rated", "--thumbs-up=5"],
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_wrong_flag_is_one_sentence_and_changes_nothing(sentence, feedback):
    flags = ["--project=assistant", "--frame=negative", *REFUSED[sentence]]
    with pytest.raises(CommandError) as refused:
        create_audit("w34", *flags)
    assert sentence in str(refused.value)
    assert stored_rows() == [0, 0, 0, 0]


@pytest.mark.parametrize("slug", ["w34", "has space", "ü", "x" * 81, ""])
def test_a_slug_that_is_taken_or_malformed_is_refused(slug, feedback, draw):
    draw()
    with pytest.raises(CommandError, match="slug: expected"):
        create_audit(slug, "--project=assistant", "--frame=negative", "--size=9")
    assert Audit.objects.count() == 1


def list_audits(*arguments):
    out = StringIO()
    call_command("audits", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_audits_counts_labelled_units_of_the_frame(feedback, draw, project, lea):
    audit = draw(n_thumbs_up=5)
    coder = Coder.objects.create(project=project, name="c1")
    sampled = list(audit.units.filter(kind="sampled")[:3])
    sham = audit.units.filter(kind="sham").first()
    for k, unit in enumerate([*sampled[:2], sham]):
        Label.objects.create(
            unit=unit,
            coder=coder,
            codebook=audit.codebook,
            correctness="cannot_tell",
            submission_id=str(k),
            is_late=unit == sampled[1],
        )
    Adjudication.objects.create(
        unit=sampled[2], decided_by=lea, correctness="cannot_tell", reason="both guessed"
    )
    assert list_audits("--project=assistant") == [
        {
            "slug": "w34",
            "project": "assistant",
            "status": "open",
            "n_frame": 120,
            "n_sampled": 60,
            "n_labelled": 2,
        }
    ]


def test_an_imported_audit_is_as_large_as_its_label_set(project):
    audit = Audit.objects.create(
        project=project, slug="old", name="Old", kind="imported", codebook=default_codebook(project)
    )
    stratum = Stratum.objects.create(audit=audit, name="all", n_frame=2, n_sampled=2)
    for k in range(2):
        Unit.objects.create(
            audit=audit, stratum=stratum, name=str(k), prn=str(k), inclusion_probability=1
        )
    listed = list_audits()
    assert [(a["n_frame"], a["n_sampled"], a["n_labelled"]) for a in listed] == [(2, 2, 0)]


def test_no_audits_is_an_empty_list(project):
    assert list_audits() == []
