"""What a chart is made of: its input rows, and the coordinates and words the templates print."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BarRow:
    """One share in 0 to 1 with its interval; `value` None means not known, `note` says why."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    kind: str = ""
    note: str = ""


@dataclass(frozen=True)
class SeriesPoint:
    """One moment of a series; `value` None is a gap.

    `break_before` says what changed since the moment before, which the line does not cross.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    break_before: str = ""


@dataclass(frozen=True)
class Tick:
    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Bar:
    row: BarRow
    css: str
    y: float
    label_lines: tuple[tuple[float, str], ...]  # (y, text)
    width: float
    whisker: tuple[float, float] | None  # x of both ends
    text_x: float
    text: str
    tooltip: str


@dataclass(frozen=True)
class BarLayout:
    name: str
    width: int
    height: float
    left: float
    label_x: float
    label_anchor: str
    plot_bottom: float
    ticks: tuple[Tick, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class TableRow:
    label: str
    value: str
    interval: str
    note: str = ""


@dataclass(frozen=True)
class BarChart:
    layouts: tuple[BarLayout, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class Cell:
    x: float
    y: float
    step: str  # css suffix: 0 to 9, or "none"
    text: str
    tooltip: str


@dataclass(frozen=True)
class HeatLabel:
    number: int
    label: str
    column_x: float
    row_y: float
    row_text: str


@dataclass(frozen=True)
class HeatLayout:
    name: str
    width: int
    height: float
    left: float
    size: float
    labels: tuple[HeatLabel, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Heatmap:
    layouts: tuple[HeatLayout, ...]
    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    whisker: tuple[float, float] | None  # y of both ends, for a dot that stands alone
    tooltip: str


@dataclass(frozen=True)
class SeriesLayout:
    name: str
    width: int
    height: float
    left: float
    right: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[str, ...]  # points of a polyline, one for each stretch without a gap
    bands: tuple[str, ...]  # points of a polygon
    dots: tuple[Dot, ...]
    breaks: tuple[Tick, ...]  # where a dashed line stands, and what changed there


@dataclass(frozen=True)
class SeriesChart:
    layouts: tuple[SeriesLayout, ...]
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class DotRow:
    """One value with its interval, where both are known, and what is written beside it."""

    y: float
    label_lines: tuple[tuple[float, str], ...]  # (y, text)
    dot: float | None  # x
    whisker: tuple[float, float] | None  # x of both ends
    text: str
    tooltip: str


@dataclass(frozen=True)
class DotLayout:
    name: str
    width: int
    height: float
    label_x: float
    label_anchor: str
    plot_top: float
    plot_bottom: float
    text_x: float
    ticks: tuple[Tick, ...]
    marks: tuple[Tick, ...]
    rows: tuple[DotRow, ...]


@dataclass(frozen=True)
class DotChart:
    layouts: tuple[DotLayout, ...]
    rows: tuple[TableRow, ...]
