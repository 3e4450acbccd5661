"""The figures of an audit's agreement, each as a table with its exact numbers, some as charts.

Coders stand here under their pseudonyms, whoever asks.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from analysis.agreement import LabelAgreement
from analysis.disagreement import coincidences, confusions
from analysis.estimates import Estimate
from analysis.pairs import Pair, PairTable
from labeling.agreement_units import readable_rows
from labeling.audit_agreement import AuditAgreement, WeekAgreement
from labeling.chart_shapes import BarRow, DotChart, Heatmap, SeriesChart, SeriesPoint
from labeling.charts import heatmap, series
from labeling.dot_charts import Mark, dots
from labeling.report_files import Figure, Value
from labeling.version_figures import version_figures

MAX_HEATMAP = 14
MARKS: tuple[Mark, ...] = ((0.667, ".667"), (0.8, ".800"))
"""Krippendorff's own limits."""
ESTIMATE = ("value", "low", "high", "n_units_with_two_labels", "note")
PART = ("n_units", "n_labels", *(f"alpha_{name}" for name in ESTIMATE), "percent_agreement")


def cells(found: Estimate) -> tuple[Value, ...]:
    return found.value, found.low, found.high, found.n, found.undefined_because or ""


# --- the whole --------------------------------------------------------------------------------


def coefficients_figure(agreed: AuditAgreement) -> Figure:
    found, verdict = agreed.report(), agreed.on_verdict
    rows = (
        ("failure mode", "alpha", found.alpha),
        ("failure mode", "percent agreement", found.percent),
        ("failure mode", "AC1", found.ac1),
        ("failure mode", "Fleiss' kappa", found.fleiss),
        ("blind verdict", "alpha", verdict.alpha),
        ("blind verdict", "percent agreement", verdict.percent),
    )
    return Figure(
        title="Agreement of the coders",
        columns=("agreement_on", "coefficient", *ESTIMATE),
        rows=tuple((of, name, *cells(estimate)) for of, name, estimate in rows),
        chart=alphas_chart([("Failure mode", found.alpha), ("Blind verdict", verdict.alpha)]),
    )


def alphas_chart(alphas: Sequence[tuple[str, Estimate]]) -> DotChart:
    """Alphas with their intervals beside Krippendorff's limits; those not known are left out."""
    return dots(
        [
            BarRow(label=name, value=alpha.value, low=alpha.low, high=alpha.high)
            for name, alpha in alphas
            if alpha.value is not None
        ],
        marks=MARKS,
    )


def coincidences_figure(agreed: AuditAgreement) -> Figure:
    found = coincidences(agreed.patterns)
    return Figure(
        title="Coincidence matrix",
        columns=("label", "other_label", "observed", "expected"),
        rows=tuple(
            (label, other, float(found.observed[i, j]), float(found.expected[i, j]))
            for i, label in enumerate(found.categories)
            for j, other in enumerate(found.categories)
        ),
    )


# --- labels -----------------------------------------------------------------------------------


def modes_figure(agreed: AuditAgreement) -> Figure:
    found = agreed.report()
    return Figure(
        title="Agreement by failure mode",
        columns=(
            *("mode", "name", "n_labels", "share_of_labels", "n_units_that_carry_it"),
            *(f"alpha_{name}" for name in ESTIMATE),
            *("specific_agreement", "specific_low", "specific_high"),
        ),
        rows=tuple(
            (
                *(one.label, agreed.categories.names.get(one.label, one.label), one.n),
                *(prevalence(one, found.n_labels), one.n_units),
                *cells(one.alpha),
                *(one.specific.value, one.specific.low, one.specific.high),
            )
            for one in found.per_label
        ),
        chart=modes_chart(agreed, found.per_label),
    )


def modes_chart(agreed: AuditAgreement, found: Sequence[LabelAgreement]) -> DotChart:
    names = agreed.categories.names
    return alphas_chart([(names.get(one.label, one.label), one.alpha) for one in found])


def prevalence(one: LabelAgreement, n_labels: int) -> float | None:
    """The part of all labels that are this one."""
    return one.n / n_labels if n_labels else None


def confusions_figure(agreed: AuditAgreement) -> Figure:
    return Figure(
        title="Labels taken for each other",
        columns=(
            *("label", "other_label", "n_units_that_carry_both"),
            *("coincidences", "share_of_disagreement", "ratio_to_chance"),
        ),
        rows=tuple(
            (*one.labels, one.n_units, one.weight, one.share, one.ratio)
            for one in confusions(agreed.patterns)
        ),
    )


def disputed_figure(agreed: AuditAgreement, role: str = "") -> Figure:
    """The units whose labels this role may read now."""
    found = readable_rows(agreed, role)
    codes = agreed.categories.codes if found else ()
    return Figure(
        title="Units that disagree most",
        columns=("unit", "entropy_bits", "n_labels", *codes),
        rows=tuple(
            (
                *(row.unit.name, row.disputed.entropy, sum(row.disputed.counts.values())),
                *(row.disputed.counts.get(code, 0) for code in codes),
            )
            for row in found
        ),
    )


