"""Let a judge judge outputs: each verdict is kept at once, so a run that is cut off goes on.

Answers may be awaited side by side; the database is used by the calling thread alone.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import Any

from feedback.models import Content
from labeling.judge_cases import Case, Said
from labeling.judges import CHUNK, Judgement, record_judgements
from labeling.models import FailureMode, Judge
from projects.errors import InputError

MAX_LISTED = 100
MOST_IN_A_ROW = 5
"""Outputs without an answer after which a run gives up."""
MOST_REFUSED_IN_A_ROW = 20
"""Answers that cannot be taken after which a run gives up: they cost money, too."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of asking about one output: a verdict, or the reason why there is none."""

    case: Case
    said: Said | None = None
    refused: str = ""
    failed: str = ""
    passed_over: bool = False
    tokens_in: int | None = 0
    tokens_out: int | None = 0


@dataclass(frozen=True, kw_only=True)
class Asker:
    """A judge at work: how it is asked, and how many questions go out before one is answered."""

    ask: Callable[[Case], Outcome]
    modes: dict[str, FailureMode]
    workers: int
    batch: int = 1


@dataclass
class JudgeRun:
    """One run of a judge, as far as it has come."""

    judge: Judge
    n_outputs: int
    n_before: int
    n_todo: int
    n_judged: int = 0
    n_refused: int = 0
    n_failed: int = 0
    n_passed_over: int = 0
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    seconds: float = 0.0
    problems: list[tuple[str, str]] = field(default_factory=list)
    last_problem: str = ""
    in_a_row: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def n_done(self) -> int:
        return self.n_judged + self.n_refused + self.n_failed + self.n_passed_over

    def cost(self, price_in: float | None, price_out: float | None) -> float | None:
        """By prices per million tokens; None where prices or tokens are not known."""
        if None in (price_in, price_out, self.tokens_in, self.tokens_out):
            return None
        return (self.tokens_in * price_in + self.tokens_out * price_out) / 1e6  # type: ignore[operator]

    def count(self, outcome: Outcome) -> None:
        self.tokens_in = added(self.tokens_in, outcome.tokens_in)
        self.tokens_out = added(self.tokens_out, outcome.tokens_out)
        self.n_judged += outcome.said is not None
        self.n_refused += bool(outcome.refused)
        self.n_failed += bool(outcome.failed)
        self.n_passed_over += outcome.passed_over
        reason = outcome.refused or outcome.failed
        self.last_problem = reason or self.last_problem
        if reason and len(self.problems) < MAX_LISTED:
            self.problems.append((outcome.case.name, reason))
        failed, refused = self.in_a_row
        self.in_a_row = [
            failed + 1 if outcome.failed else 0,
            refused + 1 if outcome.refused else 0,
        ]

    def check(self) -> None:
        """Give up where nothing comes of it any more."""
        failed, refused = self.in_a_row
        if failed >= MOST_IN_A_ROW or refused >= MOST_REFUSED_IN_A_ROW:
            what = "no answer" if failed >= MOST_IN_A_ROW else "no answer that can be taken"
            raise InputError(
                f"{self.judge}: {what} on {max(failed, refused)} outputs in a row, the last time: "
                f"{self.last_problem}; {self.n_judged:,} verdicts were kept, the same command "
                "goes on from there."
            )


def added(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more


def judge_outputs(
    run: JudgeRun,
    todo: Sequence[int],
    *,
    asker: Asker,
    stop: Event,
) -> Generator[JudgeRun, None, None]:
    """Ask about each output of `todo` (ids) and keep what is said; yields after each batch.

    Raises
    ------
    InputError
        The endpoint is set up wrong, or nothing comes of it; what was said until then is kept.
    """
    started = time.monotonic()
    found = outcomes(cases(todo), asker.ask, workers=asker.workers, stop=stop)
    with closing(found):
        error: InputError | None = None
        while not error:
            batch, error = take(found, asker.batch)
            if not batch:
                break
            said = [(outcome.case, outcome.said) for outcome in batch if outcome.said is not None]
            record_judgements(run.judge, [as_judgement(*pair, asker.modes) for pair in said])
            for outcome in batch:
                run.count(outcome)
            run.seconds = time.monotonic() - started
            yield run
            run.check()
    if error:
        raise error


def take(found: Iterator[Outcome], n: int) -> tuple[list[Outcome], InputError | None]:
    """The next outcomes, and what ended them: the answers before an error were paid for."""
    batch: list[Outcome] = []
    try:
        batch.extend(islice(found, n))
    except InputError as error:
        return batch, error
    return batch, None


def outcomes(
    cases: Iterator[Case], ask: Callable[[Case], Outcome], *, workers: int, stop: Event
) -> Generator[Outcome, None, None]:
    """Ask about the cases, at most `workers` questions under way; 0: one after another, here."""
    if not workers:
        yield from map(ask, cases)
        return
    pool = ThreadPoolExecutor(max_workers=workers)
    pending: set[Future[Outcome]] = set()
    error: InputError | None = None
    try:
        for case in cases:
            pending.add(pool.submit(ask, case))
            if len(pending) >= workers:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                error = yield from answered(done)
                if error:
                    stop.set()
                    break
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            error = (yield from answered(done)) or error
        if error:
            raise error
    finally:
        stop.set()  # who waits before another try need not
        pool.shutdown(wait=True, cancel_futures=True)


def answered(done: set[Future[Outcome]]) -> Generator[Outcome, None, InputError | None]:
    """What came of these questions; returns the error of one after which nothing can come."""
    error = None
    for future in done:
        try:
            outcome = future.result()
        except InputError as broken:
            error = broken
        else:
            yield outcome
    return error


def cases(todo: Sequence[int]) -> Iterator[Case]:
    """The outputs with their texts, a chunk at a time, in this order."""
    ids = deque(todo)
    while ids:
        chunk = [ids.popleft() for _ in range(min(CHUNK, len(ids)))]
        found = Content.objects.filter(pk__in=chunk).select_related("output").in_bulk()
        yield from (as_case(found[pk]) for pk in chunk if pk in found)


def as_case(content: Content) -> Case:
    output = content.output
    return Case(
        output_id=output.pk,
        name=output.external_id,
        domain=output.domain,
        conversation=content.conversation,
        text=content.text,
        latency_ms=output.latency_ms,
        metadata=output.metadata,
    )


def as_judgement(case: Case, said: Said, modes: dict[str, FailureMode]) -> Judgement:
    return Judgement(
        output_id=case.output_id,
        correctness=said.correctness,
        mode=modes[said.mode] if said.mode else None,
        score=said.score,
        rationale=said.rationale,
    )


def as_dict(run: JudgeRun, cost: float | None) -> dict[str, Any]:
    return {
        "judge": str(run.judge),
        "kind": run.judge.kind,
        "project": run.judge.project.slug,
        "n_outputs": run.n_outputs,
        "n_before": run.n_before,
        "n_judged": run.n_judged,
        "n_refused": run.n_refused,
        "n_failed": run.n_failed,
        "n_without_check": run.n_passed_over,
        "n_left": run.n_outputs - run.n_before - run.n_judged - run.n_passed_over,
        "problems": [{"output": name, "reason": reason} for name, reason in run.problems],
        "tokens_in": run.tokens_in,
        "tokens_out": run.tokens_out,
        "cost": cost,
        "seconds": round(run.seconds, 1),
    }
