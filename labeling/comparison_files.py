"""The figures of a comparison, each as a table with its exact numbers."""

from collections.abc import Callable, Iterator

from analysis.compare import DomainChange
from analysis.estimates import Estimate
from labeling.comparison import Comparison
from labeling.report_files import SHARE, Figure, Value, share_cells

ENDS = ("value", "low", "high", "note")
SIDES = tuple(f"{side}_{name}" for side in ("before", "after") for name in SHARE)


def modes_figure(found: Comparison) -> Figure:
    rows = (
        (*(one.code, one.name), *share_cells(one.before), *share_cells(one.after), *ends)
        for one in found.modes
        for ends in [cells(one.difference)]
    )
    return Figure(
        title="Change by failure mode",
        columns=("mode", "name", *SIDES, *(f"change_{name}" for name in ENDS)),
        rows=tuple(rows),
    )


def parts_figure(found: Comparison) -> Figure:
    return Figure(
        title="Mix and rate",
        columns=(
            *("domain", "part_before", "part_after"),
            *SIDES,
            *(f"{part}_{name}" for part in ("mix", "rate") for name in ENDS),
        ),
        rows=tuple(part_rows(found)),
    )


def part_rows(found: Comparison) -> Iterator[tuple[Value, ...]]:
    if found.parts is None:
        return
    for row in found.parts.domains:
        yield (*of_domain(row), *cells(row.mix), *cells(row.rate))
    nothing: tuple[None, ...] = (None,) * len(SIDES)
    yield ("all domains", 1.0, 1.0, *nothing, *cells(found.parts.mix), *cells(found.parts.rate))


def of_domain(row: DomainChange) -> tuple[Value, ...]:
    parts = (row.domain, row.weight_before, row.weight_after)
    return (*parts, *share_cells(row.before), *share_cells(row.after))


def stability_figure(found: Comparison) -> Figure:
    rows = (
        (*(step.name, *share_cells(step.this)), *cells(step.difference), step.state, found.margin)
        for step in found.steps
    )
    return Figure(
        title="Stability over closed audits",
        columns=(
            *("audit", *SHARE, *(f"change_{name}" for name in ENDS)),
            *("state", "margin"),
        ),
        rows=tuple(rows),
    )


def cells(found: Estimate) -> tuple[Value, ...]:
    return found.value, found.low, found.high, found.undefined_because or ""


COMPARISON_FIGURES: dict[str, Callable[[Comparison], Figure]] = {
    "modes": modes_figure,
    "parts": parts_figure,
    "stability": stability_figure,
}
"""Figures by the name they have in an address."""
