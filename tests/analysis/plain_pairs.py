"""Equal errors of one pair of coders after another, as the definition reads: slow, and plain.

`analysis.grader_pairs` must find the same.
"""

from dataclasses import replace

import numpy as np

from analysis.estimates import BoolArray, FloatArray, IntArray
from analysis.grader_pairs import (
    COINCIDENCE,
    USUAL_ACCURACY,
    WEIGHT_OF_USUAL,
    PairAgreement,
    SameErrors,
    binomial_tail,
)
from analysis.grader_record import NONE, CodedRecord

_ROUNDS = 30


def pair_agreement(coded: CodedRecord) -> PairAgreement:
    present = (coded.table != NONE).astype(np.float64)
    same = np.zeros((len(coded.coders), len(coded.coders)))
    for answer in range(len(coded.answers)):
        gave = (coded.table == answer).astype(np.float64)
        same += gave.T @ gave
    met = present.T @ present
    np.fill_diagonal(met, 0.0)
    np.fill_diagonal(same, 0.0)
    return PairAgreement(met=met, same=same)


def accuracies(pairs: PairAgreement, *, without: tuple[int, int]) -> FloatArray:
    """Return each coder's chance of being right, from how often pairs agree.

    One chance per coder (the one-coin case of Dawid & Skene 1979): i and k agree with probability
    a_i a_k + c (1 - a_i)(1 - a_k). Least squares over all pairs but `without`, whose agreement is
    what is to be judged; five units at the usual accuracy keep small numbers calm.
    """
    met, same = pairs.met.copy(), pairs.same.copy()
    both_ways = list(without), list(reversed(without))
    met[both_ways] = same[both_ways] = 0.0
    right = np.full(len(met), USUAL_ACCURACY)
    for _ in range(_ROUNDS):
        wrong = 1 - right
        # agreement as a line in a_i: c (1 - a_k) + a_i (a_k - c (1 - a_k))
        slope = right - COINCIDENCE * wrong
        top = same @ slope - met @ (COINCIDENCE * wrong * slope)
        usual = WEIGHT_OF_USUAL * USUAL_ACCURACY
        solved = (top + usual) / (met @ slope**2 + WEIGHT_OF_USUAL)
        # Half a step: solved for all at once, a scale too high turns into one too low, for ever.
        right = np.clip((right + solved) / 2, 0.1, 0.97)
    return right


def shared_errors(coded: CodedRecord) -> list[list[SameErrors]]:
    """Return, for each coder, the pairs with every other coder on whose units something tells."""
    pairs = pair_agreement(coded)
    found: list[list[SameErrors]] = [[] for _ in coded.coders]
    for first, second in zip(*np.nonzero(np.triu(pairs.met)), strict=True):
        pair = same_errors(coded, pairs, first=int(first), second=int(second))
        if pair is not None:
            found[first].append(pair)
            found[second].append(replace(pair, other=int(first)))
    return found


def same_errors(
    coded: CodedRecord, pairs: PairAgreement, *, first: int, second: int
) -> SameErrors | None:
    """Compare two coders where they could have erred; None when no unit tells.

    With o the odds of being wrong and c the chance that two errors coincide, independent coders
    agree against the reference r, rather than one of them with it, with probability
    T_r / (T_r + T_i + T_j), T_r = o_r + c o_i o_j and so on; o_r = 0 for a known answer. The tail
    is the binomial's at the mean probability, an upper bound for unequal ones (Hoeffding 1956).
    """
    rows = np.flatnonzero((coded.table[:, first] != NONE) & (coded.table[:, second] != NONE))
    right = accuracies(pairs, without=(first, second))
    odds = (1 - right) / right
    reference, odds_of_reference = _references(coded, rows, pair=(first, second), odds=odds)
    a, b = coded.table[rows, first], coded.table[rows, second]
    together = (a == b) & (a != reference)
    tells = (reference != NONE) & (together | ((a == reference) != (b == reference)))
    if not tells.any():
        return None
    o_r, (o_i, o_j) = odds_of_reference[tells], (odds[first], odds[second])
    against = o_r + COINCIDENCE * o_i * o_j
    rest = o_i + o_j + COINCIDENCE * o_r * (o_i + o_j)
    expected = float(np.mean(against / (against + rest)))
    n, n_same = int(tells.sum()), int((together & tells).sum())
    return SameErrors(
        other=second,
        n=n,
        n_same=n_same,
        expected=expected,
        chance=float(binomial_tail(np.array([n_same]), n=n, p=expected)[0]),
    )


def _references(
    coded: CodedRecord, rows: IntArray, *, pair: tuple[int, int], odds: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return the answer to measure two coders by, -1 where the others are split or absent."""
    counts = coded.counts[rows].copy()
    at = np.arange(len(rows))
    for coder in pair:
        counts[at, coded.table[rows, coder]] -= 1
    most = counts.max(axis=1, initial=0)
    is_clear: BoolArray = (most > 0) & ((counts == most[:, None]).sum(axis=1) == 1)
    by_others = np.where(is_clear, counts.argmax(axis=1), NONE)
    gave = coded.table[rows] == by_others[:, None]
    gave[:, pair] = False
    mean_odds = (gave * odds).sum(axis=1) / np.maximum(gave.sum(axis=1), 1)
    gold = coded.unit_gold[rows]
    known = gold != NONE
    return np.where(known, gold, by_others), np.where(known, 0.0, mean_odds)
