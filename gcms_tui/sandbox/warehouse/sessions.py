"""Sessions: one login, one DuckDB connection, one current schema, one transaction; one statement at a time."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
from fakesnow.conn import FakeSnowflakeConnection

from gcms_tui.sandbox.warehouse.catalogue import Catalogue
from gcms_tui.sandbox.warehouse.failures import StatementError, missing_object
from gcms_tui.sandbox.warehouse.history import QueryHistory
from gcms_tui.sandbox.warehouse.locks import TableLocks, TableName
from gcms_tui.sandbox.warehouse.parameters import ParameterValue, SessionParameters
from gcms_tui.sandbox.warehouse.storage import Storage
from gcms_tui.sandbox.warehouse.transactions import Transaction

if TYPE_CHECKING:
    from gcms_tui.sandbox.warehouse.jobs import Job

_ids = itertools.count(time.time_ns() // 1000)

Address = tuple[str, int]
"""Host and port that a client's connection comes from."""

REQUESTS_KEPT = 5_000
"""Requests per session that are recognised when they are sent again."""


class Warehouse:
    """What all sessions share."""

    def __init__(self, storage: Storage, history: QueryHistory) -> None:
        self.storage = storage
        self.history = history
        self.locks = TableLocks()
        self.catalogue = Catalogue(storage.file_times, history)

    def committed(self, tables: set[TableName]) -> None:
        self.history.record_commit(tables)
        self.storage.committed()


