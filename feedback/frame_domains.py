"""How large each domain is in a frame: known from the feedback, not from the sample."""
# ruff: noqa: S608 - the only values in the text are integers, quoted texts and known columns

from collections import defaultdict

from feedback.frame_source import STRATA_FIELDS, DatabaseSource
from feedback.frame_sql import NO_STRATUM, quoted
from feedback.frame_strata import FRAMES, read_frame


def count_domains(
    source: DatabaseSource, frame: str, strata_field: str
) -> dict[str, dict[str, int]]:
    """Count a frame's outputs by stratum and domain; empty where the strata are of another kind.

    Outputs without a domain are "(none)".
    """
    if strata_field and strata_field not in STRATA_FIELDS:
        return {}
    strata = [each for each in read_frame(source, frame, strata_field).strata if each.n_frame]
    if not strata:
        return {}
    framed = " UNION ALL ".join(
        f"SELECT {position} AS position, id FROM rated WHERE {stratum.cut.condition}"
        for position, stratum in enumerate(strata)
    )
    domain = f"COALESCE(NULLIF(o.domain, ''), {quoted(NO_STRATUM)})"
    rows = source.rows(
        f"WITH rated AS ({source.relation(strata_field, FRAMES[frame].channels)}), "
        f"framed AS ({framed}) "
        f"SELECT framed.position, {domain}, COUNT(*) FROM framed "
        "JOIN feedback_output AS o ON o.external_id = framed.id "
        f"AND o.project_id = {int(source.project.pk)} GROUP BY framed.position, {domain}"
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for position, name, n in rows:
        found[strata[position].name][str(name)] = int(n)
    return dict(found)
