"""Agreement of an audit as JSON: the whole, and the parts that the agreement page shows."""

from typing import Any

from analysis.agreement import AgreementReport, PartAgreement
from labeling.agreement_words import verdict_sentence, weeks_sentence
from labeling.audit_agreement import AuditAgreement
from labeling.version_figures import VersionFigures, version_figures


def agreement_as_dict(agreed: AuditAgreement, found: AgreementReport) -> dict[str, Any]:
    """What `agreement --json` answers of an audit, and `report --json` under `agreement`.

    `found` is the whole at the level that was asked for; the parts are nominal, as on the page.
    """
    verdict, weeks = agreed.on_verdict, agreed.by_week
    return {
        **found.as_dict(),
        "by_stratum": [
            {"stratum": one.stratum.name, **part_as_dict(one.agreement)}
            for one in agreed.by_stratum
        ],
        "by_week": [{"week_from": str(one.monday), **part_as_dict(one.agreement)} for one in weeks],
        "by_week_undefined_because": None if weeks else weeks_sentence(agreed.audit, weeks),
        "by_codebook": [
            version_as_dict(one) for one in version_figures(agreed.audit, seed=agreed.seed)
        ],
        "on_verdict": part_as_dict(verdict),
        "on_verdict_undefined_because": verdict_sentence(agreed.audit, verdict.n_labels) or None,
    }


def part_as_dict(part: PartAgreement) -> dict[str, Any]:
    return {
        "n_units": part.n_units,
        "n_labels": part.n_labels,
        "n_units_with_two_labels": part.alpha.n,
        "alpha": part.alpha.as_dict(),
        "percent": part.percent.as_dict(),
    }


def version_as_dict(version: VersionFigures) -> dict[str, Any]:
    return {
        "codebook": str(version.codebook),
        "n_units": version.n_units,
        "n_labels": version.n_labels,
        "n_units_with_two_labels": version.alpha.n,
        "alpha": version.alpha.as_dict(),
    }
