"""How far coders agree: alpha and its companions, each with an interval.

This module is the one door to the package `krippendorff` (GPL-3.0-or-later): every alpha is
computed here from patterns and, where it fits, again by that package; the difference is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import cast

import krippendorff
import numpy as np
import pandas as pd

from analysis.bootstrap import Resampled, resample
from analysis.errors import AnalysisInputError
from analysis.estimates import Estimate
from analysis.long_table import as_number, code_labels
from analysis.nominal import (
    ALL_EQUAL,
    MAX_LABELS_SHOWN,
    NO_PAIRS,
    NominalCoefficients,
    undefined_reasons,
)
from analysis.ordered import LEVELS, Level, ordered_alpha, values_and_counts
from analysis.pairs import Pair, pairs_of
from analysis.patterns import Patterns, patterns_from_labels
from analysis.rare_labels import alpha_bounds, specific_bounds, widened

REFERENCE = f"krippendorff {version('krippendorff')}"
MAX_REFERENCE_UNITS = 50_000
MAX_REFERENCE_CELLS = 20_000_000
FEW_UNITS = 10


@dataclass(frozen=True, kw_only=True)
class LabelAgreement:
    """One label against all others.

    ``n`` counts labels, ``n_units`` the units that carry this label at least once;
    under ten of these units (``too_few``) its intervals are wide, and often withheld.
    """

    label: str
    alpha: Estimate
    specific: Estimate
    n: int
    n_units: int
    too_few: bool

    def as_dict(self) -> dict[str, object]:
        return {
            "label": self.label,
            "alpha": self.alpha.as_dict(),
            "n": self.n,
            "specific": self.specific.as_dict(),
            "n_units": self.n_units,
            "too_few": self.too_few,
        }


@dataclass(frozen=True, kw_only=True)
class PartAgreement:
    """Alpha and percent of a part of an audit, with the units and labels it has."""

    n_units: int
    n_labels: int
    alpha: Estimate
    percent: Estimate


@dataclass(frozen=True, kw_only=True)
class Reference:
    """|our alpha - alpha of the package krippendorff|, or why it was not computed."""

    difference: float | None
    undefined_because: str | None = None
    package: str = REFERENCE

    def as_dict(self) -> dict[str, object]:
        return {
            "package": self.package,
            "difference": self.difference,
            "undefined_because": self.undefined_because,
        }


@dataclass(frozen=True, kw_only=True)
class AgreementReport:
    """Everything the agreement page and ``agreement --json`` show.

    Percent, AC1, Fleiss and the figures per label are nominal at every level; ``per_label`` is
    empty above 100 categories. ``n_coders`` is
    None where coders are not known. Disagreements are in the units of the level's distance.
    """

    level: Level
    n_units: int
    n_coders: int | None
    n_labels: int
    alpha: Estimate
    percent: Estimate
    ac1: Estimate
    fleiss: Estimate
    per_label: tuple[LabelAgreement, ...]
    pairs: tuple[Pair, ...]
    p_below_667: float | None
    p_below_800: float | None
    observed_disagreement: float | None
    expected_disagreement: float | None
    reference: Reference
    seed: int

    @property
    def reference_difference(self) -> float | None:
        return self.reference.difference

    def as_dict(self) -> dict[str, object]:
        return {
            "level": self.level,
            "n_units": self.n_units,
            "n_coders": self.n_coders,
            "n_labels": self.n_labels,
            "alpha": self.alpha.as_dict(),
            "percent": self.percent.as_dict(),
            "ac1": self.ac1.as_dict(),
            "fleiss": self.fleiss.as_dict(),
            "per_label": [entry.as_dict() for entry in self.per_label],
            "pairs": [pair.as_dict() for pair in self.pairs],
            "p_below_667": self.p_below_667,
            "p_below_800": self.p_below_800,
            "observed_disagreement": self.observed_disagreement,
            "expected_disagreement": self.expected_disagreement,
            "reference": self.reference.as_dict(),
            "seed": self.seed,
        }


def agreement(
    labels: pd.DataFrame,
    level: str = "nominal",
    seed: int = 0,
    domain: Sequence[str] | None = None,
) -> AgreementReport:
    """Report the agreement of a long table, pairs of coders included.

    Parameters
    ----------
    labels : DataFrame, one row per (unit, coder)
        Columns ``unit``, ``coder``, ``label``; independent labels only, before adjudication.
    level : {"nominal", "ordinal", "interval", "ratio"}
        Ordinal takes numeric order when all labels are numbers, else the order of `domain`.
    seed : int
        Of the bootstrap: the same seed gives the same intervals.
    domain : sequence of str, optional
        Every label a coder could have used; AC1 counts the unused ones too.

    Raises
    ------
    AnalysisInputError
        See `patterns_from_labels`; or the labels do not fit the level.

    Examples
    --------
    >>> table = pd.DataFrame({"unit": [1, 1, 2, 2], "coder": list("abab"), "label": list("xyxx")})
    >>> agreement(table).alpha.value
    0.0
    """
    coded = code_labels(labels, domain)
    return agreement_from_patterns(
        patterns_from_labels(labels, domain),
        level=level,
        seed=seed,
        n_coders=len(coded.coders),
        pairs=pairs_of(coded),
        ordered=domain is not None,
    )


def agreement_from_patterns(
    patterns: Patterns,
    *,
    level: str = "nominal",
    seed: int = 0,
    n_coders: int | None = None,
    pairs: Sequence[Pair] = (),
    ordered: bool = True,
) -> AgreementReport:
    """Report agreement where only count vectors are known; see `agreement`.

    ``ordered`` says that the categories stand in the codebook's order, not the alphabet's.
    """
    chosen = _check_level(level, patterns, ordered=ordered)
    nominal = NominalCoefficients.of(patterns)
    alphas = ordered_alpha(patterns, chosen)
    drawn, leveled = resample(patterns, [nominal, alphas], seed=seed)
    n, reasons = patterns.total_pairable_units, undefined_reasons(patterns)
    percent, ac1, fleiss = (drawn[j].estimate(reasons[j], n=n) for j in (1, 2, 3))
    alpha = _alpha(patterns, leveled[0], reasons[0], level=chosen)
    return AgreementReport(
        level=chosen,
        n_units=patterns.total_units,
        n_coders=n_coders,
        n_labels=patterns.total_labels,
        alpha=alpha,
        percent=percent,
        ac1=ac1,
        fleiss=fleiss,
        per_label=_per_label(patterns, drawn),
        pairs=tuple(pairs),
        p_below_667=leveled[0].probability_below(0.667),
        p_below_800=leveled[0].probability_below(0.800),
        observed_disagreement=_or_none(leveled[1].value),
        expected_disagreement=_or_none(leveled[2].value),
        reference=reference_check(patterns, chosen, alpha.value),
        seed=seed,
    )


def nominal_alpha(patterns: Patterns, *, seed: int = 0) -> Estimate:
    """Krippendorff's alpha for nominal labels (Krippendorff 2011), BCa unit bootstrap.

    Returns
    -------
    Estimate
        ``value`` is None, with ``undefined_because`` set, when no unit has two labels or all
        pairable labels are equal; ``n`` is the number of units with two labels or more.
    """
    (drawn,) = resample(patterns, [NominalCoefficients.of(patterns)], seed=seed)
    return _alpha(patterns, drawn[0], undefined_reasons(patterns)[0])


def percent_agreement(patterns: Patterns, *, seed: int = 0) -> Estimate:
    """Share of agreeing pairs of labels, averaged over units with two or more (Gwet 2014)."""
    return _nominal(patterns, 1, seed=seed)


def gwet_ac1(patterns: Patterns, *, seed: int = 0) -> Estimate:
    """Gwet's AC1 (Gwet 2008); every category of the patterns counts, used or not."""
    return _nominal(patterns, 2, seed=seed)


