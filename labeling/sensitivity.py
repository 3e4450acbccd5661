"""The shares under two models of coders' error: lines beside the shares, never instead of them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from analysis.coder_error import CorrectedShare, KnownUnits, rogan_gladen
from analysis.dawid_skene import DawidSkene, dawid_skene
from analysis.estimates import Estimate
from labeling.audit_data import HEADLINE_MODE, AuditData
from labeling.models import Label, Unit
from labeling.reports import ModeShare, Report
from labeling.third_opinions import seats_outside_agreement

MOST_CODERS = 12
"""Of those who labelled one gold unit, by name: all their choices of k are gone through."""


@dataclass(frozen=True, kw_only=True)
class ModeLine:
    """A mode's share, and its share under the model."""

    mode: ModeShare
    modelled: Estimate


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """Dawid-Skene for every mode, Rogan-Gladen for the headline; each may be undefined."""

    report: Report
    model: DawidSkene
    corrected: CorrectedShare
    positives: KnownUnits
    negatives: KnownUnits

    @property
    def lines(self) -> tuple[ModeLine, ...]:
        modelled = dict(zip(self.model.labels, self.model.shares, strict=True))
        none = Estimate(value=None, low=None, high=None, undefined_because="not among the labels")
        return tuple(
            ModeLine(mode=mode, modelled=modelled.get(mode.code, none))
            for mode in self.report.shares
        )

    def as_dict(self) -> dict[str, Any]:
        model, corrected = self.model, self.corrected
        return {
            "dawid_skene": {
                "n_units": model.n_units,
                "converged": model.converged,
                "undefined_because": model.undefined_because,
                "shares": [
                    {"mode": line.mode.code, **line.modelled.as_dict()} for line in self.lines
                ],
                "coders": [
                    {"coder": coder.coder, "n": coder.n, "accuracy": coder.accuracy}
                    for coder in model.coders
                ],
            },
            "rogan_gladen": {
                "corrected": corrected.corrected.as_dict(),
                "is_clamped": corrected.is_clamped,
                "sensitivity": {**corrected.sensitivity.as_dict(), "n": self.positives.n},
                "specificity": {**corrected.specificity.as_dict(), "n": self.negatives.n},
            },
        }


def build_sensitivity(audit_report: Report) -> Sensitivity:
    """Both models of the audit behind a report."""
    positives, negatives = known_units(audit_report.data)
    headline = audit_report.headline
    n_eff = headline.n_eff or audit_report.headline_for_future.n_eff or 0.0
    return Sensitivity(
        report=audit_report,
        model=model_of(audit_report.data),
        corrected=rogan_gladen(headline.value, n_eff, positives=positives, negatives=negatives),
        positives=positives,
        negatives=negatives,
    )


def model_of(data: AuditData) -> DawidSkene:
    """Dawid-Skene of the labels that agreement is computed on, weighted to the frame."""
    units = data.units
    in_headline = [stratum.pk for stratum in data.headline_strata]
    members = units[units["stratum"].isin(in_headline)]
    labels = data.mode_labels[data.mode_labels["unit"].isin(members["unit"])]
    later = seats_outside_agreement(data.audit).filter(is_done=True)
    outside = set(later.values_list("unit_id", "coder__name"))
    keys = zip(labels["unit"], labels["coder"], strict=True)
    labels = labels[np.array([key not in outside for key in keys], dtype=bool)]
    return dawid_skene(labels, weights=weights_of(data, labels), domain=list(data.mode_names))


def weights_of(data: AuditData, labels: pd.DataFrame) -> dict[Any, float]:
    """N_h over the labelled units of the stratum, for each labelled unit."""
    labelled = data.units.loc[pd.Index(labels["unit"]).unique()]
    n_labelled = Counter(labelled["stratum"])
    n_frame = {stratum.pk: stratum.n_frame for stratum in data.strata}
    return {
        unit: n_frame[stratum] / n_labelled[stratum]
        for unit, stratum in labelled["stratum"].items()
    }


def known_units(data: AuditData) -> tuple[KnownUnits, KnownUnits]:
    """Gold units that are, and are not, unwelcome but correct, and how far labels said so."""
    rows = (
        Label.objects.counted()
        .filter(unit__audit=data.audit, unit__kind=Unit.Kind.GOLD)
        .filter(unit__gold__is_training=False, unit__gold__retired_at=None)
        .order_by("unit", "coder__name")
        .values_list("unit", "unit__gold__failure_mode__code", "failure_mode__code")
    )
    said: dict[tuple[int, bool], list[str]] = defaultdict(list)
    for unit, truth, label in rows:
        said[unit, truth == HEADLINE_MODE].append(label or "")
    k = data.audit.coders_per_unit
    positives, negatives = (
        [weight_of_choices(labels, k) for (_, truth), labels in said.items() if truth is wanted]
        for wanted in (True, False)
    )
    return (
        KnownUnits(right=min(sum(positives), len(positives)), n=len(positives)),
        KnownUnits(right=max(len(negatives) - sum(negatives), 0.0), n=len(negatives)),
    )


def weight_of_choices(labels: Sequence[str], k: int) -> float:
    """How far the majority says the headline's mode, on average over all choices of k labels.

    A gold unit has more labels than a drawn one, and the majority of many is surer than that of k.
    """
    chosen = labels[:MOST_CODERS]
    weights = [weight_of_majority(part) for part in combinations(chosen, min(k, len(chosen)))]
    return sum(weights) / len(weights)


def weight_of_majority(labels: Sequence[str]) -> float:
    counts = Counter(labels)
    top = max(counts.values())
    tied = [label for label, n in counts.items() if n == top]
    return 1 / len(tied) if HEADLINE_MODE in tied else 0.0
