"""From stored labels, verdicts, times and skips to each coder's figures and flags.

Nothing here is stored, and nothing here changes what anybody may do.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from analysis.estimates import undefined
from analysis.grader_flag_rates import ANY, false_alarm_rate
from analysis.grader_flags import Flag
from analysis.graders import GraderQuality, grader_quality
from labeling.grader_data import GraderData
from labeling.models import Audit

BY_ORDER = ("straight_lining", "drift")
ORDER_UNKNOWN = "the order in which imported labels were given is not known"


@dataclass(frozen=True, kw_only=True)
class GraderRow:
    """One coder, under the pseudonym, and what is known of the work."""

    pk: int
    quality: GraderQuality


@dataclass(frozen=True, kw_only=True)
class GraderReport:
    """All coders of an audit, ordered by name.

    Attributes
    ----------
    middle_n : labels of the median coder
    n_thirds : third opinions, which are compared with nobody
    """

    audit: Audit
    rows: tuple[GraderRow, ...]
    middle_n: int
    n_thirds: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "audit": self.audit.slug,
            "n_third_opinions": self.n_thirds,
            "any_flag": asdict(false_alarm_rate(ANY, self.middle_n)),
            "graders": [asdict(row.quality) for row in self.rows],
        }


def build_grader_report(audit: Audit) -> GraderReport:
    """Compute every coder's figures and flags from the current labels."""
    data = GraderData(audit)
    rows = qualities(data)
    return GraderReport(
        audit=audit,
        rows=tuple(rows),
        middle_n=int(median(row.quality.n_labels for row in rows)) if rows else 0,
        n_thirds=len(data.thirds),
    )


def qualities(data: GraderData) -> list[GraderRow]:
    if not data.coders:
        return []
    imported = {label.coder__name for label in data.labels if label.is_imported}
    return [
        GraderRow(
            pk=data.coders[found.coder],
            quality=without_order(found) if found.coder in imported else found,
        )
        for found in grader_quality(data.record())
    ]


def without_order(found: GraderQuality) -> GraderQuality:
    """Take back the flags that rest on an order: a file has one, but it is not that of the work."""
    return replace(found, flags=tuple(unordered(found.flags)))


def unordered(flags: Iterable[Flag]) -> Iterable[Flag]:
    for flag in flags:
        yield (
            replace(
                flag,
                fires=False,
                measured=None,
                threshold=None,
                about=None,
                not_judged_because=ORDER_UNKNOWN,
                false_alarm=undefined("not judged"),
            )
            if flag.id in BY_ORDER
            else flag
        )
