"""One SQL text, three engines, the same draw; and what each frame counts."""

import hashlib
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from feedback.frame_source import DatabaseSource
from feedback.frame_sql import Cut, Share, draw_text, quoted
from feedback.frames import FramePlan, draw, preview
from feedback.models import Feedback, Output
from projects.errors import InputError

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
HOSTILE = [
    "plain-1",
    "it's",
    "100%",
    "%s %(x)s %%",
    "back\\slash\\'",
    'double "quotes"',
    "größe ✓ 数",
    "  spaces  ",
    "a;--comment",
    "new\nline",
    "Ωmega",
    "o'%s\\'",
]
DOMAINS = ["tax", "o'hara & 50%", "größe\\n", ""]


@pytest.fixture
def rate(project):
    """Store outputs with one thumb (or rating) each, all at noon."""

    def store(ids, *, value="down", channel="thumb", score=None, domain="", user="", when=NOON):
        outputs = [
            Output(project=project, external_id=id_, domain=domain, content_sha256="0" * 64)
            for id_ in ids
        ]
        there = dict(
            Output.objects.filter(project=project, external_id__in=ids).values_list(
                "external_id", "pk"
            )
        )
        Output.objects.bulk_create(o for o in outputs if o.external_id not in there)
        Output.objects.filter(external_id__in=ids).exclude(pk__in=there.values()).update(
            imported_at=when
        )
        stored = list(Output.objects.filter(project=project, external_id__in=ids))
        if value is None:
            return stored
        negative = value in ("down", "1")
        Feedback.objects.bulk_create(
            Feedback(
                output=output,
                channel=channel,
                value=value,
                score=score if score is not None else float(not negative),
                is_negative=negative,
                user_key=user,
                event_key=hashlib.sha256(f"{channel}{value}{user}{when}".encode()).hexdigest(),
            )
            for output in stored
        )
        Feedback.objects.filter(output__in=stored, channel=channel, user_key=user).update(
            imported_at=when
        )
        return stored

    return store


@pytest.fixture
def plan(project):
    def make(**changes):
        asked = {"frame": "negative", "size": 20, "seed": 7, "until": NOON, **changes}
        return FramePlan(project=project, **asked)

    return make


def drawn_ids(plan):
    return [output.external_id for output in draw(plan, preview(plan))]


def parquet_rows(tmp_path, rows):
    """Write rows of (id, channel, score, negative, stratum) and give the relation that reads it."""
    path = str(tmp_path / "rated.parquet")
    with duckdb.connect() as writer:
        writer.execute(
            "CREATE TABLE rated (id VARCHAR, channel VARCHAR, score DOUBLE, negative BOOLEAN,"
            " stratum VARCHAR)"
        )
        writer.executemany("INSERT INTO rated VALUES (?, ?, ?, ?, ?)", rows)
        writer.execute(f"COPY rated TO {quoted(path)} (FORMAT parquet)")
    return (
        "SELECT id, channel, score, CAST(negative AS INTEGER) AS negative, "
        f"COALESCE(NULLIF(stratum, ''), '(none)') AS stratum FROM read_parquet({quoted(path)})"
    )


SHARES = [Share(Cut(negative=True, stratum=domain or "(none)"), 6) for domain in DOMAINS]
PINNED = [
    (0, "0:  spaces  :1"),
    (0, "0:  spaces  :3"),
    (0, "0:100%:4"),
    (0, "0:a;--comment:1"),
    (0, '0:double "quotes":1'),
    (0, "0:plain-1:1"),
    (1, "1:a;--comment:0"),
    (1, "1:größe ✓ 数:3"),
    (1, "1:it's:2"),
    (1, "1:new\nline:0"),
    (1, "1:o'%s\\':2"),
    (1, "1:o'%s\\':4"),
    (2, "2:  spaces  :2"),
    (2, "2:100%:1"),
    (2, "2:100%:2"),
    (2, '2:double "quotes":3'),
    (2, "2:plain-1:0"),
    (2, "2:plain-1:2"),
    (3, "3:100%:4"),
    (3, "3:back\\slash\\':1"),
    (3, '3:double "quotes":1'),
    (3, "3:größe ✓ 数:4"),
    (3, "3:o'%s\\':0"),
    (3, "3:plain-1:1"),
]


