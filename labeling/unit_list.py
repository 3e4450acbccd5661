"""The units behind a figure: what a unit's label is, how it was found, and who disagrees."""

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import pandas as pd

from feedback.models import Content
from labeling.disagreements import disputed_units
from labeling.models import Correctness, Label, Unit
from labeling.reports import AuditData, headline_strata

ROWS = {"down": "rated down", "up": "rated up"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is asked for; an empty field asks for everything."""

    thumb: str = ""
    correctness: str = ""
    mode: str = ""
    only_disputed: bool = False


@dataclass(frozen=True, kw_only=True)
class ListedUnit:
    """One unit; `said` are its labels by what they say, `source` how its label was found."""

    unit: Unit
    thumb: str
    text: str
    verdict: str
    mode: str
    source: str
    said: tuple[tuple[str, int], ...]
    is_disputed: bool


class UnitList:
    """The labelled units that a choice leaves and that may be read (None: all), in draw order."""

    def __init__(self, data: AuditData, choice: Choice, readable: Set[int] | None = None) -> None:
        self.data = data
        self.disputed = set(disputed_units(data.audit).values_list("pk", flat=True))
        chosen = self._chosen(choice)
        self.keys = [key for key in chosen if readable is None or key in readable]
        self.n_waiting = len(chosen) - len(self.keys)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def n_disputed(self) -> int:
        return sum(key in self.disputed for key in self.keys)

    def _chosen(self, choice: Choice) -> list[int]:
        data = self.data
        table = data.labelled_units
        rows = self._rows()
        keep = table["stratum"].isin(rows[choice.thumb] if choice.thumb else rows["any"])
        for weights, value in (
            (data.correctness.weights, choice.correctness),
            (data.modes.weights, choice.mode),
        ):
            if value:
                having: list[object] = []
                if value in weights:
                    having = list(weights.index[weights[value] > 0])
                keep &= table.index.isin(having)
        if choice.only_disputed:
            keep &= table.index.isin(list(self.disputed))
        chosen = [int(key) for key in table.index[keep]]
        order = Unit.objects.filter(audit=data.audit).order_by("prn", "pk")
        wanted = set(chosen)
        return [key for key in order.values_list("pk", flat=True) if key in wanted]

    def _rows(self) -> dict[str, list[int | None]]:
        """The strata of each row of the grid."""
        down: list[int | None] = [stratum.pk for stratum in headline_strata(self.data)]
        up = [s.pk for s in self.data.strata if s.is_rated and not s.is_negative]
        return {"down": down, "up": [*up], "any": [*down, *up]}

    def page(self, keys: list[int]) -> list[ListedUnit]:
        """The units with these keys, with the beginning of their outputs."""
        units = Unit.objects.filter(pk__in=keys).select_related("stratum")
        found = {unit.pk: unit for unit in units}
        outputs = [unit.output_id for unit in found.values() if unit.output_id]
        texts = dict(Content.objects.filter(pk__in=outputs).values_list("pk", "text"))
        down = set(self._rows()["down"])
        said: dict[int, Counter[str]] = {}
        labels = Label.objects.counted().filter(unit__in=keys)
        for key, mode, verdict in labels.values_list(
            "unit_id", "failure_mode__code", "correctness"
        ):
            said.setdefault(key, Counter())[mode or verdict] += 1
        return [
            self._listed(
                found[key], texts.get(found[key].output_id or 0, ""), said.get(key, Counter()), down
            )
            for key in keys
        ]

    def _listed(self, unit: Unit, text: str, counts: Counter[str], down: set[Any]) -> ListedUnit:
        names = {**self.data.mode_names, **dict(Correctness.choices)}
        data = self.data
        source = (data.modes if unit.asks_mode else data.correctness).source.get(unit.pk, "")
        return ListedUnit(
            unit=unit,
            thumb="down" if unit.stratum_id in down else "up",
            text=text,
            verdict=described(data.correctness.weights, unit.pk, dict(Correctness.choices)),
            mode=described(data.modes.weights, unit.pk, data.mode_names),
            source=str(source),
            said=tuple((str(names.get(code, code)), n) for code, n in counts.most_common()),
            is_disputed=unit.pk in self.disputed,
        )


def described(weights: pd.DataFrame, key: int, names: dict[str, Any]) -> str:
    """The unit's label in words: one, or those that are tied; empty without any."""
    if key not in weights.index:
        return ""
    row = weights.loc[[key]].to_numpy(dtype=float)[0]
    codes = [code for code, weight in zip(weights.columns, row, strict=True) if weight > 0]
    return " or ".join(str(names.get(code, code)) for code in codes)
