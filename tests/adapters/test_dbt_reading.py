from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcms_tui.adapters.dbt_launcher import LaunchPlace
from gcms_tui.adapters.dbt_reading import ReadingDbt
from gcms_tui.core.dbt_command import RUNBOOK_COMMANDS
from gcms_tui.core.errors import Refused
from gcms_tui.core.query import Access
from gcms_tui.core.run import Person, Run, RunRecord
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.settings import DbtSettings

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ANA = Person("ana", "ops1")


def test_it_cannot_start_what_writes_nor_stop_what_runs_whoever_asks(tmp_path: Path) -> None:
    dbt = ReadingDbt(LaunchPlace(tmp_path / "state", DbtSettings(project_dir=tmp_path), "sandbox"), os.environ)
    for entry in RUNBOOK_COMMANDS:
        if entry.command.access is Access.WRITE:
            preview = Preview("r", entry.command, ("dbt",), str(tmp_path), "sandbox", (), NOW, "print")
            with pytest.raises(Refused, match="Read-only"):
                dbt.start(preview, ANA)
    record = RunRecord("r", RUNBOOK_COMMANDS[0].command, ("dbt",), str(tmp_path), "sandbox", ANA, NOW)
    with pytest.raises(Refused, match="Read-only"):
        dbt.ask_to_stop(Run(record, alive=True), ANA)
    assert not (tmp_path / "state").exists()
