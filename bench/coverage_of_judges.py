"""Coverage of judges' figures, shares with a judge, corrected shares, parts, mix and rate."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pandas as pd

from analysis.coder_error import KnownUnits, rogan_gladen
from analysis.compare import decompose
from analysis.domains import Design as Sample
from analysis.domains import domain_share, weighted_kappa
from analysis.judge_strata import share_drawn_by_judge, share_with_judge
from analysis.judges import JudgedSample
from analysis.shares import StratumSample
from analysis.subpopulations import StratumPart, subpopulation_share
from bench.coverage_designs import Design, Floats, Held, Rng, holds

SIZES, SHARES = (50, 200, 1000), (0.02, 0.10, 0.40)
JUDGE = "A judge against humans"
WITH_JUDGE = "A share with the judge's label as a stratum"
CORRECTED = "A corrected share (Rogan-Gladen)"
MIX = "Mix and rate"
PART = "A share within a part of the frame"
HUGE = 10**8


def judge_figures(rng: Rng, replicates: int, n: int, p: float, se: float) -> Held:
    """Two labels; the judge is wrong on 1 - se of the units with one, and on half as many else."""
    sp = 1 - (1 - se) / 2
    q = p * se + (1 - p) * (1 - sp)
    alike, chance = p * se + (1 - p) * sp, p * q + (1 - p) * (1 - q)
    truth = {
        "sensitivity": se,
        "specificity": sp,
        "precision": p * se / q,
        "percent agreement": alike,
        "kappa": (alike - chance) / (1 - chance),
    }
    sample = Sample(np.ones(n), np.zeros(n, dtype=np.int64), np.arange(n))
    held: dict[str, list[float]] = {row: [] for row in truth}
    for _ in range(replicates):
        is_case = rng.random(n) < p
        h = is_case.astype(float)
        j = (rng.random(n) < np.where(is_case, se, 1 - sp)).astype(float)
        found = {
            "sensitivity": domain_share(j, h, sample, empty=""),
            "specificity": domain_share(1 - j, 1 - h, sample, empty=""),
            "precision": domain_share(h, j, sample, empty="", is_domain_known=True),
            "percent agreement": domain_share(1 - abs(h - j), np.ones(n), sample, empty=""),
            "kappa": weighted_kappa(
                np.stack([h, 1 - h], axis=1), np.stack([j, 1 - j], axis=1), sample
            ),
        }
        for row, estimate in found.items():
            held[row].append(holds(estimate, truth[row]))
    return {row: np.array(values) for row, values in held.items()}


def with_judge(rng: Rng, replicates: int, n: int, p: float, se: float) -> Held:
    """A sample of a frame of 20 n, divided after the draw; one drawn half from the judge's yes."""
    size = 20 * n
    after, before = [], []
    for _ in range(replicates):
        y = rng.random(size) < p
        yes = rng.random(size) < np.where(y, se, (1 - se) / 2)
        names = np.where(yes, "yes", "no")
        n_yes = int(yes.sum())
        drawn = rng.choice(size, n, replace=False)
        sample = judged(y, names, drawn, np.full(size, "all"), {"all": size})
        counts: dict[tuple[str, str | None], int] = {
            ("all", "yes"): n_yes,
            ("all", "no"): size - n_yes,
        }
        after.append(holds(share_with_judge(sample, "yes", counts).with_judge, y.mean()))
        of_yes = min(n // 2, n_yes)
        sizes = ((yes, of_yes), (~yes, n - of_yes))
        parts = [rng.choice(np.flatnonzero(side), k, replace=False) for side, k in sizes]
        frame = {"yes": n_yes, "no": size - n_yes}
        sample = judged(y, names, np.concatenate(parts), names, frame)
        before.append(holds(share_drawn_by_judge(sample, "yes").with_judge, y.mean()))
    return {"divided after the draw": np.array(after), "drawn by it": np.array(before)}


def judged(
    y: np.ndarray, said: np.ndarray, drawn: np.ndarray, stratum: np.ndarray, frame: dict[str, int]
) -> JudgedSample:
    units = [int(unit) for unit in drawn]
    case = y[drawn].astype(float)
    return JudgedSample(
        human=pd.DataFrame({"yes": case, "no": 1 - case}, index=units),
        judge={unit: str(said[unit]) for unit in units},
        stratum={unit: str(stratum[unit]) for unit in units},
        n_frame=frame,
    )


def corrected(rng: Rng, replicates: int, n: int, p: float, se: float, known: int) -> Floats:
    """`known` positives and as many negatives, on which coders are right with the same chances."""
    sp = 1 - (1 - se) / 2.5
    cases = rng.binomial(n, p * se + (1 - p) * (1 - sp), replicates).tolist()
    right = [rng.binomial(known, chance, replicates).tolist() for chance in (se, sp)]
    held = []
    for x, first, second in zip(cases, *right, strict=True):
        found = rogan_gladen(
            x / n,
            n,
            positives=KnownUnits(right=first, n=known),
            negatives=KnownUnits(right=second, n=known),
        )
        held.append(holds(found.corrected, p))
    return np.array(held)


def mix_and_rate(rng: Rng, replicates: int, n: int, p: float, growth: float) -> Held:
    """Three domains whose shares are half, once and twice p, and then `growth` of it higher."""
    parts = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]])
    shares = np.outer([1, 1 + growth], p * np.array([0.5, 1, 2]))
    truth = {
        "mix": float((parts[1] - parts[0]) @ shares.mean(axis=0)),
        "rate": float((shares[1] - shares[0]) @ parts.mean(axis=0)),
    }
    held: dict[str, list[float]] = {row: [] for row in truth}
    for _ in range(replicates):
        sides = [
            {str(d): [domain(rng, n, parts[side, d], shares[side, d])] for d in range(3)}
            for side in (0, 1)
        ]
        found = decompose(*sides, finite_population=False)
        for row, estimate in (("mix", found.mix), ("rate", found.rate)):
            held[row].append(holds(estimate, truth[row]))
    return {row: np.array(values) for row, values in held.items()}


