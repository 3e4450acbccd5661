"""CSV cells that no spreadsheet runs as a formula, and the way back to the exact text.

A spreadsheet may split a file at commas, semicolons or tabs, whatever the file meant, and takes a
cell for a formula when it begins with = + - or @ (full-width ones too; blanks, quotes, tabs and
line breaks before it do not protect). So one apostrophe goes before such a character at the
beginning of a cell and after every ; tab or line break in it. Text that already has apostrophes
there gets one more, which makes the change reversible: `restore` takes exactly one away.
"""

import re
from typing import TypeVar

T = TypeVar("T")

BREAKS = ";\\t\\r\\n\\v\\f\\x1c-\\x1e\\x85\u2028\u2029"
SKIPPED = ' \u00a0\ufeff"'
DANGEROUS = "=+\\-@\\t\\r\\n\\0\uff1d\uff0b\uff0d\uff20"
AT_RISK = re.compile(rf"(\A|[{BREAKS}])([{SKIPPED}]*'*)(?=[{DANGEROUS}])")
MARKED = re.compile(rf"(\A|[{BREAKS}])([{SKIPPED}]*'*)'(?=[{DANGEROUS}])")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def neutralise(value: T, *, may_be_number: bool = False) -> T | str:
    """The cell as a spreadsheet may have it; what is not text stays as it is.

    `may_be_number`: in this column -1 is a number, as text too, and stays one.
    """
    if not isinstance(value, str) or (may_be_number and NUMBER.fullmatch(value)):
        return value
    return AT_RISK.sub(r"\1\2'", value)


def restore(cell: str) -> str:
    """The exact text of a neutralised cell."""
    return MARKED.sub(r"\1\2", cell)
