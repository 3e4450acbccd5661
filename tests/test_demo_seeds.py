"""The demo under 40 other seeds: what its audit estimates, against what was generated.

The draw, the simulated coders and the estimate are the product's; the database is left out.
"""

from collections import Counter
from hashlib import md5

import pandas as pd
import pytest

from analysis.consensus import unit_labels
from analysis.sampling import allocate
from analysis.shares import StratumSample, share
from fixtures.coders import CANNOT_TELL, assign_coders, simulate_label
from fixtures.demo import QUOTAS, generate_downs

pytestmark = pytest.mark.slow

HEADLINE = "unwelcome_but_correct"
FRAME = {
    release: sum(counts[i] for thumb, _, *counts in QUOTAS if thumb == "down")
    for i, release in enumerate("AB")
}
TRUTH = sum(sum(counts) for thumb, kind, *counts in QUOTAS if (thumb, kind) == ("down", HEADLINE))


def drawn(seed):
    """400 negatives, by release, the smallest random numbers of each."""
    wanted = allocate(FRAME, 400)
    numbers: dict[str, list[tuple[str, str]]] = {"A": [], "B": []}

    def number(plan):
        return md5(f"{seed}:{plan.external_id}".encode(), usedforsecurity=False).hexdigest()

    def note(plan):
        numbers[plan.release].append((number(plan), plan.external_id))
        return False

    generate_downs(seed, note)
    chosen = {name for release in "AB" for _, name in sorted(numbers[release])[: wanted[release]]}
    return generate_downs(seed, lambda plan: plan.external_id in chosen)


def labels_of(outputs, seed):
    rows = []
    for output in outputs:
        for coder in assign_coders(output.external_id, seed):
            mode = simulate_label(coder, output, seed).failure_mode or CANNOT_TELL
            rows.append((output.external_id, coder, mode))
    return pd.DataFrame(rows, columns=["unit", "coder", "label"])


def headline(outputs, labels, decided):
    weights = unit_labels(labels, decided).weights[HEADLINE].astype(float)
    strata = []
    for release in "AB":
        members = [output for output in outputs if output.release == release]
        y = weights[[output.external_id for output in members]].to_numpy()
        users = [output.user_id for output in members]
        strata.append(StratumSample(release, FRAME[release], y, users))
    return share(strata)


@pytest.mark.simulation
def test_the_headline_holds_the_truth_where_disagreement_is_decided():
    """At least 36 of 40; without decisions, and with one coder, the errors of coders stay in it.

    The figures are in docs/methods.md under "Coverage".
    """
    truth = TRUTH / sum(FRAME.values())
    held: Counter[str] = Counter()
    off: Counter[str] = Counter()
    for seed in range(1, 41):
        outputs = drawn(seed)
        labels = labels_of(outputs, seed)
        said = labels.groupby("unit")["label"].nunique()
        known = {output.external_id: output.failure_mode for output in outputs}
        decided = {unit: known[unit] for unit in said.index[said > 1]}
        ways = {
            "decided": (labels, decided),
            "majority": (labels, {}),
            "one coder": (labels.drop_duplicates("unit"), {}),
        }
        for name, (given, decisions) in ways.items():
            found = headline(outputs, given, decisions)
            held[name] += found.low <= truth <= found.high
            off[name] += (found.value - truth) / 40
    assert held["decided"] >= 36
    assert abs(off["decided"]) < 0.005
    assert abs(off["one coder"]) > abs(off["majority"]) > abs(off["decided"])
