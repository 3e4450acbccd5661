"""Each judge beside the humans of one audit: how good it is, and what its label gains as a stratum.

Kinds of judges are never pooled, and no judge enters the agreement of people.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from django.db.models import Count

from analysis.agreement import AgreementReport, agreement
from analysis.estimates import Estimate
from analysis.judge_strata import ShareWithJudge, share_drawn_by_judge, share_with_judge
from analysis.judges import (
    BesideHumans,
    JudgedSample,
    JudgeQuality,
    LabelQuality,
    beside_humans,
    judge_quality,
)
from labeling.judged_frame import BY_JUDGE, Frame, frame_of_audit, n_by_judge
from labeling.models import Audit, Correctness, Judge, JudgeVerdict, Label, Stratum
from labeling.reports import HEADLINE_MODE, AuditData, headline_strata
from labeling.third_opinions import seats_outside_agreement
from projects.errors import InputError

CORRECTNESS = [str(value) for value in Correctness.values]
LEAST_JUDGED = 0.95
"""The part of a frame that a judge must have judged before its label is a stratum of it.

One that judged little but the sample would make all labelled units one class, and their being
labelled would decide the class.
"""


@dataclass(frozen=True, kw_only=True)
class JudgeReport:
    """One judge in one audit. `n_judged` counts outputs of the project, whatever the audit."""

    judge: Judge
    n_judged: int
    n_judged_frame: int | None
    quality: JudgeQuality
    modes: JudgeQuality | None
    beside: BesideHumans
    share: ShareWithJudge | None
    share_undefined_because: str

    @property
    def n_with_labels(self) -> int:
        """Outputs of the frame with a verdict of the judge and a label of humans."""
        return self.quality.n_units

    @property
    def incorrect(self) -> LabelQuality | None:
        """How the judge does on wrong outputs; None where nobody has called one wrong."""
        wrong = str(Correctness.INCORRECT)
        return next((entry for entry in self.quality.per_label if entry.label == wrong), None)

    def as_dict(self) -> dict[str, Any]:
        return {
            "judge": str(self.judge),
            "name": self.judge.name,
            "version": self.judge.version,
            "kind": self.judge.kind,
            "n_judged": self.n_judged,
            "n_judged_frame": self.n_judged_frame,
            "n_with_labels": self.n_with_labels,
            "correctness": quality_as_dict(self.quality),
            "modes": quality_as_dict(self.modes) if self.modes else None,
            "beside_humans": beside_as_dict(self.beside),
            "share": share_as_dict(self.share) if self.share else None,
            "share_undefined_because": self.share_undefined_because,
        }


@dataclass(frozen=True, kw_only=True)
class AmongJudges:
    """How far several judges of one kind agree with each other; it says nothing of people."""

    kind: str
    n_judges: int
    found: AgreementReport

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "n_judges": self.n_judges,
            "n_outputs": self.found.n_units,
            "percent": self.found.percent.as_dict(),
            "alpha": self.found.alpha.as_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class JudgesReport:
    """All judges of the audit's project, beside the audit's humans."""

    audit: Audit
    n_frame: int
    n_labelled: int
    judges: tuple[JudgeReport, ...]
    among: tuple[AmongJudges, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "audit": self.audit.slug,
            "n_frame": self.n_frame,
            "n_labelled": self.n_labelled,
            "judges": [judge.as_dict() for judge in self.judges],
            "among": [among.as_dict() for among in self.among],
        }


class JudgedAudit:
    """What is read once for all judges of an audit."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self.data = AuditData(audit)

    @cached_property
    def strata(self) -> list[Stratum]:
        return [stratum for stratum in self.data.strata if stratum.in_frame]

    @cached_property
    def frame(self) -> Frame | str:
        """The audit's frame, or why it cannot be read."""
        try:
            return frame_of_audit(self.audit)
        except InputError as error:
            return str(error)

    @cached_property
    def n_by_judge(self) -> dict[int, dict[tuple[str, str | None], int]]:
        """The frame by stratum and label, for all judges at once."""
        return {} if isinstance(self.frame, str) else n_by_judge(self.frame)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """What each judge says now of the audit's drawn units: judge, unit, correctness, mode."""
        units = dict(self.audit.units.drawn().exclude(output=None).values_list("output_id", "pk"))
        said = JudgeVerdict.objects.current().filter(
            judge__project=self.audit.project_id,
            output__in=self.audit.units.drawn().values("output"),
        )
        rows = said.values_list("judge_id", "output_id", "correctness", "failure_mode__code")
        table = [(judge, units[output], value, mode or "") for judge, output, value, mode in rows]
        return pd.DataFrame(table, columns=["judge", "unit", "correctness", "mode"])

    def said_by(self, judge: Judge, column: str) -> dict[Any, str]:
        table = self.verdicts[self.verdicts["judge"] == judge.pk]
        return {
            unit: value for unit, value in zip(table["unit"], table[column], strict=True) if value
        }

    def mode_codes(self, said: Mapping[Any, str]) -> list[str]:
        """The modes in codebook order, then those of other versions that the judge names."""
        return list(dict.fromkeys([*self.data.mode_names, *sorted(set(said.values()))]))

    @cached_property
    def independent(self) -> pd.DataFrame:
        """Independent labels of correctness by humans on the frame's units: unit, coder, label."""
        labels = Label.objects.counted().filter(unit__in=self.audit.units.drawn())
        labels = labels.exclude(correctness="")
        if self.audit.asks_third:
            labels = labels.exclude(seat__in=seats_outside_agreement(self.audit))
        rows = labels.order_by("unit_id", "coder_id")
        table = pd.DataFrame(
            list(rows.values_list("unit_id", "coder__name", "correctness")),
            columns=["unit", "coder", "label"],
        )
        return table[table["unit"].isin(self.in_frame)]

    @cached_property
    def in_frame(self) -> set[Any]:
        return set(self.units_in(self.strata).index)

    def units_in(self, strata: Sequence[Stratum]) -> pd.DataFrame:
        units = self.data.units
        return units[units["stratum"].isin([stratum.pk for stratum in strata])]

    def sample(
        self, weights: pd.DataFrame, judge: Mapping[Any, str], strata: Sequence[Stratum]
    ) -> JudgedSample:
        units = self.units_in(strata)
        units = units.loc[units.index.intersection(weights.index)]
        names = {stratum.pk: stratum.name for stratum in strata}
        users: dict[Any, Hashable | None] = dict(zip(units.index, units["user"], strict=True))
        return JudgedSample(
            human=weights.loc[units.index].astype(float),
            judge=judge,
            stratum={
                unit: names[pk] for unit, pk in zip(units.index, units["stratum"], strict=True)
            },
            n_frame={stratum.name: stratum.n_frame for stratum in strata},
            user=users,
        )

    def report(self, judge: Judge, n_judged: int) -> JudgeReport:
        said = self.said_by(judge, "correctness")
        modes = self.said_by(judge, "mode")
        headline = headline_strata(self.data)
        of_modes = self.sample(self.data.modes.weights, modes, headline)
        shared, n_judged_frame, reason = self.share(judge, said)
        return JudgeReport(
            judge=judge,
            n_judged=n_judged,
            n_judged_frame=n_judged_frame,
            quality=judge_quality(
                self.sample(self.data.correctness.weights, said, self.strata), domain=CORRECTNESS
            ),
            modes=judge_quality(of_modes, domain=self.mode_codes(modes)) if modes else None,
            beside=beside_humans(self.independent, said, seed=self.audit.seed % 2**63),
            share=shared,
            share_undefined_because=reason,
        )

    def share(
        self, judge: Judge, said: Mapping[Any, str]
    ) -> tuple[ShareWithJudge | None, int | None, str]:
        """The headline with and without the judge, how much of the frame it judged, or why not."""
        if isinstance(self.frame, str):
            return None, None, self.frame.rstrip(".")
        headline = headline_strata(self.data)
        if self.audit.strata_field == f"{BY_JUDGE}{judge}":
            sample = self.sample(self.data.modes.weights, said, headline)
            return share_drawn_by_judge(sample, HEADLINE_MODE), None, ""
        names = {stratum.name for stratum in headline}
        nothing = {(name, None): n for name, n in self.frame.n_frame.items()}
        counted = self.n_by_judge.get(judge.pk, nothing)
        counts = {key: n for key, n in counted.items() if key[0] in names}
        n_frame = sum(counts.values())
        n_judged = sum(n for (_, value), n in counts.items() if value is not None)
        if n_judged < LEAST_JUDGED * n_frame:
            return (
                None,
                n_judged,
                (
                    f"the judge has judged {n_judged:,} of the frame's {n_frame:,} outputs, and "
                    f"its label is a stratum from {LEAST_JUDGED:.0%} on"
                ),
            )
        sample = self.sample(self.data.modes.weights, said, headline)
        return share_with_judge(sample, HEADLINE_MODE, counts), n_judged, ""

    def among(self, judges: Sequence[Judge]) -> tuple[AmongJudges, ...]:
        """Agreement among judges, for each kind with two or more of them on the audit's units."""
        kinds = {judge.pk: judge.kind for judge in judges}
        names = {judge.pk: str(judge) for judge in judges}
        table = self.verdicts.assign(
            kind=self.verdicts["judge"].map(kinds), coder=self.verdicts["judge"].map(names)
        ).rename(columns={"correctness": "label"})
        found = []
        for kind, part in table.groupby("kind"):
            n_judges = part["judge"].nunique()
            if n_judges > 1:
                labels = part[["unit", "coder", "label"]]
                agreed = agreement(labels, seed=self.audit.seed % 2**63, domain=CORRECTNESS)
                found.append(AmongJudges(kind=str(kind), n_judges=n_judges, found=agreed))
        return tuple(found)


