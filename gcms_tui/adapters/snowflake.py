"""The read side of Snowflake: a bounded pool of sessions that can be called from any worker thread.

Never call it on the thread that draws: it blocks, and the driver takes SIGINT for itself on the main thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gcms_tui.adapters.credentials import Credentials
from gcms_tui.adapters.read_guard import require_read
from gcms_tui.adapters.snowflake_session import Session, SessionFailed, close_soon, reading
from gcms_tui.core.errors import ConfigError, GcmsError, Unavailable
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.settings import SnowflakeSettings

_REFUSAL_REMEMBERED_S = 60.0
"""A refused login is not tried again so soon: a handful of wrong ones lock the user."""
_FAILURE_REMEMBERED_S = 1.0
"""Long enough for checks that queue for a worker to fail with the ones before them."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in the warehouse, as it sees it. Empty: it has none."""

    user: str
    role: str
    warehouse: str
    database: str
    account: str
    version: str


class SnowflakeWarehouse:
    """Reads over at most `settings.connections` sessions, each opened in the thread that first needs it."""

    def __init__(
        self,
        credentials: Credentials,
        settings: SnowflakeSettings,
        *,
        purpose: str = "read",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = credentials
        self._settings = settings
        self._terms = reading(settings, purpose)
        self._now = now
        self._slots = threading.BoundedSemaphore(settings.connections)
        self._guard = threading.Lock()
        self._idle: list[Session] = []
        self._all: set[Session] = set()
        self._gate = _LoginGate()
        self._closed = False

    def read(self, statement: Statement) -> Answer:
        """Run one read statement; once more on a new session where the old one turns out to be gone.

        Raises `Unavailable`, `MissingRelation`, `StatementTimeout`, `StatementFailed`, `Refused`, or `ConfigError`
        where the login is refused.
        """
        require_read(statement)
        with self._slots:
            session = self._take()
            try:
                return self._run(session, statement)
            except SessionFailed as failed:
                if not failed.failure.worth_asking_again or session.is_new or self._closed:
                    raise failed.failure.error from None
            self._forget_all_idle()
            try:
                return self._run(self._take(), statement)
            except SessionFailed as failed:
                raise failed.failure.error from None

    def identity(self) -> Identity:
        """Who the session is. Raises as `read` does."""
        answer = self.read(Statement("session_identity", "the session's identity", _IDENTITY))
        return Identity(*("" if value is None else str(value) for value in answer.rows[0]))

    def schemas(self) -> frozenset[str]:
        """The schemas of the session's database that its role may see, as stored. Raises as `read` does."""
        answer = self.read(Statement("visible_schemas", "the visible schemas", "SHOW SCHEMAS"))
        return frozenset(str(record["name"]) for record in answer.records())

    def close(self) -> None:
        """End all sessions, running reads too. Returns within about two seconds, also where the server is gone."""
        with self._guard:
            self._closed = True
            sessions, self._idle, self._all = list(self._all), [], set()
        close_soon(sessions)

    def _run(self, session: Session, statement: Statement) -> Answer:
        try:
            answer = session.run(statement, self._now)
        except SessionFailed as failed:
            if failed.failure.session_is_gone:
                self._gate.doubt()
                self._forget(session)
            else:
                self._give_back(session)
            raise
        except BaseException:
            self._forget(session)
            raise
        self._give_back(session)
        return answer

    def _take(self) -> Session:
        with self._guard:
            if self._closed:
                raise _closed()
            if self._idle:
                return self._idle.pop()
        session = self._gate.login(lambda: Session(self._credentials, self._settings, self._terms))
        with self._guard:
            if not self._closed:
                self._all.add(session)
                return session
        session.close()
        raise _closed()

    def _give_back(self, session: Session) -> None:
        with self._guard:
            if not self._closed:
                self._idle.append(session)

    def _forget(self, *sessions: Session) -> None:
        with self._guard:
            self._all.difference_update(sessions)
        for session in sessions:
            threading.Thread(target=session.close, daemon=True).start()

    def _forget_all_idle(self) -> None:
        """What ended one session (a restart, a night without use) has ended its idle siblings too."""
        with self._guard:
            idle, self._idle = self._idle, []
        self._forget(*idle)


_IDENTITY = (
    "SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_WAREHOUSE(), "
    "CURRENT_DATABASE(), CURRENT_ACCOUNT(), CURRENT_VERSION()"
)


def _closed() -> Unavailable:
    return Unavailable("The connection is closed", "The console is ending.")


class _LoginGate:
    """One login at a time until one has succeeded; who waited for a login that failed fails with it.

    A dozen checks that start together would otherwise lock the user with a dozen wrong passwords, or wait a dozen times
    for a host that does not answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proven = False
        self._failure: tuple[float, GcmsError] | None = None
        """Until when who arrives fails with it."""

    def login(self, connect: Callable[[], Session]) -> Session:
        arrived = time.monotonic()
        with self._lock:
            if not self._proven:
                if self._failure is not None and arrived < self._failure[0]:
                    raise _again(self._failure[1])
                return self._first(connect)
        return connect()

    def doubt(self) -> None:
        """A session was lost: the next login is a first one again."""
        with self._lock:
            self._proven = False

    def _first(self, connect: Callable[[], Session]) -> Session:
        try:
            session = connect()
        except GcmsError as error:
            remembered = _REFUSAL_REMEMBERED_S if isinstance(error, ConfigError) else _FAILURE_REMEMBERED_S
            self._failure = (time.monotonic() + remembered, error)
            raise
        self._proven = True
        return session


def _again(error: GcmsError) -> GcmsError:
    """The same error anew: one exception object must not be raised in several threads."""
    return type(error)(error.title, error.message, error.next_step)
