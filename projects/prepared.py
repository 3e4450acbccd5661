"""A queryset whose SQL is written once and then executed with other values.

For the few statements that every answer at the desk waits for: the ORM takes ten times longer to
write them than the database to run them. The queryset stays the one definition of the rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.query import get_related_populators  # type: ignore[attr-defined]

M = TypeVar("M", bound=models.Model)
MARK = 7_000_000_000_000
"""No id comes near it; each name gets a number of its own from here on."""
Value = int | str


@dataclass(frozen=True, kw_only=True)
class Statement(Generic[M]):
    """SQL for one kind of database, and how its rows become objects with their relations."""

    sql: str
    params: tuple[Any, ...]
    names: dict[Value, str]
    compiler: Any
    converters: dict[int, Any]
    attributes: list[str]
    columns: slice
    relations: list[Any]

    def rows(self, values: dict[str, Value]) -> list[M]:
        given = [values[self.names[p]] if self.takes(p) else p for p in self.params]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, given)
            found = cursor.fetchall()
        if self.converters:
            found = self.compiler.apply_converters(found, self.converters)
        return [self.made(row) for row in found]

    def takes(self, param: object) -> bool:
        return isinstance(param, int | str) and param in self.names

    def made(self, values: Sequence[Any]) -> M:
        model: type[M] = self.compiler.klass_info["model"]
        found = model.from_db(DEFAULT_DB_ALIAS, self.attributes, values[self.columns])
        for relation in self.relations:
            relation.populate(values, found)
        for name, place in self.compiler.annotation_col_map.items():
            setattr(found, name, values[place])
        return found


class Prepared(Generic[M]):
    """`build` takes integers, ids above all, by the names that `first` takes them by later.

    `texts` names those that are text. Relations that the queryset selects come along, and what it
    annotates.
    """

    def __init__(
        self, build: Callable[..., models.QuerySet[M]], *names: str, texts: tuple[str, ...] = ()
    ) -> None:
        self.build = build
        self.marks: dict[Value, str] = {MARK + place: name for place, name in enumerate(names)}
        self.marks |= {f"value of {name}": name for name in texts}
        self.statement = cache(self._write)

    def first(self, **values: Value) -> M | None:
        """The first row in the queryset's own order."""
        found = self.statement(connection.vendor, 1).rows(values)
        return found[0] if found else None

    def all(self, **values: Value) -> list[M]:
        """All rows in the queryset's own order."""
        return self.statement(connection.vendor, None).rows(values)

    def _write(self, vendor: str, limit: int | None) -> Statement[M]:
        """SQL for this kind of database; every value must stand in it."""
        rows = self.build(**{name: mark for mark, name in self.marks.items()})[:limit]
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        missing = set(self.marks) - {p for p in params if isinstance(p, int | str)}
        if missing:
            names = ", ".join(sorted(self.marks[mark] for mark in missing))
            raise ValueError(f"expected a queryset that depends on {names}, it does not.")
        own = compiler.klass_info["select_fields"]
        columns = slice(own[0], own[-1] + 1)
        return Statement(
            sql=sql,
            params=tuple(params),
            names=self.marks,
            compiler=compiler,
            converters=compiler.get_converters([column[0] for column in compiler.select]),
            attributes=[column[0].target.attname for column in compiler.select[columns]],
            columns=columns,
            relations=get_related_populators(
                compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
            ),
        )
