"""Every figure of a report can be computed again from an export and its manifest alone.

Nothing of `analysis` is used here: the formulas are written out a second time (methods.md 1 to 4).
"""

import json
import random
from collections import Counter, defaultdict
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from scipy import stats

from labeling import workflow
from labeling.workflow import Judgment

pytestmark = pytest.mark.slow

MODES = ("unwelcome_but_correct", "hallucination", "latency")


@pytest.fixture
def exported(make_output, make_audit, write_labels, lea, tmp_path):
    """Report, rows and manifest of an audit with strata, shared users, ties and a decision."""
    chance = random.Random(4)
    for number in range(140):
        user, release = f"u-{chance.randrange(30)}", "AB"[number % 3 == 0]
        make_output(f"d{number}", user=user, release=release)
        make_output(f"up{number}", thumb="up", user=user)
    audit = make_audit("w34", "--strata", "release", "--thumbs-up", "30", size=70)
    rows = []
    for unit in audit.units.select_related("stratum").order_by("name"):
        likely = chance.choice(MODES)
        for coder in ("c1", "c2", "c3")[: chance.choice((1, 2, 3, 3))]:
            said = likely if chance.random() < 0.7 else chance.choice(MODES)
            up = chance.choice(("correct", "correct", "incorrect", "cannot_tell"))
            rows.append(
                (unit.name, coder, said, "") if unit.asks_mode else (unit.name, coder, "", up)
            )
    call_command("import_labels", "w34", str(write_labels(rows)), stdout=StringIO())
    decide(audit, lea)
    out = StringIO()
    call_command("report", "w34", "--json", stdout=out)
    path = tmp_path / "w34.jsonl"
    call_command(
        *("export_labels", "w34", "--format", "jsonl", "--out", str(path)), stdout=StringIO()
    )
    manifest = json.loads((tmp_path / "w34.jsonl.manifest.json").read_text())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return json.loads(out.getvalue()), lines, manifest


def decide(audit, lead):
    """The lead overrules the first unit that coders disagree on."""
    units = audit.units.filter(kind="sampled").order_by("name")
    disputed = next(u for u in units if len(set(u.labels.values_list("failure_mode"))) > 1)
    mode = audit.codebook.modes.get(code="refusal")
    judgment = Judgment(correctness="incorrect", failure_mode=mode)
    workflow.adjudicate(unit=disputed, lead=lead, judgment=judgment, reason="It declined.")


def by_unit(lines, kind):
    units = defaultdict(list)
    for line in lines:
        if line["kind"] == kind:
            units[line["unit"]].append(line)
    return units


def weight(rows, column, value):
    """The weight of a value on a unit: the lead's, else the majority, ties split."""
    decided = rows[0][f"adjudicated_{column}"]
    if decided:
        return float(decided == value)
    counts = Counter(row[column] for row in rows)
    tied = [one for one, n in counts.items() if n == max(counts.values())]
    return (value in tied) / len(tied)


def korn_graubard(units, n_frame, column, value):
    """Share, low, high and n by the smoothed Korn-Graubard interval, users as clusters."""
    strata = defaultdict(list)
    for name, rows in units.items():
        y = weight(rows, column, value)
        strata[rows[0]["stratum"]].append((y, rows[0]["user"] or name))
    total = sum(n_frame[name] for name in strata)
    p = v = q = alone = 0.0
    by_user: dict[str, float] = defaultdict(float)
    for name, found in strata.items():
        y = np.array([one for one, _ in found])
        n, share = len(y), n_frame[name] / total
        m1 = (y.sum() + 0.5) / (n + 1)
        s2 = ((y**2).sum() + 0.5) / (n + 1) - m1**2
        p, q = p + share * y.mean(), q + share * m1
        v += share**2 * (1 - n / n_frame[name]) * s2 / n
        for one, user in found:
            residual = share / n * (one - y.mean())
            alone += residual**2
            by_user[user] += residual
    n, g = len(units), len(by_user)
    alone *= n / (n - 1)
    deff = max(1.0, sum(r**2 for r in by_user.values()) * g / (g - 1) / alone) if alone else 1.0
    ratio = stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, max(1, g - len(strata)))
    n_eff = min(q * (1 - q) / v / deff, 4 * n) * min(1.0, ratio) ** 2
    x = p * n_eff
    low = stats.beta.ppf(0.025, x, n_eff - x + 1) if x > 0 else 0.0
    high = stats.beta.ppf(0.975, x + 1, n_eff - x) if x < n_eff else 1.0
    return [p, min(low, p), max(high, p), n]


def figures(found):
    return [found[key] for key in ("share", "low", "high", "n")]


def test_shares_and_headline_can_be_recomputed_from_the_export(exported):
    report, lines, manifest = exported
    n_frame = {stratum["name"]: stratum["n_frame"] for stratum in manifest["strata"]}
    units = by_unit(lines, "sampled")
    assert len({rows[0]["user"] for rows in units.values()}) < len(units)
    assert {mode["mode"] for mode in report["shares"]} > {*MODES, "refusal"}
    for mode in report["shares"]:
        mine = korn_graubard(units, n_frame, "label", mode["mode"])
        assert figures(mode) == pytest.approx(mine, abs=1e-9)
        if mode["mode"] == "unwelcome_but_correct":
            assert figures(report["headline"]) == pytest.approx(mine, abs=1e-9)


def test_the_grid_can_be_recomputed_from_the_export(exported):
    report, lines, manifest = exported
    n_frame = {stratum["name"]: stratum["n_frame"] for stratum in manifest["strata"]}
    for row, kind in (("down", "sampled"), ("up", "sham")):
        for verdict in ("correct", "incorrect"):
            units = by_unit(lines, kind)
            *within, n = korn_graubard(units, n_frame, "correctness", verdict)
            mine = [value / 2 for value in within]  # half of all outputs are rated down
            assert figures(report["grid"][f"{row}_{verdict}"]) == pytest.approx(
                [*mine, n], abs=1e-9
            )


def alpha_of(units):
    """Krippendorff 2011, by the coincidences of every pair of labels on a unit."""
    given: Counter[str] = Counter()
    apart = 0.0
    for labels in units:
        if len(labels) < 2:
            continue
        given.update(labels)
        pairs = [(a, b) for i, a in enumerate(labels) for j, b in enumerate(labels) if i != j]
        apart += sum(a != b for a, b in pairs) / (len(labels) - 1)
    n = sum(given.values())
    expected = sum(given[a] * given[b] for a in given for b in given if a != b)
    return 1 - (n - 1) * apart / expected


def test_alpha_can_be_recomputed_from_the_export(exported):
    report, lines, _ = exported
    units = [[row["label"] for row in rows] for rows in by_unit(lines, "sampled").values()]
    found = report["agreement"]
    assert found["alpha"]["value"] == pytest.approx(alpha_of(units), abs=1e-9)
    for mode in MODES:
        of_mode = next(entry for entry in found["per_label"] if entry["label"] == mode)
        mine = alpha_of([[label == mode for label in labels] for labels in units])
        assert of_mode["alpha"]["value"] == pytest.approx(mine, abs=1e-9)
