"""Reliability data out of the database: count vectors grouped there, labels by coder in one pass.

Agreement is computed on the independent labels of the failure mode: current, not late, on drawn
units, and from the first k places alone where third opinions are asked. A unit's counts are added
up inside the database, and what comes out is one row per pattern; labels by coder are read piece
by piece. Only where categories are too many to pack are all labels held at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from itertools import chain, islice
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateField,
    F,
    IntegerField,
    Max,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from analysis.coder_tally import CoderTally
from analysis.estimates import IntArray
from analysis.packing import Packing, overflowed
from analysis.patterns import Patterns, patterns_from_unit_counts, patterns_from_vectors
from labeling.codebook_versions import mode_names
from labeling.models import Audit, Coder, Correctness, FailureMode, Label
from labeling.models.unit import UnitQuerySet

CANNOT_TELL = str(Correctness.CANNOT_TELL)
MAX_PACKED = 64
CHUNK = 50_000
WHOLE = 0
NO_MODE = 0
"""In the place of a mode's key: the verdict was `cannot_tell`, which takes no mode."""
VERDICTS = tuple(str(verdict) for verdict in Correctness.values)
COUNTED = Q(labels__is_late=False, labels__superseded_at=None)
"""Labels that enter the figures, from the side of their units; see `LabelQuerySet.counted`."""
EVERY_LABEL = Q()


class Part(Enum):
    """What an audit's units may be divided by; a part is known by the key of what it is named for.

    VERSION divides labels, not units: a unit has a count vector of its own under each version of
    the codebook. DAY is the date (UTC) of the last of the unit's labels, which completed it.
    """

    WHOLE = "whole"
    STRATUM = "stratum"
    DAY = "day"
    VERSION = "version"


@dataclass(frozen=True, kw_only=True)
class Categories:
    """The categories of an audit's labels in the codebook's order, and where each mode falls.

    Attributes
    ----------
    place : the category of each value of `column`
    column : what a label is told by, its mode or the verdict behind it
    only : which labels go in, beside the rules of `labelled_units`
    """

    names: dict[str, str]
    place: dict[Any, int]
    column: str = "labels__failure_mode"
    only: Q = EVERY_LABEL

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(self.names)

    def said(self, code: str) -> Q:
        """Whether a label is of this category."""
        place = self.codes.index(code)
        return self.is_one_of([key for key, of in self.place.items() if of == place])

    def is_one_of(self, keys: list[Any]) -> Q:
        none = Q(**{self.column: None}) if NO_MODE in keys else Q()
        some = [key for key in keys if key != NO_MODE]
        return none | Q(**{f"{self.column}__in": some}) if some else none


def read_categories(audit: Audit) -> Categories:
    """Modes are one category where their code is the same, whatever their version.

    `cannot_tell` is one more; in an imported set only where something says it.
    """
    names = mode_names(audit)
    given = Label.objects.counted().filter(unit__audit=audit, correctness=CANNOT_TELL)
    if not audit.is_imported or given.filter(failure_mode=None).exists():
        names.setdefault(CANNOT_TELL, "Cannot tell")
    code_place = {code: place for place, code in enumerate(names)}
    modes = FailureMode.objects.filter(
        codebook__project=audit.codebook.project_id, codebook__name=audit.codebook.name
    )
    rows = modes.order_by().values_list("pk", "code")
    place = {pk: code_place[code] for pk, code in rows if code in code_place}
    if CANNOT_TELL in code_place:
        place[NO_MODE] = code_place[CANNOT_TELL]
    return Categories(names=names, place=place)


def labelled_units(audit: Audit, only: Q = EVERY_LABEL) -> UnitQuerySet:
    """The drawn units, once for each label that agreement is computed on.

    Third opinions were asked because two differed, so they are no independent labels.
    """
    counts = COUNTED & Q(labels__asks_mode=True) & only
    if audit.asks_third:
        counts &= Q(labels__seat__position__lte=audit.coders_per_unit)
    return audit.units.drawn().filter(counts).order_by()


def read_patterns(audit: Audit, categories: Categories) -> Patterns:
    """The count vectors of an audit's failure modes, in one query."""
    nothing = patterns_from_unit_counts([], categories.codes)
    return read_parts(audit, categories, Part.WHOLE).get(WHOLE, nothing)


