"""The SQLite file of the state directory, as everything that is kept in it opens it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData

FILE_NAME = "store.sqlite3"
BUSY_TIMEOUT_S = 5.0


class Database:
    """Tables of one kind. Opened by the first call, which also imports SQLAlchemy; safe from several threads."""

    def __init__(
        self,
        state_dir: Path,
        define: Callable[[], MetaData],
        unusable: Callable[[Path, str], StateError],
        *,
        immediate: bool = False,
    ) -> None:
        """`define` gives the tables, made where they are not there; `unusable` the error for a reason.

        `immediate`: a transaction has the file to itself from its beginning, so that what it reads still holds when it
        writes.
        """
        self.path = state_dir / FILE_NAME
        self._define = define
        self._unusable = unusable
        self._immediate = immediate
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Committed and on disk when it is left, or undone. Raises `StateError`."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._opened().begin() as connection:
                yield connection
        except OSError as error:
            raise self._unusable(self.path, error.strerror or type(error).__name__) from None
        except SQLAlchemyError as error:
            # The driver's own words; SQLAlchemy adds the statement with all its values.
            raise self._unusable(self.path, str(getattr(error, "orig", None) or error)) from None

    def _opened(self) -> Engine:
        from sqlalchemy.schema import CreateIndex, CreateTable

        with self._lock:
            if self._engine is None:
                self._make_directory()
                # SQLite gives its -wal and -shm files the mode of the file itself, so it has to be right at birth.
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                engine = _engine(self.path, self._immediate)
                with engine.begin() as connection:
                    for table in self._define().sorted_tables:
                        connection.execute(CreateTable(table, if_not_exists=True))
                        for index in table.indexes:
                            connection.execute(CreateIndex(index, if_not_exists=True))
                self._engine = engine
            return self._engine

    def _make_directory(self) -> None:
        directory = self.path.parent
        try:
            make_directory(directory)
        except OSError as error:
            raise self._unusable(directory, error.strerror or type(error).__name__) from None


def _engine(path: Path, immediate: bool) -> Engine:
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.pool import NullPool

    # A connection a call: nothing stays open between two looks, and a fork or a deleted file harms nobody.
    # The path is given as it is: in a URL's text, a ? or % of it would mean something.
    place = URL.create("sqlite", database=str(path))
    engine = create_engine(place, poolclass=NullPool, connect_args={"timeout": BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if immediate:
            connection.isolation_level = None  # else the driver would begin by itself, and later than it has to

    if immediate:

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
