"""Shams as a share of all units: half rated up, half not rated, and what figures they enter."""

import hashlib
import json
from io import StringIO
from itertools import pairwise

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from feedback.controls import count_shams, split_shams
from feedback.frames import FramePlan, draw, preview
from feedback.models import Feedback, Output
from feedback.parquet import ParquetSource
from labeling.drawing import extend_audit
from labeling.models import Audit, Label, Unit
from labeling.reports import build_report
from tests.sampled import token_on


@pytest.fixture
def store(project):
    """Outputs with one thumb each, or with none at all (`thumb` None)."""

    def make(n, prefix, thumb):
        outputs = Output.objects.bulk_create(
            Output(project=project, external_id=f"{prefix}{k}", content_sha256="0" * 64)
            for k in range(n)
        )
        Feedback.objects.bulk_create(
            Feedback(
                output=output,
                channel="thumb",
                value=thumb,
                score=float(thumb == "up"),
                is_negative=thumb == "down",
                event_key="0" * 64,
            )
            for output in outputs
            if thumb
        )

    return make


@pytest.fixture
def feedback(store):
    store(90, "d", "down")
    store(70, "u", "up")
    store(50, "n", None)


def create_audit(slug, *options, size=60, frame="negative"):
    out = StringIO()
    call_command(
        "create_audit",
        *(slug, "--project=assistant", f"--frame={frame}", f"--size={size}", "--seed=7"),
        *options,
        "--json",
        stdout=out,
    )
    return json.loads(out.getvalue())


def sizes(audit):
    return {s.name: s.n_sampled for s in Audit.objects.get(slug=audit).strata.all()}


def names(audit, kind="sham"):
    return set(Unit.objects.filter(audit__slug=audit, kind=kind).values_list("name", flat=True))


def test_the_share_is_of_all_units_half_of_each_kind(feedback):
    said = create_audit("w34", "--sham-share=0.25")
    assert (said["n_sampled"], said["n_thumbs_up"], said["n_unrated"]) == (60, 10, 10)
    assert said["n_seats"] == 80 * 3
    assert said["warnings"] == []
    audit = Audit.objects.get()
    rows = audit.strata.values_list("name", "is_negative", "in_frame", "is_rated", "n_frame")
    assert set(rows) == {
        ("down", True, True, True, 90),
        ("up", False, False, True, 70),
        ("unrated", False, False, False, 50),
    }
    unrated = audit.units.filter(stratum__name="unrated")
    assert {unit.name[0] for unit in unrated} == {"n"}
    assert {unit.inclusion_probability for unit in unrated} == {0.2}
    assert {unit.kind for unit in unrated} == {"sham"}
    assert not any(unit.asks_mode for unit in unrated)


@pytest.mark.parametrize(
    ("share", "n_up", "n_unrated", "warning"),
    [
        (0.7, 70, 50, "140 shams asked for, 70 outputs are rated and not negative and 50"),
        (0.65, 61, 50, "Only 50 outputs are not rated: thumbs-up fill up the shams."),
    ],
)
def test_where_one_kind_is_short_the_other_fills_up_and_it_is_said(
    feedback, share, n_up, n_unrated, warning
):
    said = create_audit("w34", f"--sham-share={share}")
    assert (said["n_thumbs_up"], said["n_unrated"]) == (n_up, n_unrated)
    assert warning in " ".join(said["warnings"])
    assert warning in Audit.objects.get().frame_note


def test_without_thumbs_up_unrated_outputs_are_all_the_shams(store):
    store(40, "d", "down")
    store(40, "n", None)
    said = create_audit("w34", "--sham-share=0.5", size=20)
    assert sizes("w34") == {"down": 20, "unrated": 20}
    assert "unrated ones fill up" in said["warnings"][0]


def test_the_two_numbers_never_fall_when_the_sample_grows():
    """Else a larger sample would not contain the smaller one."""
    for there in ((70, 50), (5, 50), (70, 3), (0, 9), (2, 2)):
        splits = [split_shams(count_shams(0.4, n), *there) for n in range(1, 200)]
        for (n_up, n_unrated), (more_up, more_unrated) in pairwise(splits):
            assert n_up <= more_up
            assert n_unrated <= more_unrated


def test_a_larger_sample_contains_the_smaller_one(feedback):
    create_audit("small", "--sham-share=0.3", size=40)
    create_audit("large", "--sham-share=0.3", size=80)
    assert names("small") < names("large")
    assert names("small", "sampled") < names("large", "sampled")


