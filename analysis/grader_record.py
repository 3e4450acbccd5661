"""What is known of each coder's work, checked at the door and laid out as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisInputError
from analysis.estimates import BoolArray, FloatArray, IntArray
from analysis.long_table import code_labels

TextArray = npt.NDArray[np.str_]

LABEL_COLUMNS = ("unit", "coder", "label", "blind_correctness", "correctness", "seconds", "order")
UNIT_COLUMNS = (
    "unit", "n_words", "rated_negative", "gold_label", "gold_correctness", "repeat_of",
)  # fmt: skip
# From the user's praise to the user's complaint; "" is not known.
CORRECTNESS = ("correct", "cannot_tell", "incorrect")
NONE = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class GraderRecord:
    """The labels of all coders of an audit, and what is known of the units they labeled.

    Attributes
    ----------
    labels : DataFrame, one row per (unit, coder): the counted labels
        ``label`` is a mode, ``cannot_tell``, or "" where no mode is asked. ``blind_correctness``
        and ``correctness`` (the final one) are ``correct``, ``incorrect``, ``cannot_tell`` or ""
        (not known). ``seconds`` of active time, missing when not known. ``order`` is the coder's
        own running number of the label, by time.
    units : DataFrame, one row per unit; every unit of `labels` is in it
        ``n_words`` had to be read (missing: not known). ``rated_negative`` is True, False, or None
        without a rating. ``gold_label`` and ``gold_correctness`` are the known answers of a gold
        unit, "" elsewhere. ``repeat_of`` is the original unit of a hidden repeat, else None.
    skips : mapping of coder to number of skips; a coder may have skips and no label
    """

    labels: pd.DataFrame
    units: pd.DataFrame
    skips: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class CodedRecord:
    """A checked record. Arrays have one entry per label, sorted by coder, then by order.

    An answer is the label, or the final correctness where no mode is asked. ``gold`` is the known
    answer (-1: none), ``original`` the row of the same coder's label on the repeated unit (-1:
    none), ``is_repeat`` whether the unit repeats another. Repeats are left out of every comparison
    with other coders. ``blind`` and ``final`` are places in `CORRECTNESS` (-1: not known).
    """

    coders: tuple[str, ...]
    answers: tuple[str, ...]
    n_units: int
    unit: IntArray
    coder: IntArray
    answer: IntArray
    blind: IntArray
    final: IntArray
    gold: IntArray
    original: IntArray
    is_repeat: BoolArray
    is_rated_negative: BoolArray
    seconds: FloatArray
    n_words: FloatArray
    n_skips: IntArray

    def rows_of(self, coder: int) -> slice:
        """Return where the rows of one coder are."""
        low, high = np.searchsorted(self.coder, [coder, coder + 1])
        return slice(int(low), int(high))

    @cached_property
    def table(self) -> IntArray:
        """Return the answers without repeats, units x coders, -1 where there is none."""
        filled = np.full((self.n_units, len(self.coders)), NONE, dtype=np.int64)
        kept = ~self.is_repeat
        filled[self.unit[kept], self.coder[kept]] = self.answer[kept]
        return filled

    @cached_property
    def counts(self) -> IntArray:
        """Return how many coders gave each answer, units x answers, without repeats."""
        k, kept = len(self.answers), ~self.is_repeat
        cells = np.bincount(self.unit[kept] * k + self.answer[kept], minlength=self.n_units * k)
        return cells.reshape(self.n_units, k).astype(np.int64)

    @cached_property
    def unit_gold(self) -> IntArray:
        """Return the known answer of each unit, -1 where there is none."""
        known = np.full(self.n_units, NONE, dtype=np.int64)
        known[self.unit] = self.gold
        return known


def code_record(record: GraderRecord) -> CodedRecord:
    """Check a record and code it.

    Raises
    ------
    AnalysisInputError
        A column or a unit is missing, a unit comes twice, a coder labeled a unit twice, a row has
        neither label nor correctness, a coder's order repeats a number, a unit repeats itself, or
        a correctness, time, count of words or count of skips is none.
    """
    _require(record.labels, LABEL_COLUMNS, "labels")
    _require(record.units, UNIT_COLUMNS, "units")
    facts = _facts_per_label(record)
    text = {name: np.array(facts[name].fillna("").astype(str), np.str_) for name in _TEXTS}
    for name in ("blind_correctness", "correctness", "gold_correctness"):
        _refuse_other_words(text[name], name)
    answer = np.where(text["label"] == "", text["correctness"], text["label"])
    if (answer == "").any():
        row = int(np.argmax(answer == "")) + 1
        raise AnalysisInputError(f"expected a label or a correctness: row {row} has neither.")
    known = np.where(text["label"] == "", text["gold_correctness"], text["gold_label"])
    return _coded(record, facts, answer=answer, known=known, text=text)


_TEXTS = ("label", "blind_correctness", "correctness", "gold_label", "gold_correctness")


def _coded(
    record: GraderRecord,
    facts: pd.DataFrame,
    *,
    answer: TextArray,
    known: TextArray,
    text: dict[str, TextArray],
) -> CodedRecord:
    names = sorted(set(answer) | set(known[known != ""]))
    order = _numbers(facts["order"], "order", may_miss=False)
    judged = pd.DataFrame({"unit": facts["unit"], "coder": facts["coder"], "label": answer})
    coded = code_labels(judged, names)
    coders = tuple(sorted({*coded.coders, *map(str, record.skips)}))
    coder = np.array([coders.index(name) for name in coded.coders], dtype=np.int64)[coded.coder]
    by = np.lexsort([order, coder])
    _refuse_equal_orders(coder[by], order[by], coders)
    unit = coded.unit[by]
    places = {name: place for place, name in enumerate(coded.categories)}
    correctness = {"": NONE} | {name: place for place, name in enumerate(CORRECTNESS)}
    return CodedRecord(
        coders=coders,
        answers=coded.categories,
        n_units=len(coded.units),
        unit=unit,
        coder=coder[by],
        answer=coded.label[by],
        blind=_places(text["blind_correctness"][by], correctness),
        final=_places(text["correctness"][by], correctness),
        gold=_places(known[by], {"": NONE, **places}),
        original=_originals(
            facts["repeat_of"].iloc[by], units=coded.units, unit=unit, coder=coder[by]
        ),
        is_repeat=facts["repeat_of"].notna().to_numpy()[by],
        is_rated_negative=_is_true(facts["rated_negative"])[by],
        seconds=_numbers(facts["seconds"], "seconds")[by],
        n_words=_numbers(facts["n_words"], "n_words")[by],
        n_skips=_skips(record.skips, coders),
    )


def _facts_per_label(record: GraderRecord) -> pd.DataFrame:
    """Join the facts of the units to the labels, in the order of the labels."""
    units = record.units.loc[:, list(UNIT_COLUMNS)]
    twice = units["unit"].duplicated()
    if twice.any():
        raise AnalysisInputError(
            f"expected each unit once: {units['unit'][twice].iloc[0]} comes twice."
        )
    itself = units["repeat_of"] == units["unit"]
    if itself.any():
        raise AnalysisInputError(f"unit {units['unit'][itself].iloc[0]} repeats itself.")
    labels = record.labels.loc[:, list(LABEL_COLUMNS)]
    unknown = ~labels["unit"].isin(units["unit"])
    if unknown.any():
        raise AnalysisInputError(
            f"expected every labeled unit among the units: "
            f"{labels['unit'][unknown].iloc[0]} is not."
        )
    return labels.merge(units, on="unit", how="left")


def _originals(
    repeat_of: "pd.Series[str]", *, units: tuple[object, ...], unit: IntArray, coder: IntArray
) -> IntArray:
    """Return, for each row, the row with the same coder's label on the original unit."""
    place = {name: index for index, name in enumerate(units)}
    row_of = {pair: row for row, pair in enumerate(zip(unit, coder, strict=True))}
    found = np.full(len(unit), NONE, dtype=np.int64)
    for row, name in enumerate(repeat_of):
        if not pd.isna(name):
            found[row] = row_of.get((place.get(name, NONE), coder[row]), NONE)
    return found


