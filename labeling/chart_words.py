"""What charts print: figures, intervals and tooltips in words, and labels cut to their room."""

import unicodedata

from labeling.chart_shapes import BarRow, SeriesPoint, TableRow

UNKNOWN = "not known"


def figure(value: float | None, *, percent: bool) -> str:
    if value is None:
        return UNKNOWN
    return f"{100 * value:.1f}%" if percent else f"{value:.2f}".replace("-", "−")


def interval(row: BarRow | SeriesPoint, *, percent: bool) -> str:
    if row.value is None or row.low is None or row.high is None:
        return UNKNOWN
    return f"{figure(row.low, percent=percent)} to {figure(row.high, percent=percent)}"


def tooltip(row: BarRow | SeriesPoint, *, percent: bool) -> str:
    note = getattr(row, "note", "")
    ends = interval(row, percent=percent)
    ends = f", 95% interval {ends}" if ends != UNKNOWN else ""
    return f"{row.label}: {figure(row.value, percent=percent)}{ends}" + (note and f". {note}")


def table_row(row: BarRow | SeriesPoint, *, percent: bool, note: str = "") -> TableRow:
    return TableRow(
        row.label, figure(row.value, percent=percent), interval(row, percent=percent), note
    )


def width_of(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text: str, columns: int, n_lines: int) -> list[str]:
    """The text in at most `n_lines` lines of `columns`; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split() or [""]:
        joined = f"{lines[-1]} {word}".strip()
        if width_of(joined) <= columns or not lines[-1] or len(lines) == n_lines:
            lines[-1] = joined
        else:
            lines.append(word)
    return [cut(line, columns) for line in lines]


def cut(line: str, columns: int) -> str:
    if width_of(line) <= columns:
        return line
    while width_of(line) > columns - 1:
        line = line[:-1]
    return line.rstrip() + "…"
