"""A writing session over tables in memory: copies until COMMIT, and everything told as an event as it comes to pass.
And what reading them and writing to them has in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from gcms_tui.core.errors import MissingRelation
from gcms_tui.core.finding import Scalar
from gcms_tui.core.query import Answer
from gcms_tui.core.writing.written import SessionIdentity
from tests.operations.memory import NOW

RELATION = re.compile(r'"[^"]+"(?:\."[^"]+")+')

T = TypeVar("T")
X = TypeVar("X")


class Committed(Protocol[X]):
    """What is committed, and everything that happened to it."""

    tables: dict[str, X]
    events: list[str]

    def happens(self, event: str) -> None: ...


@dataclass
class Transactions(Generic[X]):
    """What every session does alike; a subclass reads and runs statements."""

    base: Committed[X]
    query_tag: str
    identity: SessionIdentity = field(default=SessionIdentity("GCMS", "OPERATOR", "77"))
    mine: dict[str, X] | None = None
    """A copy, while a transaction is open."""

    def begin(self) -> None:
        assert self.mine is None
        self._done("BEGIN", lambda: None)
        self.mine = deepcopy(self.base.tables)

    def commit(self, request_id: str) -> str | None:
        assert self.mine is not None
        self._done("COMMIT", self._commit)
        return "q-commit"

    def rollback(self) -> None:
        self.mine = None
        self._done("ROLLBACK", lambda: None)

    def close(self) -> None:
        self.mine = None

    def _commit(self) -> None:
        assert self.mine is not None
        self.base.tables.update(self.mine)
        self.mine = None

    @property
    def _tables(self) -> dict[str, X]:
        return self.base.tables if self.mine is None else self.mine

    def _done(self, event: str, effect: Callable[[], T]) -> T:
        self.base.events.append(event)
        self.base.happens(event)
        done = effect()
        self.base.happens(f"after {event}")
        return done


def there(tables: Mapping[str, X], name: str) -> X:
    if name not in tables:
        raise MissingRelation("A table is missing", f"{name} is not there.")
    return tables[name]


def answer(rows: Sequence[Mapping[str, Scalar]]) -> Answer:
    columns = tuple(rows[0]) if rows else ()
    return Answer(columns, tuple(tuple(row.values()) for row in rows), "q", NOW, 1)