def test_three_engines_draw_the_same_outputs(project, rate, tmp_path):
    """The database of this run and DuckDB agree with a list that every run is compared with."""
    rows = []
    for k, domain in enumerate(DOMAINS):
        ids = [f"{k}:{id_}:{n}" for id_ in HOSTILE for n in range(5)]
        rate(ids, domain=domain)
        rows += [(id_, "thumb", 0.0, True, domain or None) for id_ in ids]
        rate([f"up-{k}-{n}" for n in range(9)], value="up", domain=domain)
        rows += [(f"up-{k}-{n}", "thumb", 1.0, False, domain) for n in range(9)]
    here = DatabaseSource(project, NOON)
    in_database = here.rows(draw_text(here.relation("domain", ("thumb", "rating")), 7, SHARES))
    with duckdb.connect() as there:
        text = draw_text(parquet_rows(tmp_path, rows), 7, SHARES)
        in_parquet = there.execute(text).fetchall()
    assert sorted(map(tuple, in_database)) == sorted(in_parquet)
    assert sorted((position, id_) for position, id_, _ in in_parquet) == PINNED


def test_after_the_relation_the_text_is_the_same_for_every_engine(project):
    relation = DatabaseSource(project, NOON).relation("domain", ("thumb",))
    ours = draw_text(relation, 7, SHARES).replace(relation, "...")
    assert ours == draw_text("...", 7, SHARES)


def test_the_permanent_random_number_is_md5_of_seed_and_id(rate, plan):
    rate(HOSTILE)
    small = plan(seed=-(2**63), size=5)
    expected = sorted(
        (hashlib.md5(f"{-(2**63)}:{id_}".encode()).hexdigest(), id_) for id_ in HOSTILE
    )
    drawn = draw(small, preview(small))
    assert [(output.prn, output.external_id) for output in drawn] == expected[:5]


@pytest.mark.parametrize("frame", ["negative", "rated"])
def test_a_larger_sample_contains_the_smaller_one(frame, rate, plan):
    rate([f"d{n}" for n in range(70)], domain="tax")
    rate([f"e{n}" for n in range(45)], domain="law")
    rate([f"u{n}" for n in range(31)], value="up", domain="law")
    before: set[str] = set()
    n_frame = preview(plan(frame=frame, strata_field="domain", size=60)).n_frame
    for size in range(60, n_frame + 1, 5):
        drawn = set(drawn_ids(plan(frame=frame, strata_field="domain", size=size)))
        assert len(drawn) == size
        assert before <= drawn
        before = drawn


def test_another_seed_draws_other_outputs(rate, plan):
    rate([f"d{n}" for n in range(400)])
    assert drawn_ids(plan(seed=1)) == drawn_ids(plan(seed=1)) != drawn_ids(plan(seed=2))


def test_probabilities_are_n_over_n_frame(rate, plan):
    rate([f"d{n}" for n in range(80)], domain="tax")
    rate([f"e{n}" for n in range(20)], domain="law")
    strata = preview(plan(strata_field="domain", size=50)).strata
    assert {s.name: (s.n_frame, s.n_sampled, s.inclusion_probability) for s in strata} == {
        "down · tax": (80, 30, 0.375),
        "down · law": (20, 20, 1.0),
    }


def test_late_feedback_displaces_nothing(project, rate, plan):
    rate([f"d{n}" for n in range(60)])
    before = drawn_ids(plan())
    rate([f"late{n}" for n in range(60)], when=LATER)
    Feedback.objects.filter(output__external_id=before[0]).update(superseded_at=LATER)
    assert drawn_ids(plan()) == before
    assert preview(plan(until=LATER)).n_frame == 119


