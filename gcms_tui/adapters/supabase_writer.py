"""The write side of Supabase's Postgres: a private session for each write.

Built only where writing is allowed; the module that wires the console together sees to it. Never call it on the thread
that draws: it blocks. Nothing here is tried twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gcms_tui.adapters.postgres_session import PATIENCE_S, Done, PostgresFailed, perform, server_of
from gcms_tui.adapters.read_guard import require_read, require_write
from gcms_tui.adapters.supabase import LOCK_TIMEOUT_S, connect_to_write
from gcms_tui.adapters.supabase_reader import configured
from gcms_tui.adapters.transaction import commit_unknown, control, interrupted
from gcms_tui.core.errors import StatementFailed
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.secret import Secret
from gcms_tui.core.writing.written import SessionIdentity, Written

if TYPE_CHECKING:
    from psycopg import Connection

_ROLLBACK_WITHIN_S = 10.0
"""Rolling back is quick, or the link is gone and closing the session does it."""


class SupabaseWriteAccess:
    """Opens sessions that write. Built only where writing is allowed: whoever holds one may write.

    `dsn` None: nothing is configured, which is told to whoever opens one.
    """

    def __init__(
        self,
        dsn: Secret | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        lock_timeout_s: int = LOCK_TIMEOUT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._dsn = dsn
        self._now = now
        self._lock_timeout_s = lock_timeout_s
        self._patience_s = patience_s

    def open(self, write_id: str) -> SupabaseWriteSession:
        """A session of its own for one write.

        Raises `Unavailable`, `ConfigError`, or `Refused` (guard `pooler`) where a pooler keeps no session.
        """
        tag = f"gcms-tui {write_id}"
        connection = connect_to_write(configured(self._dsn), tag, self._lock_timeout_s)
        try:
            return SupabaseWriteSession(connection, tag, self._now, self._patience_s)
        except BaseException:
            connection.close()
            raise


class SupabaseWriteSession:
    """A private session for one write. Used by one thread.

    It waits for a lock only so long. Transactions are begun and ended in so many words, and see what others have
    committed by the time each statement begins: what is looked at after the rows are locked is what is there.
    """

    def __init__(
        self, connection: Connection[tuple[object, ...]], tag: str, now: Callable[[], datetime], patience_s: float
    ) -> None:
        self._connection = connection
        self._query_tag = tag
        self._now = now
        self._patience_s = patience_s
        self._where = server_of(connection)
        self._in_transaction = False
        [(user, role, process)] = self._run(_IDENTITY).answer.rows
        self._identity = SessionIdentity(str(user), str(role), str(process))

    @property
    def query_tag(self) -> str:
        """The session's application_name, in which the write's id is."""
        return self._query_tag

    @property
    def identity(self) -> SessionIdentity:
        return self._identity

    def read(self, statement: Statement) -> Answer:
        """Inside the transaction, where one is open. Raises as `run`."""
        require_read(statement)
        return self._run(statement).answer

    def run(self, statement: Statement, request_id: str) -> Written:
        """One write statement, a SELECT that locks rows among them. `request_id` is of no use to Postgres: the driver
        sends nothing twice.

        Raises `Refused` where it is none, `Unavailable` where no answer came, `StatementFailed` where Postgres refused.
        """
        require_write(statement, in_transaction=self._in_transaction, locking=True)
        done = self._run(statement)
        return Written(done.rows, 0, None, done.answer.elapsed_ms)

    def begin(self) -> None:
        self._run(_BEGIN)
        self._in_transaction = True

    def commit(self, request_id: str) -> str | None:
        """Answers None: Postgres names no query.

        Raises `StatementFailed` where Postgres said that nothing is stored, and `CommitUnknown` in every other case
        without an answer that it is: the link was lost, the session ended, somebody interrupted.
        """
        try:
            done = perform(
                self._connection, _COMMIT, self._now, where=self._where, patience_s=self._patience_s
            )  # fmt: skip
        except PostgresFailed as failed:
            if failed.failure.says_no:
                raise failed.failure.error from None
            raise commit_unknown(failed.failure.error.message) from None
        except BaseException as error:
            raise interrupted(error) from error
        self._in_transaction = False
        if done.tag != "COMMIT":  # what a transaction that failed answers to COMMIT
            raise StatementFailed("Nothing was stored", f"{self._where}: COMMIT was answered with {done.tag}.")
        return None

    def rollback(self) -> None:
        """Raises as `run`. Where it does not come through, the end of the session undoes the transaction."""
        self._in_transaction = False
        self._run(_ROLLBACK, min(self._patience_s, _ROLLBACK_WITHIN_S))

    def close(self) -> None:
        """End the session and what it has not committed. Waits for nobody."""
        import psycopg

        with suppress(psycopg.Error):
            self._connection.close()

    def _run(self, statement: Statement, patience_s: float | None = None) -> Done:
        try:
            return perform(
                self._connection, statement, self._now, where=self._where, patience_s=patience_s or self._patience_s
            )
        except PostgresFailed as failed:
            raise failed.failure.error from None


_BEGIN = control("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "begin")
_COMMIT, _ROLLBACK = control("COMMIT"), control("ROLLBACK")
_IDENTITY = Statement(
    "session_identity", "the session's identity", "SELECT session_user, current_user, pg_backend_pid()"
)
