"""Geometry of the report's charts: numbers in, coordinates and words out, no Django and no script.

Every chart comes in two layouts, wide and narrow, since a scaled-down SVG shrinks its text too;
the style sheet shows the one that fits. Texts are ready to print; coordinates are SVG units.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from labeling.chart_shapes import (
    Bar,
    BarChart,
    BarLayout,
    BarRow,
    Cell,
    Dot,
    HeatLabel,
    HeatLayout,
    Heatmap,
    SeriesChart,
    SeriesLayout,
    SeriesPoint,
    Tick,
)
from labeling.chart_words import UNKNOWN, figure, table_row, tooltip, wrapped

__all__ = ["BarRow", "SeriesPoint", "bars", "heatmap", "series"]

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
MAX_TICKS = 5
_CSS_SUFFIX = re.compile(r"[a-z][a-z0-9_-]*")


def bars(rows: Sequence[BarRow]) -> BarChart:
    """Horizontal bars with whiskers; the axis starts at 0 and ends after the longest whisker."""
    for row in rows:
        _check(f"bar {row.label!r}", (row.value, row.low, row.high), low=0.0, high=1.0)
    layouts = (_bar_layout(rows, narrow=False), _bar_layout(rows, narrow=True)) if rows else ()
    return BarChart(layouts, tuple(table_row(r, percent=True, note=r.note) for r in rows))


def heatmap(
    labels: Sequence[str],
    values: Sequence[Sequence[float | None]],
    *,
    low: float = 0.0,
    high: float = 1.0,
) -> Heatmap:
    """A square matrix; colour runs from `low` to `high`, and beyond them keeps the end colour."""
    if len(values) != len(labels) or any(len(row) != len(labels) for row in values):
        raise ValueError(f"heatmap needs a {len(labels)} x {len(labels)} matrix for its labels.")
    for label, row in zip(labels, values, strict=True):
        _check(f"heatmap row {label!r}", row)
    if low >= high:
        raise ValueError(f"heatmap needs low < high, got {low} and {high}.")
    steps = [[_step(value, low, high) for value in row] for row in values]
    texts = tuple(tuple(figure(value, percent=False) for value in row) for row in values)
    layouts = tuple(_heat_layout(labels, texts, steps, narrow=n) for n in (False, True) if labels)
    return Heatmap(layouts, tuple(labels), tuple(zip(labels, texts, strict=True)))


def series(points: Sequence[SeriesPoint], *, percent: bool = True) -> SeriesChart:
    """A line with its interval band, evenly spaced in the order given; gaps stay gaps."""
    for point in points:
        _check(f"point {point.label!r}", (point.value, point.low, point.high))
    known = any(point.value is not None for point in points)
    layouts = tuple(_series_layout(points, percent, narrow=n) for n in (False, True) if known)
    rows = (table_row(p, percent=percent, note=p.break_before) for p in points)
    return SeriesChart(layouts, tuple(rows))


# --- bars -------------------------------------------------------------------------------------


def _bar_layout(rows: Sequence[BarRow], *, narrow: bool) -> BarLayout:
    width, left, right = (340, 2.0, 62.0) if narrow else (640, 180.0, 70.0)
    pitch, label_width = (44.0, 44) if narrow else (33.0, 24)
    extents = [x for row in rows for x in (row.value, row.high) if x is not None]
    ticks = _ticks(0.0, max(extents, default=0.0) or STEPS[2])
    scale = (width - left - right) / ticks[-1]
    shapes = [_bar(row, 8 + i * pitch, scale, left, label_width) for i, row in enumerate(rows)]
    bottom = 8 + pitch * len(rows)
    marks = tuple(Tick(_round(left + t * scale), _tick_text(t, percent=True)) for t in ticks)
    if narrow:
        marks = (Tick(marks[0].at, marks[0].text, "start"), *marks[1:])
    label_x, anchor = (left, "start") if narrow else (left - 12, "end")
    name = "narrow" if narrow else "wide"
    return BarLayout(name, width, bottom + 24, left, label_x, anchor, bottom, marks, tuple(shapes))


def _bar(row: BarRow, top: float, scale: float, left: float, label_width: int) -> Bar:
    """One bar; in the narrow layout, told by its wide label room, the label stands above it."""
    above = label_width > 30
    y = top + (19 if above else 5)
    lines = wrapped(row.label, label_width, 1 if above else 2)
    first = top + 14 if above else y + 13 - 7.5 * (len(lines) - 1)
    spots = tuple((_round(first + 15 * i), line) for i, line in enumerate(lines))
    value = row.value or 0.0
    ends = None
    if row.value is not None and row.low is not None and row.high is not None:
        ends = (_round(left + row.low * scale), _round(left + row.high * scale))
    text_x = max(left + value * scale, ends[1] if ends else 0.0) + 8
    text = figure(row.value, percent=True)
    reason = f": {row.note}" if row.value is None and row.note else ""
    shown = wrapped(text + reason, int((640 if not above else 340) - left) // 8, 1)[0]
    return Bar(
        row,
        row.kind if _CSS_SUFFIX.fullmatch(row.kind) else "plain",
        y,
        spots,
        _round(value * scale),
        ends,
        _round(text_x),
        shown,
        tooltip(row, percent=True),
    )


# --- heatmap ----------------------------------------------------------------------------------


def _heat_layout(
    labels: Sequence[str],
    texts: Sequence[Sequence[str]],
    steps: Sequence[Sequence[str]],
    *,
    narrow: bool,
) -> HeatLayout:
    """Columns are headed by numbers; the narrow layout numbers its rows too, with a key below."""
    width, left = (340, 26.0) if narrow else (640, 200.0)
    size = _round(min((width - left - 2) / len(labels), 52.0))
    cells = tuple(
        _cell((labels[i], labels[j]), texts[i][j], steps[i][j], (left + j * size, 24 + i * size))
        for i in range(len(labels))
        for j in range(len(labels))
    )
    return HeatLayout(
        "narrow" if narrow else "wide",
        width,
        _round(26 + len(labels) * size),
        left,
        size,
        tuple(_heat_label(i, label, left, size, narrow=narrow) for i, label in enumerate(labels)),
        cells,
    )


def _heat_label(i: int, label: str, left: float, size: float, *, narrow: bool) -> HeatLabel:
    middle = (i + 0.5) * size
    row_text = str(i + 1) if narrow else f"{wrapped(label, 22, 1)[0]}  {i + 1}"
    return HeatLabel(i + 1, label, _round(left + middle), _round(middle + 28.5), row_text)


def _cell(names: tuple[str, str], text: str, step: str, spot: tuple[float, float]) -> Cell:
    shown = "–" if text == UNKNOWN else text
    return Cell(_round(spot[0]), _round(spot[1]), step, shown, f"{names[0]} and {names[1]}: {text}")


def _step(value: float | None, low: float, high: float) -> str:
    if value is None:
        return "none"
    return str(min(max(int(10 * (value - low) / (high - low)), 0), 9))


# --- series -----------------------------------------------------------------------------------


def _series_layout(points: Sequence[SeriesPoint], percent: bool, *, narrow: bool) -> SeriesLayout:
    width, height, left, n_labels = (340, 210, 44.0, 3) if narrow else (640, 240, 52.0, 6)
    right, top, bottom = width - 16.0, 10.0, height - 28.0
    extents = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
    ticks = _ticks(min(0.0, *extents), max(extents))

    def down(value: float) -> float:
        return _round(bottom - (value - ticks[0]) / (ticks[-1] - ticks[0]) * (bottom - top))

    gaps = max(len(points) - 1, 1)
    first = left + 8 if len(points) > 1 else (left + right) / 2
    xs = [_round(first + i * (right - left - 8) / gaps) for i in range(len(points))]
    spots = [_spot(point, x, down) for point, x in zip(points, xs, strict=True)]
    stretches = list(_stretches(spots))
    return SeriesLayout(
        "narrow" if narrow else "wide",
        width,
        height,
        left,
        right,
        tuple(_x_ticks(points, xs, n_labels)),
        tuple(Tick(down(t), _tick_text(t, percent=percent)) for t in ticks),
        tuple(_path((s.x, s.y) for s in stretch) for stretch in stretches),
        tuple(_band(run) for stretch in stretches for run in _banded(stretch)),
        tuple(_dot(s, len(stretch) == 1, percent) for stretch in stretches for s in stretch),
        tuple(_breaks(points, xs)),
    )


def _breaks(points: Sequence[SeriesPoint], xs: list[float]) -> Iterator[Tick]:
    """Dashed lines half way between the moment that is different and the one before it.

    The words stand on the side that has more room.
    """
    for i, point in enumerate(points[1:], start=1):
        if point.break_before:
            at = _round((xs[i - 1] + xs[i]) / 2)
            is_left = at - xs[0] < xs[-1] - at
            yield Tick(at, wrapped(point.break_before, 22, 1)[0], "start" if is_left else "end")


@dataclass(frozen=True)
class _Spot:
    """A known point where it is drawn; `ends` are the heights of its interval's low and high."""

    point: SeriesPoint
    x: float
    y: float
    ends: tuple[float, float] | None