def read_verdicts(audit: Audit) -> Patterns:
    """The count vectors of the blind verdicts behind the same labels, in one query."""
    verdicts = Categories(
        names=dict(Correctness.choices),
        place={value: place for place, value in enumerate(Correctness.values)},
        column="labels__verdict__correctness",
        only=Q(labels__verdict__is_blind=True),
    )
    return read_patterns(audit, verdicts)


def read_parts(audit: Audit, categories: Categories, part: Part) -> dict[Any, Patterns]:
    """The count vectors of each part of an audit that has a label."""
    if len(categories.names) > MAX_PACKED:
        return _fold_labels(audit, categories, part)
    return _unpacked(audit, categories, part, most_labels=audit.coders_per_unit)


def _unpacked(
    audit: Audit, categories: Categories, part: Part, *, most_labels: int
) -> dict[Any, Patterns]:
    """Group by packed counts; once more with wider ones where a unit has more labels than asked."""
    packing = Packing.for_labels(len(categories.names), most_labels=most_labels)
    rows = _packed_rows(_by_unit(labelled_units(audit, categories.only), part), categories, packing)
    keys = np.array([row[1:-2] for row in rows], dtype=np.int64).reshape(-1, packing.n_columns)
    ends = np.array([row[-2:] for row in rows], dtype=np.int64).reshape(-1, 2)
    n_labels, n_units = ends.T
    counts = packing.unpack(keys)
    if overflowed(counts, n_labels).any():
        if n_labels.max() <= most_labels:
            raise ValueError(f"audit {audit.slug}: a label names a mode of another codebook")
        return _unpacked(audit, categories, part, most_labels=int(n_labels.max()))
    places: dict[Any, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[_day(row[0]) if part is Part.DAY else row[0]].append(place)
    return {
        of: patterns_from_vectors(categories.codes, counts[own], n_units[own])
        for of, own in places.items()
    }


def _by_unit(units: UnitQuerySet, part: Part) -> Any:
    """Group by unit first: SQLite then reads the units in order and sorts nothing."""
    if part is Part.STRATUM:
        return units.annotate(part=F("stratum_id")).values("pk", "part")
    if part is Part.VERSION:
        return units.annotate(part=F("labels__codebook_id")).values("pk", "part")
    if part is Part.DAY:
        day = Cast(Max("labels__created_at"), DateField())
        return units.values("pk").annotate(part=day)
    return units.values("pk")


def _packed_rows(grouped: Any, categories: Categories, packing: Packing) -> list[tuple[Any, ...]]:
    """Rows of part, packed counts, number of labels on the unit, number of such units.

    The database groups twice. Django writes the inner statement; it has no words for the outer.
    """
    columns = [f"key_{column}" for column in range(packing.n_columns)]
    keys = {
        name: _packed_counts(categories, packing.terms(column))
        for column, name in enumerate(columns)
    }
    inner = grouped.annotate(**keys, n_labels=Count("*"))
    is_divided = "part" in inner.query.annotations
    names = [*(["part"] if is_divided else []), *columns, "n_labels"]
    statement, parameters = inner.values_list(*names).query.sql_with_params()
    listed = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {listed}, COUNT(*) FROM ({statement}) units GROUP BY {listed}",  # noqa: S608 - own names
            parameters,
        )
        rows = cursor.fetchall()
    return rows if is_divided else [(WHOLE, *row) for row in rows]


def _packed_counts(categories: Categories, terms: dict[int, int]) -> Sum:
    """What the unit's labels add up to in one column; a label of another column adds nothing."""
    keys: dict[int, list[Any]] = {place: [] for place in terms}
    for key, place in categories.place.items():
        if place in keys:
            keys[place].append(key)
    cases = [
        When(categories.is_one_of(of), then=Value(terms[place])) for place, of in keys.items() if of
    ]
    term = Case(*cases, default=Value(0), output_field=IntegerField())
    return Sum(term, output_field=BigIntegerField())


