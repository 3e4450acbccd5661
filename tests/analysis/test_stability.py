"""Stable is shown, not assumed."""

import numpy as np
import pytest

from analysis.errors import AnalysisInputError
from analysis.shares import StratumSample, share, share_difference
from analysis.stability import Window, stability


def window(name, x, n, codebook="default 1"):
    y = [1] * x + [0] * (n - x)
    return Window(name=name, strata=[StratumSample("all", 5000, y)], codebook=codebook)


def states(*windows, margin=0.05):
    return [step.state for step in stability(windows, margin=margin)]


def test_three_states():
    steady = [window(f"w{i}", 80, 1000) for i in range(3)]
    assert states(*steady) == ["unknown", "stable", "stable"]
    assert states(window("a", 80, 1000), window("b", 200, 1000)) == ["unknown", "moved"]
    assert states(window("a", 8, 100), window("b", 8, 100)) == ["unknown", "unknown"]


def test_few_units_are_never_stable():
    """No difference at all between two windows of 100, and still nothing is known."""
    step = stability([window("a", 8, 100), window("b", 8, 100)])[1]
    assert step.difference.value == 0
    assert step.difference.high > 0.05
    assert step.state == "unknown"


def test_a_small_sure_change_inside_the_margin_is_stable():
    step = stability([window("a", 400, 5000), window("b", 460, 5000)])[1]
    assert step.difference.low > 0
    assert step.state == "stable"


def test_earlier_windows_are_pooled_by_their_frames():
    first = Window(name="a", strata=[StratumSample("all", 3000, [1] * 20 + [0] * 80)])
    second = Window(name="b", strata=[StratumSample("all", 1000, [1] * 40 + [0] * 60)])
    third = Window(name="c", strata=[StratumSample("all", 2000, [1] * 30 + [0] * 70)])
    step = stability([first, second, third])[2]
    assert step.earlier.value == pytest.approx(0.75 * 0.2 + 0.25 * 0.4)
    assert step.n_windows == 2
    assert step.this.level == 0.90


def test_a_change_of_codebook_breaks_the_series():
    found = stability(
        [
            window("a", 80, 1000),
            window("b", 80, 1000),
            window("c", 80, 1000, codebook="default 2"),
            window("d", 82, 1000, codebook="default 2"),
        ]
    )
    assert [step.is_break for step in found] == [False, False, True, False]
    assert found[2].difference.undefined_because == "there is no earlier window of this codebook"
    assert [step.n_windows for step in found] == [0, 1, 0, 1]
    assert found[3].state == "stable"


def test_reasons_and_limits():
    assert stability([]) == ()
    empty = Window(name="b", strata=[StratumSample("all", 100, [])], codebook="default 1")
    found = stability([window("a", 8, 100), empty])
    assert found[0].difference.undefined_because == "there is no earlier window"
    assert found[1].difference.undefined_because == "no unit is labelled"
    with pytest.raises(AnalysisInputError, match="margin between 0 and 1"):
        stability([], margin=0)


@pytest.mark.simulation
def test_a_change_as_large_as_the_margin_is_called_stable_in_one_case_of_twenty():
    rng = np.random.default_rng(2)
    called = 0
    for _ in range(1200):
        pair = (
            window("a", int(rng.binomial(800, 0.08)), 800),
            window("b", int(rng.binomial(800, 0.13)), 800),
        )
        called += stability(pair)[1].state == "stable"
    assert called / 1200 <= 0.06


@pytest.mark.simulation
def test_not_significant_is_not_stable():
    """A jump from 8% to 12%, 400 units each: half the time "not significant", seldom "stable"."""
    rng = np.random.default_rng(3)
    insignificant = stable = 0
    for _ in range(800):
        x, y = int(rng.binomial(400, 0.08)), int(rng.binomial(400, 0.12))
        pair = window("a", x, 400), window("b", y, 400)
        before, after = (share(each.strata, finite_population=False) for each in pair)
        difference = share_difference(after, before)
        insignificant += difference.low <= 0 <= difference.high
        stable += stability(pair)[1].state == "stable"
    assert 0.45 <= insignificant / 800 <= 0.62
    assert stable / 800 <= 0.10
