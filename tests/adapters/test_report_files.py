"""Reports on disk: for their owner alone, whole, and none replaced."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.report_files import ReportFiles, write_report


def test_a_second_report_of_a_day_stands_beside_the_first(tmp_path: Path) -> None:
    files = ReportFiles(tmp_path / "state" / "reports")
    first, second = Path(files.keep("audit", "one")), Path(files.keep("audit", "two"))

    assert (first.name, second.name) == ("audit.md", "audit-2.md")
    assert (first.read_text(), second.read_text()) == ("one", "two")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in first.parent.iterdir()) == ["audit-2.md", "audit.md"]


def test_what_is_there_is_not_replaced_and_a_name_is_no_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text("mine")
    with pytest.raises(StateError):
        write_report(path, "other")
    assert path.read_text() == "mine"
    with pytest.raises(StateError):
        ReportFiles(tmp_path).keep("../mine", "x")
    with pytest.raises(StateError):
        ReportFiles(path).keep("x", "y")  # a file where its directory should be
