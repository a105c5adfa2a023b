"""One picture of each screen about payroll. `pytest --snapshot-update` takes them anew; look at each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.steps import Step
from tests.console.small_payroll import CHECKS, SmallPayroll, opened_wizard, payroll_pane

Compare = Callable[..., bool]


def story(small: SmallPayroll) -> None:
    """One run that waits for its spot check, and one whose tests have failed."""
    small.passed(*CHECKS)
    small.sound = False
    run_id = small.opened("33", user="frank")
    for step in (Step.FRESHNESS, Step.MODELS, Step.TESTS):
        small.sound = step is not Step.TESTS
        small.note(run_id, events.CHECKED, small.found(step), user="frank")
    small.sound = True


def held(small: SmallPayroll) -> None:
    story(small)
    small.book("frank").holds.set("by hand", "Finance waits for the corrected rates")
    small.clock.pass_by(minutes=20)


async def listed(pilot: Pilot[Any]) -> None:
    await payroll_pane(pilot)


async def frozen(pilot: Pilot[Any]) -> None:
    screen = await opened_wizard(pilot)
    screen.steps.cursor = Step.TESTS.value
    await pilot.pause()


async def next_step(pilot: Pilot[Any]) -> None:
    await opened_wizard(pilot)


async def failed(pilot: Pilot[Any]) -> None:
    await opened_wizard(pilot, "33")


CASES: dict[str, tuple[Any, Any, tuple[int, int], dict[str, Any]]] = {
    "list": (story, listed, (80, 24), {}),
    "list_held_wide": (held, listed, (200, 50), {}),
    "list_ascii": (held, listed, (80, 24), {"ascii": True}),
    "wizard": (story, next_step, (80, 24), {}),
    "wizard_frozen_wide": (story, frozen, (200, 50), {"target": "prod", "sandbox": False}),
    "wizard_failed_ascii": (held, failed, (80, 24), {"ascii": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_picture(snap_compare: Compare, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, steps, size, changes = CASES[case]
    if case.endswith("ascii"):
        monkeypatch.setenv("NO_COLOR", "1")
    small = SmallPayroll(tmp_path)
    prepare(small)
    assert snap_compare(small.app(**changes), terminal_size=size, run_before=steps)
