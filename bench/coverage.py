"""How often the 95% intervals hold the truth, at the sizes people use.

python -m bench.coverage [--replicates 4000] [--seed N] [--only WORD] [--write]

Prints the tables of docs/methods.md; --write stores them there, of those with WORD in their name
where --only is given. A cell is the lowest coverage of its designs, and the median of them in
brackets, by the interval that the code gives and no other; a replicate without an interval counts
on neither side. It takes some minutes on two cores. Those that take long get a half of the
replicates.
The Monte Carlo error of one design is sqrt(.95 x .05 / replicates): .0034 at 4,000.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

from analysis.agreement import nominal_alpha
from analysis.meetings import Meetings
from analysis.pairs import pairs_from_meetings
from analysis.patterns import patterns_from_count_table
from analysis.proportions import wilson
from analysis.shares import Share, StratumSample, share, share_difference
from bench import coverage_of_agreement, coverage_of_judges
from bench.coverage_designs import Design, Floats, Held, Rng, holds

PAGE = Path(__file__).resolve().parents[1] / "docs" / "methods.md"
BEGIN, END = "<!-- coverage begins -->", "<!-- coverage ends -->"
SHARES = (0.02, 0.05, 0.10, 0.20, 0.40)
SIZES = (50, 100, 200, 400, 1000)
STRATA = (1, 2, 4, 8)
HUGE = 10**9


# Shares


@cache
def share_of_counts(
    cases: tuple[int, ...], sizes: tuple[int, ...], frame: tuple[int, ...]
) -> Share:
    """The interval depends on the counts alone, so each is computed once."""
    strata = [
        StratumSample(str(h), n_frame, np.repeat([1.0, 0.0], [x, size - x]))
        for h, (x, size, n_frame) in enumerate(zip(cases, sizes, frame, strict=True))
    ]
    return share(strata, finite_population=frame[0] < HUGE // 100)


def strata_of(n: int, n_strata: int) -> tuple[Floats, Floats]:
    """Sizes of the strata as parts of the frame, and how much each share is above the mean."""
    parts = np.arange(n_strata, 0, -1, dtype=float)
    lift = np.linspace(0.25, 1.75, n_strata) if n_strata > 1 else np.ones(1)
    parts /= parts.sum()
    return parts, lift / (parts @ lift)


def stratified(rng: Rng, replicates: int, n: int, n_strata: int, p: float, times: int) -> Floats:
    """Proportional allocation of n units; the frame is `times` the sample, 0: without end."""
    parts, lift = strata_of(n, n_strata)
    sizes = np.maximum(np.round(parts * n).astype(int), 4)
    frame = sizes * times if times else np.round(parts * HUGE).astype(int)
    rates = np.minimum(lift * p, 0.9)
    if times:
        true_cases = np.round(frame * rates).astype(int)
        truth = true_cases.sum() / frame.sum()
        drawn = rng.hypergeometric(true_cases, frame - true_cases, sizes, (replicates, n_strata))
    else:
        truth = float(frame @ rates / frame.sum())
        drawn = rng.binomial(sizes, rates, (replicates, n_strata))
    fixed = tuple(sizes.tolist()), tuple(frame.tolist())
    found = (share_of_counts(tuple(cases), *fixed) for cases in drawn.tolist())
    return np.array([holds(one, truth) for one in found])


def clustered(rng: Rng, replicates: int, n: int, per_user: int, p: float, rho: float) -> Floats:
    """Users with `per_user` outputs each, whose tendencies are beta with correlation `rho`."""
    n_users = n // per_user
    users = np.repeat(np.arange(n_users), per_user).tolist()
    a, b = p * (1 / rho - 1), (1 - p) * (1 / rho - 1)
    held = []
    for _ in range(replicates):
        tendency = np.repeat(rng.beta(a, b, n_users), per_user)
        y = (rng.random(len(tendency)) < tendency).astype(float)
        found = share([StratumSample("all", HUGE, y, users)], finite_population=False)
        held.append(holds(found, p))
    return np.array(held)


def difference(rng: Rng, replicates: int, n: int, p: float, change: float) -> Floats:
    """Two audits of n units each, the second `change` higher."""
    first = rng.binomial(n, p, replicates).tolist()
    second = rng.binomial(n, p + change, replicates).tolist()
    held = []
    for before, after in zip(first, second, strict=True):
        pair = [share_of_counts((x,), (n,), (HUGE,)) for x in (after, before)]
        held.append(holds(share_difference(*pair), change))
    return np.array(held)


def wilson_rate(rng: Rng, replicates: int, n: int, p: float) -> Floats:
    """A grader's rate, of n gold units or repeats."""
    bounds = [wilson(x, n) for x in range(n + 1)]
    inside = np.array([found.low <= p <= found.high for found in bounds])
    return inside[rng.binomial(n, p, replicates)].astype(float)


