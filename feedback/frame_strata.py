"""The strata of each frame, counted: who is in, and under which name."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from analysis.sampling import bottom_decile_cutoff
from feedback.frame_source import FrameSource
from feedback.frame_sql import Cut, counts_text, scores_text
from feedback.models import INSTRUMENTS, Channel

SEPARATOR = " · "


@dataclass(frozen=True)
class FrameKind:
    """A frame on offer: the channels it is read from."""

    title: str
    channels: tuple[str, ...] = tuple(str(channel) for channel in INSTRUMENTS)


FRAMES = {
    "negative": FrameKind("All negative feedback"),
    "bottom-decile": FrameKind("Bottom decile of the ratings"),
    "rated": FrameKind("All rated outputs, negative and not"),
    "disagreed": FrameKind("Outputs a user disagreed with", (str(Channel.DISAGREE),)),
}
CONTROLLED = ("negative", "bottom-decile")
"""Frames of negative feedback alone, beside which thumbs-up controls can be drawn."""


@dataclass(frozen=True)
class FrameStratum:
    """A part of the frame sampled at one rate: `n_frame` eligible outputs, `n_sampled` of them."""

    name: str
    cut: Cut
    n_frame: int
    is_negative: bool = True
    in_frame: bool = True
    is_rated: bool = True
    n_sampled: int = 0

    @property
    def inclusion_probability(self) -> float:
        return self.n_sampled / self.n_frame


@dataclass(frozen=True)
class Cell:
    """Outputs that agree in channel, sign and stratum field."""

    channel: str
    negative: bool
    stratum: str
    n: int


@dataclass(frozen=True, kw_only=True)
class FrameCounts:
    """A frame as counted, with the words for what was looked for and what was found."""

    n_outputs: int
    n_rated: int
    n_negative: int
    strata: tuple[FrameStratum, ...]
    sought: str
    found: str
    cut: str
    warnings: tuple[str, ...] = field(default=())


def read_frame(source: FrameSource, frame: str, strata_field: str) -> FrameCounts:
    """Count a source's outputs and cut them into the strata of a frame."""
    rated = read_cells(source, strata_field, tuple(map(str, INSTRUMENTS)))
    n_outputs = source.n_outputs()
    n_rated = sum(cell.n for cell in rated)
    n_negative = sum(cell.n for cell in rated if cell.negative)
    found = (
        f"{n_negative:,} of {n_rated:,} rated outputs are negative"
        if n_rated
        else f"0 of {n_outputs:,} outputs are rated"
    )
    warnings: tuple[str, ...] = ()
    if frame == "bottom-decile":
        strata, cut, warnings = bottom_decile(source, strata_field)
        sought = "negative feedback at the bottom"
    elif frame == "disagreed":
        cells = read_cells(source, strata_field, FRAMES[frame].channels)
        strata = disagreed(cells, by_field=bool(strata_field))
        n = sum(stratum.n_frame for stratum in strata)
        cut = f"All {n:,} outputs a user disagreed with, of {n_outputs:,}."
        sought, found = "disagreement", f"{n:,} of {n_outputs:,} outputs have one"
    elif frame == "rated":
        strata = by_sign(rated, by_field=bool(strata_field))
        cut = f"All {n_rated:,} rated of {n_outputs:,} outputs; {n_negative:,} are negative."
        sought, found = "rated outputs", f"0 of {n_outputs:,} outputs are rated"
    else:
        strata = by_sign([c for c in rated if c.negative], by_field=bool(strata_field))
        cut = f"All {n_negative:,} negative of {n_rated:,} rated outputs."
        sought = "negative feedback"
    return FrameCounts(
        n_outputs=n_outputs,
        n_rated=n_rated,
        n_negative=n_negative,
        strata=tuple(strata),
        sought=sought,
        found=found,
        cut=cut,
        warnings=warnings,
    )


