"""The interval of alpha: BCa of Efron 1987, by draws of patterns instead of draws of units."""

import numpy as np
import pytest
from scipy import stats

from analysis.agreement import agreement_from_patterns, level_alpha, nominal_alpha
from analysis.bootstrap import N_REPLICATES, resample
from analysis.nominal import NominalCoefficients
from analysis.ordered import ordered_alpha
from analysis.patterns import patterns_from_count_table

CATEGORIES = "abcd"


def vectors(n_units, *, right=0.8, seed=0):
    """Three coders who find the truth with chance `right`."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, size=n_units, p=[0.4, 0.3, 0.2, 0.1])
    counts = np.zeros((n_units, 4), dtype=int)
    for _ in range(3):
        given = np.where(rng.random(n_units) < right, truth, rng.integers(0, 4, n_units))
        counts[np.arange(n_units), given] += 1
    return counts


def alpha_of(units):
    """Krippendorff 2011, straight from the count vectors of units, shape (..., n, 4)."""
    given = units.sum(axis=-2)
    n = given.sum(axis=-1)
    apart = (units * (3 - units)).sum(axis=(-1, -2)) / 2
    return 1 - (n - 1) * apart / (n**2 - (given**2).sum(axis=-1))


def drawn(units, seed=0):
    patterns = patterns_from_count_table(CATEGORIES, units)
    return resample(patterns, [NominalCoefficients.of(patterns)], seed=seed)[0][0]


def test_the_interval_is_scipys_bca_of_the_same_replicates():
    units = vectors(80)
    ours = drawn(units)

    def statistic(index, axis=-1):
        return alpha_of(units[index.astype(int)])

    data = (np.arange(80),)
    first = stats.bootstrap(data, statistic, n_resamples=9, vectorized=True, method="BCa")
    first.bootstrap_distribution = ours.replicates
    theirs = stats.bootstrap(
        data, statistic, n_resamples=0, vectorized=True, method="BCa", bootstrap_result=first
    ).confidence_interval
    low, high, reason = ours.interval()
    assert reason is None
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_left_out_units_give_alpha_of_the_rest():
    units = vectors(40)
    patterns = patterns_from_count_table(CATEGORIES, units)
    ours = drawn(units).left_out
    for pattern, found in zip(patterns.counts, ours, strict=True):
        first = int(np.flatnonzero((units == pattern).all(axis=1))[0])
        assert found == pytest.approx(alpha_of(np.delete(units, first, axis=0)), abs=1e-12)


def test_draws_of_patterns_scatter_as_draws_of_units_do():
    units = vectors(60)
    ours = drawn(units).replicates
    rng = np.random.default_rng(5)
    naive = alpha_of(units[rng.integers(0, 60, size=(20_000, 60))])
    assert len(ours) == N_REPLICATES
    assert ours.mean() == pytest.approx(naive.mean(), abs=4 * naive.std() / N_REPLICATES**0.5)
    assert ours.std() == pytest.approx(naive.std(), rel=0.07)
    levels = [0.025, 0.5, 0.975]
    assert np.quantile(ours, levels) == pytest.approx(np.quantile(naive, levels), abs=0.02)


def test_the_chance_of_a_low_alpha_is_the_share_of_replicates_below():
    units = vectors(50, right=0.88, seed=3)
    report = agreement_from_patterns(patterns_from_count_table(CATEGORIES, units), seed=4)
    found = drawn(units, seed=4)
    for limit, said in ((0.667, report.p_below_667), (0.8, report.p_below_800)):
        assert said == np.mean(found.replicates < limit)
        assert found.probability_below(limit) == said
    assert 0 < report.p_below_667 < report.p_below_800 < 1


def test_the_interval_depends_on_the_seed_and_nothing_else():
    units = vectors(50)
    turned = np.random.default_rng(1).permutation(units)[:, ::-1]
    names = CATEGORIES[::-1]
    one = nominal_alpha(patterns_from_count_table(CATEGORIES, units), seed=8)
    other = nominal_alpha(patterns_from_count_table(names, turned), seed=8)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


@pytest.mark.parametrize("level", ["ordinal", "interval", "ratio"])
def test_alpha_with_distances_holds_the_jackknife_of_its_units_too(level):
    """Tukey's jackknife with Student's t, on the atanh scale, by leaving out each unit."""
    units = vectors(40)
    patterns = patterns_from_count_table("1259", units)
    without = np.arctanh(
        [
            level_alpha(patterns_from_count_table("1259", np.delete(units, u, axis=0)), level).value
            for u in range(40)
        ]
    )
    error = np.sqrt(39 / 40 * ((without - without.mean()) ** 2).sum())
    found = level_alpha(patterns, level)
    half = stats.t.ppf(0.975, 39) * error
    low, high = (np.tanh(np.arctanh(found.value) + sign * half) for sign in (-1, 1))
    plain = resample(patterns, [ordered_alpha(patterns, level)], seed=0)[0][0].interval()
    assert found.low == pytest.approx(min(low, plain[0]))
    assert found.high == pytest.approx(max(high, plain[1]))
    nominal = nominal_alpha(patterns)
    assert (nominal.low, nominal.high) == drawn(units).interval()[:2]
