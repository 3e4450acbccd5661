"""What pages of an audit say of the gate, which knows audits while they do not know it."""

from django import template

from analysis.estimates import Estimate
from labeling.firmness_words import hours_words
from labeling.reports import Report
from release.planning import ToDecide, to_decide

register = template.Library()


@register.simple_tag
def decision_lines(report: Report) -> list[str]:
    """What is missing for a decision of the gate, in words; empty where the gate does not judge."""
    found = to_decide(report)
    return lines_of(found) if found else []


@register.filter
def hours_of(found: Estimate | None) -> str:
    """Hours of work in words, or why they are not known."""
    return "?" if found is None else hours_words(found)


def lines_of(found: ToDecide) -> list[str]:
    low, high = found.policy.low, found.policy.high
    about = f"For a decision of the gate (limits {low:.0%} and {high:.0%})"
    lines = [f"{about}: {more_words(found)}."]
    if found.may_stop and found.by_now:
        lines.append(
            "You can stop today: the interval that is valid however often you look decides by now. "
            + found.by_now.reasons[0]
        )
    return lines


def more_words(found: ToDecide) -> str:
    more = found.more
    if more.units is None:
        return f"{more.undefined_because}"
    if not more.units:
        return f"no more units, the share is {more.decision} as it stands"
    units = "unit" if more.units == 1 else "units"
    said = (
        f"label {more.units:,} more {units}; if the share stays as it is, the gate will then say "
        f"“{more.decision}” with a chance of {more.power:.0%}"
    )
    if found.hours:
        said += f"; {hours_words(found.hours)}"
    if more.units > found.n_drawn:
        said += f"; {found.n_drawn:,} drawn ones have no label yet, so the sample is too small"
    return said