def judges_of(audit: Audit) -> dict[Judge, int]:
    """The judges with a verdict in the audit's project, each with how many outputs it judged."""
    said = JudgeVerdict.objects.current().filter(judge__project=audit.project_id)
    counted = said.values("judge").order_by().annotate(n=Count("pk"))
    n_judged = dict(counted.values_list("judge", "n"))
    return {judge: n_judged[judge.pk] for judge in Judge.objects.filter(pk__in=n_judged)}


def build_judge_report(audit: Audit, pk: int) -> JudgeReport | None:
    """Compare one judge of the project with the humans of an audit; None: there is no such."""
    judged = JudgedAudit(audit)
    judges = judges_of(audit)
    return next((judged.report(one, n) for one, n in judges.items() if one.pk == pk), None)


def build_judges_report(audit: Audit) -> JudgesReport:
    """Compare every judge of the project with the humans of an audit, as labels stand now."""
    judges = judges_of(audit)
    judged = JudgedAudit(audit)
    weights = judged.data.correctness.weights
    return JudgesReport(
        audit=audit,
        n_frame=sum(stratum.n_frame for stratum in judged.strata),
        n_labelled=len(weights.index.intersection(list(judged.in_frame))),
        judges=tuple(judged.report(judge, n) for judge, n in judges.items()),
        among=judged.among(list(judges)),
    )


