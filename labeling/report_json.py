"""A report as JSON: all figures of the report page, each with its interval or why there is none."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from labeling.agreement_json import agreement_as_dict
from labeling.breakdowns import Breakdown, Breakdowns, ModeLatency, ReasonFinding
from labeling.reports import Report

FIELDS = ("domain", "release", "model")


def report_as_dict(report: Report) -> dict[str, Any]:
    """What `report --json` and `report.json` answer."""
    found = Breakdowns(report.data)
    codes = list(report.data.modes.weights.columns)
    difference = report.difference
    return {
        **report.as_dict(),
        "agreement": agreement_as_dict(report.data.agreement, report.agreement),
        "headline_for_future": report.headline_for_future.as_dict(),
        "by_stratum": [
            {"stratum": part.name, "n_frame": part.share.n_frame, **part.share.as_dict()}
            for part in report.by_stratum
        ],
        "difference": difference.as_dict() if difference else None,
        "breakdowns": [breakdown_as_dict(found.headline_by(field)) for field in FIELDS],
        "reasons": [reason_as_dict(reason, codes) for reason in found.reasons()],
        "latencies": [latency_as_dict(latency) for latency in found.latencies()],
        **beside(report),
    }


def beside(report: Report) -> dict[str, Any]:
    """What apps say that know reports while labeling does not know them: the gate."""
    parts: dict[str, str] = settings.REPORT_PARTS
    tellers: dict[str, Callable[[Report], Any]] = {
        key: import_string(path) for key, path in parts.items()
    }
    return {key: tell(report) for key, tell in tellers.items()}


def breakdown_as_dict(found: Breakdown) -> dict[str, Any]:
    return {
        "by": found.field,
        "groups": [
            {
                "name": group.name,
                "n_others": group.n_others,
                "n_frame_estimated": group.share.n_frame,
                "n_drawn": group.n_drawn,
                **group.share.as_dict(),
            }
            for group in found.groups
        ],
        "undefined_because": found.undefined_because or None,
    }


def reason_as_dict(found: ReasonFinding, codes: list[str]) -> dict[str, Any]:
    return {
        "reason": found.reason,
        "n_others": found.n_others,
        "n": found.n,
        "n_correct": found.n_correct,
        "n_incorrect": found.n_incorrect,
        "n_cannot_tell": found.n_cannot_tell,
        "share_correct": found.share_correct.as_dict(),
        "n_by_mode": [
            {"mode": code, "n": n} for code, n in zip(codes, found.n_by_mode, strict=True)
        ],
    }


def latency_as_dict(found: ModeLatency) -> dict[str, Any]:
    quartiles = found.quartiles
    return {
        "mode": found.code,
        "n": found.n,
        "n_without_latency": found.n_missing,
        "lower_quartile_ms": quartiles.low if quartiles else None,
        "median_ms": quartiles.median if quartiles else None,
        "upper_quartile_ms": quartiles.high if quartiles else None,
        "undefined_because": None if quartiles else "no unit of this mode has a latency",
    }
