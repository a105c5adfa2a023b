"""The database of the store, SQLite or Postgres, as everything that is kept in it opens it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory
from gcms_tui.adapters.store.schema import NEWEST, REVISIONS
from gcms_tui.core.errors import ConfigError, Unavailable
from gcms_tui.core.secret import Secret, masked
from gcms_tui.core.text import printable

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

FILE_NAME = "store.sqlite3"
BUSY_TIMEOUT_S = 5.0
POSTGRES_SCHEMA = "gcms_ops"
_ALONE = "gcms_alone"
_LOCK = 0x67636D73
"""Postgres' advisory lock of whoever has the store to itself."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIGRATING = threading.Lock()
"""Alembic knows one connection at a time in a process, and would give that of one thread to another."""

Unusable = Callable[[str, str], StateError]
"""Makes the error for a place and a reason."""


class Place(Protocol):
    """Where the store is."""

    @property
    def where(self) -> str:
        """As a person knows it, without a secret."""
        ...

    def is_there(self) -> bool:
        """False where the first use is yet to make it."""
        ...

    def engine(self) -> Engine:
        """Raises `OSError`, `GcmsError`."""
        ...

    def reason(self, error: Exception) -> str:
        """The driver's own words, without a secret and without the statement's values."""
        ...

    def says_no(self, error: Exception) -> bool:
        """Of a COMMIT that ended so: whether it is known that nothing was kept."""
        ...


@dataclass(frozen=True, slots=True)
class SqlitePlace:
    """A file for its owner alone."""

    path: Path

    @property
    def where(self) -> str:
        return str(self.path)

    def is_there(self) -> bool:
        return os.path.exists(self.path)

    def engine(self) -> Engine:
        make_directory(self.path.parent)
        # SQLite gives its -wal and -shm files the mode of the file itself, so it has to be right at birth.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return _sqlite(self.path)

    def reason(self, error: Exception) -> str:
        return str(getattr(error, "orig", None) or error)

    def says_no(self, error: Exception) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """A database that several hosts share."""

    dsn: Secret
    where: str

    def is_there(self) -> bool:
        return True

    def engine(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import NullPool

        # A connection a call, as with SQLite: a pooler in front keeps them, and nothing is stale after a night. What
        # a transaction needs is set by itself: a pooler may give each one to another session.
        engine = create_engine("postgresql+psycopg://", creator=self._connect, poolclass=NullPool)

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            alone = connection.get_execution_options().get(_ALONE)
            wait = (f"SELECT pg_advisory_xact_lock({_LOCK})",) if alone else ()
            connection.exec_driver_sql("; ".join((*_TRANSACTION, *wait)))

        return engine

    def _connect(self) -> Any:
        from psycopg import IsolationLevel

        from gcms_tui.adapters.supabase import open_postgres

        connection = open_postgres(self.dsn, (), "The store")
        connection.autocommit = False
        # Whatever the server's default is: who waited for the lock has to see what was written before it was free.
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        return connection

    def reason(self, error: Exception) -> str:
        from psycopg.conninfo import conninfo_to_dict

        orig = getattr(error, "orig", None) or error
        # Its first line only: the details of a row that was refused are the row.
        told = getattr(getattr(orig, "diag", None), "message_primary", None) or str(orig)
        password = str(conninfo_to_dict(self.dsn.reveal()).get("password") or "")
        return masked(" ".join(told.split()), [self.dsn, Secret(password)])

    def says_no(self, error: Exception) -> bool:
        # FATAL ends the session, as a lost line does, and tells nothing of what was under way in it.
        diag = getattr(getattr(error, "orig", None), "diag", None)
        return getattr(diag, "severity_nonlocalized", None) == "ERROR"


_TRANSACTION = (
    f"SET LOCAL search_path TO {POSTGRES_SCHEMA}",
    "SET LOCAL statement_timeout = '30s'",
    "SET LOCAL lock_timeout = '15s'",
    "SET LOCAL idle_in_transaction_session_timeout = '60s'",
    "SET LOCAL synchronous_commit = on",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL client_encoding TO 'UTF8'",
)


class Database:
    """Opened by the first call, which also imports SQLAlchemy; safe from several threads and processes."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @property
    def where(self) -> str:
        return self._place.where

    def is_there(self) -> bool:
        """False where the first use is yet to make it."""
        return self._place.is_there()

    @contextmanager
    def transaction(
        self, unusable: Unusable, *, alone: bool = False, as_it_is: bool = False, unknown: Unusable | None = None
    ) -> Iterator[Connection]:
        """Committed and on disk when it is left, or undone.

        `alone`: nobody else writes from its beginning, so that what it reads still holds when it writes; it waits for
        whoever is, be it a COMMIT whose answer was lost. `as_it_is`: it is not brought to the newest revision first.
        Raises `StateError` as `unusable` makes it; where COMMIT was sent and no answer came, as `unknown` does.
        """
        from sqlalchemy.exc import SQLAlchemyError

        committing = False
        try:
            engine = self._place.engine() if as_it_is else self._opened()
            with engine.connect().execution_options(**{_ALONE: alone}) as connection, connection.begin():
                yield connection
                committing = True
        except OSError as error:
            raise unusable(str(error.filename or self.where), error.strerror or type(error).__name__) from None
        except SQLAlchemyError as error:
            lost = committing and not self._place.says_no(error)
            told = unknown if lost and unknown is not None else unusable
            raise told(self.where, self._place.reason(error)) from None
        except (Unavailable, ConfigError) as error:
            raise unusable(self.where, " ".join(filter(None, (error.message, error.next_step)))) from None
        except UnicodeError:
            raise unusable(self.where, "a text that it was to keep is no text") from None

    def now(self, connection: Connection, clock: Callable[[], datetime]) -> datetime:
        """The moment by which several hosts agree: the server's, where there is one."""
        if connection.dialect.name != "postgresql":
            return clock()
        moment: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return moment.astimezone(UTC)

    def _opened(self) -> Engine:
        with self._lock:
            if self._engine is None:
                engine = self._place.engine()
                self._bring_up(engine)
                self._engine = engine
            return self._engine

    def _bring_up(self, engine: Engine) -> None:
        """To the newest revision, once, whoever else opens it at the same time."""
        with engine.connect() as connection, connection.begin():
            if revision_of(connection, self.where) == NEWEST:
                return
        with engine.connect().execution_options(**{_ALONE: True}) as connection, connection.begin():
            if revision_of(connection, self.where) != NEWEST:
                with _MIGRATING:
                    _upgrade(connection, self.where)


def revision_of(connection: Connection, where: str) -> str | None:
    """None where the store is new, or older than revisions. Raises `StateError` where a newer program wrote it."""
    from sqlalchemy import inspect

    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision is not None and revision not in REVISIONS:
        raise StateError(
            "The store is of a newer gcms-tui",
            f"{where} is of revision {printable(str(revision), 40)}; this one knows those up to {NEWEST}.",
            "Use the newer gcms-tui, or name another store in gcms.toml: [store], or state_dir.",
        )
    return revision


def _upgrade(connection: Connection, where: str) -> None:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        # IF NOT EXISTS would ask for the right to make one where somebody else has made it already.
        there = connection.exec_driver_sql(f"SELECT 1 FROM pg_namespace WHERE nspname = '{POSTGRES_SCHEMA}'").first()
        if there is None:
            _make_schema(connection, where)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, NEWEST)


