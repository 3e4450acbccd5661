"""Allocation and the bottom decile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import AnalysisInputError
from analysis.sampling import allocate, bottom_decile_cutoff

frames = st.dictionaries(st.text(max_size=3), st.integers(0, 400), max_size=6)


def test_proportional():
    assert allocate({"tax": 1200, "code": 800, "travel": 2000, "docs": 1000}, 200) == {
        "tax": 48,
        "code": 32,
        "travel": 80,
        "docs": 40,
    }


def test_a_small_stratum_gets_twenty_and_a_tiny_one_all():
    assert allocate({"large": 10_000, "small": 100, "tiny": 7}, 200) == {
        "large": 173,
        "small": 20,
        "tiny": 7,
    }


@given(frame=frames, size=st.integers(0, 500), minimum=st.integers(0, 25))
def test_size_bounds_and_floors(frame, size, minimum):
    given_out = allocate(frame, size, minimum)
    floors = {name: min(minimum, n) for name, n in frame.items()}
    assert sum(given_out.values()) == min(size, sum(frame.values()))
    assert all(0 <= given_out[name] <= frame[name] for name in frame)
    if size >= sum(floors.values()):
        assert all(given_out[name] >= floors[name] for name in frame)


@given(frame=frames, size=st.integers(0, 400), more=st.integers(0, 60))
def test_a_larger_sample_contains_the_smaller_one(frame, size, more):
    smaller, larger = allocate(frame, size), allocate(frame, size + more)
    assert all(smaller[name] <= larger[name] for name in frame)


@given(frame=frames, size=st.integers(0, 400))
def test_order_of_strata_does_not_matter(frame, size):
    assert allocate(dict(reversed(frame.items())), size) == allocate(frame, size)


def test_negative_input_is_refused():
    with pytest.raises(AnalysisInputError, match="zero or more"):
        allocate({"tax": -1}, 5)
    with pytest.raises(AnalysisInputError, match="size"):
        allocate({"tax": 1}, -5)


def test_many_thumbs_down_are_all_in_the_frame():
    cut = bottom_decile_cutoff([(0, 27, 27), (1, 73, 0)])
    assert (cut.score, cut.n_frame) == (0, 27)
    assert "every negative output: 27 of 100 rated outputs (27.0%)" in cut.sentence


def test_few_thumbs_down_are_not_filled_up():
    cut = bottom_decile_cutoff([(1, 96, 0), (0, 4, 4)])
    assert (cut.score, cut.n_frame) == (0, 4)
    assert "not filled up" in cut.sentence


def test_stars_are_cut_at_the_smallest_score_that_reaches_ten_percent():
    stars = [(1, 60, 60), (2, 80, 80), (3, 100, 0), (4, 300, 0), (5, 460, 0)]
    assert bottom_decile_cutoff(stars).n_frame == 140
    assert bottom_decile_cutoff([(1, 100, 100), *stars[1:], (6, 0, 0)]).score == 2
    many = bottom_decile_cutoff([(1, 150, 150), (2, 50, 50), (3, 800, 0)])
    assert (many.score, many.n_frame, many.n_negative) == (1, 150, 200)
    assert "score of 1 or lower" in many.sentence


def test_nothing_negative_or_nothing_rated_is_an_empty_frame():
    assert bottom_decile_cutoff([(1, 10, 0)]).score is None
    assert bottom_decile_cutoff([]).sentence == "Nothing was rated, so the frame is empty."


def test_impossible_counts_are_refused():
    with pytest.raises(AnalysisInputError, match="came 6 of 5"):
        bottom_decile_cutoff([(1, 5, 6)])
    with pytest.raises(AnalysisInputError, match="each score once"):
        bottom_decile_cutoff([(1, 5, 5), (1, 5, 5)])
