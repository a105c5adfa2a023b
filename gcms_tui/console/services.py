"""What the console is given to work with. The wiring fills it in; nothing here imports Textual or a driver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gcms_tui.core.errors import ConfigError, GcmsError
from gcms_tui.core.finding import Finding, HealthReport, Point
from gcms_tui.core.frozen import frozen

if TYPE_CHECKING:  # names only: the first paint does not wait for them
    from gcms_tui.core.payroll.hold import Hold
    from gcms_tui.core.settings import Settings
    from gcms_tui.operations.backups.desk import BackupDesk
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.log_port import Log
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.pipeline.desk import PipelineDesk
    from gcms_tui.operations.ports import Clock
    from gcms_tui.operations.procedures.desk import ProcedureDesk
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.wall import WallDesk
    from gcms_tui.operations.writing.doubts import Doubt


class HealthExaminer(Protocol):
    """The morning check over one target. The console calls it from its loader thread only."""

    def names(self) -> tuple[str, ...]:
        """Every finding that `examine` will answer, in the runbook's order."""
        ...

    def examine(
        self, only: tuple[str, ...] | None = None, on_finding: Callable[[Finding], None] | None = None
    ) -> HealthReport:
        """Look now. `on_finding` hears each answer as it comes, from any thread.

        Raises `GcmsError` where nothing at all could be looked at; a check that fails alone is a finding.
        """
        ...

    def series(self, name: str) -> tuple[Point, ...]:
        """Past values of one finding, oldest first. Raises `GcmsError`."""
        ...

    def close(self) -> None:
        """End the connections, so that a running `examine` ends soon."""
        ...


def no_payroll(whom: str) -> PayrollDesk:
    """Stands where nothing is wired."""
    raise ConfigError("No payroll", "This console was given no way to it.", "Look at gcms-tui doctor.")


def no_runbook() -> ProcedureDesk:
    """Stands where nothing is wired."""
    raise ConfigError("No runbook", "This console was given no way to it.", "Look at gcms-tui doctor.")


def no_incidents() -> IncidentDesk:
    """Stands where nothing is wired."""
    raise ConfigError("No incidents", "This console was given no way to it.", "Look at gcms-tui doctor.")


def no_pipeline() -> PipelineDesk:
    """Stands where nothing is wired."""
    raise ConfigError("No pipeline", "This console was given no way to it.", "Look at gcms-tui doctor.")


def no_backups() -> BackupDesk:
    """Stands where nothing is wired."""
    raise ConfigError("No backups", "This console was given no way to it.", "Look at gcms-tui doctor.")


def no_wall() -> WallDesk:
    """Stands where nothing is wired."""
    raise ConfigError("No wall", "This console was given no way to it.", "Look at gcms-tui doctor.")


@frozen
class ConsoleServices:
    """Everything the console may use, and what it says about where it is."""

    settings: Settings
    target: str
    """dbt's target name as resolved."""
    read_only: bool
    read_only_reason: str
    """Who said so: the flag, the environment, the file or the target. Empty where writing is allowed."""
    sandbox: bool
    last_report: Callable[[], HealthReport | None]
    """The last known health. Called once before the first paint: it reads one small file and nothing else."""
    open_health: Callable[[], HealthExaminer]
    """Heavy imports and connections; called in a thread after the first paint. Raises `GcmsError`."""
    open_runs: Callable[[], RunDesk]
    """As `open_health`, for dbt's runs; every pane gets the same one. Closed when the console is left."""
    open_scd2: Callable[[], Scd2Desk]
    """As `open_runs`, for SCD2 tables, the journal, and what is in doubt."""
    doubts: Callable[[], tuple[Doubt, ...]]
    """Writes without an outcome, by the store alone; called in a thread after the first paint. Raises `GcmsError`."""
    open_log: Callable[[Path], Log]
    """A log file, also one that is not there yet; called in a thread. Raises `GcmsError`."""
    now: Clock
    copy_dir: Path
    """Where copies and crash notes are left, readable by the user alone."""
    version: str
    refresh_s: float | None = None
    """Seconds between looks; None: only when asked."""
    ascii: bool = False
    slow_link: bool = False
    config_error: GcmsError | None = None
    """Why there is nothing to show; the console then says what helps instead."""
    notice: str = ""
    """One sentence to know at the start, for instance that the sandbox has aged."""
    open_payroll: Callable[[str], PayrollDesk] = no_payroll
    """As `open_runs`, for payroll. Whom to act as, which only a practice platform allows; empty: oneself."""
    holds: Callable[[], tuple[Hold, ...]] = tuple
    """What holds payroll; called in a thread after the first paint, with `doubts`. Raises `GcmsError`."""
    open_runbook: Callable[[], ProcedureDesk] = no_runbook
    """As `open_runs`, for the runbook's procedures."""
    open_incidents: Callable[[], IncidentDesk] = no_incidents
    """As `open_runs`, for incidents; the app asks it once after the first paint, and then nothing but the store."""
    open_pipeline: Callable[[], PipelineDesk] = no_pipeline
    """As `open_runs`, for Airbyte, Supabase and where the data stopped."""
    open_backups: Callable[[], BackupDesk] = no_backups
    """As `open_runs`, for backups."""
    open_wall: Callable[[], WallDesk] = no_wall
    """As `open_health`, for what the wall reads beside the findings."""
