"""The write side of Snowflake: a private session for each write.

Built only where writing is allowed; the module that wires the console together sees to it. Never call it on the thread
that draws: it blocks. Nothing here is tried twice but by the driver, which sends a request again under the same id.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from gcms_tui.adapters.credentials import Credentials
from gcms_tui.adapters.read_guard import require_read, require_write
from gcms_tui.adapters.snowflake_session import LOCK_TIMEOUT_S, Session, SessionFailed, Terms, close_soon, writing
from gcms_tui.adapters.transaction import commit_unknown, control, interrupted
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.settings import SnowflakeSettings
from gcms_tui.core.writing.written import SessionIdentity, Written

_ROLLBACK_WITHIN_S = 10
"""Rolling back is quick, or the link is gone and closing the session does it."""
_COUNT, _MULTI_JOINED = "number of rows ", "number of multi-joined rows updated"
"""How Snowflake's answers to INSERT, UPDATE, DELETE and MERGE name their columns."""


class SnowflakeWriteAccess:
    """Opens sessions that write. Built only where writing is allowed: whoever holds one may write."""

    def __init__(
        self,
        credentials: Credentials,
        settings: SnowflakeSettings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        lock_timeout_s: int = LOCK_TIMEOUT_S,
    ) -> None:
        self._credentials = credentials
        self._settings = settings
        self._now = now
        self._lock_timeout_s = lock_timeout_s

    def open(self, write_id: str) -> SnowflakeWriteSession:
        """A login of its own for one write. Raises `Unavailable`, or `ConfigError` where the login is refused."""
        terms = writing(self._settings, write_id, self._lock_timeout_s)
        session = Session(self._credentials, self._settings, terms)
        try:
            return SnowflakeWriteSession(session, terms, self._now)
        except BaseException:
            close_soon([session])
            raise


class SnowflakeWriteSession:
    """A private login for one write. Used by one thread.

    It is in UTC, waits for a lock only so long, and gives up the transaction at the first error. Transactions are
    begun and ended in so many words; the driver's own idea of them is not used.
    """

    def __init__(self, session: Session, terms: Terms, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now
        self._in_transaction = False
        self._query_tag = terms.query_tag
        [(user, role, session_id)] = self._run(_IDENTITY).rows
        self._identity = SessionIdentity(str(user), str(role or ""), str(session_id))

    @property
    def query_tag(self) -> str:
        """Nobody else's: the write's id is in it."""
        return self._query_tag

    @property
    def identity(self) -> SessionIdentity:
        return self._identity

    def read(self, statement: Statement) -> Answer:
        """Inside the transaction, where one is open. Raises as `run`."""
        require_read(statement)
        return self._run(statement)

    def run(self, statement: Statement, request_id: str) -> Written:
        """One write statement.

        Raises `Refused` where it is none, or would end the open transaction; `Unavailable` where no answer came;
        `StatementFailed` where the warehouse refused, `StatementTimeout` where it took too long; `ValueError` where
        `request_id` is no UUID of version 4.
        """
        require_write(statement, in_transaction=self._in_transaction)
        return _written(self._run(statement, request_id))

    def begin(self) -> None:
        self._run(_BEGIN)
        self._in_transaction = True

    def commit(self, request_id: str) -> str | None:
        """Answers the query id.

        Raises `StatementFailed` where the warehouse said that nothing is stored, and `CommitUnknown` in every other
        case without an answer that it is: the link was lost, the session ended, somebody interrupted.
        """
        _require_uuid(request_id)
        try:
            answer = self._session.run(_COMMIT, self._now, request_id=request_id)
        except SessionFailed as failed:
            if failed.failure.says_no:
                raise failed.failure.error from None
            raise commit_unknown(failed.failure.error.message) from None
        except BaseException as error:
            raise interrupted(error) from error
        self._in_transaction = False
        return answer.query_id

    def rollback(self) -> None:
        """Raises as `run`. Where it does not come through, the end of the session undoes the transaction."""
        self._in_transaction = False
        self._run(_ROLLBACK, within_s=_ROLLBACK_WITHIN_S)

    def close(self) -> None:
        """End the session and what it has not committed. Returns within about two seconds, also where the server is
        gone."""
        close_soon([self._session])

    def _run(self, statement: Statement, request_id: str | None = None, within_s: int | None = None) -> Answer:
        if request_id is not None:
            _require_uuid(request_id)
        try:
            return self._session.run(statement, self._now, request_id=request_id, within_s=within_s)
        except SessionFailed as failed:
            raise failed.failure.error from None


_BEGIN, _COMMIT, _ROLLBACK = map(control, ("BEGIN", "COMMIT", "ROLLBACK"))
_IDENTITY = Statement(
    "session_identity", "the session's identity", "SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_SESSION()"
)


def _written(answer: Answer) -> Written:
    """The counts of a change, each read apart; DDL answers with none."""
    counts = dict(zip(answer.columns, answer.rows[0], strict=True)) if answer.rows else {}
    numbers = {name: int(str(value)) for name, value in counts.items() if name.startswith("number of ")}
    multi_joined = numbers.pop(_MULTI_JOINED, 0)
    rows = sum(number for name, number in numbers.items() if name.startswith(_COUNT))
    return Written(rows, multi_joined, answer.query_id, answer.elapsed_ms)


def _require_uuid(request_id: str) -> None:
    """The driver takes no other, and reports one that is not as if the server could not be reached."""
    if str(UUID(request_id, version=4)) != request_id.lower():
        raise ValueError(f"{request_id!r} is not a UUID of version 4")
