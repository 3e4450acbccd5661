"""Rogan & Gladen 1978 with the interval of Lang & Reiczigel 2014."""

import numpy as np
import pytest

from analysis.coder_error import KnownUnits, rogan_gladen
from analysis.errors import AnalysisInputError
from analysis.proportions import z_quantile


def known(right, n):
    return KnownUnits(right=right, n=n)


def test_worked_example_and_clamp():
    """q .3, se .9, sp .92 give .268293; the delta method's standard error is .036735."""
    found = rogan_gladen(0.3, 400, positives=known(108, 120), negatives=known(110.4, 120))
    assert found.corrected.value == pytest.approx(0.268293, abs=1e-6)
    half = (found.corrected.high - found.corrected.low) / 2
    assert half / z_quantile(0.95) == pytest.approx(0.036735, rel=0.03)
    assert (found.sensitivity.value, found.specificity.value) == pytest.approx((0.9, 0.92))
    assert not found.is_clamped
    low = rogan_gladen(0.05, 400, positives=known(108, 120), negatives=known(110.4, 120))
    assert (low.corrected.value, low.corrected.low, low.is_clamped) == (0, 0, True)
    assert low.corrected.high > 0


def test_interval_written_out_by_hand():
    z2 = z_quantile(0.95) ** 2
    q, se, sp = (60 + z2 / 2) / (200 + z2), 91 / 102, 86 / 92
    p = (q + sp - 1) / (se + sp - 1)
    a, b = se * (1 - se) / 102, sp * (1 - sp) / 92
    shift = 2 * z2 * (p * a - (1 - p) * b)
    half = (z2 * (q * (1 - q) / (200 + z2) + p**2 * a + (1 - p) ** 2 * b)) ** 0.5 / (se + sp - 1)
    found = rogan_gladen(0.3, 200, positives=known(90, 100), negatives=known(85, 90)).corrected
    assert (found.low, found.high) == pytest.approx((p + shift - half, p + shift + half))


def test_without_error_nothing_is_corrected():
    found = rogan_gladen(0.3, 200, positives=known(10**6, 10**6), negatives=known(10**6, 10**6))
    assert found.corrected.value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("share", "positives", "negatives", "reason"),
    [
        (0.3, known(40, 49), known(80, 90), "only 49 known positives, fewer than 50"),
        (0.3, known(80, 90), known(0, 0), "only 0 known negatives, fewer than 50"),
        (0.3, known(30, 60), known(30, 60), "no better than chance"),
        (None, known(80, 90), known(80, 90), "the observed share is undefined"),
    ],
)
def test_undefined_with_the_reason(share, positives, negatives, reason):
    found = rogan_gladen(share, 200, positives=positives, negatives=negatives)
    assert found.corrected.value is None
    assert reason in found.corrected.undefined_because


def test_impossible_counts_are_refused():
    with pytest.raises(AnalysisInputError, match="right <= n"):
        rogan_gladen(0.3, 200, positives=known(91, 90), negatives=known(80, 90))
    with pytest.raises(AnalysisInputError, match="share from 0 to 1"):
        rogan_gladen(1.3, 200, positives=known(81, 90), negatives=known(80, 90))


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("p", "se", "sp", "n", "n_known"),
    [(0.3, 0.9, 0.92, 200, 60), (0.08, 0.85, 0.97, 200, 50), (0.02, 0.8, 0.98, 400, 100)],
)
def test_interval_covers(p, se, sp, n, n_known):
    rng = np.random.default_rng(3)
    q, covered = p * se + (1 - p) * (1 - sp), 0
    for _ in range(2000):
        found = rogan_gladen(
            rng.binomial(n, q) / n,
            n,
            positives=known(int(rng.binomial(n_known, se)), n_known),
            negatives=known(int(rng.binomial(n_known, sp)), n_known),
        ).corrected
        covered += found.low <= p <= found.high
    assert covered / 2000 >= 0.94