def test_superseded_feedback_is_not_in_the_frame(rate, plan):
    rate([f"d{n}" for n in range(30)])
    Feedback.objects.filter(output__external_id="d3").update(superseded_at=NOON)
    assert "d3" not in drawn_ids(plan(size=29))


def test_one_negative_signal_of_several_users_makes_the_output_negative(rate, plan):
    rate(["shared"], value="up", user="ana")
    rate(["shared"], value="down", user="ben")
    frame = preview(plan(frame="rated", size=1))
    assert (frame.n_rated, frame.n_negative) == (1, 1)


def test_an_output_with_both_instruments_belongs_to_the_thumb(rate, plan):
    rate(["both"], value="1", channel="rating", score=1.0)
    rate(["both"], value="up")
    frame = preview(plan(frame="bottom-decile", size=1))
    assert [s.name for s in frame.strata] == ["thumb"]


@pytest.mark.parametrize(("n_down", "said"), [(27, "every negative output"), (4, "not filled up")])
def test_the_bottom_decile_of_thumbs_is_every_thumbs_down(n_down, said, rate, plan):
    rate([f"d{n}" for n in range(n_down)])
    rate([f"u{n}" for n in range(100 - n_down)], value="up")
    frame = preview(plan(frame="bottom-decile", size=n_down))
    assert [(s.name, s.n_frame) for s in frame.strata] == [("thumb", n_down)]
    assert said in frame.cut


def test_the_bottom_decile_cuts_stars_at_their_own_tenth(rate, plan):
    for stars, n in ((1, 8), (2, 7), (3, 25), (5, 60)):
        rate(
            [f"s{stars}-{k}" for k in range(n)],
            channel="rating",
            value="1" if stars < 4 else "5",
            score=float(stars),
        )
    rate([f"d{n}" for n in range(27)])
    rate([f"u{n}" for n in range(73)], value="up")
    frame = preview(plan(frame="bottom-decile", size=42))
    assert {s.name: s.n_frame for s in frame.strata} == {"rating": 15, "thumb": 27}
    assert len(drawn_ids(plan(frame="bottom-decile", size=42))) == 42


def test_ratings_that_are_not_numbers_are_left_out_of_the_decile_and_counted(rate, plan):
    rate([f"s{k}" for k in range(30)], channel="rating", value="1", score=1.0)
    rate(["word"], channel="rating", value="1", score=1.0)
    Feedback.objects.filter(output__external_id="word").update(score=None)
    frame = preview(plan(frame="bottom-decile"))
    assert frame.n_frame == 30
    assert "1 ratings are not numbers: they cannot be ranked and are left out." in frame.warnings


def test_disagreements_are_a_frame_of_their_own(rate, plan):
    rate([f"u{n}" for n in range(30)], value="up")
    rate([f"u{n}" for n in range(8)], channel="disagree", value="disagree")
    frame = preview(plan(frame="disagreed", size=5))
    assert [(s.name, s.n_frame, s.is_negative) for s in frame.strata] == [("disagreed", 8, True)]
    assert (frame.n_rated, frame.n_negative) == (30, 0)


def test_thumbs_up_controls_lie_outside_the_frame(rate, plan):
    rate([f"d{n}" for n in range(30)])
    rate([f"u{n}" for n in range(40)], value="up")
    frame = preview(plan(n_thumbs_up=10))
    assert (frame.n_frame, frame.n_sampled, frame.n_controls) == (30, 20, 10)
    assert frame.strata[-1].inclusion_probability == 0.25


def test_outputs_of_other_projects_are_not_in_the_frame(project, rate, plan):
    other = type(project).objects.create(slug="other", name="Other")
    rate([f"d{n}" for n in range(30)])
    Output.objects.filter(external_id__in=["d0", "d1"]).update(project=other)
    assert preview(plan()).n_frame == 28


