"""Sentences of the agreement page for what its figures cannot say by themselves."""

from analysis.disagreement import Confusion
from labeling.audit_agreement import WeekAgreement
from labeling.models import Audit

KRIPPENDORFF = (
    "Krippendorff (2004) asks for .800 before one relies on data, and lets .667 do where "
    "tentative conclusions are still acceptable; below that, draw none."
)


def verdict_sentence(audit: Audit, n_labels: int) -> str:
    """Why there is no agreement on the blind verdict; empty where there is."""
    if n_labels:
        return ""
    if audit.is_imported:
        return "Imported labels have no verdict that was given blind."
    if not audit.is_blind:
        return "Verdicts in this audit are not given blind."
    return "No blind verdict counts yet."


def weeks_sentence(audit: Audit, weeks: tuple[WeekAgreement, ...]) -> str:
    """Why there is no line over time; empty where there is one."""
    if audit.is_imported:
        return "When the imported labels were given is not known."
    if not weeks:
        return "No unit is labelled yet."
    if len(weeks) == 1:
        return (
            f"All units were completed in the week from {weeks[0].monday:%d %B %Y}: "
            "there is nothing to compare with over time."
        )
    return ""


def confusion_sentence(found: tuple[Confusion, ...], names: dict[str, str]) -> str:
    """Which two labels are taken for each other most."""
    if not found:
        return "No two coders gave different labels to one unit."
    first = found[0]
    a, b = (names.get(label, label) for label in first.labels)
    carried = f"{first.n_units:,} unit{' carries' if first.n_units == 1 else 's carry'} both"
    return f"Most of all {a} and {b}: {100 * first.share:.0f}% of all disagreement; {carried}."
