"""Teams of simulated graders, honest ones and five kinds of cheats, for the rates of the flags.

Five graders, three on each unit. Modes are as common, and slips land on the same neighbours, as in
the demo. What is assumed of honest graders is written in docs/grader-flags.md.
"""

from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

from analysis.estimates import BoolArray, FloatArray, IntArray
from analysis.grader_record import GraderRecord
from fixtures.coders import CORRECT_MODES, NEIGHBOURS
from fixtures.demo import QUOTAS

CHEATS = ("random", "commonest", "fast", "copier", "drifting")
TEAM = ("ana", "ben", "chi", "dee", "eli")
CHEAT, VICTIM, PER_UNIT = 4, 0, 3
MODES = tuple(kind for thumb, kind, *_ in QUOTAS if thumb == "down")
N_DOWN = np.array([a + b for thumb, _, a, b in QUOTAS if thumb == "down"], dtype=np.float64)
COMMONEST = int(N_DOWN.argmax())
ANSWERS = (*MODES, "cannot_tell", "correct", "incorrect")
CANNOT_TELL, CORRECT, INCORRECT = 7, 8, 9
SLIPS = np.array([[dict(NEIGHBOURS[mode]).get(other, 0) for other in MODES] for mode in MODES])

SHAM_SHARE, SHAM_CORRECT = 0.10, 0.85
ACCURACY, DOUBT = (0.75, 0.90), 0.02
# Standard deviation over units, on the logit scale; unequal units make honest graders err together.
DIFFICULTY, VERY_UNEQUAL = 0.7, 1.4
PACE, TIME_SPREAD = (180.0, 360.0), 0.45  # words a minute, decision included
WORDS, WORDS_SPREAD = 109.0, 0.45
GOLD_SHARE, REPEAT_SHARE = (0.05, 0.10), (0.03, 0.05)
COPIED, FAST_RANDOM, FAST_SECONDS, DRIFT_END = 0.9, 0.5, 4.0, 0.7


@dataclass(frozen=True, eq=False)
class Units:
    truth: IntArray
    is_sham: BoolArray
    is_gold: BoolArray
    difficulty: FloatArray
    spread: float
    n_words: FloatArray


@dataclass(frozen=True, eq=False)
class Seats:
    """One entry per label: unit, grader, when in the grader's time (0 to 1), repeat or not."""

    unit: IntArray
    grader: IntArray
    moment: FloatArray
    is_repeat: BoolArray


def simulate_team(
    rng: np.random.Generator,
    n_labels: int,
    *,
    cheat: str | None = None,
    difficulty: float = DIFFICULTY,
) -> GraderRecord:
    """Simulate five graders with about `n_labels` labels each; the last is the cheat, if any."""
    repeats = round(n_labels * rng.uniform(*REPEAT_SHARE))
    n_units = round((n_labels - repeats) * len(TEAM) / PER_UNIT)
    units, seats = _units(rng, n_units, difficulty), _seats(rng, n_units, repeats)
    answer, is_fast = _answers(rng, units, seats, cheat), np.zeros(len(seats.unit), dtype=bool)
    if cheat == "fast":
        is_fast = seats.grader == CHEAT
    pace = np.exp(rng.uniform(log(PACE[0]), log(PACE[1]), len(TEAM)))[seats.grader]
    spread = np.exp(TIME_SPREAD * rng.standard_normal(len(pace)))
    seconds = np.where(is_fast, FAST_SECONDS, units.n_words[seats.unit] / pace * 60) * spread
    return _record(units, seats, answer, seconds)


def _units(rng: np.random.Generator, n: int, difficulty: float) -> Units:
    is_sham = rng.random(n) < SHAM_SHARE
    mode = rng.choice(len(MODES), n, p=N_DOWN / N_DOWN.sum())
    verdict = np.where(rng.random(n) < SHAM_CORRECT, CORRECT, INCORRECT)
    is_gold = np.zeros(n, dtype=bool)
    is_gold[rng.permutation(n)[: round(n * rng.uniform(*GOLD_SHARE))]] = True
    return Units(
        truth=np.where(is_sham, verdict, mode),
        is_sham=is_sham,
        is_gold=is_gold,
        difficulty=difficulty * rng.standard_normal(n),
        spread=difficulty,
        n_words=np.ceil(WORDS * np.exp(WORDS_SPREAD * rng.standard_normal(n))),
    )


