"""What the server was asked and how it ended, and when each table was last changed; kept across restarts.

The file is appended to when a statement starts and when it ends, so that after a crash one can tell a statement that
never came from one whose end is not known.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from gcms_tui.sandbox.warehouse.locks import TableName

KEPT = 10_000
"""Statements remembered."""
TEXT_KEPT = 20_000
"""Characters remembered of a statement."""
LINES_KEPT = 5 * KEPT
"""Lines of the file after which it is written anew."""

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
    role_name: str
    warehouse_name: str
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


class QueryHistory:
    """The last statements, oldest first; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._executions: OrderedDict[str, Execution] = OrderedDict()
        self._written: dict[TableName, datetime] = {}
        self._load()
        self._file = self._rewritten()

    def record(self, execution: Execution) -> None:
        """Keep the execution's present state; in the file before this returns, so that a crash does not lose it.

        On a full disk the file lacks it, and the statement goes on: what was committed is never called a failure.
        """
        with self._lock:
            self._executions[execution.query_id] = execution
            self._forget_oldest()
            self._append(asdict(execution))

    def record_commit(self, tables: Iterable[TableName]) -> None:
        """Keep that these tables have just been changed."""
        with self._lock:
            at = datetime.now(UTC)
            for table in tables:
                self._written[table] = at
                self._append({"table": table, "written": at.isoformat()})

    def last_written(self, table: TableName) -> datetime | None:
        return self._written.get(table)

    def close(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._file.close()

    def executions(self) -> list[Execution]:
        with self._lock:
            return list(self._executions.values())

    def get(self, query_id: str) -> Execution | None:
        with self._lock:
            return self._executions.get(query_id)

    def _append(self, line: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            if self._lines >= LINES_KEPT:
                before, self._file = self._file, self._rewritten()
                before.close()
            self._file.write(json.dumps(line) + "\n")
            self._lines += 1
            self._file.flush()

    def _rewritten(self) -> IO[str]:
        """The file, written anew with what is kept, and open to go on."""
        lines = [asdict(execution) for execution in self._executions.values()]
        lines += [{"table": table, "written": at.isoformat()} for table, at in self._written.items()]
        temporary = self._path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        file = os.fdopen(descriptor, "w", encoding="utf-8")
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        temporary.replace(self._path)
        self._lines = len(lines)
        return file

    def _forget_oldest(self) -> None:
        while len(self._executions) > KEPT:
            self._executions.popitem(last=False)

    def _load(self) -> None:
        """Read what earlier servers wrote."""
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError):  # a line cut short by a crash
                self._take(json.loads(line))
        self._forget_oldest()
        for query_id, execution in self._executions.items():
            if execution.execution_status == RUNNING:
                self._executions[query_id] = replace(
                    execution,
                    execution_status=INCIDENT,
                    error_code="000603",
                    error_message="the server stopped while the statement ran; whether it took effect is not known",
                )

    def _take(self, line: dict[str, Any]) -> None:
        if "table" in line:
            database, schema, name = line["table"]
            self._written[database, schema, name] = datetime.fromisoformat(line["written"])
        else:
            execution = Execution(**line)
            self._executions[execution.query_id] = execution


def utc_text() -> str:
    return datetime.now(UTC).isoformat()


_EPOCH = "1970-01-01T00:00:00+00:00"
"""Snowflake's end of a statement that has not ended."""


def history_table(executions: list[Execution]) -> pa.Table:
    """The executions as the rows of INFORMATION_SCHEMA.QUERY_HISTORY, in their order."""
    rows = executions

    def texts(values: list[str | None]) -> pa.Array:
        return pa.array(values, pa.string())

    def instants(values: list[str]) -> pa.Array:
        return pa.array([datetime.fromisoformat(value) for value in values], pa.timestamp("us", tz="UTC"))

    elapsed = pa.array([_elapsed_ms(row) for row in rows], pa.int64())
    return pa.table(
        {
            "QUERY_ID": texts([row.query_id for row in rows]),
            "QUERY_TEXT": texts([row.query_text for row in rows]),
            "DATABASE_NAME": texts([row.database_name for row in rows]),
            "SCHEMA_NAME": texts([row.schema_name for row in rows]),
            "QUERY_TYPE": texts([row.query_type for row in rows]),
            "SESSION_ID": pa.array([row.session_id for row in rows], pa.int64()),
            "USER_NAME": texts([row.user_name for row in rows]),
            "ROLE_NAME": texts([row.role_name for row in rows]),
            "WAREHOUSE_NAME": texts([row.warehouse_name for row in rows]),
            "QUERY_TAG": texts([row.query_tag for row in rows]),
            "EXECUTION_STATUS": texts([row.execution_status for row in rows]),
            "ERROR_CODE": texts([row.error_code for row in rows]),
            "ERROR_MESSAGE": texts([row.error_message for row in rows]),
            "START_TIME": instants([row.start_time for row in rows]),
            "END_TIME": instants([row.end_time or _EPOCH for row in rows]),
            "TOTAL_ELAPSED_TIME": elapsed,
            "EXECUTION_TIME": elapsed,
            "ROWS_PRODUCED": pa.array([row.rows_produced for row in rows], pa.int64()),
            "TRANSACTION_ID": pa.array([row.transaction_id for row in rows], pa.int64()),
            "REQUEST_ID": texts([row.request_id for row in rows]),
        }
    )


def _elapsed_ms(execution: Execution) -> int:
    if execution.end_time is None and execution.execution_status != RUNNING:
        return 0  # cut short by a crash
    end = datetime.fromisoformat(execution.end_time) if execution.end_time else datetime.now(UTC)
    return int((end - datetime.fromisoformat(execution.start_time)).total_seconds() * 1000)
