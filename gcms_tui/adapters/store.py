"""The store: past health in a SQLite file of the state directory, shared by all consoles of this user."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError, make_private, not_kept
from gcms_tui.core.finding import HealthReport, Point
from gcms_tui.core.health_json import decoded, encoded, kind_of
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

FILE_NAME = "store.sqlite3"
KEPT_FOR = timedelta(days=100)
_BUSY_TIMEOUT_S = 5.0


class Store:
    """Findings over time. Opened by the first call, which also imports SQLAlchemy; safe from several threads."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE_NAME
        self._lock = threading.Lock()
        self._opened: tuple[Engine, Table] | None = None

    def record(self, report: HealthReport) -> None:
        """Add the report's findings, and drop what is older than `KEPT_FOR`. Raises `StateError`."""
        rows = [
            {
                "target": report.target,
                "name": finding.name,
                "taken_at_us": _microseconds(finding.taken_at),
                "verdict": finding.verdict.name,
                "value": json.dumps(encoded(finding.value)),
                "value_type": kind_of(finding.value),
            }
            for finding in report.findings
        ]
        with self._connection() as (connection, table):
            if rows:
                connection.execute(table.insert(), rows)
            oldest = _microseconds(report.taken_at - KEPT_FOR)
            connection.execute(table.delete().where(table.c.taken_at_us < oldest))

    def series(self, target: str, name: str, limit: int = 60) -> tuple[Point, ...]:
        """The newest `limit` points of one finding, oldest first. Raises `StateError`."""
        with self._connection() as (connection, table):
            newest = (
                table.select()
                .where(table.c.target == target, table.c.name == name)
                .order_by(table.c.taken_at_us.desc(), table.c.id.desc())
                .limit(limit)
            )
            rows = connection.execute(newest).mappings().all()
        try:
            return tuple(_point(row) for row in reversed(rows))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise StateError(
                "The past cannot be read",
                f"{self._path}: a row of {name} is not understood ({type(error).__name__}: {error}).",
                "A newer gcms-tui may have written it: use that one. The findings stand.",
            ) from None

    @contextmanager
    def _connection(self) -> Iterator[tuple[Connection, Table]]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            engine, table = self._open()
            with engine.begin() as connection:
                yield connection, table
        except OSError as error:
            raise not_kept(self._path, error) from None
        except SQLAlchemyError as error:
            raise _unusable(self._path, error) from None

    def _open(self) -> tuple[Engine, Table]:
        with self._lock:
            if self._opened is None:
                make_private(self._path.parent)
                # SQLite gives its -wal and -shm files the mode of the file itself, so it has to be right at birth.
                os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                self._opened = _engine(self._path)
            return self._opened


def _engine(path: Path) -> tuple[Engine, Table]:
    from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, create_engine, event
    from sqlalchemy.pool import NullPool
    from sqlalchemy.schema import CreateIndex, CreateTable

    # A connection a call: nothing stays open between two looks, and a fork or a deleted file harms nobody.
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    table = Table(
        "health_finding",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("target", String, nullable=False),
        Column("name", String, nullable=False),
        Column("taken_at_us", BigInteger, nullable=False),
        Column("verdict", String, nullable=False),
        Column("value", String, nullable=False),
        Column("value_type", String, nullable=False),
    )
    index = Index("health_finding_by_name", table.c.target, table.c.name, table.c.taken_at_us)
    with engine.begin() as connection:
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(CreateIndex(index, if_not_exists=True))
    return engine, table


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(moment: datetime) -> int:
    """Since 1970, exactly: a float of seconds would not be."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _point(row: Any) -> Point:
    return Point(
        _EPOCH + timedelta(microseconds=row["taken_at_us"]),
        Verdict[row["verdict"]],
        decoded(json.loads(row["value"]), row["value_type"]),
    )


def _unusable(path: Path, error: Exception) -> StateError:
    # The driver's own words; SQLAlchemy adds the statement with all its values.
    reason = str(getattr(error, "orig", None) or error)
    return StateError(
        "Health is not kept",
        f"{path}: {reason}",
        "Make room, or move the file away if it is damaged: the findings stand, only their past is lost.",
    )
