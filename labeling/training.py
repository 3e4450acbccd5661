"""Training: the same two steps on units with a known answer, each explained after the answer.

An answer here is no label. Whether somebody has passed is counted from the answers, by the bar as
it stands now; a unit that is added after an attempt does not undo the attempt.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from labeling.models import Audit, Coder, Correctness, FailureMode, Gold, TrainingAnswer
from labeling.planting import check_answer, is_right
from projects.errors import InputError


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Where a coder stands in the latest attempt.

    `upcoming` is the next unit of it, if any, and `waiting` its verdict when that is given already.
    """

    is_asked: bool
    attempt: int = 1
    n_units: int = 0
    n_done: int = 0
    n_right: int = 0
    n_needed: int = 0
    passed: bool = False
    upcoming: Gold | None = None
    waiting: TrainingAnswer | None = None

    @property
    def is_over(self) -> bool:
        """The attempt is through, with or without success."""
        return self.passed or self.upcoming is None

    @property
    def must_train(self) -> bool:
        return self.is_asked and not self.passed


def must_train(audit: Audit, coder: Coder) -> bool:
    """Whether units wait for the coder behind a training that is not passed."""
    return audit.training_bar is not None and training_state(audit, coder).must_train


def training_units(audit: Audit) -> QuerySet[Gold]:
    """Those asked now, in the order they were made."""
    golds = Gold.objects.filter(unit__audit=audit, is_training=True, retired_at=None)
    return golds.order_by("created_at", "pk")


def training_state(audit: Audit, coder: Coder) -> TrainingState:
    """Count where the coder stands; nothing is asked without a bar or without units."""
    asked = list(training_units(audit).select_related("failure_mode"))
    if audit.training_bar is None or not asked:
        return TrainingState(is_asked=False)
    attempts = answers_by_attempt(audit, coder)
    attempt = max(attempts, default=1)
    answers = {answer.gold_id: answer for answer in attempts.get(attempt, [])}
    done = {answer.gold_id: answer for answer in answers.values() if answer.answered_at}
    units = [gold for gold in asked if gold.pk not in done]
    upcoming = units[0] if units else None
    return TrainingState(
        is_asked=True,
        attempt=attempt,
        n_units=len(units) + len(done),
        n_done=len(done),
        n_right=count_right(done.values()),
        n_needed=n_needed(len(units) + len(done), audit.training_bar),
        passed=any(has_passed(audit, given) for given in attempts.values()),
        upcoming=upcoming,
        waiting=answers.get(upcoming.pk) if upcoming else None,
    )


def answers_by_attempt(audit: Audit, coder: Coder) -> dict[int, list[TrainingAnswer]]:
    attempts: dict[int, list[TrainingAnswer]] = defaultdict(list)
    given = TrainingAnswer.objects.filter(gold__unit__audit=audit, coder=coder)
    for answer in given.select_related("gold__failure_mode", "failure_mode"):
        attempts[answer.attempt].append(answer)
    return dict(attempts)


def has_passed(audit: Audit, given: Iterable[TrainingAnswer]) -> bool:
    """Whether an attempt answered every unit that was asked when it ended, and reached the bar."""
    done = {answer.gold_id: answer for answer in given if answer.answered_at}
    if audit.training_bar is None or not done:
        return False
    ended = max(answer.answered_at for answer in done.values() if answer.answered_at)
    all_units = Gold.objects.filter(unit__audit=audit, is_training=True, created_at__lte=ended)
    asked = all_units.exclude(retired_at__lte=ended).values_list("pk", flat=True)
    if not set(asked) <= set(done):
        return False
    return count_right(done.values()) >= n_needed(len(done), audit.training_bar)


def n_needed(n_units: int, bar: float) -> int:
    """Right answers that reach the bar; two of three reach 0.66 and 0.67 alike."""
    return math.ceil(n_units * bar - 0.05)


def count_right(answers: Iterable[TrainingAnswer]) -> int:
    return sum(is_answer_right(answer) for answer in answers)


def is_answer_right(answer: TrainingAnswer) -> bool:
    mode = answer.failure_mode.code if answer.failure_mode else None
    return is_right(answer.correctness, mode, answer.gold)


@transaction.atomic
def record_training_verdict(
    *, gold: Gold, coder: Coder, attempt: int, correctness: str
) -> TrainingAnswer:
    """Store the blind verdict of this attempt; a second one changes nothing."""
    Coder.objects.select_for_update(no_key=True).get(pk=coder.pk)
    if correctness not in Correctness.values:
        raise InputError(
            f"Verdict: expected one of {', '.join(Correctness.values)}, got {correctness!r}."
        )
    state = training_state(gold.unit.audit, coder)
    here = TrainingAnswer.objects.filter(gold=gold, coder=coder, attempt=attempt).first()
    if here:
        return here
    next_attempt = state.attempt + 1 if state.is_over and not state.passed else state.attempt
    if not state.must_train or attempt != next_attempt:
        raise InputError("This form is of an earlier attempt: nothing was saved.")
    return TrainingAnswer.objects.create(
        gold=gold, coder=coder, attempt=attempt, correctness=correctness
    )


@transaction.atomic
def record_training_mode(*, answer: TrainingAnswer, mode: FailureMode | None) -> None:
    """Store the failure mode, which ends the unit; a second one changes nothing."""
    if mode is None and answer.correctness != Correctness.CANNOT_TELL:
        raise InputError("Choose the failure mode: why was the output rated down?")
    check_answer(answer.gold.unit.audit, answer.correctness, mode)
    open_answer = TrainingAnswer.objects.filter(pk=answer.pk, answered_at=None)
    open_answer.update(failure_mode=mode, answered_at=Now())
