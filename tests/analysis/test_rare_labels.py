"""Intervals of a label that few units carry: limits, invariants, and what they cover."""

import numpy as np
import pytest

from analysis.agreement import agreement_from_patterns, label_agreement, nominal_alpha
from analysis.patterns import patterns_from_count_table
from analysis.proportions import clopper_pearson
from analysis.rare_labels import alpha_bounds, specific_bounds

SOME = [(3, 0, 0)] * 60 + [(2, 1, 0)] * 9 + [(1, 2, 0)] * 5 + [(0, 3, 0)] * 4 + [(2, 0, 1)] * 2


def ends(interval):
    return interval.low, interval.high


def test_two_coders_who_always_agree_have_the_exact_interval_of_the_carrying_units():
    """Each unit is one case of "the other says it too"."""
    patterns = patterns_from_count_table("xy", [(2, 0)] * 6 + [(0, 2)] * 194)
    found = specific_bounds(patterns, 0)
    assert found.high == 1
    assert found.low == pytest.approx(clopper_pearson(6, 6).low, abs=0.02)


def test_the_more_units_the_narrower():
    widths = []
    for times in (1, 4, 16):
        patterns = patterns_from_count_table("xyz", SOME * times)
        for bounds in (specific_bounds, alpha_bounds):
            low, high = ends(bounds(patterns, 1))
            value = label_agreement(patterns)[1]
            held = value.specific.value if bounds is specific_bounds else value.alpha.value
            assert low < held < high
            widths.append(high - low)
    assert widths[0] > 1.6 * widths[2] > 1.6 * 1.6 * widths[4]
    assert widths[1] > 1.6 * widths[3] > 1.6 * 1.6 * widths[5]


def test_of_two_labels_one_is_the_other_and_both_are_the_whole():
    patterns = patterns_from_count_table("xy", [vector[:2] for vector in SOME[:-2]])
    first, second = (alpha_bounds(patterns, k) for k in (0, 1))
    assert ends(first) == pytest.approx(ends(second))
    report = agreement_from_patterns(patterns)
    for figure in (report.per_label[0].alpha, nominal_alpha(patterns)):
        assert (figure.low, figure.high) == (report.alpha.low, report.alpha.high)


def test_names_and_order_of_labels_change_nothing():
    patterns = patterns_from_count_table("xyz", SOME)
    turned = patterns_from_count_table("abc", [vector[::-1] for vector in SOME[::-1]])
    for bounds in (specific_bounds, alpha_bounds):
        assert ends(bounds(turned, 1)) == pytest.approx(ends(bounds(patterns, 1)))


def test_a_unit_with_one_label_does_not_count():
    patterns = patterns_from_count_table("xyz", SOME)
    more = patterns_from_count_table("xyz", SOME + [(0, 1, 0)] * 30)
    assert ends(specific_bounds(more, 1)) == pytest.approx(ends(specific_bounds(patterns, 1)))
    assert ends(alpha_bounds(more, 1)) == pytest.approx(ends(alpha_bounds(patterns, 1)))


def test_a_label_nobody_used_has_no_bounds():
    patterns = patterns_from_count_table("xyz", [(2, 0, 0), (1, 1, 0)])
    assert specific_bounds(patterns, 2) is None
    assert alpha_bounds(patterns, 2) is None
    assert label_agreement(patterns)[2].alpha.low is None


def test_an_interval_holds_its_value_and_stays_in_the_range_of_alpha():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        vectors = rng.multinomial(3, [0.9, 0.07, 0.03], size=30)
        for entry in label_agreement(patterns_from_count_table("xyz", vectors), seed=seed):
            for figure, floor in ((entry.alpha, -1.0), (entry.specific, 0.0)):
                if figure.low is not None:
                    assert floor <= figure.low <= figure.value <= figure.high <= 1 + 1e-12


@pytest.mark.simulation
@pytest.mark.parametrize("n_units", [50, 200])
def test_a_rare_label_is_covered(n_units):
    """Three coders at 85%, 2% of the units: the bootstrap alone covers .73 and .93 for alpha."""
    rng = np.random.default_rng(3)

    def audit(n: int) -> np.ndarray:
        truth = rng.choice(4, size=n, p=(0.02, 0.5, 0.3, 0.18))
        counts = np.zeros((n, 4), dtype=int)
        for _ in range(3):
            wrong = (truth + rng.integers(1, 4, size=n)) % 4
            counts[np.arange(n), np.where(rng.random(n) < 0.85, truth, wrong)] += 1
        return counts

    (true, *_) = label_agreement(patterns_from_count_table("abcd", audit(400_000)))
    held = []
    for seed in range(120):
        (found, *_) = label_agreement(patterns_from_count_table("abcd", audit(n_units)), seed=seed)
        if found.alpha.low is not None:
            held.append(found.alpha.low <= true.alpha.value <= found.alpha.high)
    assert len(held) > 100
    assert np.mean(held) >= 0.94 - 3 * (0.94 * 0.06 / len(held)) ** 0.5
