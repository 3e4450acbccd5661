"""Each label beside the other coders' labels on the same unit."""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import FloatArray, IntArray
from analysis.grader_record import CORRECTNESS, NONE, CodedRecord


@dataclass(frozen=True, eq=False, kw_only=True)
class BesideOthers:
    """One entry per label; nan where there is nothing to compare with.

    Attributes
    ----------
    agreement : share of the unit's other coders who gave the same answer
    n_others : how many other coders the unit has; 0 on a repeat
    agreement_of_others : share of equal pairs among the other coders, where there are two or more
    bias : 1 for a blind ``correct`` (0 else) minus the share of it among the other coders
    """

    agreement: FloatArray
    n_others: IntArray
    agreement_of_others: FloatArray
    bias: FloatArray


def beside_others(coded: CodedRecord) -> BesideOthers:
    counts = coded.counts[coded.unit]
    others = np.where(coded.is_repeat, 0, counts.sum(axis=1) - 1)
    same = np.where(coded.is_repeat, 0, counts[np.arange(len(others)), coded.answer] - 1)
    equal_pairs = (counts * (counts - 1)).sum(axis=1) / 2 - same
    return BesideOthers(
        agreement=_ratio(same, others),
        n_others=others.astype(np.int64),
        agreement_of_others=_ratio(equal_pairs, others * (others - 1) / 2),
        bias=_bias(coded),
    )


def _bias(coded: CodedRecord) -> FloatArray:
    judged = (coded.blind != NONE) & ~coded.is_repeat
    said: FloatArray = (coded.blind == CORRECTNESS.index("correct")).astype(np.float64)
    n = np.bincount(coded.unit[judged], minlength=coded.n_units)[coded.unit]
    n_correct = np.bincount(coded.unit[judged], said[judged], minlength=coded.n_units)[coded.unit]
    by_others = _ratio(n_correct - said, np.where(judged, n - 1, 0))
    return said - by_others


def _ratio(top: IntArray | FloatArray, bottom: IntArray | FloatArray) -> FloatArray:
    filled: FloatArray = np.full(len(top), np.nan)
    np.divide(top, bottom, out=filled, where=bottom > 0)
    return filled
