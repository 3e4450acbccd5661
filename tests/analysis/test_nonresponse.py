"""What skipped and cannot_tell units could make of a share."""

import pytest

from analysis.errors import AnalysisInputError
from analysis.nonresponse import AnsweredStratum, nonresponse_bounds
from analysis.shares import StratumSample, share

Y = [1] * 20 + [0] * 80
UNSURE = [0] * 20 + [1] * 5 + [0] * 75


def test_bounds_by_hand():
    """20 of 100, 5 more on which coders could not tell, 10 skipped."""
    found = nonresponse_bounds([AnsweredStratum("all", 5000, Y, None, UNSURE, 10)])
    assert found.reported.value == 0.20
    assert [found.cannot_tell.if_none.value, found.cannot_tell.if_all.value] == [0.20, 0.25]
    assert [found.skips.if_none.value, found.skips.if_all.value] == pytest.approx(
        [20 / 110, 30 / 110]
    )
    assert [found.both.if_none.value, found.both.if_all.value] == pytest.approx(
        [20 / 110, 35 / 110]
    )
    assert (found.skips.n, found.cannot_tell.n, found.both.n) == (10, 5, 15)
    assert found.both.sentence == "between 18.2% and 31.8%"
    assert found.both.low < 20 / 110
    assert found.both.high > 35 / 110


def test_strata_are_weighted():
    strata = [
        AnsweredStratum("tax", 3000, Y, None, None, 25),
        AnsweredStratum("docs", 1000, [0] * 50, None, None, 50),
    ]
    found = nonresponse_bounds(strata)
    assert found.reported.value == pytest.approx(0.75 * 0.2)
    assert found.skips.if_none.value == pytest.approx(0.75 * 20 / 125)
    assert found.skips.if_all.value == pytest.approx(0.75 * 45 / 125 + 0.25 * 0.5)


def test_where_everybody_answered_the_bounds_are_the_share():
    plain = [StratumSample("all", 5000, Y)]
    found = nonresponse_bounds(plain)
    assert found.both.if_none == found.both.if_all == found.reported == share(plain)
    assert found.both.n == 0


def test_a_stratum_that_everybody_skipped_is_bounded_though_it_has_no_share():
    strata = [StratumSample("tax", 1000, Y), AnsweredStratum("law", 1000, [], None, None, 40)]
    found = nonresponse_bounds(strata)
    assert found.reported.value is None
    assert [found.skips.if_none.value, found.skips.if_all.value] == pytest.approx([0.1, 0.6])
    assert found.cannot_tell.sentence.startswith("unknown: no labelled unit")


def test_the_reported_share_lies_within_and_order_changes_nothing():
    strata = [
        AnsweredStratum("a", 900, [1, 0.5, 0, 0, 1], None, [0, 0.5, 1, 0, 0], 2),
        AnsweredStratum("b", 100, [0, 0, 1], None, [1, 0, 0], 1),
    ]
    found = nonresponse_bounds(strata)
    for bounds in (found.skips, found.cannot_tell, found.both):
        assert bounds.if_none.value <= found.reported.value <= bounds.if_all.value
    again = nonresponse_bounds(strata[::-1])
    assert again.both.high == pytest.approx(found.both.high)


def test_skipped_units_of_one_user_are_a_cluster():
    one = AnsweredStratum("all", 5000, Y, [None] * 100, None, 20, ["loud user"] * 20)
    many = AnsweredStratum("all", 5000, Y, None, None, 20)
    found, apart = nonresponse_bounds([one]), nonresponse_bounds([many])
    assert found.skips.high > apart.skips.high


@pytest.mark.parametrize(
    ("stratum", "message"),
    [
        (AnsweredStratum("tax", 9, [1, 0], None, [1, 0]), "y \\+ cannot_tell <= 1"),
        (AnsweredStratum("tax", 9, [1, 0], None, [0]), "cannot_tell"),
        (AnsweredStratum("tax", 9, [1, 0], None, None, 2, ["ana"]), "each of 2 skipped"),
        (AnsweredStratum("tax", 3, [1, 0], None, None, 2), "at most N=3"),
        (AnsweredStratum("tax", 9, [1, 0], None, None, -1), "skipped"),
    ],
)
def test_bad_strata_are_refused(stratum, message):
    with pytest.raises(AnalysisInputError, match=message):
        nonresponse_bounds([stratum])
