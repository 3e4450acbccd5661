"""One judge beside the humans: sensitivity, specificity, precision, kappa and confusion.

The humans' label of a unit is taken as the truth here, errors and all. A new version or prompt
of a judge is a new judge.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.agreement import fleiss_kappa
from analysis.domains import Design, domain_share, weighted_kappa
from analysis.errors import AnalysisInputError
from analysis.estimates import BoolArray, Estimate, FloatArray, IntArray, undefined
from analysis.long_table import category_order, code_labels
from analysis.patterns import patterns_from_count_table
from analysis.proportions import mean_difference
from analysis.shares import user_codes

NO_VERDICT = "no labelled unit has a verdict of this judge"


@dataclass(frozen=True, eq=False, kw_only=True)
class JudgedSample:
    """The labelled units of one audit, beside the verdicts of one judge.

    Attributes
    ----------
    human : DataFrame of float, units x labels
        The humans' label of each unit: ``weights`` of `analysis.consensus.unit_labels`. Rows add
        up to 1.
    judge : mapping of unit to label
        A unit that is not in it, or has None, has no verdict; other units are passed over.
    stratum : mapping of unit to the name of its stratum
    n_frame : mapping of stratum to N_h, outputs of the frame in it
    user : mapping of unit to user, optional
        A unit that is not in it, or has None, is a user of its own.
    """

    human: pd.DataFrame
    judge: Mapping[Any, str | None]
    stratum: Mapping[Any, str]
    n_frame: Mapping[str, int]
    user: Mapping[Any, Hashable | None] | None = None


@dataclass(frozen=True, kw_only=True)
class LabelQuality:
    """How the judge does on one label against the rest; estimates are of the frame.

    Attributes
    ----------
    sensitivity : of the outputs that humans give this label, the share the judge gives it too
    specificity : of the outputs that humans do not give it, the share the judge does not
    precision : of the outputs that the judge gives it, the share that humans do
    n_human : labelled units that humans give it (a fraction where ties were split)
    n_judge : labelled units that the judge gives it
    """

    label: str
    sensitivity: Estimate
    specificity: Estimate
    precision: Estimate
    n_human: float
    n_judge: int

    @property
    def recall(self) -> Estimate:
        """Sensitivity by its other name."""
        return self.sensitivity


@dataclass(frozen=True, kw_only=True)
class ConfusionCell:
    """Units that humans call `human` and the judge calls `judge`.

    ``n`` counts units, ``of_human`` is the share of the humans' row, ``of_judge`` of the judge's
    column, ``of_all`` of everything.
    """

    human: str
    judge: str
    n: float
    of_human: Estimate
    of_judge: Estimate
    of_all: Estimate


@dataclass(frozen=True, kw_only=True)
class JudgeQuality:
    """Everything about one judge on the units that humans labelled and the judge judged.

    ``confusion`` has a cell for every (human, judge) in the order of ``labels``, humans in rows.
    """

    labels: tuple[str, ...]
    n_units: int
    n_without_verdict: int
    percent: Estimate
    kappa: Estimate
    per_label: tuple[LabelQuality, ...]
    confusion: tuple[tuple[ConfusionCell, ...], ...]


def judge_quality(sample: JudgedSample, *, domain: Sequence[str] | None = None) -> JudgeQuality:
    """Compare a judge with the humans, weighted to the frame.

    A unit weighs N_h / n_h, n_h the units of its stratum with both labels. Intervals are those
    of `domain_share` and `weighted_kappa`: without finite population, since a judge's quality
    speaks of what it will be given next.

    Parameters
    ----------
    sample : JudgedSample
    domain : sequence of str, optional
        All labels, in codebook order. Default: those seen.

    Raises
    ------
    AnalysisInputError
        A label outside `domain`; a unit without a stratum, or a stratum without N_h.
    """
    labels, rows = _labels(sample, domain), judged_rows(sample)
    n_without = len(sample.human) - len(rows)
    human = _human(sample, labels)[rows]
    units = sample.human.index[rows]
    place = {label: i for i, label in enumerate(labels)}
    given = np.array([place[str(sample.judge[unit])] for unit in units], dtype=np.int64)
    judge = (given[:, None] == np.arange(len(labels))).astype(np.float64)
    design = design_of(sample, rows)
    everything = np.ones(len(rows))
    same = (human * judge).sum(axis=1)
    return JudgeQuality(
        labels=labels,
        n_units=len(rows),
        n_without_verdict=n_without,
        percent=domain_share(same, everything, design, empty=NO_VERDICT),
        kappa=weighted_kappa(human, judge, design),
        per_label=tuple(
            _label_quality(label, human[:, k], judge[:, k], design)
            for k, label in enumerate(labels)
        ),
        confusion=_confusion(labels, human, judge, design),
    )


@dataclass(frozen=True, kw_only=True)
class BesideHumans:
    """Judge-human agreement beside human-human agreement, on the same units, unweighted.

    Attributes
    ----------
    n_units : units with two human labels or more and a verdict
    human_human, judge_human : mean share of agreeing pairs per unit
    difference : judge_human - human_human, from the paired differences of units
    human_human_kappa : Fleiss' kappa
    judge_human_kappa : Cohen's kappa of the judge and one human of the unit, drawn at random
    """

    n_units: int
    human_human: Estimate
    judge_human: Estimate
    difference: Estimate
    human_human_kappa: Estimate
    judge_human_kappa: Estimate


def beside_humans(
    labels: pd.DataFrame, judge: Mapping[Any, str | None], *, seed: int = 0
) -> BesideHumans:
    """Ask whether the judge agrees with a human as much as another human does.

    Only units with two human labels or more and a verdict enter, so that both figures meet the
    same hard and easy units.

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``: independent human labels, before adjudication.
    judge : mapping of unit to label
    seed : int
        Of the bootstrap behind ``human_human_kappa``.

    Raises
    ------
    AnalysisInputError
        See `patterns_from_labels`.
    """
    coded = code_labels(labels, None if len(labels) else [])
    said = {str(label) for label in judge.values() if label is not None}
    categories = category_order({*coded.categories, *said}, None)
    place = {label: i for i, label in enumerate(categories)}
    columns = np.array([place[label] for label in coded.categories], dtype=np.int64)
    counts = np.zeros((len(coded.units), len(categories)))
    np.add.at(counts, (coded.unit, columns[coded.label]), 1.0)
    has_verdict = np.array([judge.get(unit) is not None for unit in coded.units], dtype=np.bool_)
    met: BoolArray = (counts.sum(axis=1) >= 2) & has_verdict
    verdict = [place[str(judge[unit])] for unit, ok in zip(coded.units, met, strict=True) if ok]
    return _beside(counts[met], np.array(verdict, dtype=np.int64), categories, seed)


def judged_rows(sample: JudgedSample) -> IntArray:
    """Return the rows of ``sample.human`` whose unit has a verdict."""
    units = list(sample.human.index)
    judged = [i for i, unit in enumerate(units) if sample.judge.get(unit) is not None]
    return np.array(judged, dtype=np.int64)


def design_of(sample: JudgedSample, rows: IntArray) -> Design:
    """Weigh the units of these rows to the frame: N_h over the number of rows in stratum h."""
    units = [sample.human.index[row] for row in rows]
    names = [stratum_of(sample, unit) for unit in units]
    codes, found = pd.factorize(pd.Series(names, dtype=object))
    code = codes.astype(np.int64)
    n_frame = np.array([sample.n_frame[name] for name in found], dtype=np.float64)
    n = np.bincount(code, minlength=len(found))
    for name, labelled in zip(found, n, strict=True):
        if labelled > sample.n_frame[name]:
            raise AnalysisInputError(
                f"expected at most N={sample.n_frame[name]} labelled units in stratum {name!r}: "
                f"came {labelled}."
            )
    user = sample.user or {}
    return Design(
        weight=(n_frame / np.maximum(n, 1))[code],
        stratum=code,
        user=user_codes([user.get(unit) for unit in units]),
    )


def stratum_of(sample: JudgedSample, unit: object) -> str:
    """Return the stratum of a unit, whose N_h is known."""
    name = sample.stratum.get(unit)
    if name is None or name not in sample.n_frame:
        raise AnalysisInputError(
            f"expected a stratum with a known N_h for unit {unit!r}: came {name!r}."
        )
    return name


def _labels(sample: JudgedSample, domain: Sequence[str] | None) -> tuple[str, ...]:
    said = {str(sample.judge[sample.human.index[row]]) for row in judged_rows(sample)}
    used = {str(label) for label in sample.human.columns}
    return category_order(used | said, domain)


def _human(sample: JudgedSample, labels: Sequence[str]) -> FloatArray:
    table = sample.human.rename(columns=str).reindex(columns=list(labels), fill_value=0.0)
    return table.to_numpy(dtype=np.float64)


def _label_quality(
    label: str, human: FloatArray, judge: FloatArray, design: Design
) -> LabelQuality:
    return LabelQuality(
        label=label,
        sensitivity=domain_share(
            judge, human, design, empty="no judged unit has this label from humans"
        ),
        specificity=domain_share(
            1 - judge, 1 - human, design, empty="every judged unit has this label from humans"
        ),
        precision=domain_share(
            human,
            judge,
            design,
            empty="the judge gives no labelled unit this label",
            is_domain_known=True,
        ),
        n_human=float(human.sum()),
        n_judge=int(judge.sum()),
    )


def _confusion(
    labels: tuple[str, ...], human: FloatArray, judge: FloatArray, design: Design
) -> tuple[tuple[ConfusionCell, ...], ...]:
    everything = np.ones(len(human))

    def cell(i: int, j: int) -> ConfusionCell:
        ours, theirs = human[:, i], judge[:, j]
        return ConfusionCell(
            human=labels[i],
            judge=labels[j],
            n=float(ours @ theirs),
            of_human=domain_share(theirs, ours, design, empty="no unit in this row"),
            of_judge=domain_share(
                ours, theirs, design, empty="no unit in this column", is_domain_known=True
            ),
            of_all=domain_share(ours * theirs, everything, design, empty=NO_VERDICT),
        )

    k = range(len(labels))
    return tuple(tuple(cell(i, j) for j in k) for i in k)


def _beside(
    counts: FloatArray, verdict: IntArray, categories: tuple[str, ...], seed: int
) -> BesideHumans:
    n = len(counts)
    if n == 0:
        none = undefined("no unit has two human labels and a verdict", n=0)
        return BesideHumans(
            n_units=0,
            human_human=none,
            judge_human=none,
            difference=none,
            human_human_kappa=none,
            judge_human_kappa=none,
        )
    m = counts.sum(axis=1)
    humans = (counts * (counts - 1)).sum(axis=1) / (m * (m - 1))
    judge = (verdict[:, None] == np.arange(len(categories))).astype(np.float64)
    human = counts / m[:, None]
    with_judge = (human * judge).sum(axis=1)
    alike = Design(np.ones(n), np.zeros(n, dtype=np.int64), np.arange(n))
    patterns = patterns_from_count_table(categories, counts.astype(np.int64).tolist())
    return BesideHumans(
        n_units=n,
        human_human=domain_share(humans, np.ones(n), alike, empty=NO_VERDICT),
        judge_human=domain_share(with_judge, np.ones(n), alike, empty=NO_VERDICT),
        difference=mean_difference(with_judge - humans, none=NO_VERDICT),
        human_human_kappa=fleiss_kappa(patterns, seed=seed),
        judge_human_kappa=weighted_kappa(human, judge, alike),
    )
