"""One statement over a session of Postgres: its answer in our own types, within bounded time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.line import cut_after
from gcms_tui.adapters.postgres_errors import Failure, classify
from gcms_tui.core.finding import Scalar
from gcms_tui.core.query import Answer, Statement

if TYPE_CHECKING:
    from psycopg import Connection

PATIENCE_S = 40.0
"""How long an answer is waited for: longer than the server itself lets a statement take, so that its own word comes
first."""


class PostgresFailed(Exception):
    """A statement failed; `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure.error))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Done:
    """What one statement did."""

    answer: Answer
    rows: int
    """Rows that it touched or answered; 0 where it has none."""
    tag: str
    """What the server calls it: `UPDATE 20`, `COMMIT`, and `ROLLBACK` where COMMIT was asked for in vain."""


def perform(
    connection: Connection[tuple[object, ...]],
    statement: Statement,
    now: Callable[[], datetime],
    *,
    where: str,
    patience_s: float = PATIENCE_S,
) -> Done:
    """Raises `PostgresFailed`."""
    import psycopg

    begun = time.monotonic()
    cut: threading.Event | None = None
    try:
        with cut_after(connection.fileno(), patience_s) as cut, connection.cursor() as cursor:
            cursor.execute(statement.sql.encode(), statement.binds or None)
            described = cursor.description
            columns = tuple(column.name for column in described) if described else ()
            rows = tuple(tuple(map(_scalar, row)) for row in cursor.fetchall()) if described else ()
            touched, tag = max(cursor.rowcount, 0), cursor.statusmessage or ""
    except psycopg.Error as error:
        waited = patience_s if cut is not None and cut.is_set() else None
        raise PostgresFailed(classify(error, where=where, source=statement.source, waited_s=waited)) from None
    elapsed_ms = int((time.monotonic() - begun) * 1000)
    return Done(Answer(columns, rows, None, now(), elapsed_ms), touched, tag)


def server_of(connection: Connection[tuple[object, ...]]) -> str:
    """Where it leads, as a person knows it."""
    info = connection.info
    return f"{info.host}:{info.port}/{info.dbname}"


def _scalar(value: Any) -> Scalar:
    match value:
        case None | bool() | str() | int() | float() | Decimal():
            return value
        case datetime():
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        case date():
            return value
        case _:
            return str(value)