def test_hostile_strata_are_names_and_not_sql(rate, plan):
    for k, domain in enumerate(DOMAINS):
        rate([f"{k}-{n}" for n in range(25)], domain=domain)
    frame = preview(plan(strata_field="domain", size=80))
    assert {s.name for s in frame.strata} == {f"down · {d or '(none)'}" for d in DOMAINS}
    assert len(drawn_ids(plan(strata_field="domain", size=80))) == 80


@pytest.mark.slow
@given(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_every_quoted_text_reads_back(text):
    with duckdb.connect() as there:
        assert there.execute(f"SELECT {quoted(text)}").fetchall() == [(text,)]


@pytest.mark.django_db
@pytest.mark.parametrize("text", [*HOSTILE, "?", ":name", "$1", "{}", "/* */"])
def test_the_database_reads_quoted_texts_back(text):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted(text)}")
        assert cursor.fetchall() == [(text,)]


def test_a_wanted_margin_sizes_the_sample_and_says_for_which_share(rate, plan):
    rate([f"d{n}" for n in range(500)])
    frame = preview(plan(size=None, margin=0.05))
    assert 200 < frame.n_sampled < 260
    assert frame.margin == pytest.approx(0.05, abs=0.001)
    assert "worst case, a share of 50%" in frame.warnings[0]


def test_a_size_above_the_frame_takes_all_and_says_so(rate, plan):
    rate([f"d{n}" for n in range(30)])
    frame = preview(plan(size=1000))
    assert frame.n_sampled == 30
    assert frame.warnings == ("1,000 units asked for, 30 in the frame: all are taken.",)


def test_many_strata_are_warned_about(rate, plan):
    for k in range(8):
        rate([f"{k}-{n}" for n in range(20)], domain=f"d{k}")
    assert "at most about 6" in preview(plan(strata_field="domain", size=160)).warnings[0]


REFUSED = {
    "size: expected 1 unit or more, got 0.": {"size": 0},
    "size: expected 1 unit or more, got -3.": {"size": -3},
    "size or margin: expected one of the two, got neither.": {"size": None},
    "size or margin: expected one of the two, got both.": {"margin": 0.05},
    "margin: expected a number above 0 and below 0.5, got 5.": {"size": None, "margin": 5},
    "coders: expected 1 to 50 per unit, got 0.": {"coders": 0},
    "seed: expected a whole number of 64 bits, got 9223372036854775808.": {"seed": 2**63},
    "frame: expected one of negative, bottom-decile, rated, disagreed, got 'all'.": {
        "frame": "all"
    },
    "strata: expected one of release, domain, model, or none, got 'id'.": {"strata_field": "id"},
    "thumbs-up: expected 0 or more units, got -1.": {"n_thumbs_up": -1},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_wrong_plan_is_refused_in_one_sentence(sentence, rate, plan):
    rate([f"d{n}" for n in range(30)])
    with pytest.raises(InputError) as refused:
        preview(plan(**REFUSED[sentence]))
    assert str(refused.value) == sentence


def test_an_empty_frame_says_what_there_is(rate, plan):
    rate([f"o{n}" for n in range(12)], value=None)
    with pytest.raises(InputError) as refused:
        preview(plan())
    said = "no negative feedback in project 'assistant': 0 of 12 outputs are rated."
    assert str(refused.value) == said


def test_a_sample_too_small_for_its_strata_is_refused_with_the_size_that_is_enough(rate, plan):
    rate([f"d{n}" for n in range(300)], domain="tax")
    rate([f"e{n}" for n in range(2)], domain="law")
    with pytest.raises(InputError, match="expected 22 units or more for 2 strata") as refused:
        preview(plan(strata_field="domain", size=3))
    assert str(refused.value).endswith("none would fall on down · law.")
