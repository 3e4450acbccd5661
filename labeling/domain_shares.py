"""The headline's sample cut by domain, each domain at its known size in the frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.compare import Domains
from analysis.shares import MAX_UNSAMPLED, StratumSample
from feedback.frame_domains import count_domains
from feedback.frame_source import DatabaseSource
from feedback.frame_sql import NO_STRATUM
from labeling.audit_data import HEADLINE_MODE, AuditData
from labeling.models import Stratum

OTHERS = "other domains"
SEPARATOR = "\x1f"
"""Between the names of a stratum and a domain; neither holds it."""
FEWEST = 5
"""A domain with fewer labelled units in one of the audits is counted with the others."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Domain to its strata, or why the frame cannot be cut."""

    domains: Mapping[str, list[StratumSample]]
    undefined_because: str = ""


def cut_by_domain(data: AuditData, strata: list[Stratum]) -> Cut:
    """Cut these strata of an audit by domain, with the sizes that the frame had at the draw."""
    audit = data.audit
    if audit.is_imported or audit.frame_until is None:
        return Cut(domains={}, undefined_because=f"{audit.slug} has no frame of outputs")
    if HEADLINE_MODE not in data.modes.weights:
        return Cut(domains={}, undefined_because=f"{audit.slug} has no headline")
    source = DatabaseSource(audit.project, audit.frame_until)
    sizes = count_domains(source, audit.frame, audit.strata_field)
    if any(sum(sizes.get(each.name, {}).values()) != each.n_frame for each in strata):
        reason = f"the domains of {audit.slug}'s frame are not in the database"
        return Cut(domains={}, undefined_because=reason)
    domains: dict[str, list[StratumSample]] = {}
    for stratum, labelled in zip(strata, labelled_by_domain(data, strata), strict=True):
        for domain, n_frame in sizes[stratum.name].items():
            y, users = labelled.get(domain, ([], []))
            sample = StratumSample(
                f"{stratum.name}{SEPARATOR}{domain}", n_frame, np.array(y), users
            )
            domains.setdefault(domain, []).append(sample)
    return Cut(domains=domains)


Labelled = dict[str, tuple[list[float], list[Any]]]


def labelled_by_domain(data: AuditData, strata: list[Stratum]) -> list[Labelled]:
    """Per stratum and domain, the headline of each labelled unit and its user."""
    weights: pd.Series = data.modes.weights[HEADLINE_MODE].astype(float)
    rows = data.audit.units.drawn().values_list("pk", "output__domain")
    domain_of = {unit: domain or NO_STRATUM for unit, domain in rows}
    place = {stratum.pk: k for k, stratum in enumerate(strata)}
    found: list[Labelled] = [{} for _ in strata]
    units = data.units.loc[weights.index]
    members = zip(units["unit"], units["stratum"], units["user"], weights, strict=True)
    for unit, stratum, user, y in members:
        if stratum in place:
            ys, users = found[place[stratum]].setdefault(domain_of[unit], ([], []))
            ys.append(float(y))
            users.append(user)
    return found


def pool_small(before: Domains, after: Domains) -> tuple[Domains, Domains, tuple[str, ...]]:
    """Both cuts with the domains that hold too few labels in either counted as one; their names.

    By the numbers of labels alone, so what was found chooses nothing.
    """
    sides = (before, after)
    names = {name for side in sides for name in side}
    small = {name for name in names if any(is_small(side.get(name, [])) for side in sides)}
    if len(small) < 2:
        return before, after, ()
    first, second = (
        {
            **{name: strata for name, strata in side.items() if name not in small},
            OTHERS: [each for name in sorted(small) for each in side.get(name, [])],
        }
        for side in sides
    )
    return merged(first), merged(second), tuple(sorted(small))


def is_small(strata: Sequence[StratumSample]) -> bool:
    """Whether a domain that is in the frame has under five labels, or a part without any."""
    n_frame = sum(stratum.n_frame for stratum in strata)
    n_missing = sum(stratum.n_frame for stratum in strata if not np.size(stratum.y))
    n_labelled = sum(int(np.size(stratum.y)) for stratum in strata)
    return bool(n_frame) and (n_labelled < FEWEST or n_missing > MAX_UNSAMPLED * n_frame)


def merged(side: Domains) -> Domains:
    """The pooled domain with one stratum for each of the frame's, not one for each domain's."""
    by_stratum: dict[str, list[StratumSample]] = {}
    for sample in side[OTHERS]:
        by_stratum.setdefault(sample.name.rpartition(SEPARATOR)[0], []).append(sample)
    pooled = [
        StratumSample(
            f"{name}{SEPARATOR}{OTHERS}",
            sum(sample.n_frame for sample in samples),
            np.concatenate([np.asarray(sample.y, dtype=float) for sample in samples]),
            [user for sample in samples for user in sample.users or ()],
        )
        for name, samples in by_stratum.items()
    ]
    return {**side, OTHERS: pooled}