def quality_as_dict(quality: JudgeQuality) -> dict[str, Any]:
    return {
        "n_without_verdict": quality.n_without_verdict,
        "percent": quality.percent.as_dict(),
        "kappa": quality.kappa.as_dict(),
        "per_label": [
            {
                "label": entry.label,
                "sensitivity": entry.sensitivity.as_dict(),
                "specificity": entry.specificity.as_dict(),
                "precision": entry.precision.as_dict(),
                "recall": entry.recall.as_dict(),
                "n_human": entry.n_human,
                "n_judge": entry.n_judge,
            }
            for entry in quality.per_label
        ],
        "confusion": [
            {
                "human": cell.human,
                "said": cell.judge,
                "n": cell.n,
                "of_human": cell.of_human.as_dict(),
                "of_judge": cell.of_judge.as_dict(),
            }
            for row in quality.confusion
            for cell in row
        ],
    }


def beside_as_dict(beside: BesideHumans) -> dict[str, Any]:
    figures: dict[str, Estimate] = {
        "human_human": beside.human_human,
        "judge_human": beside.judge_human,
        "difference": beside.difference,
        "human_human_kappa": beside.human_human_kappa,
        "judge_human_kappa": beside.judge_human_kappa,
    }
    return {"n_units": beside.n_units, **{name: e.as_dict() for name, e in figures.items()}}


def share_as_dict(found: ShareWithJudge) -> dict[str, Any]:
    return {
        "mode": found.label,
        "without": found.without.as_dict(),
        "with_judge": found.with_judge.as_dict(),
        "gain": found.gain,
        "is_divided": found.is_divided,
        "is_drawn": found.is_drawn,
    }
