"""A sample of which a set part comes from some strata: sizes, no bias, and what it gains."""

from itertools import combinations, pairwise, product
from math import sqrt

import numpy as np
import pytest

from analysis.allocation import allocate_in_two, relative_width, worst_margin
from analysis.errors import AnalysisInputError
from analysis.planner import margin_for_units
from analysis.sampling import allocate
from analysis.shares import StratumSample, share

FRAME = {"wrong": 6000, "unsure": 1500, "right": 2500}
PART = ("wrong", "unsure")


def in_two(size, asked=0.7, frame=FRAME, part=PART, minimum=20):
    return allocate_in_two(frame, size, part=part, share=asked, minimum=minimum)


class TestSizes:
    def test_the_part_gets_the_share_and_within_a_side_the_sizes_decide(self):
        assert in_two(300) == {"wrong": 168, "unsure": 42, "right": 90}
        assert list(in_two(300)) == list(FRAME)

    @pytest.mark.parametrize("asked", [0.05, 0.5, 0.7, 0.9, 0.99])
    def test_a_larger_sample_contains_the_smaller_one(self, asked):
        frame = {"wrong": 120, "unsure": 35, "right": 60}
        sizes = [in_two(n, asked, frame) for n in range(sum(frame.values()) + 10)]
        for smaller, larger in pairwise(sizes):
            assert all(smaller[name] <= larger[name] for name in frame)
        for n, given in enumerate(sizes):
            assert sum(given.values()) == min(n, sum(frame.values()))
            assert all(given[name] <= frame[name] for name in frame)

    def test_every_stratum_has_its_least_before_the_share_counts(self):
        assert in_two(100, 0.95) == {"wrong": 60, "unsure": 20, "right": 20}
        assert in_two(60, 0.95) == {"wrong": 20, "unsure": 20, "right": 20}

    def test_what_one_side_does_not_hold_the_other_takes(self):
        assert in_two(300, 0.7, {"wrong": 1000, "right": 50}, ("wrong",))["right"] == 50
        assert in_two(300, 0.7, {"wrong": 100, "right": 1000}, ("wrong",))["right"] == 200

    @pytest.mark.parametrize("asked", [0, 1, -0.1, float("nan")])
    def test_a_share_that_is_none_is_refused(self, asked):
        with pytest.raises(AnalysisInputError, match="between 0 and 1"):
            in_two(100, asked)

    def test_a_frame_with_one_side_is_refused(self):
        with pytest.raises(AnalysisInputError, match="came one side"):
            in_two(100, frame={"wrong": 10, "right": 0}, part=("wrong",))


class TestShare:
    def test_the_mean_over_every_possible_sample_is_the_true_share(self):
        """7 of the judge's negatives and 4 others, 3 of each drawn: all 35 x 4 samples."""
        frame = {"wrong": [1, 0, 0, 0, 0, 0, 1], "right": [1, 1, 0, 1]}
        sizes = {"wrong": 7, "right": 4}
        drawn = in_two(6, 0.5, sizes, ("wrong",), minimum=0)
        assert drawn == {"wrong": 3, "right": 3}
        every = product(*(combinations(frame[name], drawn[name]) for name in frame))
        values = [
            share([StratumSample(n, sizes[n], y) for n, y in zip(frame, ys, strict=True)]).value
            for ys in every
        ]
        assert len(values) == 35 * 4
        assert np.mean(values) == pytest.approx(5 / 11, abs=1e-12)

    def test_a_good_judge_of_a_rare_mode_narrows_the_interval_and_it_holds_the_truth(self):
        """Share 8%, a judge of sensitivity .9 and specificity .95, 100 labels."""
        rng = np.random.default_rng(7)
        truth = np.arange(10_000) < 800
        said = np.where(truth, rng.random(10_000) < 0.9, rng.random(10_000) < 0.05)
        sides = {"wrong": truth[~said], "right": truth[said]}
        frame = {name: len(side) for name, side in sides.items()}
        width, held = {}, {}
        for name, sizes in (
            ("in proportion", allocate(frame, 100, 1)),
            ("70%", in_two(100, 0.7, frame, ("wrong",))),
        ):
            found = [
                share(
                    [
                        StratumSample(k, frame[k], rng.choice(side, sizes[k], replace=False))
                        for k, side in sides.items()
                    ]
                )
                for _ in range(400)
            ]
            width[name] = np.mean([one.high - one.low for one in found])
            held[name] = np.mean([one.low <= 0.08 <= one.high for one in found])
            assert np.mean([one.value for one in found]) == pytest.approx(0.08, abs=0.003)
        assert width["70%"] < 0.9 * width["in proportion"]
        assert min(held.values()) >= 0.94


class TestGain:
    def test_it_is_the_ratio_of_the_standard_errors(self):
        frame, p = {"wrong": 900, "right": 100}, {"wrong": 0.02, "right": 0.5}
        drawn, other = {"wrong": 70, "right": 30}, {"wrong": 90, "right": 10}

        def se(n):
            a = 0.9**2 * (1 - n["wrong"] / 900) * 0.02 * 0.98 / n["wrong"]
            return sqrt(a + 0.1**2 * (1 - n["right"] / 100) * 0.25 / n["right"])

        assert relative_width(frame, drawn, other, p=p) == pytest.approx(se(drawn) / se(other))
        assert relative_width(frame, drawn, frame, p=p) is None, "the whole frame has no error"

    def test_the_margin_is_that_of_the_planner_where_the_draw_is_in_proportion(self):
        frame = {"wrong": 9000, "right": 1000}
        plain = worst_margin(frame, {"wrong": 90, "right": 10})
        assert plain == pytest.approx(margin_for_units(0.5, 100, 10_000), rel=0.01)
        assert worst_margin(frame, {"wrong": 40, "right": 60}) > 1.3 * plain
        assert worst_margin(frame, frame) == 0