def _spot(point: SeriesPoint, x: float, down: Callable[[float], float]) -> _Spot | None:
    if point.value is None:
        return None
    has_interval = point.low is not None and point.high is not None
    ends = (down(point.low or 0.0), down(point.high or 0.0)) if has_interval else None
    return _Spot(point, x, down(point.value), ends)


def _dot(spot: _Spot, is_alone: bool, percent: bool) -> Dot:
    whisker = spot.ends if is_alone else None
    return Dot(spot.x, spot.y, whisker, tooltip(spot.point, percent=percent))


def _stretches(spots: Sequence[_Spot | None]) -> Iterator[list[_Spot]]:
    for known, run in groupby(spots, key=lambda spot: spot is not None):
        if known:
            stretch: list[_Spot] = []
            for spot in run:
                if spot and spot.point.break_before and stretch:
                    yield stretch
                    stretch = []
                stretch += [spot] if spot else []
            yield stretch


def _banded(stretch: list[_Spot]) -> Iterator[list[_Spot]]:
    for known, run in groupby(stretch, key=lambda spot: spot.ends is not None):
        band = list(run)
        if known and len(band) > 1:
            yield band


def _band(run: list[_Spot]) -> str:
    high = [(s.x, s.ends[1]) for s in run if s.ends]
    low = [(s.x, s.ends[0]) for s in reversed(run) if s.ends]
    return _path(high + low)


