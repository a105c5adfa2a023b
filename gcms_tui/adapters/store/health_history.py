"""Health over time, shared by all consoles of the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.database import Database, microseconds, moment_of
from gcms_tui.adapters.store.schema import table
from gcms_tui.core.finding import HealthReport, Point
from gcms_tui.core.health_json import decoded, encoded, kind_of
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

KEPT_FOR = timedelta(days=100)


class HealthHistory:
    """Findings over time. Safe from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, report: HealthReport) -> None:
        """Add the report's findings, and drop what is older than `KEPT_FOR`. Raises `StateError`."""
        rows = [
            {
                "target": report.target,
                "name": finding.name,
                "taken_at_us": microseconds(finding.taken_at),
                "verdict": finding.verdict.name,
                "value": json.dumps(encoded(finding.value)),
                "value_type": kind_of(finding.value),
            }
            for finding in report.findings
        ]
        with self._connection() as (connection, health):
            if rows:
                connection.execute(health.insert(), rows)
            oldest = microseconds(report.taken_at - KEPT_FOR)
            connection.execute(health.delete().where(health.c.taken_at_us < oldest))

    def series(self, target: str, name: str, limit: int = 60) -> tuple[Point, ...]:
        """The newest `limit` points of one finding, oldest first. Raises `StateError`."""
        with self._connection() as (connection, health):
            newest = (
                health.select()
                .where(health.c.target == target, health.c.name == name)
                .order_by(health.c.taken_at_us.desc(), health.c.id.desc())
                .limit(limit)
            )
            rows = connection.execute(newest).mappings().all()
        try:
            return tuple(_point(row) for row in reversed(rows))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise StateError(
                "The past cannot be read",
                f"{self._database.where}: a row of {name} is not understood ({type(error).__name__}: {error}).",
                "A newer gcms-tui may have written it: use that one. The findings stand.",
            ) from None

    @contextmanager
    def _connection(self) -> Iterator[tuple[Connection, Table]]:
        with self._database.transaction(_unusable) as connection:
            yield connection, table("health_finding")


def _point(row: Any) -> Point:
    return Point(
        moment_of(row["taken_at_us"]),
        Verdict[row["verdict"]],
        decoded(json.loads(row["value"]), row["value_type"]),
    )


def _unusable(where: str, reason: str) -> StateError:
    return StateError(
        "Health is not kept",
        f"{where}: {reason}",
        "Make room, or move the file away if it is damaged: the findings stand, only their past is lost.",
    )
