"""How many units a margin needs."""

import pytest

from analysis.errors import AnalysisInputError
from analysis.planner import margin_for_units, units_for_margin


@pytest.mark.parametrize(
    ("p", "margin", "searched"),
    [(0.08, 0.03, 345), (0.08, 0.02, 755), (0.02, 0.02, 236), (0.30, 0.05, 343)],
)
def test_within_three_percent_of_a_search_over_exact_intervals(p, margin, searched):
    assert units_for_margin(p, margin) == pytest.approx(searched, rel=0.03)


@pytest.mark.parametrize(
    ("p", "n_frame", "units"),
    [(0.3, None, 323), (0.3, 2000, 278), (0.3, 500, 197), (0.5, None, 385), (0.5, 2000, 323)],
)
def test_textbook_sample_sizes_without_the_exact_term(p, n_frame, units):
    assert units_for_margin(p, 0.05, n_frame, exact=False) == units


def test_design_effect_completion_and_frame():
    plain = units_for_margin(0.3, 0.05)
    assert units_for_margin(0.3, 0.05, deff=2) == pytest.approx(2 * plain, abs=1)
    assert units_for_margin(0.3, 0.05, completion=0.5) == pytest.approx(2 * plain, abs=1)
    assert units_for_margin(0.3, 0.05, 40) <= 40
    assert units_for_margin(0.3, 0.05, 0) == 0


@pytest.mark.parametrize("n_frame", [None, 2000])
@pytest.mark.parametrize("margin", [0.02, 0.05, 0.10])
def test_margin_for_units_is_the_inverse(margin, n_frame):
    units = units_for_margin(0.2, margin, n_frame, 1.3, 0.9)
    assert margin_for_units(0.2, units, n_frame, 1.3, 0.9) == pytest.approx(margin, rel=0.01)


def test_the_whole_frame_has_no_margin():
    assert margin_for_units(0.2, 500, 500) == 0


@pytest.mark.parametrize("kwargs", [{"deff": 0}, {"completion": 0}, {"completion": 2}])
def test_impossible_plans_are_refused(kwargs):
    with pytest.raises(AnalysisInputError, match="expected a"):
        units_for_margin(0.3, 0.05, **kwargs)
    with pytest.raises(AnalysisInputError, match="margin"):
        units_for_margin(0.3, 0)