def _x_ticks(points: Sequence[SeriesPoint], at: list[float], n: int) -> Iterator[Tick]:
    last = len(points) - 1
    n = min(n, len(points))
    chosen = sorted({round(i * last / (n - 1)) for i in range(n)} if n > 1 else {0})
    for i in chosen:
        anchor = "middle" if n == 1 else {0: "start", last: "end"}.get(i, "middle")
        yield Tick(at[i], wrapped(points[i].label, 12, 1)[0], anchor)


def _path(spots: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in spots)


# --- figures and words ------------------------------------------------------------------------


def _check(
    where: str, values: Iterable[float | None], *, low: float = -math.inf, high: float = math.inf
) -> None:
    for value in values:
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{where}: expected a number from {low} to {high}, got {value}.")


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers that reach from at or below `low` to at or above `high`."""
    span = max(high - low, 0.05)
    fits = [s for s in STEPS if math.ceil(span / s - 1e-9) <= MAX_TICKS - 1]
    step = fits[0] if fits else 10 ** math.ceil(math.log10(span / (MAX_TICKS - 1)))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def _round(x: float) -> float:
    return round(x, 1)


def _tick_text(value: float, *, percent: bool) -> str:
    return f"{100 * value:.0f}%" if percent and value else f"{value:g}"
