"""The longest run of one answer, and how long a run chance alone makes."""

from dataclasses import dataclass

import numpy as np

from analysis.estimates import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class LongestRun:
    """A run of one answer; ``limit`` is the shortest length of it that is unlikely."""

    answer: int
    length: int
    limit: int


def longest_run(answers: IntArray, share: FloatArray, *, chance: float) -> LongestRun:
    """Return the longest run of those that reach their limit, else the longest of all.

    Parameters
    ----------
    answers : one or more answers, in the order given
    share : how often each answer is to be expected, shape (K,)
    chance : of any answer reaching its limit; each of the answers in use gets an equal part
    """
    used = np.flatnonzero(np.bincount(answers, minlength=len(share)))
    limits = [run_limit(len(answers), float(share[k]), chance=chance / len(used)) for k in used]
    found = [
        LongestRun(answer=int(k), length=_longest(answers == k), limit=limit)
        for k, limit in zip(used, limits, strict=True)
    ]
    return max(found, key=lambda run: (run.length >= run.limit, run.length, -run.answer))


def run_limit(n: int, p: float, *, chance: float) -> int:
    """Return the shortest run that n draws of probability p reach with at most this chance.

    n + 1, which no run reaches, when even a run of n is likelier than that.

    Examples
    --------
    >>> run_limit(100, 0.5, chance=0.05)
    10
    """
    lengths = np.arange(1, n + 1)
    unlikely = np.flatnonzero(expected_runs(lengths, n=n, p=p) <= chance)
    return int(lengths[unlikely[0]]) if len(unlikely) else n + 1


def expected_runs(lengths: IntArray, *, n: int, p: float) -> FloatArray:
    """Return the expected number of runs of each length or longer in n draws.

    p^r (1 + (n - r)(1 - p)): a run starts at the first draw or after a failure (Feller 1968,
    XIII.7). It bounds the chance of such a run, closely where that is small.

    Examples
    --------
    >>> expected_runs(np.array([2]), n=4, p=0.5)
    array([0.5])
    """
    return np.asarray(p**lengths * (1 + (n - lengths) * (1 - p)), dtype=np.float64)


def _longest(is_in: BoolArray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_in, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
