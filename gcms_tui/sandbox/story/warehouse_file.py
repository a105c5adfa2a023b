"""The story written as the warehouse's own file, before its server starts: thousands of rows in well under a second,
where statements through the server would take a minute."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import duckdb
import pyarrow as pa

from gcms_tui.sandbox.story.plot import Story
from gcms_tui.sandbox.story.rows import SourceRow, Version, VersionedState

DATABASE = "GCMS"
SCHEMAS = ("PUBLIC", "RAW", "BRONZE", "SILVER", "GOLD", "TEST_RESULTS", "GCMS_OPS")

_AIRBYTE_IDS = UUID("6f1a3c52-6d53-4f0e-9d3b-3a0f6a7c1f11")
_GENERATION = 7
"""The number of full refreshes so far, as Airbyte counts them."""

_CLOCKS = "CREATED_AT TIMESTAMPTZ, UPDATED_AT TIMESTAMPTZ"
_LANDED = {
    "instrument": f"ID BIGINT, NAME VARCHAR, SECTION VARCHAR, {_CLOCKS}",
    "musician": (
        "ID BIGINT, FIRST_NAME VARCHAR, LAST_NAME VARCHAR, EMAIL VARCHAR, INSTRUMENT_ID BIGINT, INSTRUMENT VARCHAR,"
        f" PAY_TYPE VARCHAR, RATE DECIMAL(10, 2), ACTIVE BOOLEAN, {_CLOCKS}"
    ),
    "concert": f"ID BIGINT, TITLE VARCHAR, CONCERT_DATE DATE, VENUE VARCHAR, STATUS VARCHAR, {_CLOCKS}",
    "rehearsal": f"ID BIGINT, CONCERT_ID BIGINT, SERVICE_TYPE VARCHAR, STARTS_AT TIMESTAMPTZ, {_CLOCKS}",
    "attendance": (
        "ID BIGINT, CONCERT_ID BIGINT, MUSICIAN_ID BIGINT, REHEARSAL_ID BIGINT, STATUS VARCHAR, REMARK VARCHAR,"
        f" RECORDED_AT TIMESTAMPTZ, {_CLOCKS}"
    ),
    "payment": (
        "ID BIGINT, CONCERT_ID BIGINT, MUSICIAN_ID BIGINT, PAY_TYPE VARCHAR, ATTENDED_SERVICES BIGINT,"
        " REQUIRED_SERVICES BIGINT, GROSS_AMOUNT DECIMAL(12, 2), DEDUCTIONS DECIMAL(12, 2),"
        f" NET_AMOUNT DECIMAL(12, 2), PAID BOOLEAN, PAYMENT_DATE DATE, {_CLOCKS}"
    ),
}
_AIRBYTE = (
    "_AIRBYTE_RAW_ID VARCHAR, _AIRBYTE_EXTRACTED_AT TIMESTAMPTZ, _AIRBYTE_META VARCHAR, _AIRBYTE_GENERATION_ID BIGINT"
)

_VERSIONED = {
    "MUSICIAN": (
        "MUSICIAN_ID BIGINT, FIRST_NAME VARCHAR, LAST_NAME VARCHAR, EMAIL VARCHAR, INSTRUMENT_ID BIGINT,"
        " INSTRUMENT VARCHAR, PAY_TYPE VARCHAR, RATE DECIMAL(10, 2), ACTIVE BOOLEAN"
    ),
    "CONCERT": "CONCERT_ID BIGINT, TITLE VARCHAR, CONCERT_DATE DATE, VENUE VARCHAR, STATUS VARCHAR",
    "ATTENDANCE": "CONCERT_ID BIGINT, MUSICIAN_ID BIGINT, REHEARSAL_ID BIGINT, STATUS VARCHAR, REMARK VARCHAR",
}
_VALIDITY = (
    "EFFECTIVE_FROM TIMESTAMP, EFFECTIVE_TO TIMESTAMP, IS_CURRENT BOOLEAN, RECORDED_AT TIMESTAMP,"
    " INSERTED_AT TIMESTAMP, UPDATED_AT TIMESTAMP"
)


def write_warehouse(directory: Path, story: Story) -> Path:
    """Writes `GCMS.db` into `directory` and returns its path: RAW as Airbyte landed it, and the SCD2 tables' history.
    dbt builds the rest.

    Raises `FileExistsError` where there is such a file already.
    """
    path = directory / f"{DATABASE}.db"
    if path.exists():
        raise FileExistsError(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("BEGIN")
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for table, rows in story.tables.items():
            _write(
                connection,
                f"RAW.SUPABASE_{table.upper()}",
                f"{_LANDED[table]}, {_AIRBYTE}",
                _landed(story, table, rows),
            )
        versions: dict[str, Sequence[Version[VersionedState]]] = {
            "MUSICIAN": story.musician_versions,
            "CONCERT": story.concert_versions,
            "ATTENDANCE": story.attendance_versions,
        }
        for name, history in versions.items():
            columns = f"SCD_ID VARCHAR, NATURAL_KEY VARCHAR, {_VERSIONED[name]}, {_VALIDITY}"
            _write(connection, f"BRONZE.BR_{name}_SCD2", columns, _flattened(history))
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    return path


def _write(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    connection.execute(f"CREATE TABLE {table} ({columns})")
    values = [pa.array(column) for column in zip(*rows, strict=True)]
    connection.register("story_rows", pa.table(values, names=[f"c{position}" for position in range(len(values))]))
    connection.execute(f"INSERT INTO {table} SELECT * FROM story_rows")
    connection.unregister("story_rows")


def _landed(story: Story, table: str, rows: Sequence[SourceRow]) -> Iterator[tuple[Any, ...]]:
    names = [column.name for column in fields(rows[0])]
    extracted_at = story.extracted_at(table)
    sync = int(extracted_at.timestamp()) // 3600
    meta = json.dumps({"sync_id": sync, "changes": []})
    for row in rows:
        raw_id = str(uuid5(_AIRBYTE_IDS, f"{table} {row.id} {sync}"))
        yield (*(getattr(row, name) for name in names), raw_id, extracted_at, meta, _GENERATION)


def _flattened(versions: Sequence[Version[VersionedState]]) -> Iterator[tuple[Any, ...]]:
    names = [column.name for column in fields(versions[0].state)]
    for version in versions:
        yield (
            version.scd_id,
            version.natural_key,
            *(getattr(version.state, name) for name in names),
            version.effective_from,
            version.effective_to,
            version.is_current,
            version.recorded_at,
            version.inserted_at,
            version.updated_at,
        )