def _fold_labels(audit: Audit, categories: Categories, part: Part) -> dict[Any, Patterns]:
    """Fold in Python where categories are too many to pack: measurements, not modes."""
    of = {
        Part.WHOLE: Value(WHOLE, output_field=IntegerField()),
        Part.STRATUM: F("stratum_id"),
        Part.VERSION: F("labels__codebook_id"),
        Part.DAY: Cast("labels__created_at", DateField()),
    }
    mode = Coalesce("labels__failure_mode", NO_MODE)
    rows = list(labelled_units(audit).annotate(of=of[part]).values_list("pk", "of", mode))
    if part is Part.DAY:
        last = dict(sorted((unit, day) for unit, day, _ in rows))
        rows = [(unit, last[unit], mode) for unit, _, mode in rows]
    parts: dict[Any, list[tuple[int, str, int]]] = defaultdict(list)
    for unit, found, mode_pk in rows:
        parts[found].append((unit, categories.codes[categories.place[mode_pk]], 1))
    return {key: patterns_from_unit_counts(own, categories.codes) for key, own in parts.items()}


def mode_counts(audit: Audit, categories: Categories) -> IntArray:
    """How often each drawn unit was given each mode: its key, the category's place, how often.

    Third opinions count: a unit's majority is of all its labels.
    """
    mode = Coalesce("labels__failure_mode", NO_MODE)
    units = audit.units.drawn().filter(COUNTED, labels__asks_mode=True).order_by()
    rows = units.values("pk", mode=mode).annotate(n=Count("*")).values_list("pk", "mode", "n")
    counts = _array(rows.iterator(CHUNK))
    counts[:, 1] = _Places(categories.place).of(counts[:, 1])
    return counts


def verdict_counts(audit: Audit) -> IntArray:
    """The same of verdicts, on shams too: the place is one in `VERDICTS`."""
    whens = [When(labels__correctness=name, then=Value(k)) for k, name in enumerate(VERDICTS)]
    given = COUNTED & Q(labels__correctness__in=VERDICTS)
    units = audit.units.drawn().filter(given).order_by()
    rows = units.values("pk", verdict=Case(*whens, output_field=IntegerField()))
    return _array(rows.annotate(n=Count("*")).values_list("pk", "verdict", "n").iterator(CHUNK))


def read_tally(audit: Audit, categories: Categories) -> CoderTally:
    """Pairs of coders, their confusions, each coder's bias, disputed units: one pass over labels.

    Coders are in the order of their names.
    """
    rows = Coder.objects.filter(project=audit.project_id).order_by().values_list("pk", "name")
    coders = sorted(rows, key=lambda row: row[1])
    coder_place = _Places({pk: place for place, (pk, _) in enumerate(coders)})
    mode_place = _Places(categories.place)
    tally = CoderTally([name for _, name in coders], categories.codes)
    for labels in _whole_units(_labels(audit)):
        tally.add(labels[:, 0], coder_place.of(labels[:, 1]), mode_place.of(labels[:, 2]))
    return tally


def _labels(audit: Audit) -> Iterator[tuple[int, int, int]]:
    mode = Coalesce("labels__failure_mode", NO_MODE)
    rows = labelled_units(audit).order_by("pk").values_list("pk", "labels__coder", mode)
    return rows.iterator(CHUNK)


def _whole_units(rows: Iterable[tuple[int, int, int]]) -> Iterator[IntArray]:
    """Arrays of unit, coder and mode, sorted by unit, none of which ends inside a unit."""
    waiting = _array([])
    stream = iter(rows)
    while len(part := _array(islice(stream, CHUNK))):
        both = np.concatenate([waiting, part])
        end = int(np.searchsorted(both[:, 0], both[-1, 0]))
        waiting = both[end:]
        yield both[:end]
    yield waiting


def _day(found: date | str) -> date:
    """SQLite has no type for a date."""
    return found if isinstance(found, date) else date.fromisoformat(found)


def _array(rows: Iterable[tuple[int, int, int]]) -> IntArray:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, 3)


class _Places:
    """Database keys to places, many at once."""

    def __init__(self, place: dict[int, int]) -> None:
        self._keys = np.array(sorted(place), dtype=np.int64)
        self._place = np.array([place[key] for key in sorted(place)], dtype=np.int64)

    def of(self, keys: IntArray) -> IntArray:
        at = np.searchsorted(self._keys, keys)
        if (at == len(self._keys)).any() or (self._keys[at] != keys).any():
            raise ValueError("a label names a coder or a mode of another project")
        return self._place[at]
