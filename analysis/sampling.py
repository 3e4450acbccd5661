"""How many units each stratum gets, and where the bottom decile ends."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analysis.errors import AnalysisInputError


def allocate(n_by_stratum: Mapping[str, int], size: int, minimum: int = 20) -> dict[str, int]:
    """Allocate a sample of `size` in proportion to the strata, deterministically.

    Units are given out one at a time to the stratum with the largest N_h / (2 n_h + 1), ties
    by name (Sainte-Lague; Balinski & Young 1982), first among the strata below
    min(minimum, N_h), then among all that are not exhausted. So the allocation of a larger
    size contains that of a smaller one, which largest remainders do not promise (the Alabama
    paradox), and a larger sample contains the smaller one.

    Returns
    -------
    dict
        n_h by stratum, in the order given; the sum is min(size, sum of N_h).

    Examples
    --------
    >>> allocate({"tax": 1200, "docs": 800}, 100)
    {'tax': 60, 'docs': 40}
    """
    if size < 0 or minimum < 0:
        raise AnalysisInputError(
            f"expected size and minimum of zero or more: came {size} and {minimum}."
        )
    negative = {name: n for name, n in n_by_stratum.items() if n < 0}
    if negative:
        raise AnalysisInputError(f"expected strata of zero or more outputs: came {negative}.")
    given = dict.fromkeys(n_by_stratum, 0)
    floors = {name: min(minimum, n) for name, n in n_by_stratum.items()}
    left = _give(given, n_by_stratum, limits=floors, size=size)
    _give(given, n_by_stratum, limits=n_by_stratum, size=left)
    return given


def _give(
    given: dict[str, int], weights: Mapping[str, int], *, limits: Mapping[str, int], size: int
) -> int:
    """Give out up to `size` units without passing the limits; return what is left over."""
    queue = [
        (Fraction(-weights[name], 2 * given[name] + 1), name)
        for name in weights
        if given[name] < limits[name]
    ]
    heapq.heapify(queue)
    while queue and size > 0:
        _, name = queue[0]
        given[name] += 1
        size -= 1
        if given[name] < limits[name]:
            heapq.heapreplace(queue, (Fraction(-weights[name], 2 * given[name] + 1), name))
        else:
            heapq.heappop(queue)
    return size


@dataclass(frozen=True, kw_only=True)
class Cutoff:
    """Where the bottom of one instrument's scale ends.

    ``score`` is the highest score in the frame, None when nothing was negative. The frame is
    every negative output with that score or a lower one.
    """

    score: float | None
    n_frame: int
    n_negative: int
    n_total: int
    sentence: str


def bottom_decile_cutoff(
    counts: Sequence[tuple[float, int, int]], fraction: float = 0.10
) -> Cutoff:
    """Return the smallest score at which the frame reaches `fraction` of all rated outputs.

    The cut never crosses the instrument's negative line: only negative outputs enter.

    Parameters
    ----------
    counts : sequence of (score, n, n_negative)
        One row per score of one instrument: outputs with that score, and how many of them the
        instrument calls negative.

    Examples
    --------
    >>> bottom_decile_cutoff([(0, 27, 27), (1, 73, 0)]).n_frame
    27
    """
    _check_counts(counts, fraction)
    total = sum(n for _, n, _ in counts)
    negative = sum(n_negative for _, _, n_negative in counts)
    score, frame = None, 0
    for value, _, n_negative in sorted(counts):
        if n_negative == 0:
            continue
        score, frame = value, frame + n_negative
        if frame >= Fraction(str(fraction)) * total:
            break
    return Cutoff(
        score=score,
        n_frame=frame,
        n_negative=negative,
        n_total=total,
        sentence=_what_happened(score, frame, negative, total, fraction),
    )


def _check_counts(counts: Sequence[tuple[float, int, int]], fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise AnalysisInputError(f"expected a fraction above 0, at most 1: came {fraction}.")
    scores = [score for score, _, _ in counts]
    if len(set(scores)) != len(scores):
        raise AnalysisInputError(f"expected each score once: came {sorted(scores)}.")
    for score, n, n_negative in counts:
        if not 0 <= n_negative <= n:
            raise AnalysisInputError(
                f"expected 0 <= n_negative <= n at score {score:g}: came {n_negative} of {n}."
            )


def _what_happened(
    score: float | None, frame: int, negative: int, total: int, fraction: float
) -> str:
    if total == 0:
        return "Nothing was rated, so the frame is empty."
    if score is None:
        return f"None of {total:,} rated outputs is negative, so the frame is empty."
    share = f"{frame:,} of {total:,} rated outputs ({frame / total:.1%})"
    if frame < Fraction(str(fraction)) * total:
        return (
            f"Only {share} are negative, less than {fraction:.0%}: the frame is these, "
            "not filled up with outputs that nobody disliked."
        )
    if frame == negative and frame > Fraction(str(fraction)) * total:
        return (
            f"The {fraction:.0%} cut falls inside a block of equal scores, so the frame is "
            f"every negative output: {share}."
        )
    return f"The frame is every negative output with a score of {score:g} or lower: {share}."
