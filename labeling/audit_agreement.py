"""All that is said of an audit's agreement: the whole, its parts, its coders, its labels."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from analysis.agreement import (
    AgreementReport,
    PartAgreement,
    agreement_from_patterns,
    part_agreement,
)
from analysis.coder_tally import CoderTally
from analysis.disagreement import DisputedUnit
from analysis.long_table import category_order
from analysis.patterns import Patterns, merged
from labeling.models import Audit, Stratum, Unit
from labeling.reliability import (
    Categories,
    Part,
    read_categories,
    read_parts,
    read_patterns,
    read_tally,
    read_verdicts,
)


@dataclass(frozen=True, kw_only=True)
class StratumAgreement:
    stratum: Stratum
    agreement: PartAgreement


@dataclass(frozen=True, kw_only=True)
class WeekAgreement:
    """Units completed in the week that begins on a Monday, UTC."""

    monday: date
    agreement: PartAgreement


@dataclass(frozen=True, kw_only=True)
class DisputedRow:
    """A unit whose coders differ, and what they said."""

    unit: Unit
    disputed: DisputedUnit


class AuditAgreement:
    """Agreement on the failure mode, before adjudication; each thing is read when it is asked for.

    `patterns` is one query that groups in the database; `tally` goes once through all labels.
    """

    def __init__(self, audit: Audit, *, seed: int | None = None) -> None:
        self.audit = audit
        self.seed = (audit.seed if seed is None else seed) % 2**63

    @cached_property
    def categories(self) -> Categories:
        return read_categories(self.audit)

    @cached_property
    def patterns(self) -> Patterns:
        return read_patterns(self.audit, self.categories)

    @cached_property
    def tally(self) -> CoderTally:
        return read_tally(self.audit, self.categories)

    def report(self, *, level: str = "nominal") -> AgreementReport:
        patterns, ordered = self.patterns, True
        if level != "nominal" and self.audit.is_imported:
            # numbers in numeric order, whatever order the file had them in
            patterns = patterns.ordered_as(category_order(patterns.used_categories, None))
            ordered = False
        return agreement_from_patterns(
            patterns,
            level=level,
            seed=self.seed,
            n_coders=self.tally.n_coders,
            pairs=self.tally.pairs(),
            ordered=ordered,
        )

    @cached_property
    def by_stratum(self) -> tuple[StratumAgreement, ...]:
        """Each stratum that has a label, in the order of the audit's strata."""
        parts = read_parts(self.audit, self.categories, Part.STRATUM)
        return tuple(
            StratumAgreement(stratum=stratum, agreement=self._of(parts[stratum.pk]))
            for stratum in self.audit.strata.all()
            if stratum.pk in parts
        )

    @cached_property
    def by_week(self) -> tuple[WeekAgreement, ...]:
        """Each week with a unit, by the last of its labels; none of an imported set.

        When an imported label was given is not known.
        """
        if self.audit.is_imported:
            return ()
        days: dict[date, list[Patterns]] = defaultdict(list)
        for day, patterns in read_parts(self.audit, self.categories, Part.DAY).items():
            days[day - timedelta(days=day.weekday())].append(patterns)
        return tuple(
            WeekAgreement(monday=monday, agreement=self._of(merged(days[monday])))
            for monday in sorted(days)
        )

    @cached_property
    def on_verdict(self) -> PartAgreement:
        """Agreement on the verdict before the reveal: correct, incorrect, cannot tell."""
        return self._of(read_verdicts(self.audit))

    def _of(self, patterns: Patterns) -> PartAgreement:
        return part_agreement(patterns, seed=self.seed)

    @cached_property
    def most_disputed(self) -> tuple[DisputedRow, ...]:
        """The units that disagree most, at most 200, each with its output."""
        found = self.tally.disputed()
        units = Unit.objects.select_related("output").in_bulk([row.unit for row in found])
        return tuple(DisputedRow(unit=units[row.unit], disputed=row) for row in found)
