"""The lines of the report that say how firm the headline is, for page and command alike."""

from analysis.estimates import Estimate
from analysis.nonresponse import NonresponseBounds
from labeling.firmness import Response, RunningHeadline, WorkLeft


def bounds_line(found: NonresponseBounds) -> str:
    n_skipped, n_unsure = found.skips.n, found.cannot_tell.n
    if not found.both.n:
        return "Nonresponse: no unit was skipped without a label or left at “cannot tell”."
    units = " and ".join(
        [f"{n_skipped:,.0f} skipped"] * bool(n_skipped)
        + [f"{round(n_unsure, 1):,g} “cannot tell”"] * bool(n_unsure)
    )
    units += " unit" if found.both.n == 1 else " units"
    line = (
        f"Nonresponse: if none, or all, of the {units} were unwelcome but correct, the share "
        f"would be {found.both.sentence}"
    )
    if found.both.low is None or found.both.high is None:
        return f"{line}."
    return f"{line}; with sampling error {found.both.low:.1%} to {found.both.high:.1%}."


def response_line(found: Response) -> str:
    return (
        f"Response: {found.n_labelled:,} of {found.n_drawn:,} drawn units are labelled "
        f"({found.rate:.1%}), {round(found.n_cannot_tell, 1):,g} of them “cannot tell”; "
        f"{found.n_skipped:,} skipped without a label, {found.n_waiting:,} not labelled yet."
    )


def anytime_line(found: RunningHeadline) -> str:
    share = found.share
    if share.value is None or share.low is None or share.high is None:
        return (
            f"No interval that is valid however often you look: {share.undefined_because}. "
            "The intervals here are for one look, when the audit is finished."
        )
    rest = [
        f"; {share.n_after:,} labelled after the first gap do not count" * bool(share.n_after),
        f"; {found.n_left_out:,} that everybody skipped are left out" * bool(found.n_left_out),
    ]
    return (
        f"Valid however often you look: {100 * share.value:.1f}% "
        f"[{100 * share.low:.1f}, {100 * share.high:.1f}], "
        f"from the first {share.n:,} units in serving order{''.join(rest)}."
    )


def work_line(found: WorkLeft) -> str:
    many = "labels are" if found.n_labels != 1 else "label is"
    return f"{found.n_labels:,} {many} still to give: {hours_words(found.hours)}."


def hours_words(found: Estimate) -> str:
    """Hours with their interval, or minutes where they are few, or why they are not known."""
    if found.value is None:
        return f"hours not known, {found.undefined_because}"
    unit, times = ("hours", 1) if found.value >= 1.5 else ("minutes", 60)
    said = f"about {found.value * times:,.1f} {unit} of active time"
    if found.low is None or found.high is None:
        return f"{said} ({found.undefined_because})"
    ends = f"[{found.low * times:,.1f}, {found.high * times:,.1f}]"
    return f"{said} {ends}, from {found.n:,} labels with a measured time"
