"""What operations ask of the outside. Adapters fit these shapes without importing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gcms_tui.core.finding import HealthReport, Scalar
from gcms_tui.core.query import Answer, Query, Statement
from gcms_tui.core.verdict import Verdict

Clock = Callable[[], datetime]
"""The present moment, aware and in UTC."""


class Warehouse(Protocol):
    """The read side of Snowflake. Safe to call from several threads at once."""

    def read(self, statement: Statement) -> Answer:
        """Run one read statement.

        Raises `Unavailable` (cannot be reached, lost, timed out on the network), `MissingRelation`,
        `StatementTimeout`, `StatementFailed` (refused for another reason), `Refused` (not a read).
        """
        ...

    def close(self) -> None: ...


class QueryLibrary(Protocol):
    def get(self, name: str) -> Query:
        """The query of that name. Raises `KeyError`."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """One past value of a finding."""

    taken_at: datetime
    verdict: Verdict
    value: Scalar


class HealthHistory(Protocol):
    """Past health, kept on this machine."""

    def record(self, report: HealthReport) -> None: ...

    def series(self, target: str, name: str, limit: int = 60) -> tuple[Point, ...]:
        """The newest `limit` points of one finding, oldest first."""
        ...
