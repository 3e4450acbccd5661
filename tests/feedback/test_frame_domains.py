"""How large each domain is in a frame, as it stood at the draw."""

from datetime import UTC, datetime, timedelta

import pytest

from feedback.frame_domains import count_domains
from feedback.frame_source import DatabaseSource
from feedback.models import Feedback, Output

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def rate(project):
    def store(external_id, domain, *, release="A", thumb="down", score=None, when=NOON):
        output = Output.objects.create(
            project=project,
            external_id=external_id,
            domain=domain,
            release=release,
            content_sha256="0" * 64,
        )
        Feedback.objects.create(
            output=output,
            channel="thumb" if score is None else "rating",
            value=thumb if score is None else str(score),
            score=score,
            is_negative=thumb == "down",
            event_key=external_id,
        )
        Output.objects.filter(pk=output.pk).update(imported_at=when)
        Feedback.objects.filter(output=output).update(imported_at=when)

    return store


def count(project, frame="negative", strata_field="", *, until=NOON):
    return count_domains(DatabaseSource(project, until), frame, strata_field)


def test_negatives_are_counted_by_domain_and_those_without_one_are_named_so(project, rate):
    rate("1", "tax")
    rate("2", "tax")
    rate("3", "o'hara & 50%")
    rate("4", "")
    rate("5", "tax", thumb="up")
    assert count(project) == {"down": {"tax": 2, "o'hara & 50%": 1, "(none)": 1}}


def test_within_the_strata_of_the_draw(project, rate):
    rate("1", "tax", release="A")
    rate("2", "tax", release="B")
    rate("3", "code", release="B")
    assert count(project, strata_field="release") == {
        "down · A": {"tax": 1},
        "down · B": {"tax": 1, "code": 1},
    }
    assert count(project, strata_field="domain") == {
        "down · code": {"code": 1},
        "down · tax": {"tax": 2},
    }


def test_feedback_that_came_after_the_draw_does_not_count(project, rate):
    rate("1", "tax")
    rate("2", "code", when=NOON + timedelta(hours=1))
    assert count(project) == {"down": {"tax": 1}}


def test_the_bottom_decile_is_cut_where_the_draw_cuts_it(project, rate):
    for number in range(20):
        domain, thumb = ("tax", "down") if number < 2 else ("code", "up")
        rate(str(number), domain, score=float(number), thumb=thumb)
    assert count(project, "bottom-decile") == {"rating": {"tax": 2}}


def test_an_empty_frame_and_strata_of_another_kind_have_no_domains(project, rate):
    assert count(project) == {}
    rate("1", "tax")
    assert count(project, strata_field="weather") == {}
