"""A sample of which a chosen part comes from some of the strata, and what that is worth."""

from collections.abc import Collection, Mapping
from math import sqrt

from analysis.errors import AnalysisInputError
from analysis.planner import margin_for_units
from analysis.sampling import allocate


def allocate_in_two(
    n_by_stratum: Mapping[str, int],
    size: int,
    *,
    part: Collection[str],
    share: float,
    minimum: int = 20,
) -> dict[str, int]:
    """Allocate `share` of the sample to the strata of `part`, the rest to the others.

    Within each side in proportion (`allocate`). Every stratum has `minimum` units, or all of its
    own, before the share counts; what one side does not hold, the other takes. The allocation of
    a larger size contains that of a smaller one. Shares are estimated by stratum sizes, so the
    choice of `share` moves the width of an interval and never what is expected of the share.

    Raises
    ------
    AnalysisInputError
        `share` is not between 0 and 1, or no stratum is on one of the two sides.

    Examples
    --------
    >>> allocate_in_two({"wrong": 9000, "right": 1000}, 100, part=["wrong"], share=0.7)
    {'wrong': 70, 'right': 30}
    """
    if not 0 < share < 1:
        raise AnalysisInputError(f"expected a share between 0 and 1: came {share:g}.")
    sides = [
        {name: n for name, n in n_by_stratum.items() if (name in part) is inside}
        for inside in (True, False)
    ]
    if not all(sum(side.values()) for side in sides):
        raise AnalysisInputError("expected outputs in the part and outside it: came one side.")
    floors = [sum(min(minimum, n) for n in side.values()) for side in sides]
    if size <= sum(floors):
        return allocate(n_by_stratum, size, minimum)
    there = [sum(side.values()) for side in sides]
    least = max(floors[0], size - there[1])
    most = min(there[0], size - floors[1])
    inside = min(max(int(size * share + 0.5), least), most)
    given = allocate(sides[0], inside, minimum) | allocate(sides[1], size - inside, minimum)
    return {name: given[name] for name in n_by_stratum}


def relative_width(
    n_by_stratum: Mapping[str, int],
    drawn: Mapping[str, int],
    other: Mapping[str, int],
    *,
    p: Mapping[str, float],
) -> float | None:
    """Standard error of a share by the allocation `drawn` over that by `other` (Cochran 1977, 5.6).

    `p` is the share expected within each stratum. None where `other` leaves no error.
    """
    widths = [standard_error(n_by_stratum, sizes, p=p) for sizes in (drawn, other)]
    return widths[0] / widths[1] if widths[1] > 0 else None


def standard_error(
    n_by_stratum: Mapping[str, int], drawn: Mapping[str, int], *, p: Mapping[str, float]
) -> float:
    """sqrt(sum W_h^2 (1 - f_h) p_h (1 - p_h) / n_h); every stratum has a unit."""
    total = sum(n_by_stratum.values())
    return sqrt(
        sum(
            (n / total) ** 2 * (1 - drawn[name] / n) * p[name] * (1 - p[name]) / drawn[name]
            for name, n in n_by_stratum.items()
            if n
        )
    )


def worst_margin(n_by_stratum: Mapping[str, int], drawn: Mapping[str, int]) -> float:
    """Half width of the interval of a share of 50% in every stratum; zero for the whole frame."""
    error = standard_error(n_by_stratum, drawn, p=dict.fromkeys(n_by_stratum, 0.5))
    return margin_for_units(0.5, max(int(0.25 / error**2), 1)) if error > 0 else 0.0