def fleiss_kappa(patterns: Patterns, *, seed: int = 0) -> Estimate:
    """Fleiss' kappa (Fleiss 1971), generalised to unequal numbers of labels (Gwet 2014)."""
    return _nominal(patterns, 3, seed=seed)


def level_alpha(patterns: Patterns, level: str, *, seed: int = 0, ordered: bool = True) -> Estimate:
    """Krippendorff's alpha at any level (Krippendorff 2011), BCa unit bootstrap."""
    chosen = _check_level(level, patterns, ordered=ordered)
    (drawn,) = resample(patterns, [ordered_alpha(patterns, chosen)], seed=seed)
    reason = ALL_EQUAL if patterns.total_pairable_units else NO_PAIRS
    return _alpha(patterns, drawn[0], reason, level=chosen)


def part_agreement(patterns: Patterns, *, seed: int = 0) -> PartAgreement:
    """Report alpha and percent, nominal, of one part: a stratum, a week."""
    (drawn,) = resample(patterns, [NominalCoefficients.of(patterns)], seed=seed)
    reasons, n = undefined_reasons(patterns), patterns.total_pairable_units
    return PartAgreement(
        n_units=patterns.total_units,
        n_labels=patterns.total_labels,
        alpha=_alpha(patterns, drawn[0], reasons[0]),
        percent=drawn[1].estimate(reasons[1], n=n),
    )


