"""The change of a share: its interval, and its parts by mix and rate."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.compare import decompose
from analysis.proportions import Interval, mover_difference, mover_sum, newcombe_difference, wilson
from analysis.shares import StratumSample, share, share_difference


def domain(name, n_frame, x, n):
    return [StratumSample(name, n_frame, [1] * x + [0] * (n - x))]


BEFORE = {"tax": domain("tax", 3000, 40, 100), "docs": domain("docs", 7000, 10, 100)}
AFTER = {"tax": domain("tax", 6000, 30, 100), "docs": domain("docs", 4000, 12, 100)}


def test_difference_of_two_releases():
    """80/200 - 44/200: Newcombe 1998, method 10, gives [.0896, .2664]."""
    found = newcombe_difference(80, 200, 44, 200)
    assert (found.low, found.high) == pytest.approx((0.089619, 0.266431), abs=1e-6)
    two = mover_sum([(1, 0.4, wilson(80, 200)), (-1, 0.22, wilson(44, 200))])
    assert (two.value, two.low, two.high) == pytest.approx((found.value, found.low, found.high))


@pytest.mark.parametrize(
    ("x1", "n1", "x2", "n2"), [(56, 70, 48, 80), (9, 10, 3, 10), (0, 20, 0, 10)]
)
def test_difference_equals_statsmodels(x1, n1, x2, n2):
    found = newcombe_difference(x1, n1, x2, n2)
    theirs = confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx(theirs, abs=1e-10)


def test_mix_and_rate_by_hand():
    """Kitagawa 1955 on two domains: .3 -> .6 of tax, shares .40 -> .30 and .10 -> .12."""
    found = decompose(BEFORE, AFTER)
    assert found.mix.value == pytest.approx(0.3 * 0.35 - 0.3 * 0.11)
    assert found.rate.value == pytest.approx(-0.10 * 0.45 + 0.02 * 0.55)
    assert found.difference.value == pytest.approx(
        (0.6 * 0.3 + 0.4 * 0.12) - (0.3 * 0.4 + 0.7 * 0.1)
    )
    assert found.difference.value == pytest.approx(found.mix.value + found.rate.value, abs=1e-12)
    assert found.mix.low < found.mix.value < found.mix.high


def test_domains_add_up_to_the_parts():
    found = decompose(BEFORE, AFTER)
    assert sum(each.mix.value for each in found.domains) == pytest.approx(found.mix.value)
    assert sum(each.rate.value for each in found.domains) == pytest.approx(found.rate.value)
    tax = next(each for each in found.domains if each.domain == "tax")
    assert (tax.weight_before, tax.weight_after) == (0.3, 0.6)
    assert tax.rate.value == pytest.approx(-0.10 * 0.45)
    centre = 0.45 * 0.35 + 0.55 * 0.11
    assert tax.mix.value == pytest.approx(0.3 * (0.35 - centre))


def test_the_difference_is_that_of_the_two_shares():
    found = decompose(BEFORE, AFTER)
    one, two = (
        share([stratum for strata in side.values() for stratum in strata])
        for side in (BEFORE, AFTER)
    )
    assert found.difference == share_difference(two, one)


def test_the_same_mix_is_all_rate_and_the_same_rates_are_all_mix():
    other = {"tax": domain("tax", 3000, 55, 100), "docs": domain("docs", 7000, 5, 100)}
    same_mix = decompose(BEFORE, other)
    assert same_mix.mix.value == pytest.approx(0, abs=1e-12)
    assert same_mix.mix.low == same_mix.mix.high == pytest.approx(0)
    grown = {"tax": domain("tax", 8000, 40, 100), "docs": domain("docs", 2000, 10, 100)}
    assert decompose(BEFORE, grown).rate.value == pytest.approx(0)


def test_a_domain_of_one_frame_alone_is_all_mix():
    found = decompose(BEFORE, {**AFTER, "law": domain("law", 1000, 50, 60)})
    law = next(each for each in found.domains if each.domain == "law")
    assert law.rate.value == 0
    assert law.before.undefined_because == "'law' is not in this frame"
    assert found.difference.value == pytest.approx(found.mix.value + found.rate.value, abs=1e-12)


def test_a_domain_without_labels_leaves_the_parts_undefined():
    found = decompose(BEFORE, {**AFTER, "law": [StratumSample("law", 100, [])]})
    assert found.mix.value is None
    assert "no share in 'law': no unit is labelled" in found.rate.undefined_because
    assert found.difference.value is not None
    nothing = decompose({}, {})
    assert nothing.mix.undefined_because == "no unit is labelled"


def test_backwards_everything_changes_its_sign():
    there, back = decompose(BEFORE, AFTER), decompose(AFTER, BEFORE)
    assert back.mix.value == pytest.approx(-there.mix.value)
    assert (back.rate.low, back.rate.high) == pytest.approx((-there.rate.high, -there.rate.low))


def test_order_and_names_of_domains_change_nothing():
    renamed = [
        {f"z{name}": side[name] for name in sorted(side, reverse=True)} for side in (BEFORE, AFTER)
    ]
    found, again = decompose(BEFORE, AFTER), decompose(*renamed)
    assert (again.mix.low, again.rate.high) == pytest.approx((found.mix.low, found.rate.high))


def test_a_share_that_comes_twice_is_one_term():
    same = Interval(0.3, 0.5)
    twice = mover_sum([(0.5, 0.4, same), (0.5, 0.4, same)])
    assert twice.high - twice.low < 0.2
    assert mover_difference(0.4, same, 0.4, same).value == 0
    found = decompose({"all": BEFORE["tax"]}, {"all": AFTER["tax"]})
    assert found.domains[0].mix.low == found.domains[0].mix.high == 0


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("weights", "shares", "n"),
    [
        (((0.3, 0.7), (0.6, 0.4)), ((0.40, 0.10), (0.30, 0.12)), 60),
        (((0.5, 0.3, 0.2), (0.2, 0.3, 0.5)), ((0.02, 0.10, 0.30), (0.05, 0.08, 0.30)), 50),
    ],
)
def test_parts_cover(weights, shares, n):
    rng = np.random.default_rng(5)
    w, p = np.array(weights), np.array(shares)
    mix = ((w[1] - w[0]) * p.mean(axis=0)).sum()
    rate = ((p[1] - p[0]) * w.mean(axis=0)).sum()
    truth = {"mix": mix, "rate": rate, "difference": mix + rate}
    covered = dict.fromkeys(truth, 0)
    for _ in range(700):
        sides = [
            {
                str(d): domain(str(d), round(10**6 * w[i, d]), int(rng.binomial(n, p[i, d])), n)
                for d in range(len(w[i]))
            }
            for i in (0, 1)
        ]
        found = decompose(*sides)
        for part, value in truth.items():
            estimate = getattr(found, part)
            covered[part] += estimate.low <= value <= estimate.high
    assert min(covered.values()) / 700 >= 0.94
