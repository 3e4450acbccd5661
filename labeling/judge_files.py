"""The figures of one judge beside humans as one table, for a CSV file."""

from collections.abc import Iterator

from analysis.estimates import Estimate
from analysis.judge_strata import ShareWithJudge
from analysis.judges import BesideHumans, JudgeQuality
from labeling.judge_reports import JudgeReport
from labeling.report_files import Figure, Value, share_cells

Row = tuple[Value, ...]


def judge_figure(found: JudgeReport) -> Figure:
    """One row per figure: what it is of, its name, the label or labels, the estimate."""
    rows = [*quality_rows("correctness", found.quality), *beside_rows(found.beside)]
    if found.modes:
        rows += quality_rows("failure mode", found.modes)
    if found.share:
        rows += share_rows(found.share)
    return Figure(
        title=f"{found.judge} beside humans",
        columns=("of", "figure", "humans", "judge", "value", "low", "high", "n", "note"),
        rows=tuple(rows),
    )


def quality_rows(of: str, quality: JudgeQuality) -> Iterator[Row]:
    yield of, "agreement", "", "", *cells(quality.percent)
    yield of, "kappa", "", "", *cells(quality.kappa)
    for entry in quality.per_label:
        yield of, "sensitivity", entry.label, "", *cells(entry.sensitivity)
        yield of, "specificity", entry.label, "", *cells(entry.specificity)
        yield of, "precision", "", entry.label, *cells(entry.precision)
    for cell in (cell for row in quality.confusion for cell in row):
        for figure, share in (("part of humans", cell.of_human), ("part of judge", cell.of_judge)):
            value, low, high, _, note = cells(share)
            yield of, f"confusion, {figure}", cell.human, cell.judge, value, low, high, cell.n, note


def beside_rows(beside: BesideHumans) -> Iterator[Row]:
    of = "two humans and the judge"
    yield of, "human and human", "", "", *cells(beside.human_human)
    yield of, "judge and human", "", "", *cells(beside.judge_human)
    yield of, "difference", "", "", *cells(beside.difference)
    yield of, "kappa, human and human", "", "", *cells(beside.human_human_kappa)
    yield of, "kappa, judge and human", "", "", *cells(beside.judge_human_kappa)


def share_rows(found: ShareWithJudge) -> Iterator[Row]:
    for figure, share in (("without", found.without), ("with the judge", found.with_judge)):
        yield "share", figure, found.label, "", *share_cells(share)


def cells(found: Estimate) -> tuple[Value, ...]:
    return found.value, found.low, found.high, found.n, found.undefined_because or ""
