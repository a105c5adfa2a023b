"""What the server was asked and how it ended: the rows of QUERY_HISTORY, kept across restarts.

The file is appended to when a statement starts and when it ends, so that after a crash one can tell a statement that
never came from one whose end is not known.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

KEPT = 10_000
"""Statements remembered."""

RUNNING, SUCCESS, FAILED, INCIDENT = "RUNNING", "SUCCESS", "FAILED_WITH_ERROR", "FAILED_WITH_INCIDENT"


@dataclass(frozen=True)
class Execution:
    """One statement's row in the query history. Times are UTC ISO texts."""

    query_id: str
    query_text: str
    query_tag: str
    query_type: str
    session_id: int
    user_name: str
    database_name: str | None
    schema_name: str | None
    start_time: str
    request_id: str
    transaction_id: int = 0
    execution_status: str = RUNNING
    error_code: str | None = None
    error_message: str | None = None
    end_time: str | None = None
    rows_produced: int | None = None
    written: tuple[str, str, str] | None = None
    """The table that the statement changed: database, schema, name."""


class QueryHistory:
    """The last statements, oldest first; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._executions: OrderedDict[str, Execution] = OrderedDict()
        self._load()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8")

    def record(self, execution: Execution) -> None:
        """Keep the execution's present state; in the file before this returns, so that a crash does not lose it."""
        with self._lock:
            self._executions[execution.query_id] = execution
            while len(self._executions) > KEPT:
                self._executions.popitem(last=False)
            self._file.write(json.dumps(asdict(execution)) + "\n")
            self._file.flush()

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def executions(self) -> list[Execution]:
        with self._lock:
            return list(self._executions.values())

    def get(self, query_id: str) -> Execution | None:
        with self._lock:
            return self._executions.get(query_id)

    def last_writes(self) -> dict[tuple[str, str, str], str]:
        """When each table was last changed, as far as the history goes back."""
        writes: dict[tuple[str, str, str], str] = {}
        for execution in self.executions():
            if execution.written and execution.end_time and execution.execution_status == SUCCESS:
                writes[execution.written] = max(execution.end_time, writes.get(execution.written, ""))
        return writes

    def _load(self) -> None:
        """Read the file of earlier servers, and write it anew with what is still kept."""
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                fields: dict[str, Any] = json.loads(line)
                written = fields.pop("written")
                execution = Execution(**fields, written=tuple(written) if written else None)
            except (ValueError, TypeError, KeyError):  # a line cut short by a crash
                continue
            self._executions[execution.query_id] = execution
        while len(self._executions) > KEPT:
            self._executions.popitem(last=False)
        for query_id, execution in self._executions.items():
            if execution.execution_status == RUNNING:
                self._executions[query_id] = replace(
                    execution,
                    execution_status=INCIDENT,
                    error_code="000603",
                    error_message="the server stopped while the statement ran; whether it took effect is not known",
                )
        temporary = self._path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for execution in self._executions.values():
                file.write(json.dumps(asdict(execution)) + "\n")
        temporary.replace(self._path)


def utc_text() -> str:
    return datetime.now(UTC).isoformat()


def history_table(executions: list[Execution]) -> pa.Table:
    """The executions as the rows of INFORMATION_SCHEMA.QUERY_HISTORY, newest first."""
    rows = sorted(executions, key=lambda execution: execution.start_time, reverse=True)

    def texts(values: list[str | None]) -> pa.Array:
        return pa.array(values, pa.string())

    def instants(values: list[str | None]) -> pa.Array:
        parsed = [None if value is None else datetime.fromisoformat(value) for value in values]
        return pa.array(parsed, pa.timestamp("us", tz="UTC"))

    elapsed = [
        None
        if row.end_time is None
        else int((datetime.fromisoformat(row.end_time) - datetime.fromisoformat(row.start_time)).total_seconds() * 1000)
        for row in rows
    ]
    return pa.table(
        {
            "QUERY_ID": texts([row.query_id for row in rows]),
            "QUERY_TEXT": texts([row.query_text for row in rows]),
            "DATABASE_NAME": texts([row.database_name for row in rows]),
            "SCHEMA_NAME": texts([row.schema_name for row in rows]),
            "QUERY_TYPE": texts([row.query_type for row in rows]),
            "SESSION_ID": pa.array([row.session_id for row in rows], pa.int64()),
            "USER_NAME": texts([row.user_name for row in rows]),
            "ROLE_NAME": texts(["SYSADMIN" for _ in rows]),
            "WAREHOUSE_NAME": texts(["SANDBOX" for _ in rows]),
            "QUERY_TAG": texts([row.query_tag for row in rows]),
            "EXECUTION_STATUS": texts([row.execution_status for row in rows]),
            "ERROR_CODE": texts([row.error_code for row in rows]),
            "ERROR_MESSAGE": texts([row.error_message for row in rows]),
            "START_TIME": instants([row.start_time for row in rows]),
            "END_TIME": instants([row.end_time for row in rows]),
            "TOTAL_ELAPSED_TIME": pa.array(elapsed, pa.int64()),
            "EXECUTION_TIME": pa.array(elapsed, pa.int64()),
            "ROWS_PRODUCED": pa.array([row.rows_produced for row in rows], pa.int64()),
            "TRANSACTION_ID": pa.array([row.transaction_id for row in rows], pa.int64()),
            "REQUEST_ID": texts([row.request_id for row in rows]),
        }
    )