def domain(rng: Rng, n: int, weight: float, rate: float) -> StratumSample:
    size = round(n * weight)
    x = rng.binomial(size, rate)
    return StratumSample(
        f"{weight}{rate}", round(HUGE * weight), np.repeat([1.0, 0.0], [x, size - x])
    )


def part(rng: Rng, replicates: int, n: int, p: float) -> Floats:
    """n units of two strata, of which the part holds three and seven tenths, unlike in share."""
    inside, rates = np.array([0.3, 0.7]), np.array([0.6, 1.2]) * p
    truth = float(inside @ rates / inside.sum())
    held = []
    for _ in range(replicates):
        drawn = rng.binomial(n // 2, inside)
        strata = [
            StratumPart(
                name=str(h),
                n_frame=HUGE,
                n_drawn=n // 2,
                n_inside=int(d),
                y=(np.arange(d) < rng.binomial(d, rate)).astype(float),
                users=[None] * int(d),
            )
            for h, (d, rate) in enumerate(zip(drawn, rates, strict=True))
        ]
        held.append(holds(subpopulation_share(strata), truth))
    return np.array(held)


KINDS: dict[str, Callable[..., Held]] = {
    JUDGE: judge_figures,
    WITH_JUDGE: with_judge,
    CORRECTED: corrected,
    MIX: mix_and_rate,
    PART: part,
}


def designs() -> Iterator[Design]:
    for n, p, se in product(SIZES, SHARES, (0.7, 0.9)):
        yield Design(kind=JUDGE, row="", n=n, arguments=(p, se))
        yield Design(kind=WITH_JUDGE, row="", n=n, arguments=(p, se))
    for n, p, se, known in product(SIZES, SHARES, (0.8, 0.95), (50, 200)):
        row = f"{known} known of each"
        yield Design(kind=CORRECTED, row=row, n=n, arguments=(p, se, known))
    for n, p, growth in product(SIZES, SHARES, (0.0, 0.2)):
        yield Design(kind=MIX, row="", n=n, arguments=(p, growth))
    for n, p in product(SIZES, SHARES):
        yield Design(kind=PART, row="half of the units", n=n, arguments=(p,))
