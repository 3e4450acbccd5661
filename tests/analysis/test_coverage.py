"""The interval of a share covers at the sizes people use: the table in docs/methods.md."""

import numpy as np
import pytest

from analysis.sampling import allocate
from analysis.shares import StratumSample, share

N_FRAME, RUNS = 10_000, 700


def frame_of(n_strata, p):
    """Strata from large to small; the smaller, the larger its share; p on average."""
    weights = np.arange(n_strata, 0, -1) / np.arange(n_strata + 1).sum()
    sizes = {str(h): round(N_FRAME * weight) for h, weight in enumerate(weights)}
    shape = np.linspace(1 / 3, 2.2, n_strata) if n_strata > 1 else np.ones(1)
    shares = np.minimum(p * shape / (shape * weights).sum(), 0.95)
    cases = {name: round(n * shares[int(name)]) for name, n in sizes.items()}
    return sizes, cases


@pytest.mark.simulation
@pytest.mark.parametrize("p", [0.02, 0.20, 0.40])
@pytest.mark.parametrize(("n_strata", "n"), [(1, 50), (1, 1000), (4, 200), (8, 50), (8, 400)])
def test_share_covers(n_strata, n, p):
    """Nominal 95%; .94 or more, less one and a half standard errors of this many runs."""
    rng = np.random.default_rng(n_strata * n)
    sizes, cases = frame_of(n_strata, p)
    truth = sum(cases.values()) / sum(sizes.values())
    drawn = allocate(sizes, n, minimum=min(20, n // n_strata))
    covered = 0
    for _ in range(RUNS):
        strata = []
        for name, size in sizes.items():
            x = int(rng.hypergeometric(cases[name], size - cases[name], drawn[name]))
            y = np.arange(drawn[name]) < x
            strata.append(StratumSample(name, size, y.astype(float)))
        found = share(strata)
        covered += found.low <= truth <= found.high
    assert covered / RUNS >= 0.94 - 1.5 * (0.95 * 0.05 / RUNS) ** 0.5
