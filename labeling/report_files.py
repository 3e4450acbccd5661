"""What can be taken from a report: each figure as a CSV table, each chart as an SVG file.

A table has the exact numbers; text in it is made safe for spreadsheets. A chart is one file that
needs nothing else: light colours, its title, and where it is from.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import StringIO

from django.template.loader import render_to_string

from analysis.shares import Share
from feedback.spreadsheet import neutralise
from labeling.breakdowns import Breakdown, Breakdowns, Group, ReasonFinding
from labeling.chart_shapes import BarChart, DotChart, Heatmap, SeriesChart
from labeling.charts import BarRow, SeriesPoint, bars, series
from labeling.firmness import Unanswered
from labeling.reports import (
    GRID_CELLS,
    HEADLINE_MODE,
    AuditData,
    ModeShare,
    agreement_of,
    build_grid,
    headline_by_stratum,
    mode_shares,
)
from labeling.trends import Trend, TrendPoint

Value = str | float | None
Chart = BarChart | SeriesChart | Heatmap | DotChart
SHARE = ("share", "low", "high", "n", "note")
NO_XML = re.compile("[^\\t\\n\\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML file may hold."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A table with its exact numbers, and the chart of it where there is one."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    chart: Chart | None = None


BESIDE_SHARES = ("all_coders_said_it", "any_coder_said_it", "if_none", "if_all")
"""The share if no unit that was skipped or could not be told had the mode, and if all had."""


# --- shares -----------------------------------------------------------------------------------


def shares_figure(data: AuditData) -> Figure:
    found = mode_shares(data, agreement_of(data), Unanswered(data))
    rows = tuple(
        (
            mode.code,
            mode.name,
            *share_cells(mode.share),
            mode.all_said.value,
            mode.any_said.value,
            mode.unanswered.if_none.value if mode.unanswered else None,
            mode.unanswered.if_all.value if mode.unanswered else None,
        )
        for mode in found
    )
    return Figure(
        title="Why answers were rated down",
        columns=("mode", "name", *SHARE, *BESIDE_SHARES),
        rows=rows,
        chart=shares_chart(found),
    )


def shares_chart(found: Sequence[ModeShare]) -> BarChart:
    return bars([bar_of(mode.name, mode.share, mode.code) for mode in found])


def bar_of(label: str, share: Share, kind: str = HEADLINE_MODE) -> BarRow:
    return BarRow(
        label=label,
        value=share.value,
        low=share.low,
        high=share.high,
        kind=kind,
        note=share_note(share),
    )


def share_note(share: Share) -> str:
    return share.undefined_because or share.too_imprecise or ""


def share_cells(share: Share) -> tuple[Value, ...]:
    return share.value, share.low, share.high, share.n, share_note(share)


def strata_figure(data: AuditData) -> Figure:
    found = headline_by_stratum(data)
    return Figure(
        title="Unwelcome but correct, by stratum",
        columns=("stratum", "n_frame", *SHARE),
        rows=tuple((part.name, part.share.n_frame, *share_cells(part.share)) for part in found),
    )


# --- breakdowns -------------------------------------------------------------------------------


def breakdown_figure(field: str) -> Callable[[AuditData], Figure]:
    def figure(data: AuditData) -> Figure:
        found = Breakdowns(data).headline_by(field)
        return Figure(
            title=f"Unwelcome but correct, by {field}",
            columns=(field, "n_frame_estimated", "n_drawn", *SHARE),
            rows=tuple(
                (group_name(group), group.share.n_frame, group.n_drawn, *share_cells(group.share))
                for group in found.groups
            ),
            chart=breakdown_chart(found),
        )

    return figure


def breakdown_chart(found: Breakdown) -> BarChart:
    return bars([bar_of(group_name(group), group.share) for group in found.groups])


def group_name(group: Group | ReasonFinding) -> str:
    """The name as tables and charts print it."""
    if group.n_others:
        return f"{group.n_others} others"
    name = group.reason if isinstance(group, ReasonFinding) else group.name
    return name or "(none given)"


def reasons_figure(data: AuditData) -> Figure:
    modes = tuple(data.modes.weights.columns)
    return Figure(
        title="What users said and what graders found",
        columns=(
            "reason",
            *("n_labelled", "n_correct", "n_incorrect", "n_cannot_tell"),
            *("share_correct", "low", "high", "note"),
            *(f"mode_{code}" for code in modes),
        ),
        rows=tuple(reason_cells(found) for found in Breakdowns(data).reasons()),
    )


def reason_cells(found: ReasonFinding) -> tuple[Value, ...]:
    share, low, high, _, note = share_cells(found.share_correct)
    counts = (found.n, found.n_correct, found.n_incorrect, found.n_cannot_tell)
    return (group_name(found), *counts, share, low, high, note, *found.n_by_mode)


def latency_figure(data: AuditData) -> Figure:
    rows = [
        (one.name, one.n, one.n_missing, *((q.low, q.median, q.high) if q else (None,) * 3))
        for one in Breakdowns(data).latencies()
        for q in [one.quartiles]
    ]
    return Figure(
        title="Latency by failure mode",
        columns=(
            *("mode", "n", "n_without_latency"),
            *("lower_quartile_ms", "median_ms", "upper_quartile_ms"),
        ),
        rows=tuple(rows),
    )


# --- grid -------------------------------------------------------------------------------------


def grid_figure(data: AuditData) -> Figure:
    found, reason = build_grid(data)
    cells = [(name, getattr(found, name)) for name in GRID_CELLS] if found else []
    rows = [
        (name, cell.share, cell.low, cell.high, cell.n, cell.n_cell, cell.undefined_because or "")
        for name, cell in cells
    ]
    return Figure(
        title="Thumbs and truth",
        columns=("cell", "share", "low", "high", "n_labelled_in_row", "n_in_cell", "note"),
        rows=tuple(rows) or (("not defined", None, None, None, None, None, reason),),
    )


AUDIT_FIGURES: dict[str, Callable[[AuditData], Figure]] = {
    "shares": shares_figure,
    "strata": strata_figure,
    "grid": grid_figure,
    "domains": breakdown_figure("domain"),
    "releases": breakdown_figure("release"),
    "models": breakdown_figure("model"),
    "reasons": reasons_figure,
    "latency": latency_figure,
}
"""Figures by the name they have in an address."""


# --- trend ------------------------------------------------------------------------------------


def trend_figure(found: Trend) -> Figure:
    rows = tuple(
        (
            point.audit.slug,
            str(point_date(point)),
            " + ".join(point.codebooks),
            *share_cells(point.share),
            *change_cells(point),
        )
        for point in found.points
    )
    return Figure(
        title=f"Unwelcome but correct over time: {found.name.lower()}",
        columns=(
            *("audit", "feedback_until", "codebook"),
            *SHARE,
            *("change", "change_low", "change_high"),
        ),
        rows=rows,
        chart=trend_chart(found),
    )


def change_cells(point: TrendPoint) -> tuple[Value, ...]:
    change = point.change
    return (change.value, change.low, change.high) if change else (None, None, None)


def trend_chart(found: Trend) -> SeriesChart:
    return series(
        [
            SeriesPoint(
                label=str(point_date(point)),
                value=point.share.value,
                low=point.share.low,
                high=point.share.high,
                break_before=" + ".join(point.codebooks) if point.is_break else "",
            )
            for point in found.points
        ]
    )


def point_date(point: TrendPoint) -> object:
    """Until when feedback counted in the audit's frame."""
    return (point.audit.frame_until or point.audit.created_at).date()


