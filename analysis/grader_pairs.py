"""Coders in pairs: who makes the same errors more often than coders who err independently.

All partners of a coder are compared at once, and accuracies are fitted for many pairs at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.estimates import BoolArray, FloatArray, IntArray
from analysis.grader_record import NONE, CodedRecord

# Chance that two coders who are both wrong are wrong in the same way.
COINCIDENCE = 0.5
USUAL_ACCURACY, WEIGHT_OF_USUAL = 0.8, 5.0
_ROUNDS = 30
_PAIRS_AT_ONCE = 256
# With more pairs than this, those that a first guess puts far from being judged are not fitted.
_FITTED_WITHOUT_A_GUESS = 1000
# A guess is within a few per cent of the fit where there are so many pairs (see the tests).
_MARGIN = 1.5


@dataclass(frozen=True, eq=False, kw_only=True)
class PairAgreement:
    """Coders x coders: on how many units two met, and on how many they gave the same answer."""

    met: FloatArray
    same: FloatArray


@dataclass(frozen=True, kw_only=True)
class SameErrors:
    """Two coders on the units that tell: neither all agree with the reference nor all differ.

    ``n_same`` of ``n`` times the two agree with each other against the reference (the known
    answer, else the most frequent one of the other coders). ``expected`` is the share of that among
    coders who err independently, ``chance`` how likely they are to reach ``n_same``.
    """

    other: int
    n: int
    n_same: int
    expected: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class SharedErrors:
    """One coder beside all others.

    Attributes
    ----------
    n_pairs : other coders on whose common units something tells
    most_units : the greatest number of such units with one of them
    pairs : those that can be the most unlikely one of this coder, or unlikely at all
    """

    n_pairs: int
    most_units: int
    pairs: tuple[SameErrors, ...]


def shared_errors(coded: CodedRecord, *, unlikely: float) -> list[SharedErrors]:
    """Return what each coder shares with the others.

    With o the odds of being wrong and c the chance that two errors coincide, independent coders
    agree against the reference r, rather than one of them with it, with probability
    T_r / (T_r + T_i + T_j), T_r = o_r + c o_i o_j and so on; o_r = 0 for a known answer. The tail
    is the binomial's at the mean probability, an upper bound for unequal ones (Hoeffding 1956).

    Accuracies are fitted for each pair, which is dear. So where there are many, a guess with a wide
    margin leaves out those that cannot be what is asked for.

    Parameters
    ----------
    unlikely : float
        A pair can be judged where equal errors alone would, over all pairs of the coder, be less
        likely than this. Those that can not are left out.
    """
    n, n_same = _count(coded)
    n_pairs = (n > 0).sum(axis=1)
    expected: FloatArray = np.full(n.shape, np.nan)
    at = _worth_a_fit(coded, n, n_same, unlikely=unlikely)
    expected[at] = expected.T[at] = _fitted(coded, *at)
    # nan, which is not fitted, is never judged
    judged = (n > 0) & (np.power(expected, n) * n_pairs[:, None] < unlikely)
    return [
        SharedErrors(
            n_pairs=int(n_pairs[coder]),
            most_units=int(n[coder].max()),
            pairs=tuple(
                _same_errors(int(other), n[coder], n_same[coder], expected[coder])
                for other in np.flatnonzero(judged[coder])
            ),
        )
        for coder in range(len(n))
    ]


def _same_errors(other: int, n: IntArray, n_same: IntArray, expected: FloatArray) -> SameErrors:
    p = float(expected[other])
    return SameErrors(
        other=other,
        n=int(n[other]),
        n_same=int(n_same[other]),
        expected=p,
        chance=float(binomial_tail(n_same[[other]], n=int(n[other]), p=p)[0]),
    )


def _worth_a_fit(
    coded: CodedRecord, n: IntArray, n_same: IntArray, *, unlikely: float
) -> tuple[IntArray, IntArray]:
    """Return the pairs, first and second coder, that may be judged and be the most unlikely."""
    first, second = np.nonzero(np.triu(n))
    if len(first) <= _FITTED_WITHOUT_A_GUESS:
        return first, second
    guess: FloatArray = np.full(n.shape, np.nan)
    guess[first, second] = guess.T[first, second] = _guessed(coded, first, second)
    n_pairs, some = (n > 0).sum(axis=1)[:, None], np.maximum(n, 1)
    least, most = guess / _MARGIN, np.minimum(guess * _MARGIN, 1)
    possible = (n > 0) & (np.power(least, n) * n_pairs < unlikely)
    certain = (n > 0) & (np.power(most, n) * n_pairs < unlikely)
    known = np.where(certain, binomial_tail(n_same, n=some, p=most), np.inf).min(axis=1)
    limit = np.maximum(known[:, None], unlikely / np.maximum(n_pairs, 1))
    possible &= binomial_tail(n_same, n=some, p=least) <= limit
    first, second = np.nonzero(np.triu(possible | possible.T))
    return first, second


def pair_agreement(coded: CodedRecord) -> PairAgreement:
    met = np.zeros((len(coded.coders), len(coded.coders)))
    same = np.zeros_like(met)
    for coder in range(len(met)):
        answers = coded.table[_units_of(coded, coder)]
        met[coder] = (answers != NONE).sum(axis=0)
        same[coder] = (answers == answers[:, [coder]]).sum(axis=0)
    np.fill_diagonal(met, 0.0)
    np.fill_diagonal(same, 0.0)
    return PairAgreement(met=met, same=same)


def accuracies(pairs: PairAgreement, *, first: IntArray, second: IntArray) -> FloatArray:
    """Return each coder's chance of being right, from how often pairs agree; pairs x coders.

    One chance per coder (the one-coin case of Dawid & Skene 1979): i and k agree with probability
    a_i a_k + c (1 - a_i)(1 - a_k). Least squares over all pairs but one, whose agreement is what
    is to be judged: row p leaves out the coders ``first[p]`` and ``second[p]``. Five units at the
    usual accuracy keep small numbers calm.
    """
    right = np.full((len(first), len(pairs.met)), USUAL_ACCURACY)
    rows = np.arange(len(first))

    def over_others(counts: FloatArray, values: FloatArray) -> FloatArray:
        total = values @ counts
        judged = counts[first, second]
        total[rows, first] -= judged * values[rows, second]
        total[rows, second] -= judged * values[rows, first]
        return total

    for _ in range(_ROUNDS):
        wrong = 1 - right
        # agreement as a line in a_i: c (1 - a_k) + a_i (a_k - c (1 - a_k))
        slope = right - COINCIDENCE * wrong
        top = over_others(pairs.same, slope)
        top -= over_others(pairs.met, COINCIDENCE * wrong * slope)
        usual = WEIGHT_OF_USUAL * USUAL_ACCURACY
        solved = (top + usual) / (over_others(pairs.met, slope**2) + WEIGHT_OF_USUAL)
        # Half a step: solved for all at once, a scale too high turns into one too low, for ever.
        right = np.clip((right + solved) / 2, 0.1, 0.97)
    return right


@dataclass(frozen=True, eq=False, kw_only=True)
class _Telling:
    """Where one coder meets others on units that tell: an entry per unit and other coder."""

    unit: IntArray
    other: IntArray
    reference: IntArray
    is_same: BoolArray


def _count(coded: CodedRecord) -> tuple[IntArray, IntArray]:
    """Return, coders x coders, how many common units tell, and on how many the two err alike."""
    n = np.zeros((len(coded.coders), len(coded.coders)), dtype=np.int64)
    n_same = np.zeros_like(n)
    for coder in np.unique(coded.coder):
        found = _telling(coded, int(coder), np.arange(coder + 1, len(n)))
        n[coder] = np.bincount(found.other, minlength=len(n))
        n_same[coder] = np.bincount(found.other[found.is_same], minlength=len(n))
    return n + n.T, n_same + n_same.T


def _telling(coded: CodedRecord, coder: int, others: IntArray) -> _Telling:
    units = _units_of(coded, coder)
    row, place = np.nonzero(coded.table[np.ix_(units, others)] != NONE)
    unit, other = units[row], others[place]
    a, b = coded.table[unit, coder], coded.table[unit, other]
    reference = _references(coded, unit, a, b)
    is_same = (a == b) & (a != reference)
    tells = (reference != NONE) & (is_same | ((a == reference) != (b == reference)))
    return _Telling(
        unit=unit[tells], other=other[tells], reference=reference[tells], is_same=is_same[tells]
    )


def _units_of(coded: CodedRecord, coder: int) -> IntArray:
    own = coded.rows_of(coder)
    return coded.unit[own][~coded.is_repeat[own]]


def _references(coded: CodedRecord, unit: IntArray, a: IntArray, b: IntArray) -> IntArray:
    """Return the answer to measure two coders by, -1 where the others are split or absent."""
    counts, at = coded.counts[unit], np.arange(len(unit))
    counts[at, a] -= 1
    counts[at, b] -= 1
    most = counts.max(axis=1, initial=0)
    is_clear: BoolArray = (most > 0) & ((counts == most[:, None]).sum(axis=1) == 1)
    by_others = np.where(is_clear, counts.argmax(axis=1), NONE)
    gold = coded.unit_gold[unit]
    return np.where(gold != NONE, gold, by_others)


def _guessed(coded: CodedRecord, first: IntArray, second: IntArray) -> FloatArray:
    """Return about what `_fitted` does, from one fit of all pairs.

    Leaving a pair out moves the accuracies of its two; how that moves the others is not followed.
    """
    pairs, nobody = pair_agreement(coded), np.array([0])
    (right,) = accuracies(pairs, first=nobody, second=nobody)  # nobody meets himself
    wrong = 1 - right
    slope = right - COINCIDENCE * wrong
    top = pairs.same * slope - pairs.met * (COINCIDENCE * wrong * slope)
    bottom = pairs.met * slope**2
    top = top.sum(axis=1, keepdims=True) - top + WEIGHT_OF_USUAL * USUAL_ACCURACY
    bottom = bottom.sum(axis=1, keepdims=True) - bottom + WEIGHT_OF_USUAL
    without = np.clip(top / bottom, 0.1, 0.97)
    odds, odds_without = wrong / right, (1 - without) / without
    expected = np.zeros(len(first))
    for rows in _by_coder(first):
        coder, others = int(first[rows.start]), second[rows]
        found = _telling(coded, coder, others)
        gave = _gave_reference(coded, found, coder)
        odds_of_pair = odds_without[coder, found.other], odds_without[found.other, coder]
        p = _probabilities(
            coded, found, gave @ odds / np.maximum(gave.sum(axis=1), 1), odds_of_pair
        )
        expected[rows] = _mean_by(np.searchsorted(others, found.other), p)
    return expected


def _fitted(coded: CodedRecord, first: IntArray, second: IntArray) -> FloatArray:
    """Return the mean probability of each pair, over the units that tell."""
    pairs = pair_agreement(coded)
    expected = np.zeros(len(first))
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        right = accuracies(pairs, first=first[part], second=second[part])
        odds = (1 - right) / right
        for rows in _by_coder(first[part]):
            coder, others = int(first[part][rows.start]), second[part][rows]
            found = _telling(coded, coder, others)
            row, gave = np.searchsorted(others, found.other), _gave_reference(coded, found, coder)
            mine = odds[rows][row]
            of_reference = np.einsum("ij,ij->i", gave, mine) / np.maximum(gave.sum(axis=1), 1)
            odds_of_pair = mine[:, coder], mine[np.arange(len(row)), found.other]
            p = _probabilities(coded, found, of_reference, odds_of_pair)
            expected[part][rows] = _mean_by(row, p)
    return expected


def _by_coder(first: IntArray) -> Iterator[slice]:
    """Yield where each coder's pairs are; they stand together."""
    starts = np.flatnonzero(np.diff(first, prepend=NONE))
    for low, high in zip(starts, [*starts[1:], len(first)], strict=True):
        yield slice(int(low), int(high))


