"""Small records of graders, typed in as one string of labels per coder."""

import pandas as pd

from analysis.grader_record import GraderRecord
from analysis.graders import GraderQuality, grader_quality

VERDICTS = {"c": "correct", "x": "incorrect", "t": "cannot_tell"}


def record(*, units=None, skips=None, seconds=None, blind=None, final=None, **coders):
    """Make a record: one letter per unit and coder, a dot where there is no label.

    A capital is a mode, c, x and t are verdicts on a unit where no mode is asked. `blind` and
    `final` hold a coder's verdicts in the same letters; `seconds` a coder's times; `units` facts
    that differ from an ordinary unit, by number from 1.
    """
    rows = []
    for coder, letters in coders.items():
        for number, letter in enumerate(letters, start=1):
            if letter == ".":
                continue
            rows.append(
                {
                    "unit": number,
                    "coder": coder,
                    "label": letter if letter.isupper() else "",
                    "blind_correctness": _verdict(blind, coder, number, VERDICTS.get(letter, "")),
                    "correctness": _verdict(final, coder, number, VERDICTS.get(letter, "")),
                    "seconds": seconds[coder][number - 1] if coder in (seconds or {}) else None,
                    "order": number,
                }
            )
    numbers = range(1, max(map(len, coders.values()), default=0) + 1)
    columns = ["unit", "coder", "label", "blind_correctness", "correctness", "seconds", "order"]
    return GraderRecord(
        labels=pd.DataFrame(rows, columns=columns),
        units=pd.DataFrame([_unit(n, (units or {}).get(n, {})) for n in numbers], columns=FACTS),
        skips=skips or {},
    )


FACTS = ["unit", "n_words", "rated_negative", "gold_label", "gold_correctness", "repeat_of"]


def _unit(number, facts):
    usual = {"n_words": 100, "rated_negative": True, "gold_label": "", "gold_correctness": ""}
    return {"unit": number, **usual, "repeat_of": None, **facts}


def _verdict(letters, coder, number, otherwise):
    if coder not in (letters or {}):
        return otherwise
    return VERDICTS.get(letters[coder][number - 1], "")


def quality_of(coder, made, **options) -> GraderQuality:
    return next(q for q in grader_quality(made, **options) if q.coder == coder)


def flag_of(flag, coder, made, **options):
    return next(f for f in quality_of(coder, made, **options).flags if f.id == flag)
