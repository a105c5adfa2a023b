"""One picture of each screen of the runbook. `pytest --snapshot-update` takes them anew; look at each."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.runbook.incidents import IncidentsScreen
from gcms_tui.core.verdict import Verdict
from tests.console.driving import comes_to_rest
from tests.console.small_runbook import SmallRunbook, opened_procedure, runbook_pane

Compare = Callable[..., bool]


async def listed(pilot: Pilot[Any]) -> None:
    await runbook_pane(pilot)


async def steps(pilot: Pilot[Any]) -> None:
    screen = await opened_procedure(pilot, "daily")
    screen.steps.cursor = "freshness"
    await pilot.pause()


async def incidents(pilot: Pilot[Any]) -> None:
    await runbook_pane(pilot)
    await pilot.press("i")
    screen = pilot.app.screen
    await comes_to_rest(pilot, lambda: isinstance(screen, IncidentsScreen) and not screen._loader.busy, "the incidents")


CASES: dict[str, tuple[Callable[[Pilot[Any]], Any], tuple[int, int], dict[str, Any]]] = {
    "board": (listed, (80, 24), {}),
    "board_wide": (listed, (200, 50), {"target": "prod", "sandbox": False}),
    "board_ascii": (listed, (80, 24), {"ascii": True}),
    "steps": (steps, (80, 24), {}),
    "steps_wide": (steps, (200, 50), {}),
    "incidents_wide": (incidents, (200, 50), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_picture(snap_compare: Compare, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_before, size, changes = CASES[case]
    if case.endswith("ascii"):
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(secrets, "token_hex", lambda number=None: "0a1b2c")
    small = SmallRunbook(tmp_path)
    small.procedures.health.bad["freshness.attendance"] = Verdict.FAIL
    run_id = small.opened("daily")
    for step in ("last-run", "freshness"):
        small.procedures.steps().check(run_id, step)
    small.incident()
    small.clock.pass_by(minutes=20)
    assert snap_compare(small.app(**changes), terminal_size=size, run_before=run_before)
