"""Controls beside a frame of negative feedback: outputs rated up, and outputs nobody rated.

Thumbs-up are asked for by number, for the grid; shams as a share of all units, half of each kind.
"""

from feedback.frame_sql import Cut
from feedback.frame_strata import FrameStratum
from projects.errors import InputError

SHAMS_BELOW = 0.8


def check_sham_share(share: float, n_thumbs_up: int) -> None:
    if not 0 <= share < SHAMS_BELOW:
        raise InputError(f"sham-share: expected 0 or more and below {SHAMS_BELOW}, got {share:g}.")
    if share and n_thumbs_up:
        raise InputError(
            "thumbs-up or sham-share: expected one of the two at most, "
            f"got {n_thumbs_up} and {share:g}."
        )


def count_shams(share: float, n_sampled: int) -> int:
    """How many shams make `share` of all units; it grows with the sample."""
    return int(n_sampled * share / (1 - share) + 0.5)


def split_shams(n_shams: int, n_up: int, n_unrated: int) -> tuple[int, int]:
    """Half thumbs-up, half unrated; where one kind is short, the other fills up.

    Neither number falls when `n_shams` grows, so a larger sample contains the smaller one.
    """
    half_up, half_unrated = n_shams - n_shams // 2, n_shams // 2
    short_up, short_unrated = max(0, half_up - n_up), max(0, half_unrated - n_unrated)
    return min(half_up + short_unrated, n_up), min(half_unrated + short_up, n_unrated)


def sham_warnings(n_shams: int, n_up: int, n_unrated: int) -> list[str]:
    """Say which kind is short, and whether both are."""
    if n_up + n_unrated < n_shams:
        return [
            f"{n_shams:,} shams asked for, {n_up:,} outputs are rated and not negative and "
            f"{n_unrated:,} are not rated: all are taken."
        ]
    half_up, half_unrated = n_shams - n_shams // 2, n_shams // 2
    if n_up < half_up:
        return [
            f"Only {n_up:,} outputs are rated and not negative: unrated ones fill up the shams."
        ]
    if n_unrated < half_unrated:
        return [f"Only {n_unrated:,} outputs are not rated: thumbs-up fill up the shams."]
    return []


def control_strata(
    n_thumbs_up: int, n_unrated: int, *, n_up_there: int, n_unrated_there: int
) -> list[FrameStratum]:
    """The strata outside the frame, each with a probability of its own; without units, none."""
    strata = [
        FrameStratum(
            "up",
            Cut(negative=False),
            n_up_there,
            is_negative=False,
            in_frame=False,
            n_sampled=min(n_thumbs_up, n_up_there),
        ),
        FrameStratum(
            "unrated",
            Cut(),
            n_unrated_there,
            is_negative=False,
            in_frame=False,
            is_rated=False,
            n_sampled=min(n_unrated, n_unrated_there),
        ),
    ]
    return [stratum for stratum in strata if stratum.n_sampled]
