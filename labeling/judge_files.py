"""The figures of judges beside humans as one table, for a CSV file, and the chart of one."""

from collections.abc import Iterator

from analysis.estimates import Estimate
from analysis.judge_strata import ShareWithJudge
from analysis.judges import BesideHumans, JudgeQuality
from labeling.chart_shapes import BarChart
from labeling.charts import bars
from labeling.judge_reports import AmongJudges, JudgeReport, JudgesReport
from labeling.report_files import Figure, Value, bar_of, share_cells

Row = tuple[Value, ...]
COLUMNS = ("of", "figure", "humans", "judge", "value", "low", "high", "n", "note")


def judge_figure(found: JudgeReport) -> Figure:
    """One row per figure: what it is of, its name, the label or labels, the estimate."""
    return Figure(
        title=f"Unwelcome but correct, with and without the judge {found.judge}",
        columns=COLUMNS,
        rows=tuple(judge_rows(found)),
        chart=share_chart(found.share) if found.share else None,
    )


def judges_figure(report: JudgesReport) -> Figure:
    """The same of every judge, one after the other, and agreement among those of one kind."""
    rows: list[Row] = [
        (*(str(found.judge), found.judge.kind), *row)
        for found in report.judges
        for row in judge_rows(found)
    ]
    rows += [row for among in report.among for row in among_rows(among)]
    return Figure(
        title="Judges beside humans",
        columns=("name", "kind", *COLUMNS),
        rows=tuple(rows),
    )


def judge_rows(found: JudgeReport) -> list[Row]:
    rows = [*quality_rows("correctness", found.quality), *beside_rows(found.beside)]
    if found.modes:
        rows += quality_rows("failure mode", found.modes)
    if found.share:
        rows += share_rows(found.share)
    return rows


def among_rows(among: AmongJudges) -> Iterator[Row]:
    about = (f"{among.n_judges} judges", among.kind, "among judges")
    yield *about, "agreement", "", "", *cells(among.found.percent)
    yield *about, "alpha", "", "", *cells(among.found.alpha)


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


def share_chart(found: ShareWithJudge) -> BarChart:
    parts = (("Humans alone", found.without), ("With the judge as stratum", found.with_judge))
    return bars([bar_of(label, share, found.label) for label, share in parts])


def cells(found: Estimate) -> tuple[Value, ...]:
    return found.value, found.low, found.high, found.n, found.undefined_because or ""
