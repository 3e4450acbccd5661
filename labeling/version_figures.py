"""An audit's labels by the codebook version they were given under: how many, how far they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from analysis.agreement import nominal_alpha
from analysis.estimates import Estimate, undefined
from analysis.nominal import NO_PAIRS
from analysis.patterns import Patterns
from labeling.models import PLANTED, Audit, Codebook, Label
from labeling.models.judgment import LabelQuerySet
from labeling.reliability import CANNOT_TELL, Part, read_categories, read_parts


@dataclass(frozen=True, kw_only=True)
class VersionFigures:
    """The counted labels of one version; alpha is of these alone, its n the units with two."""

    codebook: Codebook
    n_labels: int
    n_units: int
    first_at: datetime | None
    last_at: datetime | None
    alpha: Estimate

    @property
    def sentence(self) -> str:
        alpha = self.alpha
        over = f"{alpha.n:,} unit{'' if alpha.n == 1 else 's'} with two labels or more"
        if alpha.value is None:
            return f"Under {self.codebook} alpha is not known ({alpha.undefined_because})."
        if alpha.low is None or alpha.high is None:
            return (
                f"Under {self.codebook} alpha is {alpha.value:.3f} over {over}, without an "
                f"interval ({alpha.undefined_because})."
            )
        interval = f"[{alpha.low:.3f}, {alpha.high:.3f}]"
        return f"Under {self.codebook} alpha is {alpha.value:.3f} {interval} over {over}."


def drawn_labels(audit: Audit) -> LabelQuerySet:
    return Label.objects.filter(unit__audit=audit).exclude(unit__kind__in=PLANTED)


def version_figures(audit: Audit, *, seed: int | None = None) -> list[VersionFigures]:
    """Each version with counted labels in this audit, oldest first, and its present one.

    The seed of the bootstrap is the audit's unless another is given.
    """
    counted = drawn_labels(audit).counted().order_by()
    rows = {
        row["codebook"]: row
        for row in counted.values("codebook").annotate(
            n_labels=Count("pk"),
            n_units=Count("unit", distinct=True),
            first_at=Min("created_at"),
            last_at=Max("created_at"),
        )
    }
    versions = Codebook.objects.filter(pk__in=[*rows, audit.codebook_id]).order_by("version")
    parts = read_parts(audit, read_categories(audit), Part.VERSION)
    nothing = {"n_labels": 0, "n_units": 0, "first_at": None, "last_at": None}
    return [
        VersionFigures(
            codebook=version,
            alpha=version_alpha(
                parts.get(version.pk), version, audit.seed if seed is None else seed
            ),
            **{key: rows.get(version.pk, nothing)[key] for key in nothing},
        )
        for version in versions
    ]


def version_alpha(patterns: Patterns | None, version: Codebook, seed: int) -> Estimate:
    """Alpha of the labels that were given under one version, with its bootstrap interval."""
    if patterns is None:
        return undefined(NO_PAIRS, n=0)
    codes = version.modes.values_list("code", flat=True)
    own = patterns.ordered_as(list(dict.fromkeys([*codes, CANNOT_TELL])))
    return nominal_alpha(own, seed=seed % 2**63)


def summary(figures: Sequence[VersionFigures]) -> list[str]:
    """Agreement before and after, in plain sentences."""
    told = [version.sentence for version in figures]
    if sum(version.alpha.value is not None for version in figures) > 1:
        told.append(
            "Other units were labelled under each version, so a part of a difference may be theirs."
        )
    return told


def older_labels(audit: Audit) -> LabelQuerySet:
    """Current labels that were given under another version than the audit has now."""
    return (
        drawn_labels(audit)
        .current()
        .exclude(codebook=audit.codebook_id)
        .select_related("unit", "coder", "failure_mode", "codebook")
        .order_by("unit__prn", "unit_id", "coder__name")
    )
