"""The published rates of the flags: the page shows the stored ones, and they can be simulated."""

import numpy as np
import pytest
from scipy import stats

from analysis.grader_flag_rates import ANY, COUNTS, FLAGS, HONEST, SEED, SIZES
from bench.grader_flags import DEFAULT_SEED, PAGE, TEAMS, UNEQUAL, beside, simulate, tables
from bench.grader_simulation import CHEATS


def test_the_page_shows_the_stored_rates():
    assert tables(COUNTS) in PAGE.read_text(encoding="utf-8")


def test_the_page_names_the_seed_and_the_teams():
    page = PAGE.read_text(encoding="utf-8")
    assert SEED == DEFAULT_SEED
    assert f"Seed {SEED}; {TEAMS[HONEST]} teams of honest graders per column" in page
    assert {n for kind, n in TEAMS.items() if kind != HONEST} == {200}
    assert "200 teams of every other kind" in page


def test_every_kind_of_grader_is_counted_at_every_size():
    assert set(COUNTS) == {HONEST, UNEQUAL, *CHEATS, *map(beside, CHEATS)}
    for by_size in COUNTS.values():
        assert tuple(by_size) == SIZES
    assert COUNTS[HONEST][25].n >= 2000


@pytest.mark.simulation
@pytest.mark.parametrize("kind", [HONEST, *CHEATS])
def test_a_smaller_simulation_agrees_with_the_stored_rates(kind):
    for name, again in simulate(kind, 100, teams=range(40), seed=1).items():
        stored = COUNTS[name][100]
        for flag in (*FLAGS, ANY):
            fired = np.array([again.of(flag), stored.of(flag)])
            table = np.array([fired, [again.n, stored.n] - fired])
            # A hundred tests are made, and the graders of a team are not independent.
            assert stats.fisher_exact(table).pvalue > 1e-5, (name, flag)


def test_the_same_seed_gives_the_same_counts():
    first = simulate("copier", 25, teams=range(3), seed=2)
    assert simulate("copier", 25, teams=range(3), seed=2) == first
    assert simulate("copier", 25, teams=range(3, 6), seed=2) != first
