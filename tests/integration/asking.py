"""Queries of the library through the plain drivers, with their own front comment as the judge of what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import snowflake.connector
from snowflake.connector import SnowflakeConnection

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, Relation
from gcms_tui.core.query import Answer, Described, Query

LIBRARY = QueryLibrary.load()
SCD2_COLUMNS: dict[str, Identifier] = {
    name: Column(name.upper())
    for name in (
        *("natural_key", "scd_id", "effective_from", "effective_to"),
        *("is_current", "recorded_at", "inserted_at", "updated_at"),
    )
}
PAYROLL: dict[str, Identifier] = {
    "fact": Relation("GOLD", "FCT_MUSICIAN_PAYMENT"),
    "source_payment": Relation("BRONZE", "BR_SUPABASE_PAYMENT"),
    "dim_musician": Relation("GOLD", "DIM_MUSICIAN"),
    "dim_concert": Relation("GOLD", "DIM_CONCERT"),
}
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (Decimal, int),
    "text": (str,),
    "boolean": (bool,),
    "date": (date,),
    "timestamp": (datetime,),
}

Row = dict[str, Any]


@dataclass
class Asking:
    """Asks queries of one connection."""

    connection: SnowflakeConnection | psycopg.Connection

    def rows(self, name: str, names: Mapping[str, Identifier] | None = None, **values: Scalar) -> list[Row]:
        """The rows by column name; `names` may hold more than the query wants."""
        answer = self.answer(name, names, **values)
        return list(answer.records())

    def answer(self, name: str, names: Mapping[str, Identifier] | None = None, **values: Scalar) -> Answer:
        """The rows as they came: two columns may have one name."""
        query = LIBRARY.get(name)
        wanted = {item.name: (names or {})[item.name] for item in query.placeholders}
        statement = query.render(wanted, values)
        cursor = self.connection.cursor()
        # The drivers' own idea of no values: None for both.
        cursor.execute(statement.sql, statement.binds or None)
        columns = tuple(_folded(column[0]) for column in cursor.description or ())
        answer = Answer(columns, tuple(map(tuple, cursor.fetchall())) if columns else (), None, datetime.now(UTC), 0)
        if columns:
            _as_declared(query, answer)
        return answer

    def row(self, name: str, names: Mapping[str, Identifier] | None = None, **values: Scalar) -> Row:
        [only] = self.rows(name, names, **values)
        return only

    def plain(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement of the test's own."""
        cursor = self.connection.cursor()
        cursor.execute(sql, values or None)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def connect(arguments: Mapping[str, Any]) -> SnowflakeConnection:
    return snowflake.connector.connect(
        **arguments,
        paramstyle="qmark",
        login_timeout=10,
        network_timeout=60,
        session_parameters={"TIMEZONE": "UTC", "QUERY_TAG": "gcms-tui query tests"},
    )


def relation(name: str) -> Relation:
    return Relation.parse(name)


def _folded(name: str) -> str:
    return name.lower() if name == name.upper() else name


def _as_declared(query: Query, answer: Answer) -> None:
    declared = tuple(item.name for item in query.results)
    if query.results:
        assert answer.columns[: len(declared)] == declared
        assert answer.columns == declared or query.name in ("failed_test_rows", "scd2_key_versions")
    for place, item in enumerate(query.results):
        for row in answer.rows:
            assert _fits(item, row[place]), f"{query.name}: {item.name} is {row[place]!r}"


def _fits(item: Described, value: object) -> bool:
    if isinstance(value, bool) and item.kind != "boolean":
        return False
    if item.kind == "date" and isinstance(value, datetime):
        return False
    return value is None or isinstance(value, _PYTHON[item.kind])
