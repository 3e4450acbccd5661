"""Units and labels of a large audit, made inside the database by one statement a coder.

Labels come coder by coder, as graders give them, so that those of one unit lie apart. The truth of
a unit and what a coder makes of it are a multiplicative hash of their numbers.
"""

from django.core.management import call_command
from django.db import connection

from labeling.codebooks import current_codebook
from labeling.models import Audit, Coder, FailureMode, Stratum, Unit
from projects.models import Project

PER_UNIT = 3
RIGHT = 8
"""In how many of ten labels a coder says what the unit is; else any category, that one included."""


def load_audit(n_units: int, n_graders: int) -> Audit:
    call_command("migrate", verbosity=0)
    project = Project.objects.create(slug="bench", name="Bench")
    codebook = current_codebook(project)
    audit = Audit.objects.create(
        project=project,
        slug="bench",
        name="Bench",
        frame="negative",
        codebook=codebook,
        coders_per_unit=PER_UNIT,
    )
    stratum = Stratum.objects.create(audit=audit, name="all", n_frame=n_units, n_sampled=n_units)
    Coder.objects.bulk_create(
        Coder(project=project, name=f"grader {number:04}") for number in range(n_graders)
    )
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=OFF")
        else:  # no look-up of each row's foreign keys, which takes most of the loading
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(units_statement(audit, stratum, n_units))
        for turn in range(PER_UNIT):
            cursor.execute(labels_statement(audit, n_units, n_graders, turn))
        if connection.vendor == "postgresql":  # what autovacuum does some minutes later
            for table in ("labeling_unit", "labeling_label"):
                cursor.execute(f"VACUUM ANALYZE {table}")
    return audit


def numbers(n: int) -> str:
    return (
        "WITH RECURSIVE number(i) AS "
        f"(SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM number WHERE i < {n})"
    )


def scattered(number: str) -> str:
    """Knuth's multiplicative hash of a whole number, its upper 16 bits."""
    return f"((({number}) * 2654435761) % 4294967296 / 65536)"


def units_statement(audit: Audit, stratum: Stratum, n_units: int) -> str:
    return f"""
        INSERT INTO labeling_unit
            (audit_id, stratum_id, name, token, kind, prn, serving, inclusion_probability)
        {numbers(n_units)}
        SELECT {audit.pk}, {stratum.pk}, 'u' || i, 't' || i, 'sampled',
               CAST({scattered("i")} AS text), CAST({scattered("i + 1")} AS text), 1.0
        FROM number"""


def labels_statement(audit: Audit, n_units: int, n_graders: int, turn: int) -> str:
    first_unit = Unit.objects.order_by("pk").values_list("pk", flat=True)[0]
    first_coder = Coder.objects.order_by("pk").values_list("pk", flat=True)[0]
    modes = mode_rows(audit)
    said, other = f"i * {PER_UNIT} + {turn}", f"i * 7 + {turn}"
    truth = scattered("i + 7")
    category = f"""(CASE WHEN {scattered(said)} % 10 < {RIGHT} THEN {truth}
                         ELSE {scattered(other)} END) % {len(modes)}"""
    yes, no = ("1", "0") if connection.vendor == "sqlite" else ("true", "false")
    return f"""
        INSERT INTO labeling_label
            (unit_id, coder_id, codebook_id, correctness, revision_reason, asks_mode,
             failure_mode_id, needed_verdict, note, submission_id, is_late, is_imported, created_at)
        {numbers(n_units)},
        mode AS ({" UNION ALL ".join(modes)}),
        given AS (
            SELECT i, {first_coder} + ({scattered("i")} + {turn}) % {n_graders} AS coder,
                   {category} AS place
            FROM number)
        SELECT i + {first_unit - 1}, coder, {audit.codebook_id}, verdict, '', {yes},
               mode, needed, '', 's{turn}-' || i, {no}, {no}, CURRENT_TIMESTAMP
        FROM given JOIN mode USING (place)"""


def mode_rows(audit: Audit) -> list[str]:
    """One SELECT per category: its place, the mode's key, the verdict it needs."""
    modes: list[FailureMode] = list(audit.codebook.modes.all())
    rows = [
        f"SELECT {place} AS place, {mode.pk} AS mode, "
        f"'{mode.needs_verdict}' AS verdict, '{mode.needs_verdict}' AS needed"
        for place, mode in enumerate(modes)
    ]
    return [*rows, f"SELECT {len(modes)}, CAST(NULL AS bigint), 'cannot_tell', ''"]
