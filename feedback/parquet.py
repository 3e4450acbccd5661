"""A frame read in place from Parquet, by DuckDB; only the drawn outputs come over.

DuckDB is told each column and may open the named files and nothing else. Every row counts: in files
there is no superseded feedback.
"""
# ruff: noqa: S608 - every value in the text is quoted, every column exists in the files

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from django.db import transaction
from django.utils import timezone

from feedback.cleaning import RowError, as_score, as_value, parse_json
from feedback.frame_source import STRATA_FIELDS
from feedback.frame_sql import NO_STRATUM, number, quoted
from feedback.intake import take_rows
from feedback.mapping import decide, listed, parse_pairs
from feedback.models import Channel, Import
from feedback.polarity import Polarity, is_scale, parse_negative
from feedback.rows import Row, RowReader
from projects.errors import InputError
from projects.models import Project, User

CHUNK = 500
MOST_VALUES = 1000


@dataclass(frozen=True)
class Value:
    """A rating as it stands in the files, and as it is read."""

    raw: str
    text: str
    n: int


@dataclass
class ParquetSource:
    """The rated outputs of some Parquet files, by one mapping and one polarity."""

    project: Project
    pattern: str
    pairs: Sequence[str] = ()
    negative: Sequence[str] = ()
    created_by: User | None = None
    mapping: dict[str, str] = field(init=False)
    polarity: Polarity = field(init=False)
    values: list[Value] = field(init=False)

    def __post_init__(self) -> None:
        self.files = find_files(self.pattern)
        self.engine = locked_down(self.files)
        self.mapping = decide(self.columns(), parse_pairs(self.pairs))
        if "id" not in self.mapping or "rating" not in self.mapping:
            missing = "id" if "id" not in self.mapping else "rating"
            raise InputError(
                f"--from: expected a column for {missing}, named with --map {missing}=COLUMN; "
                f"got the columns {listed(self.columns())}."
            )
        self.values = self.read_values()
        histogram: dict[str, int] = {}
        for value in self.values:
            histogram[value.text] = histogram.get(value.text, 0) + value.n
        self.polarity = parse_negative(self.negative, histogram)
        self.default_channel = Channel.RATING if is_scale(histogram) else Channel.THUMB

    @property
    def strata_fields(self) -> Sequence[str]:
        return STRATA_FIELDS

    @property
    def table(self) -> str:
        return f"read_parquet([{', '.join(quoted(name) for name in self.files)}])"

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        try:
            return list(self.engine.execute(text).fetchall())
        except duckdb.Error as error:
            said = " ".join(str(error).split())[:300].rstrip(".")
            raise InputError(
                f"--from: expected Parquet files with the same columns, got {self.pattern!r}: "
                f"{said}."
            ) from error

    def columns(self) -> list[str]:
        return [str(row[0]) for row in self.rows(f"DESCRIBE SELECT * FROM {self.table}")]

    def n_outputs(self) -> int:
        text = f"SELECT COUNT(DISTINCT {self.named('id')}) FROM {self.table}"
        return int(self.rows(text)[0][0])

    def read_values(self) -> list[Value]:
        """Give each rating that occurs, read as an import would read it."""
        column = identifier(self.mapping["rating"])
        found = self.rows(
            f"SELECT CAST({column} AS VARCHAR) AS raw, "
            f"CAST(to_json(ANY_VALUE({column})) AS VARCHAR), COUNT(*) FROM {self.table} "
            f"WHERE {column} IS NOT NULL GROUP BY raw ORDER BY raw LIMIT {MOST_VALUES + 1}"
        )
        if len(found) > MOST_VALUES:
            raise InputError(
                f"rating: expected a column with at most {MOST_VALUES:,} different values, "
                f"{self.mapping['rating']!r} has more."
            )
        try:
            read = [Value(raw, as_value(parse_json(shown)), n) for raw, shown, n in found]
        except RowError as error:
            raise InputError(f"rating: expected plain values, got one that {error}.") from error
        return [value for value in read if value.text]

    def relation(self, strata_field: str, channels: Sequence[str]) -> str:
        """Fold several rows of one output as `DatabaseSource` folds several signals."""
        if strata_field and strata_field not in self.mapping:
            raise InputError(
                f"strata: expected a column for {strata_field}, "
                f"named with --map {strata_field}=COLUMN."
            )
        stratum = self.named(strata_field) if strata_field else "''"
        wanted = ", ".join(quoted(channel) for channel in channels)
        return (
            "SELECT id, channel, negative, stratum, "
            "CASE WHEN channel = 'thumb' THEN 1.0 - negative ELSE score END AS score "
            f"FROM (SELECT {self.named('id')} AS id, "
            f"MAX({self.channel}) AS channel, "
            "MAX(polarity.negative) AS negative, MIN(polarity.score) AS score, "
            f"COALESCE(NULLIF(MIN({stratum}), ''), {quoted(NO_STRATUM)}) AS stratum "
            f"FROM {self.table} AS files JOIN (VALUES {self.read_as()}) "
            "AS polarity(raw, negative, score) "
            f"ON CAST(files.{identifier(self.mapping['rating'])} AS VARCHAR) = polarity.raw "
            f"WHERE {self.named('id')} <> '' AND {self.channel} IN ({wanted}) "
            f"GROUP BY {self.named('id')}) AS folded"
        )

    def unrated(self) -> str:
        """Give the outputs none of whose rows has a rating that an import would read."""
        return (
            "SELECT id, '' AS channel, 0 AS negative, '' AS stratum, 0.0 AS score "
            f"FROM (SELECT {self.named('id')} AS id "
            f"FROM {self.table} AS files LEFT JOIN (VALUES {self.read_as()}) "
            "AS polarity(raw, negative, score) "
            f"ON CAST(files.{identifier(self.mapping['rating'])} AS VARCHAR) = polarity.raw "
            f"WHERE {self.named('id')} <> '' GROUP BY {self.named('id')} "
            "HAVING COUNT(polarity.raw) = 0) AS folded"
        )

    def read_as(self) -> str:
        """Give the ratings as rows: as in the files, negative or not, and their number."""
        rows = []
        for value in self.values:
            score = as_score(value.text)
            written = "CAST(NULL AS DOUBLE)" if score is None else number(score)
            sign = int(self.polarity.is_negative(value.text))
            rows.append(f"({quoted(value.raw)}, {sign}, CAST({written} AS DOUBLE))")
        return ", ".join(rows) or "(NULL, 0, NULL)"

    @property
    def channel(self) -> str:
        if "channel" in self.mapping:
            return f"LOWER({self.named('channel')})"
        return quoted(str(self.default_channel))

    def named(self, name: str) -> str:
        """Give a mapped field as trimmed text."""
        column = self.mapping[name]
        if column.startswith(":"):
            return quoted(column[1:])
        return f"TRIM(CAST({identifier(column)} AS VARCHAR))"

    def fetch(self, external_ids: Sequence[str]) -> list[Row]:
        """Read the drawn outputs with their feedback, by the same rules as an import."""
        reader = RowReader(
            self.project,
            mapping=self.mapping,
            polarity=self.polarity,
            default_channel=self.default_channel,
        )
        wanted = ", ".join(f"({quoted(id_)})" for id_ in external_ids)
        records = self.rows(
            f"WITH drawn(id) AS (VALUES {wanted}) "
            f"SELECT CAST(to_json(files) AS VARCHAR) FROM {self.table} AS files "
            f"WHERE {self.named('id')} IN (SELECT id FROM drawn)"
        )
        rows = [self.read(reader, str(record)) for (record,) in records]
        missing = sorted(set(external_ids) - {row.external_id for row in rows})
        if missing:
            raise InputError(f"--from: expected an id that can be stored, got {missing[0]!r}.")
        return rows

    @transaction.atomic
    def store(self, rows: Sequence[Row]) -> None:
        """Store the drawn outputs under an import of their own."""
        source = Import.objects.create(
            project=self.project,
            created_by=self.created_by,
            file_name=self.pattern[-255:],
            sha256="",
            staged="",
            format="parquet",
            mapping=self.mapping,
            negative_values=self.polarity.as_list(),
            status=Import.Status.DONE,
            finished_at=timezone.now(),
            n_records=len(rows),
        )
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            taken = take_rows(source, list(enumerate(chunk, start=start + 1)))
            if taken.rejected:
                raise InputError(f"--from: {taken.rejected[0][1]}.")
            source.n_new += taken.n_new
            source.n_duplicate += taken.n_duplicate
        source.save(update_fields=["n_new", "n_duplicate"])

    def read(self, reader: RowReader, record: str) -> Row:
        try:
            return reader.read(parse_json(record))
        except RowError as error:
            raise InputError(f"--from: a drawn output of {self.pattern!r}: {error}.") from error


def find_files(pattern: str) -> list[str]:
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute one
    files = sorted(str(Path(name).resolve()) for name in names)
    if not files:
        raise InputError(f"--from: expected Parquet files, none match {pattern!r}.")
    others = [name for name in files if not Path(name).is_file()]
    if others:  # a pipe would be waited for, and a folder is not what the pattern should match
        raise InputError(
            "--from: expected files only, named such as 'feedback/*.parquet', "
            f"got {others[0]!r}, which is none."
        )
    return files


def locked_down(files: Iterable[str]) -> duckdb.DuckDBPyConnection:
    """Open an engine in memory that reads these files and can reach nothing else."""
    engine = duckdb.connect()
    for setting in (
        f"allowed_paths = [{', '.join(quoted(name) for name in files)}]",
        "enable_external_access = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "lock_configuration = true",
    ):
        engine.execute(f"SET {setting}")
    return engine


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
