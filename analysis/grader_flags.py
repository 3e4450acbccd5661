"""Signs that a coder's labels need a look. Each can be wrong; how often, its false alarm says.

Thresholds are ours, set by simulation (`python -m bench.grader_flags`, docs/grader-flags.md) so
that an honest coder trips each flag about once in a hundred times or less.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from analysis.estimates import BoolArray, Estimate, FloatArray, undefined
from analysis.grader_comparisons import BesideOthers
from analysis.grader_flag_rates import false_alarm_rate
from analysis.grader_pairs import SameErrors, SharedErrors, binomial_tail
from analysis.grader_record import NONE, CodedRecord
from analysis.grader_runs import LongestRun, longest_run
from analysis.proportions import wilson

# Most adults read English non-fiction at 175 to 300 words a minute (Brysbaert 2019); twice as fast
# as that is not reading.
FASTEST_WORDS_PER_MINUTE = 600
TOO_FAST_SHARE, MIN_TIMES = 0.25, 10
RUN_CHANCE, MIN_RUN_LABELS = 0.01, 10
GOLD_BAR, MIN_GOLD = 0.70, 5
REPEAT_BAR, MIN_REPEATS = 0.50, 5
AGREEMENT_MARGIN, AGREEMENT_LEVEL, MIN_COMPARED = 0.08, 0.99, 15
COPIER_CHANCE = 0.005
DRIFT_LEVEL, MIN_DRIFT_LABELS = 0.993, 30


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One sign on one coder.

    Attributes
    ----------
    measured, threshold : None when not judged
        ``speed``, ``straight_lining`` and ``copier`` fire from the threshold up, the others from it
        down. Shares, except the length of a run; ``agreement`` and ``drift`` are differences.
    n : what the measure rests on (times, labels, gold units, repeats, units)
    about : the label of the longest run, or the other coder of a pair
    not_judged_because : set when there is too little to judge; then the flag does not fire
    false_alarm : share of simulated honest coders on whom the flag fires, at about this many labels
    """

    id: str
    fires: bool
    measured: float | None
    threshold: float | None
    n: int
    false_alarm: Estimate
    about: str | None = None
    not_judged_because: str | None = None


def flags_of(
    coded: CodedRecord,
    coder: int,
    *,
    beside: BesideOthers,
    shared: SharedErrors,
    gold_bar: float = GOLD_BAR,
) -> tuple[Flag, ...]:
    """Return the flags of one coder, in the order of `FLAGS` in `grader_flag_rates`."""
    own = coded.rows_of(coder)
    n_labels = own.stop - own.start
    gold, first = coded.gold[own], coded.original[own]
    right = coded.answer[own] == gold
    equal = coded.answer[own] == coded.answer[first]
    flag = _Judge(n_labels)
    return (
        _speed(flag, coded.seconds[own], coded.n_words[own]),
        _straight_lining(flag, coded, coder),
        _gold(flag, right[gold != NONE], gold_bar),
        _below_bar(flag, "repeats", equal[first != NONE], bar=REPEAT_BAR, least=MIN_REPEATS),
        _agreement(flag, (beside.agreement - beside.agreement_of_others)[own]),
        _copier(flag, coded, shared),
        _drift(flag, beside.agreement[own], beside.agreement_of_others[own]),
    )


@dataclass(frozen=True)
class _Judge:
    """Makes the flags of a coder with this many labels."""

    n_labels: int

    def too_few(self, flag: str, n: int, reason: str) -> Flag:
        return Flag(
            id=flag,
            fires=False,
            measured=None,
            threshold=None,
            n=n,
            not_judged_because=reason,
            false_alarm=undefined("not judged"),
        )

    def judged(
        self,
        flag: str,
        n: int,
        *,
        fires: bool,
        measured: float,
        threshold: float,
        about: str | None = None,
    ) -> Flag:
        return Flag(
            id=flag,
            fires=bool(fires),
            measured=float(measured),
            threshold=float(threshold),
            n=n,
            about=about,
            false_alarm=false_alarm_rate(flag, self.n_labels),
        )


def _speed(flag: _Judge, seconds: FloatArray, n_words: FloatArray) -> Flag:
    """Fires when surely more than a quarter were made faster than the text can be read."""
    known = ~np.isnan(seconds) & ~np.isnan(n_words)
    n = int(known.sum())
    if n < MIN_TIMES:
        return flag.too_few("speed", n, f"fewer than {MIN_TIMES} labels with a known time")
    shortest = n_words[known] / FASTEST_WORDS_PER_MINUTE * 60
    x = int((seconds[known] < shortest).sum())
    least = next(k for k in range(n + 1) if wilson(k, n).low > TOO_FAST_SHARE)
    return flag.judged("speed", n, fires=x >= least, measured=x / n, threshold=least / n)


