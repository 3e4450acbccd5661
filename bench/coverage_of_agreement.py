"""Coverage of the figures of agreement but alpha, of graders' means and of hours: `bench.coverage`.

Three coders, four labels: the label asked for has the share p, the others a half, three and two
tenths of the rest. A coder is right with a given accuracy, and else says another label at random.
"""

from collections.abc import Callable, Iterator
from itertools import product
from math import factorial, prod

import numpy as np

from analysis.bootstrap import resample
from analysis.coder_bias import BiasSums
from analysis.gate_plan import hours_of_work
from analysis.graders import agreement_with_others
from analysis.nominal import NominalCoefficients
from analysis.ordered import LEVELS, ordered_alpha
from analysis.patterns import Patterns, patterns_from_vectors
from analysis.proportions import mean_difference
from analysis.rare_labels import alpha_bounds, specific_bounds, widened
from bench.coverage_designs import Design, Floats, Held, Rng, holds

LABELS = "1234"
CODERS, K = 3, len(LABELS)
SIZES, SHARES = (50, 200, 1000), (0.02, 0.10, 0.40)
AGREEMENT = "Agreement of three coders (BCa)"
MEANS = "A mean difference of one coder"
WITH_OTHERS = "Agreement of one grader with others (Wilson)"
HOURS = "Hours of work"
ENDLESS = 1e12
BOUNDS = (alpha_bounds, specific_bounds)


def chances_of(p: float) -> Floats:
    return np.array([p, 0.5 * (1 - p), 0.3 * (1 - p), 0.2 * (1 - p)])


def says(accuracy: float) -> Floats:
    """The chance of each answer (column) on a unit of each true label (row)."""
    wrong = (1 - accuracy) / (K - 1)
    return np.full((K, K), wrong) + np.eye(K) * (accuracy - wrong)


def population(p: float, accuracy: float) -> tuple[np.ndarray, Floats]:
    """Every count vector of three labels and its chance."""
    vectors = np.array([v for v in product(range(CODERS + 1), repeat=K) if sum(v) == CODERS])
    ways = np.array([factorial(CODERS) / prod(map(factorial, v)) for v in vectors.tolist()])
    given = np.array([np.prod(row**vectors, axis=1) for row in says(accuracy)])
    chance = ways * (chances_of(p) @ given)
    return vectors, chance / chance.sum()


def agreement_figures(rng: Rng, replicates: int, n: int, p: float, accuracy: float) -> Held:
    vectors, chance = population(p, accuracy)
    everything = Patterns(tuple(LABELS), vectors, np.ones(len(vectors), dtype=np.int64))
    weights = (chance * ENDLESS)[None, :]
    nominal = NominalCoefficients.of(everything).at(weights)[0]
    names = ("percent agreement", "Gwet's AC1", "Fleiss' kappa")
    levels = {f"alpha, {level}": level for level in LEVELS[1:]}
    truth = dict(zip(names, nominal[1:4].tolist(), strict=True)) | {
        row: float(ordered_alpha(everything, level).at(weights)[0, 0])
        for row, level in levels.items()
    }
    by_label = {"alpha of one label": 4, "specific agreement of one label": 4 + K}
    truth |= {row: float(nominal[column]) for row, column in by_label.items()}
    held: dict[str, list[float]] = {row: [] for row in truth}
    for seed, drawn in enumerate(rng.multinomial(n, chance, replicates)):
        found = patterns_from_vectors(LABELS, vectors, drawn)
        parts = [NominalCoefficients.of(found), *(ordered_alpha(found, v) for v in levels.values())]
        plain, *leveled = resample(found, parts, seed=seed)
        estimates = {row: plain[i].estimate("", n=n) for i, row in enumerate(names, start=1)}
        for row, of_level in zip(levels, leveled, strict=True):
            estimates[row] = widened(of_level[0].estimate("", n=n), of_level[0].jackknife())
        for (row, column), bounds in zip(by_label.items(), BOUNDS, strict=True):
            estimate = plain[column].estimate("", n=n)
            estimates[row] = widened(estimate, bounds(found, 0))
        for row, estimate in estimates.items():
            held[row].append(holds(estimate, truth[row]))
    return {row: np.array(values) for row, values in held.items()}


