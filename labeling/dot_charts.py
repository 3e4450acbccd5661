"""Coefficients as dots with their intervals on one axis, beside marks to compare them with."""

import math
from collections.abc import Callable, Sequence

from labeling.chart_shapes import BarRow, DotChart, DotLayout, DotRow, Tick
from labeling.chart_words import figure, table_row, tooltip, wrapped

Mark = tuple[float, str]


def dots(rows: Sequence[BarRow], *, marks: Sequence[Mark] = ()) -> DotChart:
    """One row per value; the axis goes from 0, or the lowest end under it, to 1."""
    ends = [x for row in rows for x in (row.value, row.low) if x is not None]
    low = min(0.0, math.floor(4 * min(ends, default=0.0)) / 4)
    layouts = [_layout(rows, marks, low, narrow=narrow) for narrow in (False, True) if rows]
    table = tuple(table_row(row, percent=False, note=row.note) for row in rows)
    return DotChart(tuple(layouts), table)


def _layout(
    rows: Sequence[BarRow], marks: Sequence[Mark], low: float, *, narrow: bool
) -> DotLayout:
    width, left, right = (340, 10.0, 52.0) if narrow else (640, 190.0, 60.0)
    pitch, top = 42.0 if narrow else 32.0, 22.0 if marks else 4.0
    bottom = top + pitch * len(rows)

    def across(value: float) -> float:
        return round(left + (value - low) / (1 - low) * (width - left - right), 1)

    step = 0.25 if low >= -0.25 else 0.5
    ticks = [i * step for i in range(math.ceil(low / step), round(1 / step) + 1)]
    return DotLayout(
        "narrow" if narrow else "wide",
        width,
        round(bottom + 24),
        left if narrow else left - 14,
        "start" if narrow else "end",
        top,
        bottom,
        width - right + 12,
        tuple(Tick(across(tick), f"{tick:g}") for tick in ticks),
        tuple(Tick(across(value), text) for value, text in marks),
        tuple(_row(row, top + pitch * i, across, narrow=narrow) for i, row in enumerate(rows)),
    )


def _row(row: BarRow, top: float, across: Callable[[float], float], *, narrow: bool) -> DotRow:
    y = top + (30 if narrow else 16)
    lines = wrapped(row.label, 44 if narrow else 24, 1 if narrow else 2)
    first = top + 16 if narrow else y + 4.5 - 7.5 * (len(lines) - 1)
    ends = None
    if row.low is not None and row.high is not None:
        ends = (across(row.low), across(row.high))
    return DotRow(
        y,
        tuple((first + 15 * i, line) for i, line in enumerate(lines)),
        None if row.value is None else across(row.value),
        ends,
        "–" if row.value is None else figure(row.value, percent=False),
        tooltip(row, percent=False),
    )
