"""What operations ask of the outside. Adapters fit these shapes without importing them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.finding import Point as Point
from gcms_tui.core.query import Answer, Query, Statement

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


class DbtProject(Protocol):
    """What dbt left on disk. Reading is file I/O and may take a moment; safe from several threads."""

    def run_results(self) -> RunResults:
        """Raises `ArtifactError` where there is none, or none that can be read."""
        ...

    def manifest(self) -> Manifest:
        """Raises `ArtifactError` where there is none, or none that can be read."""
        ...

    def log(self) -> DbtLog:
        """The newest invocations that dbt.log and its rotated files tell of.

        Raises `MissingArtifact` where there is no log, `ArtifactError` where it cannot be read.
        """
        ...

    def results_of(self, invocation_id: str) -> RunResults:
        """Raises `ArtifactError` where they are not, or no longer, there."""
        ...

    def left_by(self, invocation_id: str) -> tuple[Path, ...]:
        """The artifacts of exactly this invocation that are still in the project's target/."""
        ...

    def log_written_at(self) -> datetime | None:
        """When the last line was added to the log; None where there is none."""
        ...


class HealthHistory(Protocol):
    """Past health, kept on this machine. Every method raises `GcmsError` where it cannot be read or kept."""

    def record(self, report: HealthReport) -> None: ...

    def series(self, target: str, name: str, limit: int = 60) -> tuple[Point, ...]:
        """The newest `limit` points of one finding, oldest first."""
        ...


class LastHealth(Protocol):
    """The newest report, cheap to read: for the first paint, and to tell what changed since."""

    def load(self) -> HealthReport | None:
        """None where there is none, or none that can be read."""
        ...

    def save(self, report: HealthReport) -> None:
        """Raises `GcmsError` where it cannot be kept."""
        ...