def _straight_lining(flag: _Judge, coded: CodedRecord, coder: int) -> Flag:
    """Fires on a run of one answer that is too long for how often the answer is given."""
    own = coded.rows_of(coder)
    answers, k = coded.answer[own], len(coded.answers)
    others = np.bincount(np.delete(coded.answer, np.s_[own]), minlength=k)
    if len(answers) < MIN_RUN_LABELS or others.sum() == 0:
        reason = f"fewer than {MIN_RUN_LABELS} labels, or no other coder"
        return flag.too_few("straight_lining", len(answers), reason)
    mine = np.bincount(answers, minlength=k)
    share = (mine / mine.sum() + others / others.sum()) / 2
    found: LongestRun = longest_run(answers, share, chance=RUN_CHANCE)
    return flag.judged(
        "straight_lining",
        len(answers),
        fires=found.length >= found.limit,
        measured=found.length,
        threshold=found.limit,
        about=coded.answers[found.answer],
    )


def _gold(flag: _Judge, right: BoolArray, bar: float) -> Flag:
    found = _below_bar(flag, "gold", right, bar=bar, least=MIN_GOLD)
    if bar == GOLD_BAR or found.not_judged_because:
        return found
    return replace(found, false_alarm=undefined(f"simulated for a bar of {GOLD_BAR:.0%} alone"))


def _below_bar(
    flag: _Judge,
    name: str,
    right: BoolArray,
    *,
    bar: float,
    least: int,
) -> Flag:
    """Fires when Wilson's upper end is under the bar."""
    n = len(right)
    under = [x for x in range(n + 1) if n >= least and wilson(x, n).high < bar]
    if not under:
        return flag.too_few(name, n, f"fewer than {least}, or too few for a bar of {bar:.0%}")
    x, most = int(right.sum()), under[-1]
    return flag.judged(name, n, fires=x <= most, measured=x / n, threshold=most / n)


def _agreement(flag: _Judge, beyond: FloatArray) -> Flag:
    """Fires when a coder agrees with the others surely less than they do with each other.

    On the same units, so hard units are hard for both.
    """
    known = beyond[~np.isnan(beyond)]
    if len(known) < MIN_COMPARED:
        reason = f"fewer than {MIN_COMPARED} units with two other coders"
        return flag.too_few("agreement", len(known), reason)
    t = float(special.stdtrit(len(known) - 1, AGREEMENT_LEVEL))
    threshold = -AGREEMENT_MARGIN - t * known.std(ddof=1) / len(known) ** 0.5
    mean = known.mean()
    return flag.judged(
        "agreement", len(known), fires=mean < threshold, measured=mean, threshold=threshold
    )


def _copier(flag: _Judge, coded: CodedRecord, shared: SharedErrors) -> Flag:
    """Fires on both of two coders who share more errors than independent ones would.

    The share must also be over half way from the expected one to all: real errors are never quite
    independent, and many labels would make any small excess certain.
    """
    limits = [(pair, _least_same(pair, shared.n_pairs)) for pair in shared.pairs]
    judged = [(pair, limit) for pair, limit in limits if limit is not None]
    if not judged:
        reason = "too few units tell this coder from another"
        return flag.too_few("copier", shared.most_units, reason)
    worst, limit = min(
        judged, key=lambda one: (one[0].n_same < one[1], one[0].chance, -one[0].n, one[0].other)
    )
    return flag.judged(
        "copier",
        worst.n,
        fires=worst.n_same >= limit,
        measured=worst.n_same / worst.n,
        threshold=limit / worst.n,
        about=coded.coders[worst.other],
    )


def _least_same(pair: SameErrors, n_pairs: int) -> int | None:
    """Return how many equal errors would fire; None when the pair has too few units."""
    x = np.arange(pair.n + 1)
    unlikely = binomial_tail(x, n=pair.n, p=pair.expected) * n_pairs < COPIER_CHANCE
    fitting = np.flatnonzero(unlikely & (x / pair.n > (1 + pair.expected) / 2))
    return int(fitting[0]) if len(fitting) else None


def _drift(flag: _Judge, agreement: FloatArray, agreement_of_others: FloatArray) -> Flag:
    """Fires when agreement with the others surely fell from the first third to the last.

    Welch 1947; and it must have fallen more than that of the others with each other on the same
    units, else it is they who drift, or the units got harder.
    """
    met = ~np.isnan(agreement)
    known, n = agreement[met], int(met.sum())
    third = n // 3
    if n < MIN_DRIFT_LABELS:
        reason = f"fewer than {MIN_DRIFT_LABELS} units with another coder"
        return flag.too_few("drift", n, reason)
    first, last = known[:third], known[-third:]
    se = ((first.var(ddof=1) + last.var(ddof=1)) / third) ** 0.5
    of_others = _change(agreement_of_others[met], third)
    t = float(special.stdtrit(2 * third - 2, DRIFT_LEVEL))
    change = float(last.mean() - first.mean())
    threshold = min(-t * se, of_others)
    return flag.judged("drift", n, fires=change < threshold, measured=change, threshold=threshold)


def _change(share: FloatArray, third: int) -> float:
    """Return the change from the first to the last third; 0 where there is nothing to compare."""
    first, last = (part[~np.isnan(part)] for part in (share[:third], share[-third:]))
    return float(last.mean() - first.mean()) if len(first) and len(last) else 0.0
