"""Stable is shown, not assumed."""

import numpy as np
import pytest

from analysis.errors import AnalysisInputError
from analysis.shares import StratumSample, share, share_difference
from analysis.stability import Window, stability


def window(name, x, n, n_frame=5000, codebook="default 1"):
    y = [1] * x + [0] * (n - x)
    return Window(name=name, strata=[StratumSample("all", n_frame, y)], codebook=codebook)


def to_decide(*windows, margin=0.05):
    return stability(windows, margin=margin)[-1].to_decide


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


class TestLabelsToDecide:
    def test_of_equal_shares_it_is_the_textbook_number(self):
        """n = (1.645 + 1.282)^2 2 p (1 - p) / m^2, and 2/m or so more since intervals are exact."""
        found = to_decide(window("a", 800, 2000, 10**6), window("b", 800, 2000, 10**6), margin=0.02)
        textbook = (1.6449 + 1.2816) ** 2 * 2 * 0.4 * 0.6 / 0.02**2
        assert found.decision == "stable"
        assert textbook < 2000 + found.labels < 1.05 * textbook

    def test_a_state_that_is_known_needs_no_more(self):
        steady = stability([window("a", 80, 1000), window("b", 80, 1000)])
        assert [step.to_decide for step in steady] == [None, None]
        moved = stability([window("a", 80, 1000), window("b", 200, 1000)])[1]
        assert (moved.state, moved.to_decide) == ("moved", None)

    def test_a_difference_outside_the_margin_will_be_called_moved(self):
        assert to_decide(window("a", 4, 50), window("b", 10, 50)).decision == "moved"
        assert to_decide(window("a", 10, 50), window("b", 4, 50)).decision == "moved"

    def test_the_nearer_to_half_the_margin_the_more_labels(self):
        """There the interval has to be narrowest to be inside the margin or away from zero."""
        needed = [
            to_decide(window("a", 40, 200), window("b", x, 200)).labels for x in (40, 42, 44, 45)
        ]
        assert needed == sorted(needed)
        assert to_decide(window("a", 40, 200), window("b", 49, 200)).decision == "moved"

    def test_users_who_give_several_outputs_cost_labels(self):
        def found(users):
            y = ([1] * 10 + [0] * 90) * 2
            owners = [n // users for n in range(200)]
            sample = StratumSample("all", 10**6, y, owners)
            pair = [Window(name=name, strata=[sample]) for name in "ab"]
            return stability(pair)[1].to_decide.labels

        assert found(5) > 1.5 * found(1)

    def test_more_than_a_frame_holds_is_said(self):
        found = to_decide(window("a", 8, 100, 250), window("b", 8, 100, 5000))
        assert found.labels is None
        assert "smallest audit's frame" in found.sentence
        found = to_decide(window("a", 8, 100, 10**6), window("b", 8, 100, 10**6), margin=0.001)
        assert found.undefined_because == "more than 20,000 labels in each audit would be needed"

    def test_an_earlier_audit_without_a_share_of_its_own_is_said(self):
        strata = [StratumSample("all", 100, [1] * 2 + [0] * 18), StratumSample("none", 10, [])]
        partly = Window(name="b", strata=strata, codebook="default 1")
        found = to_decide(window("a", 8, 100), partly, window("c", 8, 100))
        assert found.undefined_because == "one of the audits has no share of its own"

    @pytest.mark.simulation
    @pytest.mark.parametrize(
        ("cases", "n", "margin", "decision"),
        [
            ((8, 8), 100, 0.05, "stable"),
            ((4, 10), 50, 0.05, "moved"),
            ((6, 6, 6, 6), 60, 0.05, "stable"),
            ((8, 10), 100, 0.05, "stable"),
        ],
    )
    def test_with_so_many_labels_it_is_decided_as_often_as_said(self, cases, n, margin, decision):
        found = to_decide(*(window(str(x), x, n, 10**6) for x in cases), margin=margin)
        rng, size = np.random.default_rng(4), n + found.labels
        called = []
        for _ in range(400):
            drawn = [int(rng.binomial(size, x / n)) for x in cases]
            series = [window(str(k), x, size, 10**6) for k, x in enumerate(drawn)]
            called.append(stability(series, margin=margin)[-1].state)
        assert found.decision == decision
        assert 0.74 <= called.count(decision) / 400 <= 0.92
