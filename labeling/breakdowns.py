"""The headline by part of the frame, latency by mode, and users' reasons against the findings.

Parts are subpopulations: what lies in one was not fixed by the draw, so its size is estimated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from django.db.models import OuterRef, Subquery

from analysis.estimates import FloatArray, IntArray
from analysis.quantiles import Quartiles, weighted_quartiles
from analysis.shares import Share
from analysis.subpopulations import StratumPart, subpopulation_share
from feedback.models import Feedback
from labeling.models import Correctness, Unit
from labeling.reports import HEADLINE_MODE, AuditData, headline_strata

MAX_GROUPS = 30
NOT_GIVEN = ""
FACTS = ("domain", "release", "model", "latency_ms")


@dataclass(frozen=True, kw_only=True)
class Group:
    """The headline within one domain, release or model.

    ``name`` is empty for outputs that name none. ``n_others`` is above zero for the one group
    that stands for all the names beyond the first thirty.
    """

    name: str
    share: Share
    n_drawn: int
    n_others: int = 0


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """The headline by one field, ordered by name; or why there is none."""

    field: str
    groups: tuple[Group, ...] = ()
    undefined_because: str = ""


@dataclass(frozen=True, kw_only=True)
class ReasonFinding:
    """What graders found where users gave one reason.

    The counts are units: a tie that was split counts in parts. The shares are weighted.
    """

    reason: str
    n: int
    n_correct: float
    n_incorrect: float
    n_cannot_tell: float
    n_by_mode: tuple[float, ...]
    share_correct: Share
    n_others: int = 0


@dataclass(frozen=True, kw_only=True)
class ModeLatency:
    """Latency of the outputs of one mode, in milliseconds; ``n_missing`` of the units have none."""

    code: str
    name: str
    n: int
    n_missing: int
    quartiles: Quartiles | None


class Breakdowns:
    """Everything here of one audit; each figure is computed when it is asked for."""

    def __init__(self, data: AuditData) -> None:
        self.data = data

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Drawn negative units of the frame: stratum, domain, release, model, latency_ms, reason.

        The reason is that of the rating an export names: a negative one first, then the latest.
        """
        audit = self.data.audit
        said = Feedback.objects.as_of(audit.frame_until).ratings_of(OuterRef("output"))
        units = Unit.objects.filter(
            audit=audit, kind=Unit.Kind.SAMPLED, stratum__in=headline_strata(self.data)
        )
        rows = units.order_by("pk").values_list(
            "pk",
            "stratum_id",
            "output__user_key",
            *(f"output__{name}" for name in FACTS),
            Subquery(said.values("reason")[:1]),
        )
        columns = ["unit", "stratum", "user", *FACTS, "reason"]
        table = pd.DataFrame(list(rows), columns=columns, dtype=object)
        for name in ("domain", "release", "model", "reason"):
            table[name] = [value or NOT_GIVEN for value in table[name]]
        table["user"] = [user or None for user in table["user"]]
        return table.set_index("unit")

    @cached_property
    def unknown_because(self) -> str:
        """Why nothing can be broken down at all, or nothing."""
        if self.data.audit.is_imported:
            return "an imported label set does not say which domain or release an output is of"
        if not headline_strata(self.data):
            return "the frame holds no negative feedback"
        return ""

    def headline_by(self, field: str) -> Breakdown:
        """The headline within each value of `domain`, `release` or `model`."""
        weights = self.data.modes.weights
        reason = self.unknown_because
        if not reason and HEADLINE_MODE not in weights:
            reason = f"codebook {self.data.audit.codebook} has no mode {HEADLINE_MODE}"
        if not reason and not (self.facts[field] != NOT_GIVEN).any():
            reason = f"no sampled output names its {field}"
        if reason:
            return Breakdown(field=field, undefined_because=reason)
        is_unwelcome = self._in_rows(weights[HEADLINE_MODE])
        groups = tuple(
            Group(
                name=name,
                n_drawn=len(rows),
                n_others=n_others,
                share=self._share(rows, is_unwelcome),
            )
            for name, n_others, rows in grouped(self.facts[field])
        )
        return Breakdown(field=field, groups=groups)

    def reasons(self) -> tuple[ReasonFinding, ...]:
        """Each reason that users gave, with what graders found; without a reason last."""
        if self.unknown_because:
            return ()
        verdicts = {
            str(value): self._in_rows(self.data.correctness.weights[str(value)])
            for value in Correctness
        }
        weights = self.data.modes.weights
        modes = [self._in_rows(weights[code]) for code in weights.columns]
        found = [
            self._finding(reason, n_others, rows, verdicts, modes)
            for reason, n_others, rows in grouped(self.facts["reason"])
        ]
        return tuple(finding for finding in found if finding.n)

    def latencies(self) -> tuple[ModeLatency, ...]:
        """Latency by failure mode, in codebook order; modes that no unit has are left out."""
        if self.unknown_because:
            return ()
        names, weights = self.data.mode_names, self.data.modes.weights
        inside = weights.loc[weights.index.intersection(self.facts.index)]
        design = self._design_weights(inside.index)
        found = [
            self._latency(code, names.get(code, code), inside[code], design)
            for code in inside.columns
        ]
        return tuple(latency for latency in found if latency.n)

    def _latency(self, code: str, name: str, weights: pd.Series, design: pd.Series) -> ModeLatency:
        having = weights[weights > 0]
        values = pd.to_numeric(self.facts.loc[having.index, "latency_ms"]).astype(float)
        known = values.notna()
        quartiles = weighted_quartiles(
            values[known].to_numpy(), (having * design[having.index])[known].to_numpy(dtype=float)
        )
        return ModeLatency(
            code=code,
            name=name,
            n=len(having),
            n_missing=int((~known).sum()),
            quartiles=quartiles,
        )

    def _design_weights(self, units: pd.Index) -> pd.Series:
        """N_h over the labelled units of its stratum, for each labelled unit."""
        strata = self.facts.loc[units, "stratum"]
        frame = {stratum.pk: stratum.n_frame for stratum in headline_strata(self.data)}
        counts = strata.value_counts()
        return pd.Series([frame[pk] / counts[pk] for pk in strata], index=units, dtype=float)

    def _finding(
        self,
        reason: str,
        n_others: int,
        rows: IntArray,
        verdicts: Mapping[str, FloatArray],
        modes: Sequence[FloatArray],
    ) -> ReasonFinding:
        correct = verdicts[str(Correctness.CORRECT)]
        n = {name: float(np.nansum(weights[rows])) for name, weights in verdicts.items()}
        return ReasonFinding(
            reason=reason,
            n_others=n_others,
            n=int((~np.isnan(correct[rows])).sum()),
            n_correct=n[str(Correctness.CORRECT)],
            n_incorrect=n[str(Correctness.INCORRECT)],
            n_cannot_tell=n[str(Correctness.CANNOT_TELL)],
            n_by_mode=tuple(float(np.nansum(weights[rows])) for weights in modes),
            share_correct=self._share(rows, correct),
        )

    def _in_rows(self, weights: pd.Series) -> FloatArray:
        """The weights in the order of `facts`; nan where a unit has no label."""
        return weights.reindex(self.facts.index).to_numpy(dtype=np.float64)

    def _share(self, rows: IntArray, weights: FloatArray) -> Share:
        """The share of `weights` within the units of these rows of `facts`."""
        strata, users = self.facts["stratum"].to_numpy(), self.facts["user"].to_numpy()
        parts = []
        for stratum in headline_strata(self.data):
            is_here = strata == stratum.pk
            inside = rows[is_here[rows]]
            labelled = inside[~np.isnan(weights[inside])]
            if len(inside):
                parts.append(
                    StratumPart(
                        name=stratum.name,
                        n_frame=stratum.n_frame,
                        n_drawn=int(is_here.sum()),
                        n_inside=len(inside),
                        y=weights[labelled],
                        users=list(users[labelled]),
                    )
                )
        return subpopulation_share(parts)


def grouped(names: pd.Series) -> list[tuple[str, int, IntArray]]:
    """Rows by name, in the order of names, those without one last.

    Of more than thirty names the thirty most frequent stay; the rest is one group, with how many
    names it stands for.
    """
    counts = names[names != NOT_GIVEN].value_counts()
    by_size = sorted(counts.index, key=lambda name: (-counts[name], name))
    kept, others = sorted(by_size[:MAX_GROUPS]), by_size[MAX_GROUPS:]
    indices = names.groupby(names).indices
    members = {name: np.asarray(rows, dtype=np.int64) for name, rows in indices.items()}
    found = [(str(name), 0, members[name]) for name in kept]
    if others:
        found.append(("", len(others), np.sort(np.concatenate([members[one] for one in others]))))
    if NOT_GIVEN in members:
        found.append((NOT_GIVEN, 0, members[NOT_GIVEN]))
    return found
