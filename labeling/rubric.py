"""A rubric as a judge: checks per domain, from a TOML file that a lead keeps (docs/rubrics.md)."""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from feedback.cleaning import shown
from labeling.judge_cases import Case, Said
from labeling.judge_prompt import fingerprint
from labeling.judge_run import Asker, Outcome
from labeling.judges import register_judge
from labeling.models import Correctness, Judge
from labeling.rubric_checks import (
    KINDS,
    NUMBER,
    OPTIONS,
    TAKES,
    Check,
    UnknownError,
    check_pattern,
    read_date,
)
from projects.errors import InputError
from projects.models import Project

BATCH = 200
ROOM = ("tolerance", "relative_tolerance", "days")
MAX_BYTES = 200_000
LARGEST = 10**1000
TYPES: dict[str, tuple[type, ...]] = {
    "domain": (str,),
    "expected": (str, int, Decimal),
    "expected_from": (str,),
    "tolerance": (int, Decimal),
    "relative_tolerance": (int, Decimal),
    "days": (int,),
    "take": (str,),
    "ignore_case": (bool,),
    "pattern": (str,),
    "must_match": (bool,),
}


def rubric_judge(project: Project, *, name: str, text: str) -> Judge:
    """The judge of this name and rubric; a changed file would be another judge."""
    version = f"rubric+{fingerprint(text)}"
    return register_judge(project, kind=Judge.Kind.RUBRIC, name=name, version=version, recipe=text)


def rubric_asker(checks: Sequence[Check]) -> Asker:
    return Asker(ask=partial(ask, checks=checks), modes={}, workers=0, batch=BATCH)


def ask(case: Case, *, checks: Sequence[Check]) -> Outcome:
    """Apply the checks of the output's domain; without one it is passed over."""
    applied = [check for check in checks if check.domain in (None, case.domain)]
    if not applied:
        return Outcome(case=case, passed_over=True)
    failed, unknown = [], []
    for check in applied:
        try:
            if not check.holds(case):
                failed.append(check.kind)
        except UnknownError as error:
            unknown.append(str(error))
    if failed:
        said = Said(correctness=Correctness.INCORRECT, rationale=f"fails: {', '.join(failed)}")
    elif unknown:
        said = Said(correctness=Correctness.CANNOT_TELL, rationale="; ".join(unknown))
    else:
        said = Said(correctness=Correctness.CORRECT)
    return Outcome(case=case, said=said)


def read_rubric(path: Path) -> tuple[str, tuple[Check, ...]]:
    """Give the file's text and its checks.

    Raises
    ------
    InputError
        It is not TOML of this form: which check, what was expected, what came.
    """
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise InputError(f"--rubric: expected at most {MAX_BYTES:,} bytes, got {len(data):,}.")
        text = data.decode()
        parsed = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        raise InputError(f"--rubric: {path} cannot be read ({error.strerror}).") from None
    except (ValueError, ArithmeticError, RecursionError) as error:  # and too many digits
        raise InputError(f"--rubric: {path.name} is not TOML: {error}.") from None
    tables = parsed.get("check")
    if parsed.keys() != {"check"} or not isinstance(tables, list) or not tables:
        raise InputError(
            f"--rubric: expected one or more tables [[check]] and nothing else in {path.name}."
        )
    return text, tuple(read_check(number, table) for number, table in enumerate(tables, start=1))


def read_check(number: int, table: Any) -> Check:
    where = f"--rubric: check {number}"
    if not isinstance(table, dict):
        raise InputError(f"{where}: expected a table [[check]].")
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(f"{where}: kind: expected {', '.join(KINDS)}, got {shown(kind)}.")
    options = {name: value for name, value in table.items() if name != "kind"}
    for name, value in options.items():
        check_option(where, kind, name, value)
    check_needs(where, kind, options)
    if "expected" in options:
        options["expected"] = str(options["expected"])
        check_expected(where, kind, options["expected"])
    for name in ("tolerance", "relative_tolerance"):
        if name in options:
            options[name] = Decimal(options[name])
    return Check(kind=kind, **options)


def check_option(where: str, kind: str, name: str, value: Any) -> None:
    allowed = ("domain", *OPTIONS[kind])
    if name not in allowed:
        raise InputError(
            f"{where}: expected kind and {', '.join(allowed)} in a {kind} check, got {shown(name)}."
        )
    is_wrong_bool = isinstance(value, bool) and bool not in TYPES[name]
    if is_wrong_bool or not isinstance(value, TYPES[name]):
        raise InputError(f"{where}: {name} cannot be {shown(str(value))}.")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise InputError(f"{where}: {name}: a number with more digits than can be read.")
    if name == "take" and value not in TAKES:
        raise InputError(f"{where}: take: expected {', '.join(TAKES)}, got {shown(value)}.")
    if name in ROOM:
        check_room(where, name, Decimal(str(value)))


def check_expected(where: str, kind: str, expected: str) -> None:
    """Refuse what would judge nothing: each output would come out as cannot tell."""
    if kind == "numeric" and not NUMBER.fullmatch(expected):
        raise InputError(f"{where}: expected: expected a number, got {shown(expected)}.")
    if kind == "date" and read_date(expected) is None:
        raise InputError(f"{where}: expected: expected a date, got {shown(expected)}.")


def check_room(where: str, name: str, value: Decimal) -> None:
    if not (value.is_finite() and 0 <= value <= 10**12):
        raise InputError(f"{where}: {name}: expected 0 or more, got {value}.")


def check_needs(where: str, kind: str, options: Mapping[str, Any]) -> None:
    if kind == "regex":
        if not options.get("pattern"):
            raise InputError(f"{where}: expected a pattern.")
        try:
            check_pattern(options["pattern"])
        except InputError as error:
            raise InputError(f"{where}: {error}.") from None
    elif ("expected" in options) == ("expected_from" in options):
        raise InputError(f"{where}: expected one of expected and expected_from.")
