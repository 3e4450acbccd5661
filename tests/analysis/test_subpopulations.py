"""Shares within a part of the frame: the ratio estimator, its limits, coverage by simulation."""

import numpy as np
import pytest
from scipy import special

from analysis.errors import AnalysisInputError
from analysis.proportions import clopper_pearson
from analysis.shares import StratumSample, share
from analysis.subpopulations import StratumPart, subpopulation_share


def part(name, n_frame, n_drawn, n_inside, y, users=None):
    return StratumPart(
        name=name,
        n_frame=n_frame,
        n_drawn=n_drawn,
        n_inside=n_inside,
        y=y,
        users=[None] * len(y) if users is None else users,
    )


def cases(x: int, n: int) -> list[int]:
    return [1] * x + [0] * (n - x)


def test_a_part_that_is_two_whole_strata_is_the_share_without_finite_population():
    users = [f"u{k % 17}" for k in range(40)]
    whole = [
        StratumSample("a", 600, cases(9, 40), users),
        StratumSample("b", 400, cases(4, 50), [None] * 50),
    ]
    parts = [part("a", 600, 40, 40, cases(9, 40), users), part("b", 400, 50, 50, cases(4, 50))]
    mine, theirs = subpopulation_share(parts), share(whole, finite_population=False)
    for name in ("value", "low", "high", "n_eff"):
        assert getattr(mine, name) == pytest.approx(getattr(theirs, name), abs=1e-12)
    assert (mine.n, mine.n_frame, mine.df) == (theirs.n, theirs.n_frame, theirs.df)
    assert (mine.deff_users, mine.top_user_share) == (theirs.deff_users, theirs.top_user_share)


def test_the_weights_are_the_strata_and_not_the_pooled_sample():
    """1,000 and 100 outputs, 50 drawn of each: a case of the first stands for ten times more."""
    parts = [part("big", 1000, 50, 20, cases(10, 20)), part("small", 100, 50, 20, cases(2, 20))]
    found = subpopulation_share(parts)
    assert found.value == pytest.approx((400 * 0.5 + 40 * 0.1) / 440)
    assert found.value != pytest.approx(12 / 40)
    assert (found.n, found.n_frame) == (40, 440)


def test_the_interval_written_out_by_hand():
    parts = [part("a", 900, 60, 30, cases(12, 30)), part("b", 300, 60, 15, cases(2, 15))]
    weight = {"a": 450 / 525, "b": 75 / 525}
    rows = (("a", 12, 30, 60), ("b", 2, 15, 60))
    m1 = {name: (x + 0.5) / (k + 1) for name, x, k, _ in rows}
    q = sum(weight[name] * m1[name] for name in m1)
    v = sum(
        weight[name] ** 2
        * (
            (m1[name] - m1[name] ** 2) / k
            + (1 - k / drawn) * (m1[name] - q) ** 2 * drawn / (drawn - 1) / k
        )
        for name, x, k, drawn in rows
    )
    n_eff = q * (1 - q) / v * (special.stdtrit(44, 0.975) / special.stdtrit(43, 0.975)) ** 2
    p = weight["a"] * 12 / 30 + weight["b"] * 2 / 15
    exact = clopper_pearson(float(p * n_eff), float(n_eff))
    found = subpopulation_share(parts)
    assert (found.value, found.n_eff) == pytest.approx((p, n_eff))
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_sizes_come_from_all_drawn_units_labelled_or_not():
    half_labelled = [part("a", 1000, 50, 20, cases(5, 10)), part("b", 1000, 50, 20, cases(1, 20))]
    assert subpopulation_share(half_labelled).value == pytest.approx((0.5 + 0.05) / 2)


def test_a_part_that_nobody_labelled_says_so():
    found = subpopulation_share([part("a", 1000, 50, 20, [])])
    assert (found.value, found.n, found.n_frame) == (None, 0, 400)
    assert found.undefined_because == "no unit in it is labelled yet"
    found = subpopulation_share([part("a", 900, 50, 20, []), part("b", 100, 50, 20, cases(2, 20))])
    assert found.value is None
    assert "no labelled unit of it in the strata ['a']" in found.undefined_because


def test_a_small_stratum_without_a_label_widens_the_interval():
    parts = [part("a", 1000, 50, 40, cases(10, 40)), part("b", 20, 10, 10, [])]
    found = subpopulation_share(parts)
    alone = subpopulation_share(parts[:1])
    gap = 20 / 820
    assert found.unsampled == ("b",)
    assert found.low == pytest.approx((1 - gap) * alone.low)
    assert found.high == pytest.approx((1 - gap) * alone.high + gap)


def test_few_units_are_too_imprecise():
    found = subpopulation_share([part("a", 1000, 50, 12, cases(3, 12))])
    assert found.too_imprecise == "only 12 labelled units, fewer than 30"


@pytest.mark.parametrize(
    "wrong",
    [
        part("a", 10, 20, 5, [1]),
        part("a", 100, 20, 25, [1]),
        part("a", 100, 20, 2, [1, 0, 1]),
        part("a", 100, 20, 2, [1.5]),
        part("a", 100, 20, 2, [1, 0], ["u"]),
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(AnalysisInputError, match="in stratum 'a'"):
        subpopulation_share([wrong])


DESIGNS = [
    # n per stratum, N per stratum, part of the stratum inside, share of cases inside
    ((200,), (10**6,), (0.3,), (0.2,)),
    ((100, 100), (6 * 10**5, 2 * 10**5), (0.3, 0.3), (0.1, 0.5)),
    ((100, 100), (6 * 10**5, 2 * 10**5), (0.6, 0.2), (0.05, 0.4)),
    ((150, 50, 50), (10**6, 10**5, 10**6), (0.3, 0.8, 0.2), (0.05, 0.3, 0.1)),
    ((60, 60, 60, 60), (12000, 8000, 20000, 10000), (0.5, 0.4, 0.3, 0.6), (0.45, 0.35, 0.1, 0.05)),
    ((125, 125), (10**6, 10**6), (0.5, 0.5), (0.02, 0.06)),
]


@pytest.mark.simulation
@pytest.mark.parametrize("design", DESIGNS)
def test_coverage(design):
    """The interval holds the share of the part in at least 94% of samples."""
    n_h, frame, inside, rate = map(np.array, design)
    truth = float((frame * inside * rate).sum() / (frame * inside).sum())
    rng = np.random.default_rng(20)
    held, tried = 0, 4000
    for _ in range(tried):
        d = rng.binomial(n_h, inside)
        x = rng.binomial(d, rate)
        parts = [
            part(str(h), int(frame[h]), int(n_h[h]), int(d[h]), cases(x[h], d[h]))
            for h in range(len(n_h))
        ]
        found = subpopulation_share(parts)
        held += found.low <= truth <= found.high
    assert held / tried >= 0.94