def _make_schema(connection: Connection, where: str) -> None:
    """Raises `StateError` where this user may not."""
    may = "SELECT has_database_privilege(current_database(), 'CREATE'), current_user"
    allowed, user = connection.exec_driver_sql(may).one()
    if not allowed:
        raise StateError(
            "The store cannot be made",
            f"{where}: {user} may not make a schema there.",
            f'Whoever owns the database types: CREATE SCHEMA {POSTGRES_SCHEMA} AUTHORIZATION "{user}"',
        )
    connection.exec_driver_sql(f"CREATE SCHEMA {POSTGRES_SCHEMA}")


def _keep_a_log_ahead(connection: sqlite3.Connection) -> None:
    """A new file's change to WAL does not wait for others as all else does, but says at once that it is locked."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _sqlite(path: Path) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    # mode=rw: a file that was taken away while the console runs is told, and not made anew, empty and open to others.
    place = f"file:{quote(os.fsencode(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(place, uri=True, timeout=BUSY_TIMEOUT_S)

    # A connection a call: nothing stays open between two looks, and a fork harms nobody.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        _keep_a_log_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        # A byte that was flipped must not keep an entry from being read: it is what proves that it was changed.
        connection.text_factory = lambda text: text.decode("utf-8", errors="surrogateescape")
        connection.isolation_level = None  # else the driver would begin by itself, and later than it has to

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        alone = connection.get_execution_options().get(_ALONE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if alone else "BEGIN")

    return engine


def storable(text: str) -> str:
    """What both kinds can hold: Postgres has no text with a NUL in it, and neither has halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", errors="replace").decode("utf-8")


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly: a float of seconds would not be."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)