def _mean_by(row: IntArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(row, values) / np.bincount(row), dtype=np.float64)


def _gave_reference(coded: CodedRecord, found: _Telling, coder: int) -> BoolArray:
    """Whether each coder is one of the others who gave the reference; units that tell x coders."""
    gave: BoolArray = coded.table[found.unit] == found.reference[:, None]
    gave[:, coder] = gave[np.arange(len(gave)), found.other] = False
    return gave


def _probabilities(
    coded: CodedRecord, found: _Telling, of_reference: FloatArray, pair: tuple[FloatArray, ...]
) -> FloatArray:
    """Return T_r / (T_r + T_i + T_j) of each unit that tells."""
    o_r = np.where(coded.unit_gold[found.unit] != NONE, 0.0, of_reference)
    o_i, o_j = pair
    against = o_r + COINCIDENCE * o_i * o_j
    rest = o_i + o_j + COINCIDENCE * o_r * (o_i + o_j)
    return np.asarray(against / (against + rest), dtype=np.float64)


def binomial_tail(x: IntArray, *, n: int | IntArray, p: float | FloatArray) -> FloatArray:
    """Return the chance of x or more cases in n."""
    tail = special.betainc(np.maximum(x, 1), n - np.maximum(x, 1) + 1.0, p)
    return np.asarray(np.where(x <= 0, 1.0, tail), dtype=np.float64)