def test_unrated_outputs_are_drawn_by_the_same_number_as_all(feedback):
    create_audit("w34", "--sham-share=0.25")
    numbers = {f"n{k}": hashlib.md5(f"7:n{k}".encode()).hexdigest() for k in range(50)}
    first = sorted(numbers, key=numbers.__getitem__)[:10]
    drawn = Unit.objects.filter(stratum__name="unrated").order_by("prn")
    assert [(unit.name, unit.prn) for unit in drawn] == [(name, numbers[name]) for name in first]


def test_an_output_with_any_signal_is_not_unrated(feedback, project):
    for external_id, channel in (("n1", "disagree"), ("n2", "correct"), ("n3", "thumb")):
        Feedback.objects.create(
            output=Output.objects.get(external_id=external_id),
            channel=channel,
            value="x",
            is_negative=False,
            event_key="1" * 64,
            superseded_at=timezone.now() if channel == "thumb" else None,
        )
    create_audit("w34", "--sham-share=0.25")
    assert Audit.objects.get().strata.get(name="unrated").n_frame == 47


def test_extending_keeps_the_shams_and_counts_each_stratum_by_itself(feedback, store):
    create_audit("w34", "--sham-share=0.25")
    audit = Audit.objects.get()
    shams = names("w34")
    store(20, "late", None)
    Feedback.objects.create(
        output=Output.objects.get(external_id=sorted(n for n in shams if n[0] == "n")[0]),
        channel="thumb",
        value="down",
        is_negative=True,
        event_key="1" * 64,
    )
    assert extend_audit(audit, 80) == 20
    assert sizes("w34") == {"down": 80, "up": 10, "unrated": 10}
    assert names("w34") == shams
    probabilities = audit.units.filter(stratum__name="unrated").values_list(
        "inclusion_probability", flat=True
    )
    assert set(probabilities) == {0.2}


