"""Everything about dbt runs that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gcms_tui.operations.failing_tests import FailingTests
from gcms_tui.operations.run_history import RunHistory
from gcms_tui.operations.run_ports import RunShelf
from gcms_tui.operations.runs import DbtRuns


@dataclass(frozen=True, slots=True)
class RunDesk:
    """One project and target."""

    runs: DbtRuns
    history: RunHistory
    failing: FailingTests
    shelf: RunShelf
    project_log: Path
    """The project's own dbt.log, which foreign runs write to."""