# --- files ------------------------------------------------------------------------------------


def csv_text(figure: Figure) -> str:
    """The table; numbers exact, text made safe for spreadsheets."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([figure.columns, *neutralised(figure.rows)])
    return out.getvalue()


def neutralised(rows: Iterable[tuple[Value, ...]]) -> Iterable[list[Value]]:
    return ([neutralise(value) for value in row] for row in rows)


def svg_text(figure: Figure, *, source: str) -> str:
    """The chart's wide layout as a file of its own; `source` says what it is of.

    Raises
    ------
    ValueError
        The figure has no chart, or nothing to draw.
    """
    chart = figure.chart
    if chart is None or not chart.layouts:
        raise ValueError(f"figure {figure.title!r} has no chart.")
    kind = {BarChart: "bars", SeriesChart: "series", Heatmap: "heatmap", DotChart: "dots"}[
        type(chart)
    ]
    layout = chart.layouts[0]
    context = {
        "title": figure.title,
        "source": source,
        "layout": layout,
        "shapes": f"charts/_{kind}_shapes.html",
        "css": "heat" if kind == "heatmap" else "",
        "width": layout.width + 32,
        "height": round(layout.height + 84),
        "foot": round(layout.height + 70),
    }
    return NO_XML.sub("", render_to_string("charts/file.svg", context).strip() + "\n")
