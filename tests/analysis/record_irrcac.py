"""Record what irrCAC says of small tables, for test_irrcac.py.

irrCAC 0.4.4 asks for scipy 1.12.0, pandas below 3 and coverage below 7, so it cannot be installed
beside this project. It is run in an environment of its own, and its answers are kept:

    python3.11 -m venv ../irrcac && ../irrcac/bin/python -m pip install irrCAC==0.4.4
    ../irrcac/bin/python tests/analysis/record_irrcac.py

Nothing of this project is imported here.
"""

import json
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from irrCAC.raw import CAC

RECORD = Path(__file__).with_name("irrcac.json")
N_RANDOM = 40
DIGITS = 15
FLEISS_1971 = """
00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006
"""
FOURTEEN_RATERS = "0000e 02642 00356 03920 22811 77000 32630 25322 65210 02237"
ABSTRACTORS = {"11": 13, "22": 20, "33": 56, "23": 7, "32": 4}
Table = list[str]


def published() -> dict[str, Table]:
    """Tables as one string of labels per coder; a dot is a missing judgment."""
    return {
        "Krippendorff 2011, A": ["0100000010", "1110010000"],
        "Krippendorff 2011, B": ["aabbdcccedda", "babbbccceddd"],
        "Krippendorff 2011, C; Gwet, cac.raw4raters": [
            "123321412...", "1233224125.3", ".3332342251.", "12332441251.",
        ],
        "Gwet, cont3x3abstractors": [
            "".join(pair[coder] * n for pair, n in ABSTRACTORS.items()) for coder in (0, 1)
        ],
        "Fleiss 1971": coders_of(FLEISS_1971.split()),
        "Fleiss' kappa, 14 raters": coders_of(FOURTEEN_RATERS.split()),
    }  # fmt: skip


def coders_of(counts: list[str]) -> Table:
    """Spread count vectors (in base 16) over coders, in any order."""
    units = ["".join(str(k) * int(n, 16) for k, n in enumerate(row, start=1)) for row in counts]
    return ["".join(labels) for labels in zip(*units, strict=True)]


def random_table(seed: int) -> Table:
    """Labels 1 to 9 of two to six coders, up to eight of ten missing."""
    rng = np.random.default_rng(seed)
    n_units, n_coders, n_labels = rng.integers(4, 40), rng.integers(2, 7), rng.integers(2, 10)
    gap = rng.random() * 0.8
    truth = rng.integers(0, n_labels, n_units)
    said = rng.integers(0, n_labels, (n_coders, n_units))
    said = np.where(rng.random(said.shape) < 0.7, truth, said)
    missing = rng.random(said.shape) < gap
    return [
        "".join("." if none else str(label + 1) for none, label in zip(*row, strict=True))
        for row in zip(missing, said, strict=True)
    ]


def answers(table: Table) -> dict[str, float]:
    """Values only: the standard errors of irrCAC are wrong where labels are missing.

    A figure is left out where irrCAC divides by zero: with one pairable unit it does so for the
    standard error of an alpha that is defined.
    """
    frame = pd.DataFrame({str(c): list(labels) for c, labels in enumerate(table)})
    frame = frame.mask(frame == ".")
    levels = {"nominal": "identity"}
    if frame.stack().str.isdigit().all():
        frame = frame.astype(float)
        levels["interval"] = "quadratic"
        if not (frame == 0).any(axis=None):  # irrCAC refuses a zero at level ratio
            levels["ratio"] = "ratio"
    nominal = CAC(frame, digits=DIGITS)
    found = {
        "percent": value_of(nominal.gwet, "pa"),
        "ac1": value_of(nominal.gwet),
        "fleiss": value_of(nominal.fleiss),
    } | {
        level: value_of(CAC(frame, weights=weights, digits=DIGITS).krippendorff)
        for level, weights in levels.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def value_of(ask: Callable[[], Any], name: str = "coefficient_value") -> float | None:
    """Return what irrCAC answers; None where it divides by zero."""
    try:
        found = float(ask()["est"][name])
    except ZeroDivisionError:
        return None
    return found if np.isfinite(found) else None


def main() -> None:
    warnings.simplefilter("ignore")
    tables = published() | {f"random {seed}": random_table(seed) for seed in range(N_RANDOM)}
    record = {
        "package": f"irrCAC {version('irrCAC')}",
        "tables": [
            {"name": name, "coders": table, "values": answers(table)}
            for name, table in tables.items()
        ],
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
