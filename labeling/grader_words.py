"""Figures and flags of graders in words, for page and command alike."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis import grader_flags as limits
from analysis.estimates import Estimate
from analysis.grader_flag_rates import ANY, false_alarm_rate, nearest_size
from analysis.grader_flags import Flag
from analysis.graders import ActiveTime, GraderQuality
from projects.templatetags.figures import count, percent, percent_number, signed_points

NOTICE = "Flags are for a person to look at; nothing is blocked by them."
THIRDS = (
    "Third opinions count as labels and are compared with nobody: they were asked because two "
    "graders differed. Agreement, bias and the flags that compare use the first opinions alone."
)
WORDS_PER_MINUTE = limits.FASTEST_WORDS_PER_MINUTE
MARGIN = f"{100 * limits.AGREEMENT_MARGIN:.0f} points"

FIGURES = {
    "active_time": (
        "Active time",
        "Median time per label in which the page was seen and used.",
    ),
    "skip_rate": ("Skips", "Skips, of skips and labels."),
    "gold_accuracy": ("Gold right", "Answers as known, of planted units with a known answer."),
    "self_agreement": ("Agrees with self", "Equal answers on hidden repeats."),
    "agreement": (
        "Agrees with others",
        "Mean share of the unit's other graders who gave the same answer.",
    ),
    "verdict_bias": (
        "Verdict bias",
        "Share of blind verdicts “correct”, minus that of the others on the same units. "
        "The others may be the biased ones.",
    ),
    "moved_towards": (
        "Moved to the complaint",
        "Anchoring meter: blind verdicts that moved towards the user's complaint at the reveal, "
        "of those that could. A move may be right.",
    ),
    "moved_away": (
        "Moved away from it",
        "Blind verdicts that moved away from the complaint, of those that could.",
    ),
}
FLAGS = {
    "speed": (
        "too fast",
        f"Fires when surely more than {limits.TOO_FAST_SHARE:.0%} of the labels were made faster "
        f"than the text can be read at {WORDS_PER_MINUTE} words a minute.",
    ),
    "straight_lining": (
        "one answer in a row",
        "Fires when one answer was given in a run too long for chance, as common as it is.",
    ),
    "gold": (
        "gold wrong",
        "Fires when even the upper end of the interval of right answers on gold units is under "
        f"{limits.GOLD_BAR:.0%}.",
    ),
    "repeats": (
        "differs from self",
        "Fires when even the upper end of the interval of equal answers on hidden repeats is "
        f"under {limits.REPEAT_BAR:.0%}.",
    ),
    "agreement": (
        "differs from others",
        f"Fires when this grader agrees with the others surely {MARGIN} less than they agree "
        "with each other on the same units.",
    ),
    "copier": (
        "same errors as another",
        "Fires when this grader and one other make the same error more often than independent "
        "graders would. It fires on both, and cannot say who copied, or whether both learned the "
        "same mistake from the same person.",
    ),
    "drift": (
        "falling agreement",
        "Fires when agreement with the others surely fell from the first third of the labels to "
        "the last, and more than that of the others with each other.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of one grader: its value, then its interval and n, or why there is none."""

    name: str
    explained: str
    value: str
    rest: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FlagWords:
    """One flag of one grader.

    Attributes
    ----------
    seen : what was measured and where it fires, or why it was not judged
    false_alarm : on how many honest graders it fires; empty when it was not judged
    """

    name: str
    explained: str
    fires: bool
    state: str
    seen: str
    false_alarm: str


def figures(quality: GraderQuality) -> list[Figure]:
    """Give the figures of one grader, in the order of `FIGURES`."""
    return [
        Figure(name=name, explained=explained, value=value, rest=rest)
        for key, (name, explained) in FIGURES.items()
        for value, rest in [in_words(key, quality)]
    ]


def in_words(key: str, quality: GraderQuality) -> tuple[str, tuple[str, ...]]:
    if key == "active_time":
        return time_words(quality.active_time)
    return estimate_words(getattr(quality, key), is_difference=key == "verdict_bias")


def time_words(time: ActiveTime) -> tuple[str, tuple[str, ...]]:
    if time.median is None:
        return "not known", (f"{time.undefined_because}",)
    value = f"{time.median:.0f} s" if time.median < 120 else f"{time.median / 60:.1f} min"
    return value, (f"n = {count(time.n)}",)


def estimate_words(found: Estimate, *, is_difference: bool = False) -> tuple[str, tuple[str, ...]]:
    if found.value is None:
        return "not known", (f"{found.undefined_because}",)
    end = signed_points if is_difference else percent_number
    value = f"{signed_points(found.value)} points" if is_difference else percent(found.value)
    interval = f"[{end(found.low)}, {end(found.high)}]"
    if found.low is None:
        interval = f"{found.undefined_because}"
    return value, (interval, f"n = {count(found.n)}")


def flags(
    quality: GraderQuality,
    *,
    modes: Mapping[str, str] | None = None,
    people: Mapping[str, str] | None = None,
) -> list[FlagWords]:
    """Give the flags of one grader; `modes` and `people` are names for codes and pseudonyms."""
    names = {"straight_lining": modes or {}, "copier": people or {}}
    return [
        flag_words(
            flag, names.get(flag.id, {}).get(flag.about or "", flag.about or ""), quality.n_labels
        )
        for flag in quality.flags
    ]


def flag_words(flag: Flag, about: str, n_labels: int) -> FlagWords:
    name, explained = FLAGS[flag.id]
    seen, state, alarm = f"not judged: {flag.not_judged_because}", "not judged", ""
    if flag.measured is not None and flag.threshold is not None:
        seen = measured_words(flag, flag.measured, flag.threshold, about)
        state = "fires" if flag.fires else "does not fire"
        alarm = false_alarm_words(flag.false_alarm, n_labels)
    return FlagWords(
        name=name,
        explained=explained,
        fires=flag.fires,
        state=state,
        seen=seen,
        false_alarm=alarm,
    )


def measured_words(flag: Flag, measured: float, threshold: float, about: str) -> str:
    n, share, least = count(flag.n), percent(measured), percent(threshold)
    points, under = signed_points(measured), f"fires under {signed_points(threshold)}"
    return {
        "speed": f"{share} of {n} timed labels, fires from {least}",
        "straight_lining": f"{about} {measured:.0f} times in a row, fires from {threshold:.0f}",
        "gold": f"{share} of {n} gold units right, fires at {least} or less",
        "repeats": f"{share} of {n} repeats equal, fires at {least} or less",
        "agreement": f"{points} points on {n} units, {under}",
        "copier": f"{share} of {n} telling units wrong alike with {about}, fires from {least}",
        "drift": f"{points} points over {n} units, {under}",
    }[flag.id]


def any_flag_words(n_labels: int) -> str:
    rate = false_alarm_rate(ANY, n_labels)
    return f"At least one flag {false_alarm_words(rate, n_labels)}"


def false_alarm_words(rate: Estimate, n_labels: int) -> str:
    """Say on how many honest graders it fires; as it was simulated."""
    if rate.value is None or rate.low is None:
        return f"false alarms not known: {rate.undefined_because}"
    return (
        f"fires on {percent(rate.value)} [{percent_number(rate.low)}, {percent_number(rate.high)}] "
        f"of honest graders at about {nearest_size(n_labels)} labels"
    )