def labels_of(rng: Rng, n: int, p: float, accuracies: tuple[float, ...]) -> np.ndarray:
    """Labels, coders x units."""
    true = rng.choice(K, n, p=chances_of(p))
    wrong = (true + rng.integers(1, K, (len(accuracies), n))) % K
    is_right = rng.random((len(accuracies), n)) < np.array(accuracies)[:, None]
    return np.where(is_right, true, wrong)


def mean_differences(
    rng: Rng, replicates: int, n: int, p: float, accuracies: tuple[float, ...]
) -> Held:
    """The bias of the first coder for the label; his agreement less that among the others."""
    rates = [chances_of(p) @ says(accuracy) for accuracy in accuracies]
    both = [chances_of(p) @ (says(accuracies[0]) * says(a)).sum(axis=1) for a in accuracies[1:]]
    among = chances_of(p) @ (says(accuracies[1]) * says(accuracies[2])).sum(axis=1)
    biases, beside = [], []
    for _ in range(replicates):
        labels = labels_of(rng, n, p, accuracies)
        counts = np.stack([(labels == k).sum(axis=0) for k in range(K)], axis=1)
        sums = BiasSums("abc", LABELS)
        unit, coder = np.tile(np.arange(n), 3), np.repeat(np.arange(3), n)
        sums.add(unit, coder, labels.ravel(), counts)
        truth = float(rates[0][0] - (rates[1][0] + rates[2][0]) / 2)
        biases.append(holds(sums.bias()[0].by_label[0].difference, truth))
        own = (labels[1:] == labels[0]).mean(axis=0) - (labels[1] == labels[2])
        found = mean_difference(own.astype(np.float64), none="")
        beside.append(holds(found, float(np.mean(both) - among)))
    return {"bias for a label": np.array(biases), "a judge beside humans": np.array(beside)}


def with_others(rng: Rng, replicates: int, n: int, accuracy: float, n_others: int) -> Floats:
    """One grader among others who are right in nine of ten units; labels are equally frequent."""
    truth = accuracy * 0.9 + (1 - accuracy) * 0.1 / (K - 1)
    others = np.full(n, n_others)
    held = []
    for _ in range(replicates):
        labels = labels_of(rng, n, 0.25, (accuracy, *[0.9] * n_others))
        equal = (labels[1:] == labels[0]).mean(axis=0)
        held.append(holds(agreement_with_others(equal, others), truth))
    return np.array(held)


def hours(rng: Rng, replicates: int, n: int, spread: float) -> Floats:
    """Lognormal times with this standard deviation on the log scale."""
    truth = 100 * float(np.exp(spread**2 / 2)) / 3600
    times = np.exp(rng.normal(0, spread, (replicates, n)))
    found = [hours_of_work(100, coders_per_unit=1, seconds=row) for row in times]
    return np.array([holds(each, truth) for each in found])


KINDS: dict[str, Callable[..., Held]] = {
    AGREEMENT: agreement_figures,
    MEANS: mean_differences,
    WITH_OTHERS: with_others,
    HOURS: hours,
}


def designs() -> Iterator[Design]:
    for n, p, accuracy in product(SIZES, SHARES, (0.7, 0.85, 0.95)):
        yield Design(kind=AGREEMENT, row="", n=n, arguments=(p, accuracy))
    teams = ((0.85, 0.85, 0.85), (0.95, 0.95, 0.95), (0.7, 0.95, 0.95))
    for n, p, team in product(SIZES, SHARES, teams):
        yield Design(kind=MEANS, row="", n=n, arguments=(p, team))
    for n, accuracy, n_others in product(SIZES, (0.6, 0.85, 0.97), (1, 2)):
        row = f"{n_others} other{'s' if n_others > 1 else ''} a unit"
        yield Design(kind=WITH_OTHERS, row=row, n=n, arguments=(accuracy, n_others))
    for n, spread in product(SIZES, (0.5, 0.8, 1.0)):
        yield Design(kind=HOURS, row=f"spread {spread}", n=n, arguments=(spread,))
