"""Which shape a reliability file has: decided by its header and cells, never guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.errors import AnalysisInputError

Shape = Literal["long", "wide", "counts", "contingency"]
SHAPES: tuple[Shape, ...] = ("long", "wide", "counts", "contingency")

UNIT_NAMES = ("unit", "unit_id", "output", "output_id", "item", "item_id", "subject", "subject_id")
CODER_WORDS = ("coder", "rater", "annotator", "worker", "observer")
CODER_NAMES = (*CODER_WORDS, *(f"{word}_id" for word in CODER_WORDS))
LABEL_TIERS = (("label",), ("failure_mode",), ("value", "category", "correctness"))
LABEL_NAMES = tuple(name for tier in LABEL_TIERS for name in tier)
_CATEGORY_NAME = re.compile(r"(c|cat|category|label|mode|class)[ _-]?\d+|(n|count)[ _-].+")
_CODER_NAME = re.compile(
    r"[rajow]\d+|(rater|coder|annotator|annotation|worker|observer|judge|grader)[ _-]?\w{0,3}"
)
FEW_LABELS = 50
MANY_IN_A_COLUMN = 20


@dataclass(frozen=True)
class Row:
    """One line of the file: its number (of the last line, if a cell spans lines) and cells."""

    line: int
    cells: tuple[str, ...]


def detect_shape(header: Sequence[str], rows: Sequence[Row]) -> Shape:
    """Decide the shape; the first rule that applies.

    1. A header with a coder column (coder, rater, annotator, worker, observer), or with a label
       column after the first column, is long; unit, coder and label must then all be there.
    2. A table with the same names over its columns as in its first column is a contingency table.
    3. Whole numbers in all cells and the same row sum (two or more) in all rows can be counts.
       Columns named like categories (c1, category_2, n_left, ...): counts. Named like coders
       (r1, Rater2, annotator_a, ...), or all rows equal: wide. Else it is ambiguous: an error.
    4. Columns named like categories with whole numbers in all cells but different row sums are
       ambiguous: an error.
    5. Else wide, unless more than half of the labels, and more than 50, are different, or a
       column with 20 labels or more shares none with the other columns: an error, since only
       ``--shape wide`` can vouch that these are labels of coders.
    """
    names = [name.lower() for name in header]
    if set(names) & set(CODER_NAMES) or set(names[1:]) & set(LABEL_NAMES):
        find_long_columns(header)
        return "long"
    numbers = [[whole_number(cell) for cell in row.cells[1:]] for row in rows]
    table = [[n for n in row if n is not None] for row in numbers]
    if len(rows) > 1 and sorted(row.cells[0] for row in rows) == sorted(header[1:]):
        return "contingency"
    if all(len(row) == len(header) - 1 for row in table):
        return _counts_or_wide(names[1:], table)
    _refuse_free_text(rows)
    _refuse_foreign_columns(header, rows)
    return "wide"


def _counts_or_wide(names: Sequence[str], table: Sequence[Sequence[int]]) -> Shape:
    like_categories = all(_CATEGORY_NAME.fullmatch(name) for name in names)
    sums = {sum(row) for row in table}
    one_sum = len(sums) == 1 and min(sums) >= 2
    if one_sum and like_categories:
        return "counts"
    all_equal = len({tuple(row) for row in table}) == 1
    like_coders = all(_CODER_NAME.fullmatch(name) for name in names)
    if like_categories or (one_sum and not like_coders and not all_equal):
        raise AnalysisInputError(
            f"expected a clear shape: the whole numbers under {list(names)[:6]} could be labels "
            "or counts of labels; say --shape wide or --shape counts."
        )
    return "wide"


def _refuse_free_text(rows: Sequence[Row]) -> None:
    labels = [cell for row in rows for cell in row.cells[1:] if cell]
    different = len(set(labels))
    if different > FEW_LABELS and 2 * different > len(labels):
        raise AnalysisInputError(
            f"expected labels from a short list: {different} of {len(labels)} cells differ; "
            "if these are labels, say --shape wide."
        )


def _refuse_foreign_columns(header: Sequence[str], rows: Sequence[Row]) -> None:
    columns = list(zip(*(row.cells[1:] for row in rows), strict=True))
    for place, column in enumerate(columns):
        own = {cell for cell in column if cell}
        others = {cell for other in columns[:place] + columns[place + 1 :] for cell in other}
        n = sum(map(bool, column))
        if len(columns) > 1 and n >= MANY_IN_A_COLUMN and not own & others:
            raise AnalysisInputError(
                f"expected the same labels from all coders: none of column {header[place + 1]!r} "
                "comes in another column; if it is a coder, say --shape wide."
            )


def find_long_columns(header: Sequence[str]) -> tuple[int, int, int]:
    """Return the places of unit, coder and label in a long table's header."""
    names = [name.lower() for name in header]
    unit = _one_of("unit", (("unit", "unit_id"), UNIT_NAMES[2:]), names)
    coder = _one_of("coder", (("coder",), CODER_NAMES[1:]), names)
    return unit, coder, _one_of("label", LABEL_TIERS, names)


def _one_of(kind: str, tiers: Sequence[Sequence[str]], names: Sequence[str]) -> int:
    """Return the place of the column of a kind: the first tier that occurs must occur once."""
    for tier in tiers:
        places = [place for place, name in enumerate(names) if name in tier]
        if len(places) == 1:
            return places[0]
        if places:
            found = [names[place] for place in places]
            raise AnalysisInputError(f"expected one {kind} column in line 1: came {found}.")
    known = ", ".join(name for tier in tiers for name in tier)
    raise AnalysisInputError(
        f"expected a {kind} column ({known}) in line 1: came {list(names)[:12]}; "
        "if this is not a long table, say --shape wide, counts or contingency."
    )


def whole_number(cell: str) -> int | None:
    """Return the whole number in a cell of ASCII digits, or None."""
    return int(cell) if re.fullmatch(r"[0-9]{1,9}", cell) else None
