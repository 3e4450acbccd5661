"""A sample of which the lead sets how much comes from a judge's negatives."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.allocation import allocate_in_two, relative_width, worst_margin
from analysis.sampling import allocate
from feedback.frame_strata import FrameStratum
from projects.errors import InputError

RARE, LIKELY = 0.02, 0.5
"""Shares on the two sides that the gain is told for: of a good judge of a rare mode."""


@dataclass(frozen=True, kw_only=True)
class SampleSplit:
    """`share` of the sample is drawn where the strata's field is not `positive`.

    A judge that is right about most of them leaves little to learn there, but they are so many
    that their few cases weigh: 70% and more of the sample belongs to them.
    """

    positive: str
    share: float

    def is_negative(self, stratum: FrameStratum) -> bool:
        return stratum.cut.stratum != self.positive

    def check(self) -> None:
        if not 0 < self.share < 1:
            raise InputError(
                "judge-negatives: expected a part of the sample above 0 and below 1, "
                f"got {self.share:g}."
            )

    def check_sides(self, frame: Sequence[FrameStratum]) -> None:
        sides = {self.is_negative(stratum) for stratum in frame}
        if len(sides) < 2:
            came = "none" if True in sides else "all"
            raise InputError(
                f"judge-negatives: expected a judge that calls some outputs {self.positive} and "
                f"some not, it calls {came} of this frame so."
            )

    def sizes(self, frame: Sequence[FrameStratum], size: int, fewest: int) -> dict[str, int]:
        part = [stratum.name for stratum in frame if self.is_negative(stratum)]
        counts = {stratum.name: stratum.n_frame for stratum in frame}
        return allocate_in_two(counts, size, part=part, share=self.share, minimum=fewest)

    def size_for(
        self, margin: float, frame: Sequence[FrameStratum], *, at_least: int, fewest: int
    ) -> int:
        """The fewest units that give a share of 50% this margin; all of the frame at most."""
        counts = {stratum.name: stratum.n_frame for stratum in frame}
        n_frame = sum(counts.values())

        def is_enough(size: int) -> bool:
            return worst_margin(counts, self.sizes(frame, size, fewest)) <= margin

        least = min(max(at_least, sum(min(fewest, n) for n in counts.values())), n_frame)
        most = least
        while most < n_frame and not is_enough(most):
            most = min(2 * most, n_frame)
        return least + bisect_left(range(least, most), True, key=is_enough)

    def sentence(self, strata: Sequence[FrameStratum], fewest: int) -> str:
        """How much falls on the negatives, and what that gains over strata in proportion."""
        counts = {stratum.name: stratum.n_frame for stratum in strata}
        drawn = {stratum.name: stratum.n_sampled for stratum in strata}
        inside = [stratum.name for stratum in strata if self.is_negative(stratum)]
        size, n = sum(drawn.values()), sum(drawn[name] for name in inside)
        part = sum(counts[name] for name in inside) / sum(counts.values())
        p = {name: RARE if name in inside else LIKELY for name in counts}
        width = relative_width(counts, drawn, allocate(counts, size, fewest), p=p)
        said = (
            f"{n:,} of {size:,} units ({n / size:.0%}) are drawn from the judge's negatives, the "
            f"{part:.0%} of the frame that it does not call {self.positive}"
        )
        return f"{said}{gain(width)}." if width is not None else f"{said}."


def gain(width: float) -> str:
    change = f"{abs(1 - width):.0%}"
    told = (
        "as wide as" if change == "0%" else f"{change} {'narrower' if width < 1 else 'wider'} than"
    )
    return (
        f": if {RARE:.0%} of these and {LIKELY:.0%} of the others are unwelcome but correct, the "
        f"interval is {told} by strata in proportion"
    )


def margin_of(strata: Sequence[FrameStratum]) -> float:
    """Half width of the interval of a share of 50%, by how the strata were drawn."""
    counts = {stratum.name: stratum.n_frame for stratum in strata}
    return worst_margin(counts, {stratum.name: stratum.n_sampled for stratum in strata})
