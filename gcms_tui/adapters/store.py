"""The store: past health in a SQLite file of the state directory, shared by all consoles of this user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.database import Database
from gcms_tui.adapters.last_health import StateError
from gcms_tui.core.finding import HealthReport, Point
from gcms_tui.core.health_json import decoded, encoded, kind_of
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

KEPT_FOR = timedelta(days=100)


class Store:
    """Findings over time. Opened by the first call, which also imports SQLAlchemy; safe from several threads."""

    def __init__(self, state_dir: Path) -> None:
        self._database = Database(state_dir, lambda: _table().metadata, _unusable)

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
                f"{self._database.path}: a row of {name} is not understood ({type(error).__name__}: {error}).",
                "A newer gcms-tui may have written it: use that one. The findings stand.",
            ) from None

    @contextmanager
    def _connection(self) -> Iterator[tuple[Connection, Table]]:
        with self._database.transaction() as connection:
            yield connection, _table()


@lru_cache(maxsize=1)
def _table() -> Table:
    from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table

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
    Index("health_finding_by_name", table.c.target, table.c.name, table.c.taken_at_us)
    return table


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


def _unusable(path: Path, reason: str) -> StateError:
    return StateError(
        "Health is not kept",
        f"{path}: {reason}",
        "Make room, or move the file away if it is damaged: the findings stand, only their past is lost.",
    )