# --- parts ------------------------------------------------------------------------------------


def strata_figure(agreed: AuditAgreement) -> Figure:
    return Figure(
        title="Agreement by stratum",
        columns=("stratum", *PART),
        rows=tuple(
            (part.stratum.name, of.n_units, of.n_labels, *cells(of.alpha), of.percent.value)
            for part in agreed.by_stratum
            for of in [part.agreement]
        ),
        chart=alphas_chart(
            [(part.stratum.name, part.agreement.alpha) for part in agreed.by_stratum]
        ),
    )


def weeks_figure(agreed: AuditAgreement) -> Figure:
    return Figure(
        title="Krippendorff's alpha by week",
        columns=("week_from", *PART),
        rows=tuple(
            (str(week.monday), of.n_units, of.n_labels, *cells(of.alpha), of.percent.value)
            for week in agreed.by_week
            for of in [week.agreement]
        ),
        chart=weeks_chart(agreed.by_week),
    )


def weeks_chart(weeks: Sequence[WeekAgreement]) -> SeriesChart:
    """Alpha over time; a week in which no unit was completed is a gap."""
    return series([week_point(day, week) for day, week in every_week(weeks)], percent=False)


def week_point(monday: date, week: WeekAgreement | None) -> SeriesPoint:
    if week is None:
        return SeriesPoint(label=str(monday), value=None)
    alpha = week.agreement.alpha
    return SeriesPoint(label=str(monday), value=alpha.value, low=alpha.low, high=alpha.high)


def every_week(weeks: Sequence[WeekAgreement]) -> Iterator[tuple[date, WeekAgreement | None]]:
    found = {week.monday: week for week in weeks}
    monday = min(found, default=date.max)
    while found and monday <= max(found):
        yield monday, found.get(monday)
        monday += timedelta(days=7)


def versions_figure(agreed: AuditAgreement) -> Figure:
    return Figure(
        title="Agreement by codebook version",
        columns=("codebook", *(f"alpha_{name}" for name in ESTIMATE)),
        rows=tuple(
            (str(version.codebook), *cells(version.alpha))
            for version in version_figures(agreed.audit)
        ),
    )


# --- coders -----------------------------------------------------------------------------------


def pairs_figure(agreed: AuditAgreement) -> Figure:
    pairs = agreed.tally.pairs()
    return Figure(
        title="Cohen's kappa by pair of coders",
        columns=("coder", "other_coder", "n", "percent", "kappa", "low", "high", "note"),
        rows=tuple(
            (
                *(*pair.coders, pair.n, pair.percent),
                *(pair.kappa.value, pair.kappa.low, pair.kappa.high),
                pair.kappa.undefined_because or "",
            )
            for pair in pairs
        ),
        chart=pairs_heatmap(pairs),
    )


def pairs_heatmap(pairs: Sequence[Pair], names: dict[str, str] | None = None) -> Heatmap | None:
    """Pairwise kappa as a matrix, where the coders fit on a page; `names` are shown instead."""
    coders = sorted({coder for pair in pairs for coder in pair.coders})
    if not 2 <= len(coders) <= MAX_HEATMAP:
        return None
    values: list[list[float | None]] = [[None] * len(coders) for _ in coders]
    for pair in pairs:
        first, second = (coders.index(coder) for coder in pair.coders)
        values[first][second] = values[second][first] = pair.kappa.value
    return heatmap([(names or {}).get(coder, coder) for coder in coders], values)


def pair_figure(table: PairTable) -> Figure:
    first, second = table.coders
    return Figure(
        title=f"What {first} and {second} said of the same units",
        columns=(f"said_by_{first}", f"said_by_{second}", "n_units"),
        rows=tuple(
            (label, other, int(table.counts[i, j]))
            for i, label in enumerate(table.categories)
            for j, other in enumerate(table.categories)
        ),
    )


def bias_figure(agreed: AuditAgreement) -> Figure:
    return Figure(
        title="Each coder's share of a label minus that of the others on the same units",
        columns=(
            *("coder", "n_units_with_others", "label", "own_share", "share_of_the_others"),
            *("difference", "low", "high", "note"),
        ),
        rows=tuple(
            (
                *(one.coder, one.n_units, of.label, of.own, of.others),
                *(of.difference.value, of.difference.low, of.difference.high),
                of.difference.undefined_because or "",
            )
            for one in agreed.tally.bias()
            for of in one.by_label
        ),
    )


AGREEMENT_FIGURES: dict[str, Callable[[AuditAgreement], Figure]] = {
    "coefficients": coefficients_figure,
    "coincidences": coincidences_figure,
    "modes": modes_figure,
    "confusions": confusions_figure,
    "disputed": disputed_figure,
    "strata": strata_figure,
    "weeks": weeks_figure,
    "versions": versions_figure,
    "pairs": pairs_figure,
    "bias": bias_figure,
}
"""Figures by the name they have in an address."""
