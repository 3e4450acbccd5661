"""The rows of one audit, read once, as long tables: what every figure of its report is made of."""

from functools import cached_property

import pandas as pd

from analysis.consensus import Consensus, unit_labels_from_counts
from analysis.grid import GridStratum
from analysis.shares import StratumSample
from labeling.audit_agreement import AuditAgreement
from labeling.models import PLANTED, Adjudication, Audit, Correctness, Label, Stratum
from labeling.reliability import VERDICTS, mode_counts, verdict_counts

HEADLINE_MODE = "unwelcome_but_correct"
LABEL_FIELDS = ("correctness", "asks_mode")


class AuditData:
    """The rows of one audit, each read once and when it is asked for: units, labels, decisions."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit

    @cached_property
    def strata(self) -> list[Stratum]:
        return list(self.audit.strata.all())

    @property
    def headline_strata(self) -> list[Stratum]:
        """Negative feedback of the frame: what every share of the report is a share of."""
        return [stratum for stratum in self.strata if stratum.in_frame and stratum.is_negative]

    @cached_property
    def units(self) -> pd.DataFrame:
        """Every drawn unit: unit, name, stratum, kind, user (None: not known)."""
        rows = self.audit.units.drawn().values_list(
            "pk", "name", "stratum_id", "kind", "output__user_key"
        )
        columns = ["unit", "name", "stratum", "kind", "user"]
        table = pd.DataFrame(list(rows), columns=columns, dtype=object)
        table["user"] = [user or None for user in table["user"]]
        return table.set_index("unit", drop=False)

    @cached_property
    def labels(self) -> pd.DataFrame:
        """Counted labels: unit, coder, mode (a code, or cannot_tell), correctness, asks_mode."""
        rows = (
            Label.objects.counted()
            .filter(unit__audit=self.audit)
            .exclude(unit__kind__in=PLANTED)
            .order_by("unit_id", "coder_id")
            .values_list("unit_id", "coder__name", "failure_mode__code", *LABEL_FIELDS)
        )
        table = [(unit, coder, mode or rest[0], *rest) for unit, coder, mode, *rest in rows]
        columns = ["unit", "coder", "label", "correctness", "asks_mode"]
        return pd.DataFrame(table, columns=columns)

    @cached_property
    def decisions(self) -> list[tuple[int, str, str, bool]]:
        """Current adjudications: unit, category, correctness, whether a mode was asked."""
        rows = Adjudication.objects.current().filter(unit__audit=self.audit)
        return [
            (unit, mode or correctness, correctness, asks_mode)
            for unit, mode, correctness, asks_mode in rows.values_list(
                "unit_id", "failure_mode__code", "correctness", "asks_mode"
            )
        ]

    @cached_property
    def mode_labels(self) -> pd.DataFrame:
        """Every label of the failure mode: what a unit's majority is of."""
        asked = self.labels[self.labels["asks_mode"].astype(bool)]
        return asked[["unit", "coder", "label"]]

    @cached_property
    def agreement(self) -> AuditAgreement:
        return AuditAgreement(self.audit)

    @property
    def mode_names(self) -> dict[str, str]:
        """Code to name, in codebook order; cannot_tell last where the codebook does not have it."""
        return self.agreement.categories.names

    @cached_property
    def modes(self) -> Consensus:
        decided: dict[object, str] = {
            unit: category for unit, category, _, asks_mode in self.decisions if asks_mode
        }
        rows = mode_counts(self.audit, self.agreement.categories)
        return unit_labels_from_counts(rows, list(self.mode_names), decided)

    @cached_property
    def correctness(self) -> Consensus:
        """Correctness of every labelled unit, shams included."""
        decided: dict[object, str] = {unit: value for unit, _, value, _ in self.decisions if value}
        return unit_labels_from_counts(verdict_counts(self.audit), VERDICTS, decided)

    @cached_property
    def labelled_units(self) -> pd.DataFrame:
        """Units with a counted label or a decision."""
        said = self.modes.weights.index.union(self.correctness.weights.index)
        return self.units.loc[said]

    def samples(self, weights: pd.Series, strata: list[Stratum]) -> list[StratumSample]:
        """The weight of one label on each labelled unit, by stratum, with the unit's user."""
        return [
            StratumSample(stratum.name, stratum.n_frame, y.to_numpy(dtype=float), users)
            for stratum, y, users in self._by_stratum(weights, strata)
        ]

    def grid_samples(self, strata: list[Stratum]) -> list[StratumSample]:
        weights = self.correctness.weights
        wrong = weights[str(Correctness.INCORRECT)].astype(float)
        return [
            GridStratum(
                stratum.name,
                stratum.n_frame,
                y.to_numpy(dtype=float),
                users,
                incorrect=wrong[y.index].to_numpy(),
            )
            for stratum, y, users in self._by_stratum(
                weights[str(Correctness.CORRECT)].astype(float), strata
            )
        ]

    def _by_stratum(
        self, weights: pd.Series, strata: list[Stratum]
    ) -> list[tuple[Stratum, pd.Series, list[str | None]]]:
        units = self.units.loc[weights.index]
        parts = []
        for stratum in strata:
            members = units[units["stratum"] == stratum.pk]
            parts.append((stratum, weights[members.index], list(members["user"])))
        return parts
