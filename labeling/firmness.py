"""How firm the headline is beside its interval: nonresponse, looking every day, the work left."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.anytime import AnytimeShare, anytime_share, is_proportional
from analysis.estimates import Estimate
from analysis.gate_plan import hours_of_work
from analysis.nonresponse import AnsweredStratum, Bounds, NonresponseBounds, nonresponse_bounds
from labeling.audit_data import HEADLINE_MODE, AuditData
from labeling.effort import seconds_per_label
from labeling.models import Adjudication, Audit, Correctness, Seat, Skip, Unit

CANNOT_TELL = str(Correctness.CANNOT_TELL)


@dataclass(frozen=True, kw_only=True)
class RunningHeadline:
    """The headline of the labelled prefix, in serving order, of an audit that is open.

    ``n_left_out`` units were skipped by everybody who has worked in the audit.
    """

    share: AnytimeShare
    n_left_out: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "share": self.share.value,
            "low": self.share.low,
            "high": self.share.high,
            "n": self.share.n,
            "n_after": self.share.n_after,
            "n_left_out": self.n_left_out,
            "undefined_because": self.share.undefined_because,
        }


@dataclass(frozen=True, kw_only=True)
class WorkLeft:
    """The labels that are still asked for, and the hours they will take at the measured pace."""

    n_labels: int
    hours: Estimate

    def as_dict(self) -> dict[str, Any]:
        return {"n_labels": self.n_labels, "hours": self.hours.as_dict(), "n": self.hours.n}


@dataclass(frozen=True, kw_only=True)
class Response:
    """What became of the units that were drawn for the headline.

    ``n_skipped`` of them were skipped and have no label; ``n_cannot_tell`` of the labelled ones
    are “cannot tell”, a fraction where a tie was split.
    """

    n_drawn: int
    n_labelled: int
    n_skipped: int
    n_cannot_tell: float

    @property
    def rate(self) -> float:
        return self.n_labelled / self.n_drawn

    @property
    def n_waiting(self) -> int:
        return self.n_drawn - self.n_labelled - self.n_skipped

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rate": self.rate, "n_waiting": self.n_waiting}


class Unanswered:
    """The drawn units of the headline that have no label although they were skipped."""

    def __init__(self, data: AuditData) -> None:
        self.data = data

    @cached_property
    def skippers(self) -> Mapping[int, set[str]]:
        """Unit to the coders who skipped it, in the order of units."""
        rows = Skip.objects.filter(
            unit__audit=self.data.audit,
            unit__kind=Unit.Kind.SAMPLED,
            unit__stratum__in=self.data.headline_strata,
            undone_at=None,
        )
        labelled = set(self.data.modes.weights.index)
        found: dict[int, set[str]] = defaultdict(set)
        for unit, coder in rows.order_by("unit").values_list("unit_id", "coder__name"):
            if unit not in labelled:
                found[unit].add(coder)
        return found

    @cached_property
    def by_everybody(self) -> set[int]:
        """Units that everybody skipped who has labelled or skipped in the audit."""
        everybody = set(self.data.labels["coder"]).union(*self.skippers.values())
        return {unit for unit, coders in self.skippers.items() if coders >= everybody}


def response_of(data: AuditData, unanswered: Unanswered) -> Response | None:
    """Response to the headline's draw; None where no unit was drawn for one."""
    n_drawn = sum(stratum.n_sampled for stratum in data.headline_strata)
    if data.audit.is_imported or not n_drawn:
        return None
    weights = data.modes.weights
    strata = [stratum.pk for stratum in data.headline_strata]
    labelled = weights[data.units.loc[weights.index, "stratum"].isin(strata)]
    return Response(
        n_drawn=n_drawn,
        n_labelled=len(labelled),
        n_skipped=len(unanswered.skippers),
        n_cannot_tell=float(labelled[CANNOT_TELL].sum()) if CANNOT_TELL in labelled else 0.0,
    )


def mode_bounds(data: AuditData, unanswered: Unanswered, code: str) -> NonresponseBounds:
    """What a mode's share would be if skipped and cannot-tell units were all of it, or none."""
    weights = data.modes.weights.astype(float)
    unsure = weights[CANNOT_TELL] if CANNOT_TELL in weights else pd.Series(0.0, weights.index)
    labelled = data.units.loc[weights.index]
    skipped = data.units.loc[list(unanswered.skippers)]
    strata = []
    samples = data.samples(weights[code], data.headline_strata)
    for stratum, sample in zip(data.headline_strata, samples, strict=True):
        members = labelled.index[labelled["stratum"] == stratum.pk]
        users = list(skipped.loc[skipped["stratum"] == stratum.pk, "user"])
        strata.append(
            AnsweredStratum(
                sample.name,
                sample.n_frame,
                sample.y,
                sample.users,
                cannot_tell=unsure[members].to_numpy(),
                n_skipped=len(users),
                skipped_users=users,
            )
        )
    return nonresponse_bounds(strata, finite_population=not data.audit.is_imported)


def anytime_headline(data: AuditData, unanswered: Unanswered) -> RunningHeadline | None:
    """The headline with an interval for looking every day; None where nobody looks on.

    That is where the audit is closed or imported, or its codebook has no such mode.
    """
    weights = data.modes.weights
    if data.audit.is_imported or not data.audit.is_open or HEADLINE_MODE not in weights:
        return None
    strata = data.headline_strata
    left_out = unanswered.by_everybody
    served = data.audit.units.filter(kind=Unit.Kind.SAMPLED, stratum__in=strata)
    y = weights[HEADLINE_MODE].astype(float).drop(list(unfinished(data)), errors="ignore").to_dict()
    order = served.order_by("serving", "pk").values_list("pk", "output__user_key")
    prefix = [(y.get(unit), user or None) for unit, user in order if unit not in left_out]
    drawn = {stratum.name: (stratum.n_frame, stratum.n_sampled) for stratum in strata}
    found = anytime_share(
        [each for each, _ in prefix],
        users=[user for _, user in prefix],
        is_self_weighting=is_proportional(drawn),
    )
    return RunningHeadline(share=found, n_left_out=len(left_out))


def unfinished(data: AuditData) -> set[int]:
    """Units that wait for a label and are not decided: what they are found to be may change."""
    waiting = Seat.objects.filter(audit=data.audit, is_done=False, is_planted=False)
    decided = Adjudication.objects.current().filter(unit__audit=data.audit)
    units = waiting.exclude(unit__in=decided.values("unit"))
    return set(units.values_list("unit_id", flat=True))


def work_left(audit: Audit) -> WorkLeft | None:
    """What an open audit still asks for; None where nothing is."""
    if audit.is_imported or not audit.is_open:
        return None
    n_labels = Seat.objects.filter(audit=audit, is_done=False, is_planted=False).count()
    if not n_labels:
        return None
    hours = hours_of_work(n_labels, coders_per_unit=1, seconds=seconds_per_label(audit))
    return WorkLeft(n_labels=n_labels, hours=hours)


def bounds_as_dict(found: NonresponseBounds | None) -> dict[str, Any] | None:
    """Per reason: how many units, the share if none and if all had the label, and the ends."""
    if found is None:
        return None
    parts: dict[str, Bounds] = {
        "skips": found.skips,
        "cannot_tell": found.cannot_tell,
        "both": found.both,
    }
    return {name: as_range(part) for name, part in parts.items()}


def as_range(part: Bounds) -> dict[str, float | None]:
    return {
        "n": part.n,
        "if_none": part.if_none.value,
        "if_all": part.if_all.value,
        "low": part.low,
        "high": part.high,
    }
