"""Tables of the agreement page: label by label, pair by pair, coder by coder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.coder_bias import CoderBias, LabelBias
from analysis.disagreement import Coincidences
from analysis.estimates import FloatArray, IntArray
from analysis.pairs import Pair, PairTable
from labeling.coder_names import CoderNames

MAX_LABELS = 20
MAX_PAIRS = 50
MAX_CODERS = 40


@dataclass(frozen=True, kw_only=True)
class SquareCell:
    """One cell; `expected` is None where nothing is expected by chance."""

    value: float
    expected: float | None
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class SquareTable:
    """Labels by labels, of those that occur; `too_many` says how many where they do not fit."""

    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, tuple[SquareCell, ...]], ...] = ()
    too_many: int = 0


@dataclass(frozen=True, kw_only=True)
class PairRow:
    names: tuple[str, str]
    keys: tuple[int, int]
    pair: Pair


@dataclass(frozen=True, kw_only=True)
class BiasRow:
    """One coder; a cell is None for a label that neither the coder nor the others gave."""

    name: str
    n_units: int
    cells: tuple[LabelBias | None, ...]


@dataclass(frozen=True, kw_only=True)
class BiasTable:
    names: tuple[str, ...]
    rows: tuple[BiasRow, ...]
    n_left_out: int


def coincidence_table(found: Coincidences, names: dict[str, str]) -> SquareTable:
    return _square(found.categories, names, found.observed, found.expected)


def said_table(table: PairTable, names: dict[str, str]) -> SquareTable:
    """What the first of two coders said (rows), and the second (columns), in units."""
    return _square(table.categories, names, table.counts, None)


def _square(
    codes: Sequence[str],
    names: dict[str, str],
    values: FloatArray | IntArray,
    expected: FloatArray | None,
) -> SquareTable:
    occurs = values.sum(axis=0) + values.sum(axis=1) > 0
    used = [int(place) for place in np.flatnonzero(occurs)]
    if len(used) > MAX_LABELS:
        return SquareTable(too_many=len(used))
    called = {i: names.get(codes[i], codes[i]) for i in used}
    return SquareTable(
        names=tuple(called.values()),
        rows=tuple(
            (
                called[i],
                tuple(
                    SquareCell(
                        value=float(values[i, j]),
                        expected=None if expected is None else float(expected[i, j]),
                        agrees=i == j,
                    )
                    for j in used
                ),
            )
            for i in used
        ),
    )


def pair_rows(pairs: Sequence[Pair], coders: CoderNames) -> list[PairRow]:
    """The pairs with the most shared units."""
    most = sorted(pairs, key=lambda pair: (-pair.n, pair.coders))[:MAX_PAIRS]
    return [
        PairRow(
            names=(coders.of(pair.coders[0]), coders.of(pair.coders[1])),
            keys=(coders.keys[pair.coders[0]], coders.keys[pair.coders[1]]),
            pair=pair,
        )
        for pair in most
    ]


def bias_table(found: Sequence[CoderBias], names: dict[str, str], coders: CoderNames) -> BiasTable:
    """Coders by labels, of the labels that anybody gave."""
    used = [
        place
        for place, _ in enumerate(found[0].by_label if found else ())
        if any(one.by_label[place].own or one.by_label[place].others for one in found)
    ]
    return BiasTable(
        names=tuple(
            names.get(found[0].by_label[place].label, found[0].by_label[place].label)
            for place in used
        ),
        rows=tuple(
            BiasRow(
                name=coders.of(one.coder),
                n_units=one.n_units,
                cells=tuple(_cell(one.by_label[place]) for place in used),
            )
            for one in found[:MAX_CODERS]
        ),
        n_left_out=max(len(found) - MAX_CODERS, 0),
    )


def _cell(found: LabelBias) -> LabelBias | None:
    return found if found.own or found.others else None