def label_agreement(patterns: Patterns, *, seed: int = 0) -> tuple[LabelAgreement, ...]:
    """Alpha of each label against the rest, and its specific agreement."""
    (drawn,) = resample(patterns, [NominalCoefficients.of(patterns)], seed=seed)
    return _per_label(patterns, drawn)


def reference_check(patterns: Patterns, level: Level, ours: float | None) -> Reference:
    """Compute alpha again with the package `krippendorff` and compare.

    Not computed when alpha is undefined, above 50,000 units, or when the package's table of
    units x values x values would be too large; the package works on every single unit.
    """
    if ours is None:
        return Reference(difference=None, undefined_because="alpha is undefined")
    values, counts = values_and_counts(patterns, level)
    n_units = patterns.total_units
    if n_units > MAX_REFERENCE_UNITS or n_units * len(values) ** 2 > MAX_REFERENCE_CELLS:
        reason = f"too large for the reference: {n_units} units, {len(values)} values"
        return Reference(difference=None, undefined_because=reason)
    theirs = krippendorff.alpha(
        value_counts=np.repeat(counts, patterns.n_units, axis=0),
        value_domain=values,
        level_of_measurement=level,
    )
    if not np.isfinite(theirs):
        return Reference(difference=None, undefined_because="the reference package returned nan")
    return Reference(difference=abs(float(theirs) - ours))


def _alpha(
    patterns: Patterns, drawn: Resampled, reason: str, *, level: Level = "nominal"
) -> Estimate:
    """Give alpha its interval; of two labels it is that of either, so it has the same one."""
    found = drawn.estimate(reason, n=patterns.total_pairable_units)
    if level != "nominal":
        return widened(found, drawn.jackknife())
    used = patterns.used_categories
    if len(used) != 2:
        return found
    return widened(found, alpha_bounds(patterns, patterns.categories.index(used[0])))


def _nominal(patterns: Patterns, column: int, *, seed: int) -> Estimate:
    (drawn,) = resample(patterns, [NominalCoefficients.of(patterns)], seed=seed)
    reason = undefined_reasons(patterns)[column]
    return drawn[column].estimate(reason, n=patterns.total_pairable_units)


def _per_label(patterns: Patterns, drawn: Sequence[Resampled]) -> tuple[LabelAgreement, ...]:
    k = len(patterns.categories)
    if k > MAX_LABELS_SHOWN:
        return ()
    reasons, n = undefined_reasons(patterns), patterns.total_pairable_units
    given, carried = patterns.labels_by_category, patterns.units_by_category
    return tuple(
        LabelAgreement(
            label=label,
            alpha=widened(drawn[4 + i].estimate(reasons[4 + i], n=n), alpha_bounds(patterns, i)),
            specific=widened(
                drawn[4 + k + i].estimate(reasons[4 + k + i], n=n), specific_bounds(patterns, i)
            ),
            n=int(given[i]),
            n_units=int(carried[i]),
            too_few=bool(carried[i] < FEW_UNITS),
        )
        for i, label in enumerate(patterns.categories)
    )


def _check_level(level: str, patterns: Patterns, *, ordered: bool) -> Level:
    if level not in LEVELS:
        raise AnalysisInputError(f"expected a level out of {list(LEVELS)}: came {level!r}.")
    if level == "ordinal" and not ordered:
        words = [label for label in patterns.categories if as_number(label) is None]
        if words:
            raise AnalysisInputError(
                "expected numbers as labels, or the order of the labels as the domain, "
                f"at level ordinal: came {words[:5]}."
            )
    return cast("Level", level)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