class Session:
    """One login."""

    def __init__(self, warehouse: Warehouse, user: str, database: str | None, schema: str | None) -> None:
        """Raises StatementError if the database does not exist. A missing schema leaves the session without one."""
        if database is not None and database not in warehouse.storage.databases():
            raise missing_object(database, "Database")
        self.id = next(_ids)
        self.token = secrets.token_urlsafe(32)
        self.master_token = secrets.token_urlsafe(32)
        self.user = user.upper()
        self.role = "SYSADMIN"
        self.warehouse_name = "SANDBOX"
        self.warehouse = warehouse
        self.parameters = SessionParameters()
        self.duck = warehouse.storage.cursor()
        self.validator = warehouse.storage.cursor()
        """A second connection, outside the transaction, on which statements are compiled before they may harm it."""
        self.fake = FakeSnowflakeConnection(
            self.duck, {}, create_database=False, create_schema=False, db_path=warehouse.storage.directory
        )
        self.transaction = Transaction(self.duck, warehouse.locks, self.id, warehouse.committed)
        self.temporaries: dict[TableName, str] = {}
        self.query_ids: deque[str] = deque(maxlen=REQUESTS_KEPT)
        self.requests: OrderedDict[str, Job] = OrderedDict()
        self.last_seen = time.monotonic()
        self.lines: set[Address] = set()
        """Where its client's open connections come from. None: the client is gone, or opens one for each request."""
        self.closed = False
        self._turn = threading.Lock()
        self._running: Job | None = None
        self._running_guard = threading.Lock()
        if database is not None:
            known = schema is not None and warehouse.catalogue.schema_exists(self.duck, database, schema)
            self.use(database, schema if known else None)

    # ---- where unqualified names point

    @property
    def database(self) -> str | None:
        return self.fake.database

    @property
    def schema(self) -> str | None:
        return self.fake.schema

    def use(self, database: str, schema: str | None) -> None:
        """Make database and schema current. Both must exist."""
        for connection in (self.duck, self.validator):
            connection.execute(f"SET schema = '{database}.{(schema or 'main').replace(chr(39), chr(39) * 2)}'")
        self.fake.database, self.fake.database_set = database, True
        self.fake._schema, self.fake.schema_set = schema, schema is not None  # it has no setter

    def leave(self, database: str, schema: str | None = None) -> None:
        """The database, or that schema of it, is gone: if it was current, nothing is."""
        if self.fake.database == database and schema in (None, self.fake.schema):
            if schema is None:
                for connection in (self.duck, self.validator):
                    connection.execute("SET schema = 'memory.main'")
                self.fake.database, self.fake.database_set = None, False
            else:
                self.use(database, None)
            self.fake._schema, self.fake.schema_set = None, False

    def set_parameter(self, name: str, value: ParameterValue) -> None:
        if name == "TIMEZONE":
            for connection in (self.duck, self.validator):
                try:
                    connection.execute("SET TimeZone = '" + str(value).replace("'", "''") + "'")
                except duckdb.Error:
                    text = f"SQL compilation error:\ninvalid value [{value}] for parameter 'TIMEZONE'"
                    raise StatementError(1008, "22023", text) from None
        if name == "AUTOCOMMIT" and self.transaction.open:
            self.transaction.commit()
        self.parameters.set(name, value)

    def unset_parameter(self, name: str) -> None:
        if name == "TIMEZONE":
            self.set_parameter(name, "Etc/UTC")
        self.parameters.unset(name)

    # ---- one statement at a time

    @contextlib.contextmanager
    def turn(self, job: Job) -> Iterator[None]:
        """Hold the session for one statement. Raises StatementError if the job is cancelled while it waits."""
        while not self._turn.acquire(timeout=0.05):
            job.check_cancelled()
        try:
            if self.closed:
                raise session_gone()
            job.check_cancelled()
            with self._running_guard:
                self._running = job
            try:
                yield
            finally:
                with self._running_guard:
                    self._running = None
        finally:
            self.last_seen = time.monotonic()
            self._turn.release()

    def interrupt(self, job: Job) -> None:
        """Stop what DuckDB is doing for this job; nothing if it is another's turn."""
        with self._running_guard:
            if self._running is job:
                self.duck.interrupt()
                self.validator.interrupt()

    def abandon_transaction(self, why: str) -> None:
        """Roll back a transaction that its client seems to have forgotten."""
        with self._turn:
            if self.transaction.active:
                self.transaction.abort(why)

    @property
    def busy(self) -> bool:
        return self._turn.locked()

    def close(self) -> None:
        """Roll back, free the locks, drop temporary tables with the connection. Waits for a running statement."""
        with self._turn:
            if self.closed:
                return
            self.closed = True
            self.transaction.rollback()
            self.warehouse.locks.release(self.id)
            for connection in (self.validator, self.duck):
                with contextlib.suppress(duckdb.Error):
                    connection.close()


def session_gone() -> StatementError:
    return StatementError(390111, "08003", "Session no longer exists. New login required to access the service.")


class Sessions:
    """All sessions by token."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}
        self._open: set[Address] = set()

    def add(self, session: Session) -> None:
        self._by_token[session.token] = session

    def get(self, token: str) -> Session:
        """Raises StatementError 390111 for a token of an earlier server, or of a closed session."""
        session = self._by_token.get(token)
        if session is None:
            raise session_gone()
        session.last_seen = time.monotonic()
        return session

    def remove(self, session: Session) -> None:
        self._by_token.pop(session.token, None)

    def all(self) -> list[Session]:
        return list(self._by_token.values())

    def dialled(self, address: Address) -> None:
        """A connection from there has begun."""
        self._open.add(address)

    def heard(self, session: Session, address: Address) -> None:
        """A statement of the session came over the connection from there, which may have ended since."""
        if address in self._open:
            session.lines.add(address)

    def hung_up(self, address: Address) -> None:
        """The connection from there has ended."""
        self._open.discard(address)
        for session in self.all():
            if address in session.lines:
                session.last_seen = time.monotonic()
                session.lines.discard(address)

    def idle(self, longer_than: float) -> list[Session]:
        """Sessions without a running statement that nobody has used for so many seconds."""
        now = time.monotonic()
        return [session for session in self.all() if not session.busy and now - session.last_seen > longer_than]
