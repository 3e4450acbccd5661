"""The long table (unit, coder, label), checked at the door and turned into integer codes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import AnalysisInputError
from analysis.estimates import IntArray

COLUMNS = ("unit", "coder", "label")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, eq=False, kw_only=True)
class CodedLabels:
    """A long table as codes: ``categories[label[i]]`` was given by ``coders[coder[i]]``."""

    units: tuple[object, ...]
    coders: tuple[str, ...]
    categories: tuple[str, ...]
    unit: IntArray
    coder: IntArray
    label: IntArray


def as_number(text: str) -> float | None:
    """Return the finite number a label spells, or None ("nan", "1_000" are not numbers)."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if np.isfinite(number) else None


def category_order(labels: Iterable[str], domain: Sequence[str] | None) -> tuple[str, ...]:
    """Return all categories: the domain's order, else numeric order, else alphabetical order."""
    seen = set(labels)
    if domain is None:
        numbers = {text: as_number(text) for text in seen}
        if all(number is not None for number in numbers.values()):
            return tuple(sorted(seen, key=lambda text: (numbers[text] or 0.0, text)))
        return tuple(sorted(seen))
    known = tuple(str(label) for label in domain)
    if len(set(known)) != len(known):
        raise AnalysisInputError(f"the domain names a label twice: {list(known)}.")
    outside = sorted(seen - set(known))
    if outside:
        raise AnalysisInputError(f"labels outside the domain {list(known)}: {outside}.")
    return known


def code_labels(labels: pd.DataFrame, domain: Sequence[str] | None = None) -> CodedLabels:
    """Check a long table and code it; a row without a label is no judgment and is left out.

    Raises
    ------
    AnalysisInputError
        A column is missing, a unit or coder is empty, a coder labeled a unit twice, a label is
        outside `domain`, or there are no labels and no `domain`.
    """
    _require_columns(labels)
    given = labels.loc[labels["label"].notna()]
    if given.empty and domain is None:
        raise AnalysisInputError("no labels: expected at least one row of unit, coder, label.")
    unit, units = pd.factorize(given["unit"])
    coder, coders = _factorize_text(given["coder"])
    for name, codes in (("unit", unit), ("coder", coder)):
        if (codes < 0).any():
            row = int(np.argmax(codes < 0))
            raise AnalysisInputError(f"expected a {name} in every row: row {row + 1} has none.")
    label, texts = _factorize_text(given["label"])
    categories = category_order(texts, domain)
    place = {text: index for index, text in enumerate(categories)}
    lookup = np.array([place[text] for text in texts], dtype=np.int64)
    coded = CodedLabels(
        units=tuple(units),
        coders=coders,
        categories=categories,
        unit=unit.astype(np.int64),
        coder=coder,
        label=lookup[label] if len(label) else label,
    )
    _refuse_second_labels(coded)
    return coded


def _require_columns(labels: pd.DataFrame) -> None:
    missing = [name for name in COLUMNS if name not in labels.columns]
    if missing:
        raise AnalysisInputError(
            f"expected the columns {list(COLUMNS)}, missing {missing}; "
            f"came {[str(name) for name in labels.columns]}."
        )


def _factorize_text(values: "pd.Series[str]") -> tuple[IntArray, tuple[str, ...]]:
    """Code values by their text, in sorted order of text, so that 1 and "1" are one label."""
    codes, found = pd.factorize(values)
    texts = [str(value) for value in found]
    distinct = sorted(set(texts))
    place = {text: index for index, text in enumerate(distinct)}
    lookup = np.array([place[text] for text in texts] + [-1], dtype=np.int64)
    return lookup[codes], tuple(distinct)


def _refuse_second_labels(coded: CodedLabels) -> None:
    key = coded.unit * len(coded.coders) + coded.coder
    distinct, first, times = np.unique(key, return_index=True, return_counts=True)
    if len(distinct) == len(key):
        return
    row = int(first[int(np.argmax(times > 1))])
    unit, coder = coded.units[coded.unit[row]], coded.coders[coded.coder[row]]
    raise AnalysisInputError(
        f"expected one label per coder and unit: coder {coder!r} labeled unit {unit!r} "
        f"{int(times.max())} times."
    )