@pytest.mark.parametrize(
    ("options", "frame", "sentence"),
    [
        (["--sham-share=0.8"], "negative", "sham-share: expected 0 or more and below 0.8, got 0.8"),
        (["--sham-share=-0.1"], "negative", "sham-share: expected 0 or more and below 0.8"),
        (["--sham-share=nan"], "negative", "sham-share: expected 0 or more and below 0.8, got nan"),
        (
            ["--sham-share=0.2", "--thumbs-up=5"],
            "negative",
            "thumbs-up or sham-share: expected one of the two at most, got 5 and 0.2.",
        ),
        (["--sham-share=0.2"], "rated", "sham-share: expected with the frames negative"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(feedback, options, frame, sentence):
    with pytest.raises(CommandError) as refused:
        create_audit("w34", *options, frame=frame)
    assert sentence in str(refused.value)
    assert not Audit.objects.exists()


def test_an_unrated_sham_looks_like_any_unit_until_the_reveal(ana_client, make_output, at_desk):
    make_output("d0", user="u")
    for number in range(3):
        make_output(f"n{number}", thumb=None)
    create_audit("w34", "--sham-share=0.5", size=1)
    desk = at_desk(ana_client, Audit.objects.get())
    pages = [desk.get()]
    while token := token_on(pages[-1]):
        assert "unrated" not in pages[-1].text
        assert "no rating" not in pages[-1].text
        revealed = desk.verdict(token, "correct").text
        is_sham = Unit.objects.get(token=token).kind == "sham"
        assert ("The user gave no rating." in revealed) is is_sham
        assert ('name="failure_mode"' not in revealed) is is_sham
        desk.label(token, "" if is_sham else "latency")
        pages.append(desk.get())
    assert Label.objects.filter(unit__stratum__name="unrated", asks_mode=False).count() == 1


@pytest.fixture
def labelled(make_output, write_labels):
    """Ten negatives, and four shams of each kind, all labelled alike by three coders."""
    for number in range(10):
        make_output(f"d{number}")
        make_output(f"u{number}", thumb="up")
        make_output(f"n{number}", thumb=None)
    create_audit("w34", "--sham-share=0.45", size=10)
    audit = Audit.objects.get()
    rows = [
        (unit.name, coder, "latency" if unit.asks_mode else "", verdict)
        for unit in audit.units.exclude(stratum__name="unrated")
        for coder in ("c1", "c2", "c3")
        for verdict in ["correct"]
    ]
    call_command("import_labels", "w34", str(write_labels(rows)), stdout=StringIO())
    return audit


def test_unrated_shams_enter_no_figure_and_thumbs_up_shams_the_grid(labelled, write_labels):
    before = build_report(labelled)
    assert before.grid.as_dict()["up_correct"]["n"] == 4
    rows = [
        (unit.name, coder, "", "incorrect")
        for unit in labelled.units.filter(stratum__name="unrated")
        for coder in ("c1", "c2", "c3")
    ]
    assert len(rows) == 4 * 3
    call_command("import_labels", "w34", str(write_labels(rows)), stdout=StringIO())
    after = build_report(labelled)
    assert after.as_dict() == before.as_dict()
    assert (after.headline, after.n_complete) == (before.headline, before.n_complete)
    assert {p.stratum.name: p.n_labelled for p in after.progress} == {
        "down": 10,
        "up": 4,
        "unrated": 4,
    }


def test_the_audits_page_shows_the_unrated_as_a_control(lea_client, labelled):
    page = lea_client.get("/audits/w34/").text
    assert 'unrated <small class="muted">control</small>' in page


def form(**changes):
    return {
        "name": "Week 34",
        "slug": "w34",
        "frame": "negative",
        "size": "60",
        "coders": "3",
        "n_thumbs_up": "0",
        "sham_share": "25",
        "seed": "7",
        "is_blind": "on",
        **changes,
    }


def test_the_form_takes_percents_and_previews_the_strata(lea_client, feedback):
    url = "/projects/assistant/audits/new/"
    page = lea_client.post(url, form(preview="1"))
    assert page.status_code == 200
    assert "unrated" in page.text
    assert lea_client.post(url, form(draw="1")).status_code == 302
    assert sizes("w34") == {"down": 60, "up": 10, "unrated": 10}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sham_share": "80"}, "Expected a percentage from 0 to below 80, got 80."),
        ({"sham_share": "-1"}, "Expected a percentage from 0 to below 80, got -1."),
        ({"n_thumbs_up": "5"}, "expected one of the two at most, got 5 and 0.25."),
        ({"frame": "rated"}, "expected with the frames negative, bottom-decile only"),
    ],
)
def test_the_form_refuses_beside_the_field(lea_client, feedback, changes, sentence):
    page = lea_client.post("/projects/assistant/audits/new/", form(draw="1", **changes))
    assert page.status_code == 422
    assert sentence in page.text
    assert not Audit.objects.exists()


def test_parquet_draws_the_same_unrated_outputs_as_the_database(store, project, tmp_path):
    store(40, "d", "down")
    store(40, "u", "up")
    store(40, "n", None)
    here = drawn(FramePlan(**asked(project)))
    with duckdb.connect() as writer:
        writer.execute(
            f"""COPY (SELECT 'd' || i AS id, 'q' AS prompt, 'a' AS response, 'down' AS thumb
                 FROM range(40) AS r(i) UNION ALL SELECT 'u' || i, 'q', 'a', 'up'
                 FROM range(40) AS r(i) UNION ALL SELECT 'n' || i, 'q', 'a', NULL
                 FROM range(40) AS r(i) UNION ALL SELECT 'd' || i, 'q', 'a', NULL
                 FROM range(40) AS r(i) UNION ALL SELECT '', 'q', 'a', NULL
                 ) TO '{tmp_path}/f.parquet' (FORMAT parquet)"""
        )
    source = ParquetSource(project, f"{tmp_path}/f.parquet", negative=["down"])
    assert drawn(FramePlan(**asked(project), source=source)) == here
    assert len([name for name, stratum, _ in here if stratum == "unrated"]) == 10


def test_an_audit_from_parquet_stores_unrated_outputs_without_feedback(project, tmp_path):
    with duckdb.connect() as writer:
        writer.execute(
            f"""COPY (SELECT 'o' || i AS id, 'q' AS prompt, 'a' AS response,
                 CASE i % 3 WHEN 0 THEN 'down' WHEN 1 THEN 'up' END AS thumb
                 FROM range(120) AS r(i)) TO '{tmp_path}/f.parquet' (FORMAT parquet)"""
        )
    files = (f"--from={tmp_path}/f.parquet", "--negative=down")
    create_audit("w34", "--sham-share=0.5", *files, size=20)
    assert sizes("w34") == {"down": 20, "up": 10, "unrated": 10}
    unrated = Unit.objects.filter(stratum__name="unrated")
    assert not Feedback.objects.filter(output__units__in=unrated).exists()
    assert Output.objects.count() == 40


def asked(project):
    return {
        "project": project,
        "frame": "negative",
        "size": 20,
        "seed": 7,
        "until": timezone.now(),
        "sham_share": 0.5,
    }


def drawn(plan):
    return [(o.external_id, o.stratum.name, o.prn) for o in draw(plan, preview(plan))]