# Agreement

PREVALENCE = {
    "even": (0.25, 0.25, 0.25, 0.25),
    "uneven": (0.45, 0.30, 0.17, 0.08),
    "one label common": (0.80, 0.12, 0.05, 0.03),
}


def said_by_two(prevalence: str, accuracy: float) -> tuple[Floats, Floats]:
    """How frequent each label is, and each pair of labels of two coders."""
    chances = np.array(PREVALENCE[prevalence])
    k = len(chances)
    says = np.full((k, k), (1 - accuracy) / (k - 1)) + np.eye(k) * (
        accuracy - (1 - accuracy) / (k - 1)
    )
    return chances, says.T @ np.diag(chances) @ says


def kappa(rng: Rng, replicates: int, n: int, prevalence: str, accuracy: float) -> Floats:
    """Two coders as those of `alpha`; their table is one draw."""
    chances, both = said_by_two(prevalence, accuracy)
    k, alone = len(chances), both.sum(axis=0)
    truth = (np.trace(both) - alone @ alone) / (1 - alone @ alone)
    held = []
    for counts in rng.multinomial(n, both.ravel(), size=replicates):
        met = counts.nonzero()[0]
        meetings = Meetings(
            first=np.zeros(len(met), dtype=np.int64),
            second=np.ones(len(met), dtype=np.int64),
            first_label=met // k,
            second_label=met % k,
            n_units=counts[met],
        )
        held.append(holds(pairs_from_meetings(meetings, "ab", k)[0].kappa, truth))
    return np.array(held)


def alpha(
    rng: Rng, replicates: int, n: int, coders: int, prevalence: str, accuracy: float
) -> Floats:
    """Coders who are right with `accuracy`, and else say another label at random."""
    chances, both = said_by_two(prevalence, accuracy)
    k, alone = len(chances), both.sum(axis=0)
    truth = 1 - (1 - np.trace(both)) / (1 - alone @ alone)
    held = []
    for seed in range(replicates):
        counts = np.zeros((n, k), dtype=int)
        true = rng.choice(k, size=n, p=chances)
        for _ in range(coders):
            wrong = (true + rng.integers(1, k, n)) % k
            given = np.where(rng.random(n) < accuracy, true, wrong)
            counts[np.arange(n), given] += 1
        found = nominal_alpha(patterns_from_count_table("abcd"[:k], counts), seed=seed)
        held.append(holds(found, truth))
    return np.array(held)


KINDS: dict[str, Callable[..., Held]] = {
    "A share": stratified,
    "A share, users as clusters": clustered,
    "A change of a share": difference,
    "A rate of one grader (Wilson)": wilson_rate,
    "Kappa of two coders": kappa,
    "Krippendorff's alpha (BCa)": alpha,
    **coverage_of_agreement.KINDS,
    **coverage_of_judges.KINDS,
}
ALPHA = "Krippendorff's alpha (BCa)"
COSTLY = (
    ALPHA,
    coverage_of_agreement.AGREEMENT,
    coverage_of_judges.WITH_JUDGE,
    coverage_of_judges.MIX,
)
Covered = tuple[Design, float, float]


