"""Shares: the stratified oracle, limits, then coverage by simulation."""

import numpy as np
import pytest
from scipy import special

from analysis.errors import AnalysisInputError
from analysis.proportions import clopper_pearson
from analysis.shares import StratumSample, share, share_difference, stratified_standard_error


def cases(x: int, n: int) -> list[int]:
    return [1] * x + [0] * (n - x)


FOUR_DOMAINS = [
    StratumSample("tax", 1200, cases(27, 60)),
    StratumSample("code", 800, cases(21, 60)),
    StratumSample("travel", 2000, cases(6, 60)),
    StratumSample("docs", 1000, cases(3, 60)),
]


def test_stratified_share_and_standard_error():
    """Cochran 1977, chapter 5, by hand: p = .2140, SE .024246; the unweighted pool says .2375."""
    found = share(FOUR_DOMAINS)
    assert found.value == pytest.approx(0.2140)
    assert stratified_standard_error(FOUR_DOMAINS) == pytest.approx(0.024246, abs=5e-7)
    assert found.low < 0.166479 + 0.01
    assert found.high > 0.261521 - 0.001
    assert found.n == 240
    assert found.df == 236
    assert found.too_imprecise is None


def test_interval_written_out_by_hand():
    """Methods, section 3, step by step for two strata without finite population."""
    strata = [StratumSample("a", 600, cases(9, 40)), StratumSample("b", 400, cases(4, 50))]
    q = v = 0.0
    for weight, x, n in ((0.6, 9, 40), (0.4, 4, 50)):
        m1 = (x + 0.5) / (n + 1)
        q += weight * m1
        v += weight**2 * (m1 - m1**2) / n
    n_eff = q * (1 - q) / v * (special.stdtrit(89, 0.975) / special.stdtrit(88, 0.975)) ** 2
    p = 0.6 * 9 / 40 + 0.4 * 4 / 50
    expected = clopper_pearson(float(p * n_eff), float(n_eff))
    found = share(strata, finite_population=False)
    assert found.n_eff == pytest.approx(n_eff)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_one_stratum_of_a_large_frame_is_clopper_pearson():
    found = share([StratumSample("all", 10**9, cases(124, 400))])
    exact = clopper_pearson(124, 400)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-4)


def test_zero_cases_have_an_upper_bound():
    found = share([StratumSample("all", 10**9, cases(0, 60))])
    assert (found.value, found.low, found.zero_cases) == (0, 0, True)
    assert found.high == pytest.approx(clopper_pearson(0, 60).high, abs=1e-3)
    assert found.sentence == "0 of 60, at most 6.0%"


def test_all_cases_have_a_lower_bound():
    found = share([StratumSample("all", 5000, cases(60, 60))])
    assert (found.value, found.high) == (1, 1)
    assert 0.9 < found.low < 1


USERS = ["u1"] * 4 + ["u2"] * 3 + [f"v{k}" for k in range(53)]


def with_users(order, name_of=str):
    """The four domains with their rows in another order; two users gave several of them."""
    return [
        StratumSample(
            name_of(domain.name),
            domain.n_frame,
            np.asarray(domain.y)[list(order)],
            [USERS[k] for k in order],
        )
        for domain in FOUR_DOMAINS
    ]


@pytest.mark.parametrize("finite", [True, False])
def test_the_order_of_rows_does_not_matter(finite):
    shuffled = np.random.default_rng(3).permutation(60)
    one = share(with_users(range(60)), finite_population=finite)
    other = share(with_users(shuffled), finite_population=finite)
    assert one.deff_users > 1
    assert numbers(other) == pytest.approx(numbers(one), abs=1e-12)


@pytest.mark.parametrize("finite", [True, False])
def test_names_and_order_of_strata_do_not_matter(finite):
    one = share(with_users(range(60)), finite_population=finite)
    renamed = with_users(range(60), name_of=lambda name: f"{len(name)}{name[::-1]}")
    other = share(renamed[::-1], finite_population=finite)
    assert numbers(other) == pytest.approx(numbers(one), abs=1e-12)


def numbers(found):
    return [
        *(found.value, found.low, found.high, found.n, found.n_frame),
        *(found.n_eff, found.df, found.deff_users, found.top_user_share),
    ]


def test_as_dict_says_why_a_share_is_not_known_or_not_to_be_shown():
    labelled, bare = StratumSample("a", 50, cases(4, 10)), StratumSample("b", 50, [])
    told = share([labelled, bare]).as_dict()
    assert (told["share"], told["n"], told["unsampled"]) == (None, 10, ["b"])
    assert "no labelled unit in the strata ['b']" in str(told["undefined_because"])
    assert (told["too_imprecise"], told["deff_users"]) == (None, None)
    few = share([StratumSample("a", 50, cases(4, 10), ["u"] * 5 + list("vwxyz"))])
    told = few.as_dict()
    assert (told["undefined_because"], told["unsampled"]) == (None, [])
    assert told["too_imprecise"] == "only 10 labelled units, fewer than 30"
    assert told["deff_users"] == few.deff_users > 1


