"""SCD2 tables that keep no flag of their current versions, as dbt snapshots do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring import load_settings, open_health
from gcms_tui.core.verdict import Verdict
from tests.practice import RunningPlatform


@pytest.mark.parametrize(
    ("table", "verdict", "duplicates"), [("br_concert_scd2", Verdict.OK, 0), ("br_attendance_scd2", Verdict.FAIL, 3)]
)
def test_open_end_tells_the_current_version(
    platform: RunningPlatform, tmp_path: Path, table: str, verdict: Verdict, duplicates: int
) -> None:
    settings = load_settings(Invocation(config=platform.config)).settings
    without_flag = tuple(replace(known, is_current=None) for known in settings.scd2)
    with open_health(replace(settings, scd2=without_flag, state_dir=tmp_path)) as health:
        finding = health.examine((f"scd2.{table}",)).findings[0]
    assert (finding.verdict, finding.value) == (verdict, duplicates), finding.summary
    if duplicates:
        assert finding.evidence.total == duplicates
