"""A queryset whose SQL is written once and then executed with other values.

For the few statements that every answer at the desk waits for: the ORM takes ten times longer to
write them than the database to run them. The queryset stays the one definition of the rows.
"""

from collections.abc import Callable
from functools import cache
from typing import Generic, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)
MARK = 7_000_000_000_000
"""No id comes near it; each name gets a number of its own from here on."""


class Prepared(Generic[M]):
    """`build` takes integers, ids above all, by the names that `first` takes them by later."""

    def __init__(self, build: Callable[..., models.QuerySet[M]], *names: str) -> None:
        self.build = build
        self.marks = {MARK + place: name for place, name in enumerate(names)}
        self.text = cache(self._write)

    def first(self, **values: int) -> M | None:
        """The first row in the queryset's own order."""
        model, sql, params = self.text(connection.vendor)
        given = [
            values[self.marks[p]] if isinstance(p, int) and p in self.marks else p for p in params
        ]
        return next(iter(model._default_manager.raw(sql, given)), None)

    def _write(self, vendor: str) -> tuple[type[M], str, tuple[object, ...]]:
        """The first row's SQL for this kind of database; every value must stand in it."""
        rows = self.build(**{name: mark for mark, name in self.marks.items()})[:1]
        sql, params = rows.query.sql_with_params()
        missing = set(self.marks) - {p for p in params if isinstance(p, int)}
        if missing:
            names = ", ".join(self.marks[mark] for mark in sorted(missing))
            raise ValueError(f"expected a queryset that depends on {names}, it does not.")
        return rows.model, sql, params