def test_a_census_is_exact_for_its_period_and_not_for_the_future():
    strata = [StratumSample("all", 80, cases(20, 80))]
    closed, future = share(strata), share(strata, finite_population=False)
    assert (closed.low, closed.value, closed.high) == (0.25, 0.25, 0.25)
    assert closed.n_eff is None
    assert future.low < 0.25 < future.high


def test_a_small_stratum_without_labels_is_named_and_widens_the_interval():
    covered = share(FOUR_DOMAINS)
    found = share([*FOUR_DOMAINS, StratumSample("law", 100, [])])
    assert found.unsampled == ("law",)
    assert found.value == pytest.approx(covered.value)
    assert found.low < covered.low
    assert found.high > covered.high


def test_a_large_stratum_without_labels_leaves_the_share_undefined():
    found = share([*FOUR_DOMAINS, StratumSample("law", 1000, [])])
    assert found.value is None
    assert "law" in found.undefined_because
    assert share([]).undefined_because == "no unit is labelled"


def test_split_ties_count_as_fractions():
    found = share([StratumSample("all", 1000, [1, 0.5, 0, 0.5])])
    assert found.value == 0.5
    assert found.too_imprecise == "only 4 labelled units, fewer than 30"


def test_users_are_clusters():
    y = [u % 4 == 0 for u in range(50) for _ in range(4)]
    users = [f"user {u}" for u in range(50) for _ in range(4)]
    clustered = share([StratumSample("all", 10**6, y, users)])
    alone = share([StratumSample("all", 10**6, y)])
    own = share([StratumSample("all", 10**6, y, list(range(200)))])
    unknown = share([StratumSample("all", 10**6, y, [None] * 200)])
    assert clustered.deff_users == pytest.approx(4, rel=0.03)
    assert clustered.high - clustered.low > 1.8 * (alone.high - alone.low)
    assert clustered.df == 49
    assert clustered.top_user_share == 0.02
    assert alone == own == unknown
    assert alone.deff_users == 1


@pytest.mark.parametrize(
    ("stratum", "message"),
    [
        (StratumSample("tax", 2, [0, 1, 1]), "at most N=2 .*'tax': came 3"),
        (StratumSample("tax", 9, [2]), "from 0 to 1"),
        (StratumSample("tax", 9, [float("nan")]), "from 0 to 1"),
        (StratumSample("tax", 9, [1, 0], ["ana"]), "came 1 users for 2 units"),
    ],
)
def test_bad_strata_are_refused(stratum, message):
    with pytest.raises(AnalysisInputError, match=message):
        share([stratum])


def test_difference_of_shares_is_mover():
    first, second = (share([StratumSample("all", 10**9, cases(x, 200))]) for x in (80, 44))
    found = share_difference(first, second)
    assert found.value == pytest.approx(0.18)
    assert (found.low, found.high) == pytest.approx((0.0896, 0.2664), abs=0.005)
    assert share_difference(first, share([])).undefined_because == "no unit is labelled"


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("frame", "shares", "sizes"),
    [
        ([5000], [0.08], [100]),
        ([5000], [0.02], [200]),
        ([1200, 800, 2000, 1000], [0.45, 0.35, 0.10, 0.05], [60, 60, 60, 60]),
        ([3000, 500, 500], [0.02, 0.10, 0.30], [60, 20, 20]),
        ([400, 300, 200, 100, 100, 100], [0.01, 0.02, 0.05, 0.1, 0.2, 0.3], [20] * 6),
    ],
)
def test_interval_covers(frame, shares, sizes):
    """Nominal 95%, at least 94.5%, in samples without replacement from a frozen frame."""
    rng = np.random.default_rng(5)
    n_cases = [round(n * p) for n, p in zip(frame, shares, strict=True)]
    truth = sum(n_cases) / sum(frame)
    covered = 0
    for _ in range(3000):
        strata = [
            StratumSample(str(h), n, cases(rng.hypergeometric(k, n - k, size), size))
            for h, (n, k, size) in enumerate(zip(frame, n_cases, sizes, strict=True))
        ]
        found = share(strata)
        covered += found.low <= truth <= found.high
    assert covered / 3000 >= 0.945


@pytest.mark.simulation
def test_interval_covers_with_three_outputs_per_user():
    """A user's outputs share a tendency (beta, correlation .3); 60 users with three each."""
    rng = np.random.default_rng(6)
    p, rho = 0.2, 0.3
    a, b = p * (1 / rho - 1), (1 - p) * (1 / rho - 1)
    users = np.repeat(np.arange(60), 3).tolist()
    covered = ignoring = 0
    for _ in range(3000):
        y = (rng.random(180) < np.repeat(rng.beta(a, b, 60), 3)).astype(float)
        found = share([StratumSample("all", 10**7, y, users)], finite_population=False)
        naive = share([StratumSample("all", 10**7, y)], finite_population=False)
        covered += found.low <= p <= found.high
        ignoring += naive.low <= p <= naive.high
    assert covered / 3000 >= 0.94
    assert ignoring < covered
