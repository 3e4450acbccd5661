"""Equal errors of many pairs at once are those of the plain definition, pair by pair."""

import numpy as np
import pandas as pd
import pytest

from analysis import grader_pairs
from analysis.grader_comparisons import beside_others
from analysis.grader_flags import COPIER_CHANCE, flags_of
from analysis.grader_pairs import (
    SharedErrors,
    pair_agreement,
    shared_errors,
)
from analysis.grader_record import GraderRecord, code_record
from analysis.graders import grader_quality
from tests.analysis import plain_pairs


def random_record(seed, *, n_coders, n_units, per_unit, n_gold=0, n_copied=0):
    """Units with `per_unit` of the coders, gold units with all; one coder copies another."""
    rng = np.random.default_rng(seed)
    names = [f"c{number}" for number in range(n_coders)]
    truth = rng.integers(0, 4, n_units)
    rows: list[tuple[object, ...]] = []
    units: list[tuple[object, ...]] = []
    for unit in range(n_units):
        is_gold, is_repeat = unit < n_gold, 0 < unit - n_gold < 5
        gold = f"m{truth[unit]}" if is_gold else ""
        repeated = 0 if is_repeat else None
        units.append((unit, 100, True, gold, "", repeated))
        seats = rng.permutation(n_coders)[: n_coders if is_gold else per_unit]
        said = np.where(rng.random(n_coders) < 0.7, truth[unit], rng.integers(0, 4, n_coders))
        if unit < n_copied:
            said[1] = said[0]
        rows += [(unit, names[k], f"m{said[k]}", "", "", None, len(rows) + k) for k in seats]
    labels = ["unit", "coder", "label", "blind_correctness", "correctness", "seconds", "order"]
    facts = ["unit", "n_words", "rated_negative", "gold_label", "gold_correctness", "repeat_of"]
    return GraderRecord(
        labels=pd.DataFrame(rows, columns=labels), units=pd.DataFrame(units, columns=facts)
    )


CASES = {
    "one coder": {"n_coders": 1, "n_units": 5, "per_unit": 1},
    "two coders": {"n_coders": 2, "n_units": 30, "per_unit": 2, "n_copied": 20},
    "three per unit": {"n_coders": 9, "n_units": 120, "per_unit": 3, "n_gold": 12},
    "five per unit, a copier": {"n_coders": 6, "n_units": 150, "per_unit": 5, "n_copied": 120},
    "gold alone": {"n_coders": 7, "n_units": 25, "per_unit": 0, "n_gold": 25, "n_copied": 25},
    "more pairs than are fitted at once": {"n_coders": 24, "n_units": 80, "per_unit": 12},
}


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def coded(request, monkeypatch):
    """Guesses are made of the case with many pairs, which alone has pairs enough for them."""
    monkeypatch.setattr(grader_pairs, "_FITTED_WITHOUT_A_GUESS", 100)
    return code_record(random_record(20261124, **request.param))


def test_who_met_whom_and_agreed_is_that_of_the_definition(coded):
    found, plain = pair_agreement(coded), plain_pairs.pair_agreement(coded)
    assert np.array_equal(found.met, plain.met)
    assert np.array_equal(found.same, plain.same)


def test_every_pair_is_that_of_the_definition(coded):
    plain = plain_pairs.shared_errors(coded)
    for found, expected in zip(shared_errors(coded, unlikely=np.inf), plain, strict=True):
        assert found.n_pairs == len(expected)
        assert found.most_units == max((pair.n for pair in expected), default=0)
        assert_same(found.pairs, expected)


def test_of_each_coder_the_most_unlikely_pair_and_all_unlikely_ones_are_there(coded):
    plain = plain_pairs.shared_errors(coded)
    for found, pairs in zip(shared_errors(coded, unlikely=COPIER_CHANCE), plain, strict=True):
        n_pairs = len(pairs)
        judged = [pair for pair in pairs if pair.expected**pair.n * n_pairs < COPIER_CHANCE]
        there = {pair.other for pair in found.pairs}
        assert found.n_pairs == n_pairs
        assert_same(found.pairs, [pair for pair in judged if pair.other in there])
        least = min((pair.chance for pair in judged), default=0)
        needed = max(least * (1 + 1e-9), COPIER_CHANCE / max(n_pairs, 1))
        assert {pair.other for pair in judged if pair.chance <= needed} <= there


def test_every_flag_is_that_of_the_definition(coded):
    """The flag is made of all pairs that can be judged, by the definition."""
    plain = plain_pairs.shared_errors(coded)
    beside, fast = beside_others(coded), shared_errors(coded, unlikely=COPIER_CHANCE)
    for coder, pairs in enumerate(plain):
        whole = SharedErrors(
            n_pairs=len(pairs),
            most_units=max((pair.n for pair in pairs), default=0),
            pairs=tuple(pairs),
        )
        pair = (fast[coder], whole)
        one, other = (flags_of(coded, coder, beside=beside, shared=s)[5] for s in pair)
        assert (one.id, one.fires, one.about, one.n) == (
            "copier",
            other.fires,
            other.about,
            other.n,
        )
        assert (one.measured, one.threshold) == (other.measured, other.threshold)
        assert one.not_judged_because == other.not_judged_because


def assert_same(found, expected):
    order = sorted(expected, key=lambda pair: pair.other)
    found = sorted(found, key=lambda pair: pair.other)
    counts = [(pair.other, pair.n, pair.n_same) for pair in found]
    assert counts == [(pair.other, pair.n, pair.n_same) for pair in order]
    for name in ("expected", "chance"):
        mine = [getattr(pair, name) for pair in found]
        assert mine == pytest.approx([getattr(pair, name) for pair in order], rel=1e-9)


def test_the_cases_hold_pairs_that_are_left_out_and_flags_that_fire():
    made = random_record(20261124, n_coders=9, n_units=60, per_unit=3, n_gold=2)
    coded = code_record(made)
    found = shared_errors(coded, unlikely=COPIER_CHANCE)
    assert 0 < sum(len(one.pairs) for one in found) < sum(one.n_pairs for one in found)
    made = random_record(20261124, **CASES["five per unit, a copier"])
    copiers = [quality.coder for quality in grader_quality(made) if quality.flags[5].fires]
    assert copiers == ["c0", "c1"]


def test_a_guess_is_near_the_fit_where_guesses_are_made():
    made = random_record(7, n_coders=50, n_units=600, per_unit=3, n_gold=10, n_copied=300)
    coded = code_record(made)
    n, _ = grader_pairs._count(coded)
    at = np.nonzero(np.triu(n))
    assert len(at[0]) > grader_pairs._FITTED_WITHOUT_A_GUESS
    ratio = grader_pairs._guessed(coded, *at) / grader_pairs._fitted(coded, *at)
    assert max(ratio.max(), 1 / ratio.min()) < grader_pairs._MARGIN**0.5