def designs() -> Iterator[Design]:
    for strata, n, p, times in product(STRATA, SIZES, SHARES, (4, 0)):
        row = f"{strata} strat{'um' if strata == 1 else 'a'}"
        yield Design(kind="A share", row=row, n=n, arguments=(strata, p, times))
    for per_user, n, p, rho in product((2, 3), SIZES[1:], SHARES[1:], (0.1, 0.3)):
        row = f"{per_user} outputs a user"
        yield Design(kind="A share, users as clusters", row=row, n=n, arguments=(per_user, p, rho))
    for n, p, change in product(SIZES, SHARES, (0.0, 0.05, 0.15)):
        row = f"{100 * change:.0f} points"
        yield Design(kind="A change of a share", row=row, n=n, arguments=(p, change))
    for n, p in product(SIZES, (*SHARES, 0.6, 0.8, 0.9, 0.95)):
        row = "2% to 95%"
        yield Design(kind="A rate of one grader (Wilson)", row=row, n=n, arguments=(p,))
    for prevalence, n, accuracy in product(PREVALENCE, SIZES, (0.7, 0.85, 0.95)):
        yield Design(
            kind="Kappa of two coders", row=prevalence, n=n, arguments=(prevalence, accuracy)
        )
    for coders, prevalence, n, accuracy in product((2, 3), PREVALENCE, SIZES[:4], (0.7, 0.85)):
        row = f"{coders} coders, {prevalence}"
        yield Design(kind=ALPHA, row=row, n=n, arguments=(coders, prevalence, accuracy))
    yield from coverage_of_agreement.designs()
    yield from coverage_of_judges.designs()


def covered(design: Design, replicates: int, seed: int) -> list[Covered]:
    """Coverage of each row of a design, and the part of its replicates that had no interval."""
    number = list(designs()).index(design)
    if design.kind in COSTLY:
        replicates = max(replicates // 2, 1)
    rng = np.random.default_rng([seed, number])
    found = KINDS[design.kind](rng, replicates, design.n, *design.arguments)
    rows = found if isinstance(found, dict) else {design.row: found}
    return [
        (replace(design, row=row), float(np.nanmean(held)), float(np.isnan(held).mean()))
        for row, held in rows.items()
    ]


def simulate(replicates: int, seed: int, only: str) -> list[Covered]:
    tasks = [design for design in designs() if only in design.kind]
    with ProcessPoolExecutor(max_workers=2) as pool:
        n = len(tasks)
        found = pool.map(covered, tasks, [replicates] * n, [seed] * n, chunksize=2)
        return [entry for of_design in found for entry in of_design]


def tables(found: list[Covered]) -> dict[str, str]:
    """A table per kind of interval: the lowest coverage of each row and size, and the median."""
    written = {}
    for kind in KINDS:
        of_kind = [entry for entry in found if entry[0].kind == kind]
        if not of_kind:
            continue
        sizes = sorted({design.n for design, _, _ in of_kind})
        lines = [f"| {kind} | " + " | ".join(f"n = {n:,}" for n in sizes) + " |"]
        lines += ["|---|" + "---:|" * len(sizes)]
        for row in dict.fromkeys(design.row for design, _, _ in of_kind):
            cells = [cell(of_kind, row, n) for n in sizes]
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
        written[kind] = "\n".join(lines)
    return written


def cell(of_kind: list[Covered], row: str, n: int) -> str:
    rates = [rate for design, rate, _ in of_kind if (design.row, design.n) == (row, n)]
    lowest, median = (f"{rate:.3f}".removeprefix("0") for rate in (min(rates), np.median(rates)))
    return f"{lowest} ({median})"


def store(new: dict[str, str]) -> None:
    """Put these tables into the page, in the place of those of the same name."""
    before = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}\n).*(?={re.escape(END)})", re.DOTALL)
    old = pattern.search(before)
    if not old:
        raise SystemExit(f"expected the lines {BEGIN!r} and {END!r} in {PAGE.name}.")
    known = {table.split("|")[1].strip(): table for table in old[0].strip().split("\n\n")}
    kept = known | new
    text = "\n\n".join(kept[kind] for kind in KINDS if kind in kept)
    PAGE.write_text(pattern.sub(lambda _: f"\n{text}\n\n", before), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--replicates", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--only", default="", help="kinds of interval with this in their name")
    parser.add_argument("--write", action="store_true", help="store the tables in docs/methods.md")
    options = parser.parse_args()
    found = simulate(options.replicates, options.seed, options.only)
    print("\n\n".join(tables(found).values()))
    for design, rate, missing in sorted(found, key=lambda entry: entry[1])[:12]:
        print(f"{rate:.4f} ({missing:.1%} without an interval)  {design}")
    if options.write:
        store(tables(found))


if __name__ == "__main__":
    main()
