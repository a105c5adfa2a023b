"""A sync: Supabase's tables as they are now, put into RAW, in one transaction for each table.

A full refresh, as Airbyte would do it. Rows that are there already, unchanged, are stamped as pulled anew and not sent
again: the warehouse ends up with the same, and a table of tens of thousands of rows does not take minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import snowflake.connector
from psycopg import sql

from gcms_tui.sandbox.airbyte.connections import Connection
from gcms_tui.sandbox.airbyte.jobs import Cancelled

_BATCH = 100
_TYPES = {
    "timestamptz": "TIMESTAMP_TZ",
    "date": "DATE",
    "numeric": "NUMBER(12, 2)",
    "bool": "BOOLEAN",
    "int8": "NUMBER(38, 0)",
    "int4": "NUMBER(38, 0)",
}
"""What a value that is bound as text is made of again, by Postgres' type; a text stays one."""

Row = tuple[Any, ...]


class Copying:
    """One source and one destination."""

    def __init__(self, dsn: str, warehouse: Mapping[str, Any]) -> None:
        self._dsn = dsn
        self._warehouse = warehouse

    def sync(self, connection: Connection, cancelled: Callable[[], bool]) -> int:
        """How many rows there are. Raises whatever a driver raises, and `Cancelled`."""
        with (
            psycopg.connect(self._dsn) as source,
            snowflake.connector.connect(**self._warehouse, paramstyle="qmark", autocommit=True) as destination,
        ):
            return sum(self._table(table, source, destination, cancelled) for table in connection.tables)

    def _table(
        self, table: str, source: psycopg.Connection[Row], destination: Any, cancelled: Callable[[], bool]
    ) -> int:
        pulled_at = datetime.now(UTC)
        read = source.execute(sql.SQL("SELECT * FROM public.{}").format(sql.Identifier(table)))
        columns = [(column.name, _type_of(column.type_code, source)) for column in read.description or ()]
        rows = {str(row[0]): row for row in read}
        target = f'RAW."SUPABASE_{table.upper()}"'
        cursor = destination.cursor()
        there = {str(number): _text(at) for number, at in cursor.execute(f"SELECT ID, UPDATED_AT FROM {target}")}
        place = [name for name, _ in columns].index("updated_at")
        changed = {number: row for number, row in rows.items() if there.get(number) != _text(row[place])}
        gone = [number for number in there if number not in rows or number in changed]
        cursor.execute("BEGIN")
        try:
            for numbers in _batches(gone):
                marks = ", ".join("?" for _ in numbers)
                cursor.execute(f"DELETE FROM {target} WHERE ID::VARCHAR IN ({marks})", numbers)
            cursor.execute(
                f"UPDATE {target} SET _AIRBYTE_EXTRACTED_AT = ?::TIMESTAMP_TZ", (pulled_at.isoformat(sep=" "),)
            )
            for some in _batches(list(changed.values())):
                if cancelled():
                    raise Cancelled
                self._insert(cursor, target, columns, some, pulled_at)
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        return len(rows)

    def _insert(
        self, cursor: Any, target: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row], pulled_at: datetime
    ) -> None:
        names = [name.upper() for name, _ in columns] + [
            "_AIRBYTE_RAW_ID", "_AIRBYTE_EXTRACTED_AT", "_AIRBYTE_META", "_AIRBYTE_GENERATION_ID",
        ]  # fmt: skip
        marks = [f"?::{kind}" if kind else "?" for _, kind in columns] + ["?", "?::TIMESTAMP_TZ", "?", "7"]
        meta = json.dumps({"sync_id": int(pulled_at.timestamp()), "changes": []})
        values = [
            value
            for row in rows
            for value in (*(_text(cell) for cell in row), str(uuid4()), pulled_at.isoformat(sep=" "), meta)
        ]
        line = f"({', '.join(marks)})"
        cursor.execute(
            f"INSERT INTO {target} ({', '.join(names)}) SELECT * FROM VALUES {', '.join(line for _ in rows)}", values
        )


def _type_of(oid: int, source: psycopg.Connection[Row]) -> str:
    known = source.adapters.types.get(oid)
    return _TYPES.get(known.name, "") if known else ""


def _text(value: object) -> str | None:
    """One text for each value, so that both sides can be compared and any of them bound."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat(sep=" ")
        case _:
            return str(value)


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
