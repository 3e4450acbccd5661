"""Sentences of the report for what its figures cannot say by themselves."""

from analysis.agreement import AgreementReport
from analysis.shares import Share


def agreement_sentence(found: AgreementReport) -> str:
    """Why alpha is not known, in words that say what is known instead; empty where it is known."""
    if found.alpha.value is not None:
        return ""
    if found.percent.value is None:
        if not found.n_labels:
            return "Nobody has labelled a unit yet: agreement is not defined."
        return (
            "No unit has labels of two coders yet: agreement is not defined. "
            f"{found.n_units:,} {'unit has' if found.n_units == 1 else 'units have'} one label."
        )
    if found.percent.value == 1:
        return (
            "All coders gave the same label to every unit: alpha is undefined, since nothing "
            "could have been confused, and percent agreement is 100%."
        )
    return f"Alpha is undefined: {found.alpha.undefined_because}."


def precision_sentence(shares: list[Share]) -> str:
    """How many of several shares are too imprecise; empty where none is."""
    n = sum(share.too_imprecise is not None for share in shares)
    known = sum(share.value is not None for share in shares)
    if not n:
        return ""
    which = "All" if n == known else f"{n} of {known}"
    return (
        f"{which} are too imprecise to rest a decision on. They are in the order of their names: "
        "ranks of such figures would change with the next sample."
    )
