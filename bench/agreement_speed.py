"""Agreement of a million units by three coders each: out of the database, then the bootstrap.

python -m bench.agreement_speed [--units 1000000] [--graders 40] [--database sqlite,postgresql]

One JSON line, goals beside figures. Each database is made for the run and gone afterwards; its
rows lie in the tables of the product and are read by the product's own functions. The naive
bootstrap (units drawn again, alpha by the package krippendorff on their counts) is measured on a
few replicates in the same run and multiplied up. Loading takes minutes and is not a figure. On a
busy machine read `group_by_own_cpu_s` beside the load average: SQLite works in this very process.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import krippendorff
import numpy as np

from analysis.agreement import REFERENCE, agreement_from_patterns, nominal_alpha
from analysis.bootstrap import N_REPLICATES
from analysis.patterns import Patterns, patterns_from_vectors
from tests.postgres import throwaway_postgres

GOALS = {"group_by_s": 3.0, "alpha_and_replicates_s": 1.0}
NAIVE_REPLICATES = 3
REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=1_000_000)
    parser.add_argument("--graders", type=int, default=40, help="how many share the labels")
    parser.add_argument("--database", default="sqlite,postgresql")
    parser.add_argument("--read", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(load_and_read(options.units, options.graders)))
        return
    load_before = os.getloadavg()[0]
    databases = {name: in_database(name, options) for name in options.database.split(",")}
    found = next(iter(databases.values()))["patterns"]
    for measured in databases.values():
        del measured["patterns"]
    figures = {
        "units": options.units,
        "coders_per_unit": 3,
        "graders": options.graders,
        "goals": GOALS,
        "databases": databases,
        **bootstrap_figures(found),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "load_average": [round(load, 1) for load in (load_before, os.getloadavg()[0])],
        },
    }
    print(json.dumps(figures))


@contextmanager
def database_address(name: str) -> Iterator[str]:
    if name == "postgresql":
        with throwaway_postgres() as address:
            yield address
    else:
        with tempfile.TemporaryDirectory(prefix="bd-bench-") as folder:
            yield f"sqlite:///{folder}/bench.sqlite3"


def in_database(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Load and read in a process of its own: settings name one database, and memory is counted."""
    with tempfile.TemporaryDirectory(prefix="bd-bench-") as data, database_address(name) as address:
        environment = {**os.environ, "DATA_DIR": data, "DATABASE_URL": address}
        sizes = ["--units", str(options.units), "--graders", str(options.graders)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.agreement_speed", "--read", *sizes],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
        )
    return dict(json.loads(done.stdout))


def load_and_read(n_units: int, n_graders: int) -> dict[str, Any]:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from bench.agreement_rows import load_audit
    from labeling.audit_agreement import AuditAgreement
    from labeling.reliability import read_categories, read_patterns, read_tally

    start = time.perf_counter()
    audit = load_audit(n_units, n_graders)
    loading = time.perf_counter() - start
    memory = [peak_mb()]
    cpu = time.process_time()
    group_by = [
        seconds(lambda: read_patterns(audit, read_categories(audit))) for _ in range(REPEATS)
    ]
    cpu = (time.process_time() - cpu) / REPEATS
    memory.append(peak_mb())
    agreed = AuditAgreement(audit)
    coders = seconds(lambda: read_tally(audit, agreed.categories).pairs())
    memory.append(peak_mb())
    patterns = agreed.patterns
    if (patterns.total_units, patterns.total_labels) != (n_units, 3 * n_units):
        raise SystemExit(f"expected {n_units} units with 3 labels: came {patterns.total_labels}.")
    return {
        "loading_s": round(loading, 1),
        "group_by_s": round(min(group_by), 2),
        "group_by_all_s": [round(one, 2) for one in group_by],
        "group_by_own_cpu_s": round(cpu, 2),
        "pairs_and_bias_s": round(coders, 2),
        "peak_mb": dict(zip(("before", "group_by", "pairs_and_bias"), memory, strict=True)),
        "patterns": [
            list(patterns.categories),
            patterns.counts.tolist(),
            patterns.n_units.tolist(),
        ],
    }


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def bootstrap_figures(found: list[Any]) -> dict[str, Any]:
    categories, counts, n_units = found
    patterns = patterns_from_vectors(
        categories, np.array(counts, dtype=np.int64), np.array(n_units, dtype=np.int64)
    )
    ours = [seconds(lambda: nominal_alpha(patterns, seed=1)) for _ in range(REPEATS)]
    whole = [seconds(lambda: agreement_from_patterns(patterns, seed=1)) for _ in range(REPEATS)]
    alpha = nominal_alpha(patterns, seed=1)
    one, theirs = naive(patterns)
    return {
        "patterns": len(patterns.n_units),
        "alpha": [alpha.value, alpha.low, alpha.high],
        "replicates": N_REPLICATES,
        "alpha_and_replicates_s": round(min(ours), 3),
        "whole_report_s": round(min(whole), 3),
        "naive": {
            "package": REFERENCE,
            "replicates_measured": NAIVE_REPLICATES,
            "s_per_replicate": round(one, 2),
            "s_for_1000_extrapolated": round(1000 * one),
            "alpha_differs_by": abs(theirs - (alpha.value or 0.0)),
        },
    }


def naive(patterns: Patterns) -> tuple[float, float]:
    """Median seconds of one replicate, and the package's alpha of all units."""
    units = np.repeat(patterns.counts, patterns.n_units, axis=0)
    rng = np.random.default_rng(1)

    def replicate() -> None:
        krippendorff.alpha(
            value_counts=units[rng.integers(0, len(units), len(units))],
            level_of_measurement="nominal",
        )

    each = [seconds(replicate) for _ in range(NAIVE_REPLICATES)]
    theirs = krippendorff.alpha(value_counts=units, level_of_measurement="nominal")
    return statistics.median(each), float(theirs)


if __name__ == "__main__":
    main()