def _seats(rng: np.random.Generator, n_units: int, repeats: int) -> Seats:
    chosen = rng.random((n_units, len(TEAM))).argsort(axis=1)[:, :PER_UNIT]
    unit, grader = np.repeat(np.arange(n_units), PER_UNIT), chosen.ravel()
    moment = (unit + 0.5) / n_units
    again = [
        rng.permutation(np.flatnonzero(grader == coder))[:repeats] for coder in range(len(TEAM))
    ]
    rows = np.concatenate(again)
    later = moment[rows] + rng.random(len(rows)) * (1 - moment[rows])
    return Seats(
        unit=np.concatenate([unit, unit[rows]]),
        grader=np.concatenate([grader, grader[rows]]),
        moment=np.concatenate([moment, later]),
        is_repeat=np.arange(len(unit) + len(rows)) >= len(unit),
    )


def _answers(rng: np.random.Generator, units: Units, seats: Seats, cheat: str | None) -> IntArray:
    answer = _honest(rng, units, seats)
    is_sham = units.is_sham[seats.unit]
    n, own = len(answer), seats.grader == CHEAT
    guess = np.where(is_sham, rng.integers(CORRECT, INCORRECT + 1, n), rng.integers(0, 7, n))
    luck = rng.random(n)
    if cheat == "random":
        return np.where(own, guess, answer)
    if cheat == "commonest":
        return np.where(own, np.where(is_sham, CORRECT, COMMONEST), answer)
    if cheat == "fast":
        return np.where(own & (luck < FAST_RANDOM), guess, answer)
    if cheat == "drifting":
        return np.where(own & (luck < DRIFT_END * seats.moment), guess, answer)
    if cheat == "copier":
        of_victim = np.full(len(units.truth), -1)
        first = (seats.grader == VICTIM) & ~seats.is_repeat
        of_victim[seats.unit[first]] = answer[first]
        seen = of_victim[seats.unit]
        return np.where(own & (seen >= 0) & (luck < COPIED), seen, answer)
    return answer


def _honest(rng: np.random.Generator, units: Units, seats: Seats) -> IntArray:
    """Right with the grader's accuracy, less on hard units; a slip lands on a neighbour."""
    accuracy = rng.uniform(*ACCURACY, len(TEAM))[seats.grader]
    # Averaging a logit over normal difficulty flattens it by this factor (Zeger et al. 1988).
    flattened = (1 + (16 * 3**0.5 / (15 * np.pi)) ** 2 * units.spread**2) ** 0.5
    logit = np.log(accuracy / (1 - accuracy)) * flattened - units.difficulty[seats.unit]
    n, truth = len(accuracy), units.truth[seats.unit]
    is_right = rng.random(n) < 1 / (1 + np.exp(-logit))
    wheel = (SLIPS / SLIPS.sum(axis=1, keepdims=True)).cumsum(axis=1)
    slip = (rng.random(n)[:, None] > wheel[np.minimum(truth, 6)]).sum(axis=1)
    slip = np.where(units.is_sham[seats.unit], CORRECT + INCORRECT - truth, slip)
    answer = np.where(is_right, truth, slip)
    return np.where(rng.random(n) < DOUBT, CANNOT_TELL, answer)


def _record(units: Units, seats: Seats, answer: IntArray, seconds: FloatArray) -> GraderRecord:
    words = np.array(ANSWERS, dtype=object)
    verdicts = [*("correct" if m in CORRECT_MODES else "incorrect" for m in MODES), *ANSWERS[7:]]
    verdict = np.array(verdicts, dtype=object)[answer]
    is_sham = units.is_sham[seats.unit]
    # A hidden repeat is a unit of its own, so its number follows those of the originals.
    n, rows = len(units.truth), np.flatnonzero(seats.is_repeat)
    unit = seats.unit.copy()
    unit[rows] = n + np.arange(len(rows))
    labels = pd.DataFrame(
        {
            "unit": unit,
            "coder": np.array(TEAM, dtype=object)[seats.grader],
            "label": np.where(is_sham, "", words[answer]),
            "blind_correctness": verdict,
            "correctness": verdict,
            "seconds": seconds,
            "order": seats.moment.argsort().argsort(),
        }
    )
    known = np.where(units.is_gold, words[units.truth], "")
    facts = pd.DataFrame(
        {
            "unit": np.arange(n),
            "n_words": units.n_words,
            "rated_negative": ~units.is_sham,
            "gold_label": np.where(units.is_sham, "", known),
            "gold_correctness": np.where(units.is_sham, known, ""),
            "repeat_of": None,
        }
    )
    again = facts.iloc[seats.unit[rows]].assign(
        unit=unit[rows], repeat_of=seats.unit[rows], gold_label="", gold_correctness=""
    )
    return GraderRecord(labels=labels, units=pd.concat([facts.astype(object), again]))
