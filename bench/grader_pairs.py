"""Equal errors of all pairs of graders: the plain definition beside what the page uses.

python -m bench.grader_pairs [--coders 50 100 200] [--labels 100] [--gold 10] [--skip-plain]

One JSON line. Three coders on each unit, and `--gold` units that all of them have answered. Both
ways are timed on the same record, and must find the same pairs. `cpu` is the processor's time, all
threads together. Where other work keeps the cores busy, numpy's threads wait for each other: set
OPENBLAS_NUM_THREADS=1 then.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd

from analysis.grader_flags import COPIER_CHANCE
from analysis.grader_pairs import SameErrors, shared_errors
from analysis.grader_record import LABEL_COLUMNS, UNIT_COLUMNS, GraderRecord, code_record
from analysis.graders import grader_quality
from tests.analysis import plain_pairs

MODES, ACCURACY, PER_UNIT = 7, 0.8, 3
T = TypeVar("T")
GOAL = {"coders": 200, "seconds": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coders", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--labels", type=int, default=100, help="labels of each coder")
    parser.add_argument("--gold", type=int, default=10, help="units that every coder has")
    parser.add_argument("--skip-plain", action="store_true", help="do not time the definition")
    asked = parser.parse_args()
    runs = [
        measure(n, asked.labels, n_gold=asked.gold, is_plain=not asked.skip_plain)
        for n in asked.coders
    ]
    print(
        json.dumps(
            {"bench": "grader_pairs", "runs": runs, "goal": GOAL, "load": os.getloadavg()[0]}
        )
    )


def measure(n_coders: int, n_labels: int, *, n_gold: int, is_plain: bool) -> dict[str, object]:
    record = simulate(np.random.default_rng(1), n_coders, n_labels, n_gold=n_gold)
    coded = code_record(record)
    coded.table, coded.counts, coded.unit_gold  # noqa: B018 - laid out before either is timed
    found, seconds = timed(lambda: shared_errors(coded, unlikely=COPIER_CHANCE))
    _, whole = timed(lambda: grader_quality(record))
    run: dict[str, object] = {
        "coders": n_coders,
        "labels": len(coded.answer),
        "pairs": sum(one.n_pairs for one in found) // 2,
        "pairs_judged": len(
            {frozenset((i, p.other)) for i, one in enumerate(found) for p in one.pairs}
        ),
        "seconds": seconds,
        "seconds_all_figures": whole,
    }
    if is_plain:
        plain, slow = timed(lambda: plain_pairs.shared_errors(coded))
        for mine, pairs in zip(found, plain, strict=True):
            require_same(list(mine.pairs), pairs)
        faster = {clock: round(slow[clock] / seconds[clock], 1) for clock in slow}
        run |= {"seconds_plain": slow, "times_faster": faster}
    return run


def require_same(found: list[SameErrors], plain: list[SameErrors]) -> None:
    """Every pair that is found is that of the definition; the tests say that none is missed."""
    of_other = {pair.other: pair for pair in plain}
    for pair in found:
        expected = of_other[pair.other]
        assert (pair.n, pair.n_same) == (expected.n, expected.n_same)
        assert np.isclose(pair.expected, expected.expected, rtol=1e-9)


def timed(work: Callable[[], T]) -> tuple[T, dict[str, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    done = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return done, {"wall": round(wall, 3), "cpu": round(cpu, 3)}


def simulate(
    rng: np.random.Generator, n_coders: int, n_labels: int, *, n_gold: int
) -> GraderRecord:
    n_units = (n_labels - n_gold) * n_coders // PER_UNIT
    seats = [rng.permutation(n_coders) for _ in range(n_gold)]
    seats += [rng.choice(n_coders, PER_UNIT, replace=False) for _ in range(n_units)]
    unit = np.repeat(np.arange(len(seats)), [len(seat) for seat in seats])
    coder = np.concatenate(seats)
    truth = rng.integers(0, MODES, len(seats))
    is_right = rng.random(len(unit)) < ACCURACY
    said = np.where(is_right, truth[unit], rng.integers(0, MODES, len(unit)))
    labels = pd.DataFrame(
        {
            "unit": unit,
            "coder": [f"c{number}" for number in coder],
            "label": [f"m{mode}" for mode in said],
            "blind_correctness": "correct",
            "correctness": "correct",
            "seconds": 60.0,
            "order": np.arange(len(unit)),
        },
        columns=list(LABEL_COLUMNS),
    )
    units = pd.DataFrame({"unit": np.arange(len(seats))}).reindex(columns=list(UNIT_COLUMNS))
    units["n_words"], units["rated_negative"], units["repeat_of"] = 100, True, None
    units["gold_label"] = [f"m{mode}" if k < n_gold else "" for k, mode in enumerate(truth)]
    units["gold_correctness"] = ""
    return GraderRecord(labels=labels, units=units)


if __name__ == "__main__":
    main()
