"""Queries of the library through the plain drivers, with their own front comment as the judge of what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import snowflake.connector
from snowflake.connector import SnowflakeConnection

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Column, Identifier, Relation
from gcms_tui.core.query import Described, Query

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
        query = LIBRARY.get(name)
        wanted = {item.name: (names or {})[item.name] for item in query.placeholders}
        statement = query.render(wanted, values)
        cursor = self.connection.cursor()
        # The drivers' own idea of no values: None for both.
        cursor.execute(statement.sql, statement.binds or None)
        if cursor.description is None:
            return []
        columns = [_folded(column[0]) for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        _as_declared(query, columns, rows)
        return rows

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


def _as_declared(query: Query, columns: list[str], rows: list[Row]) -> None:
    declared = [item.name for item in query.results]
    if query.results:
        assert columns[: len(declared)] == declared
        assert columns == declared or query.name == "failed_test_rows"
    for item in query.results:
        for row in rows:
            assert _fits(item, row[item.name]), f"{query.name}: {item.name} is {row[item.name]!r}"


def _fits(item: Described, value: object) -> bool:
    if isinstance(value, bool) and item.kind != "boolean":
        return False
    if item.kind == "date" and isinstance(value, datetime):
        return False
    return value is None or isinstance(value, _PYTHON[item.kind])