def _places(words: TextArray, places: Mapping[str, int]) -> IntArray:
    return np.array([places[word] for word in words], dtype=np.int64)


def _is_true(column: "pd.Series[bool]") -> BoolArray:
    return np.array([not pd.isna(value) and bool(value) for value in column], dtype=bool)


def _require(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise AnalysisInputError(
            f"expected the columns {list(columns)} in the {name}, missing {missing}."
        )


def _refuse_other_words(words: TextArray, column: str) -> None:
    other = sorted({str(word) for word in words} - {"", *CORRECTNESS})
    if other:
        raise AnalysisInputError(f"expected {column} in {list(CORRECTNESS)} or empty: {other}.")


def _refuse_equal_orders(coder: IntArray, order: FloatArray, coders: tuple[str, ...]) -> None:
    equal = (coder[1:] == coder[:-1]) & (order[1:] == order[:-1])
    if equal.any():
        row = int(np.argmax(equal))
        raise AnalysisInputError(
            f"expected one label per running number: coder {coders[coder[row]]!r} has "
            f"{order[row]:g} twice."
        )


def _numbers(column: "pd.Series[float]", name: str, *, may_miss: bool = True) -> FloatArray:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    missing = np.isnan(values)
    spoilt = missing & (column.notna().to_numpy() | (not may_miss))
    if (spoilt | (values < 0) | np.isinf(values)).any():
        row = int(np.argmax(spoilt | (values < 0) | np.isinf(values)))
        raise AnalysisInputError(
            f"expected {name} to be a number of 0 or more: came {column.iloc[row]!r}."
        )
    return values


def _skips(skips: Mapping[str, int], coders: tuple[str, ...]) -> IntArray:
    negative = [coder for coder, n in skips.items() if n < 0]
    if negative:
        raise AnalysisInputError(f"expected counts of skips of 0 or more: {negative}.")
    by_name = {str(coder): n for coder, n in skips.items()}
    return np.array([by_name.get(coder, 0) for coder in coders], dtype=np.int64)