def read_cells(
    source: FrameSource, strata_field: str, channels: tuple[str, ...], cuts: tuple[Cut, ...] = ()
) -> list[Cell]:
    text = counts_text(source.relation(strata_field, channels), cuts or (Cut(),))
    return [
        Cell(str(channel), bool(negative), str(stratum), int(n))
        for channel, negative, stratum, n in source.rows(text)
    ]


def by_sign(cells: Iterable[Cell], *, by_field: bool) -> list[FrameStratum]:
    """Negative and not: always apart, so that both halves of the grid are identified."""
    counts: Counter[tuple[bool, str]] = Counter()
    for cell in cells:
        counts[cell.negative, cell.stratum] += cell.n
    return [
        FrameStratum(
            stratum_name("down" if negative else "up", stratum, by_field=by_field),
            Cut(negative=negative, stratum=stratum if by_field else None),
            n,
            is_negative=negative,
        )
        for (negative, stratum), n in sorted(
            counts.items(), key=lambda it: (not it[0][0], it[0][1])
        )
    ]


def disagreed(cells: Iterable[Cell], *, by_field: bool) -> list[FrameStratum]:
    """Every disagreement counts as negative feedback: the frame's headline is their share."""
    counts: Counter[str] = Counter()
    for cell in cells:
        counts[cell.stratum] += cell.n
    return [
        FrameStratum(
            stratum_name("disagreed", stratum, by_field=by_field),
            Cut(stratum=stratum if by_field else None),
            n,
        )
        for stratum, n in sorted(counts.items())
    ]


def bottom_decile(
    source: FrameSource, strata_field: str
) -> tuple[list[FrameStratum], str, tuple[str, ...]]:
    """Cut each instrument's ratings at their own decile, never past the negative ones.

    Ranks of thumbs and of stars do not compare, so the instrument is always a stratum.
    """
    relation = source.relation(strata_field, FRAMES["bottom-decile"].channels)
    cuts, sentences = [], []
    counted = source.rows(scores_text(relation))
    n_unranked = sum(n for _, score, _, n in counted if score is None)
    for channel in sorted({str(channel) for channel, score, _, _ in counted if score is not None}):
        scores = score_counts(row for row in counted if row[0] == channel)
        found = bottom_decile_cutoff(scores)
        sentences.append(f"{channel.capitalize()}: {found.sentence}")
        if found.score is not None:
            cuts.append(Cut(channel=channel, negative=True, score_at_most=found.score))
    cells = read_cells(source, strata_field, FRAMES["bottom-decile"].channels, tuple(cuts))
    strata = by_instrument(cells, cuts, by_field=bool(strata_field)) if cuts else []
    warnings = (
        (f"{n_unranked:,} ratings are not numbers: they cannot be ranked and are left out.",)
        if n_unranked
        else ()
    )
    return strata, " ".join(sentences), warnings


def score_counts(
    rows: Iterable[tuple[str, float | None, int, int]],
) -> list[tuple[float, int, int]]:
    """Give (score, outputs, negative outputs), lowest score first."""
    n_outputs: Counter[float] = Counter()
    n_negative: Counter[float] = Counter()
    for _, score, negative, n in rows:
        if score is not None:
            n_outputs[float(score)] += int(n)
            n_negative[float(score)] += int(n) if negative else 0
    return [(score, n_outputs[score], n_negative[score]) for score in sorted(n_outputs)]


def by_instrument(
    cells: Iterable[Cell], cuts: Iterable[Cut], *, by_field: bool
) -> list[FrameStratum]:
    cutoffs = {cut.channel: cut.score_at_most for cut in cuts}
    counts: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        counts[cell.channel, cell.stratum] += cell.n
    return [
        FrameStratum(
            stratum_name(channel, stratum, by_field=by_field),
            Cut(
                channel=channel,
                negative=True,
                stratum=stratum if by_field else None,
                score_at_most=cutoffs[channel],
            ),
            n,
        )
        for (channel, stratum), n in sorted(counts.items())
    ]


def stratum_name(part: str, stratum: str, *, by_field: bool) -> str:
    return f"{part}{SEPARATOR}{stratum}" if by_field else part
