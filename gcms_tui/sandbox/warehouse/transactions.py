"""The transaction of a session, as a client sees it, over DuckDB's transactions.

DuckDB ends a transaction on any error and then answers "success" to COMMIT. Here an aborted transaction stays aborted,
and says so, until ROLLBACK.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable

import duckdb

from gcms_tui.sandbox.warehouse.failures import StatementError, as_statement_error, transaction_aborted
from gcms_tui.sandbox.warehouse.locks import TableLocks, TableName

_ids = itertools.count(time.time_ns() // 1000)


class Transaction:
    """None, active or aborted. Locks are held from the first write to the end, whichever end it is."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        locks: TableLocks,
        session_id: int,
        on_commit: Callable[[set[TableName]], None],
    ) -> None:
        self._connection = connection
        self._locks = locks
        self._session_id = session_id
        self._on_commit = on_commit
        self._written: set[TableName] = set()
        self.active = False
        self.aborted_because: str | None = None
        self.id = 0
        """Snowflake's CURRENT_TRANSACTION(); 0 outside a transaction."""

    @property
    def open(self) -> bool:
        """Whether the client still has to say COMMIT or ROLLBACK."""
        return self.active or self.aborted_because is not None

    def require_usable(self) -> None:
        if self.aborted_because is not None:
            raise transaction_aborted(self.aborted_because)

    def begin(self) -> None:
        """BEGIN. Inside a transaction it does nothing, as in Snowflake."""
        self.require_usable()
        if not self.active:
            self._connection.execute("BEGIN TRANSACTION")
            self.active = True
            self.id = next(_ids)

    def commit(self) -> None:
        """COMMIT; without a transaction it does nothing.

        Raises:
            StatementError: nothing is stored. The transaction stays aborted: asking again does not help.
        """
        self.require_usable()
        if not self.active:
            return
        try:
            self._connection.execute("COMMIT")
        except duckdb.Error as error:
            failure = as_statement_error(error)
            self.abort(failure.message)
            raise failure from error
        written, self._written = self._written, set()
        self._end()
        self._on_commit(written)

    def rollback(self) -> None:
        """ROLLBACK; without a transaction it does nothing."""
        self._discard()
        self.aborted_because = None

    def abort(self, reason: str) -> None:
        """Undo everything and refuse further statements until ROLLBACK."""
        self._discard()
        self.aborted_because = reason

    def wrote(self, table: TableName) -> None:
        self._written.add(table)

    def statement_failed(self, failure: StatementError, abort_on_error: bool) -> None:
        """After a failed statement: find out whether DuckDB has given up the transaction with it."""
        if not self.active:
            return
        lost = abort_on_error
        if not lost:
            try:
                self._connection.execute("SELECT 1")
            except duckdb.Error:
                lost = True
        if lost:
            self.abort(failure.message)

    def _discard(self) -> None:
        if self.active:
            with contextlib.suppress(duckdb.Error):  # DuckDB may have ended it already
                self._connection.execute("ROLLBACK")
            self._written.clear()
            self._end()

    def _end(self) -> None:
        self.active = False
        self.id = 0
        self._locks.release(self._session_id)
