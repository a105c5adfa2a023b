"""One picture of each payroll step from the spot check on. `pytest --snapshot-update` takes them anew; look at each."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from tests.console.driving import settled, until
from tests.console.small_payroll_steps import Opened, SmallSteps, same_token

STATE = Path("state-is-never-written")
SMALL, LARGE = (80, 24), (200, 50)
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_hex", same_token)


def at(small: SmallSteps, step: Step) -> PayrollRun:
    return small.signed(Role.ENGINEER) if step is Step.SIGN_OFF else small.at(step)


async def queried(asked: Opened, pilot: Pilot[Any]) -> None:
    """Two rows looked at, and one asked about."""
    screen = asked.screen
    for looked_at in (1, 2):
        await pilot.press("n", "space")
        await until(pilot, lambda looked_at=looked_at: len(screen.run_of.ticks) == looked_at, "the tick")  # type: ignore[misc]
    await pilot.press("n", "q")
    await asked.shown(pilot)
    await pilot.press(*"two of five?", "enter")
    await asked.shown(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: screen.run_of.open_queries, "the query")


async def dated(asked: Opened, pilot: Pilot[Any]) -> None:
    await pilot.press(*"2026-03-01", "enter")
    await asked.shown(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: asked.app.screen is not asked.screen, "the plan's dialog")
    await asked.shown(pilot)


STEPS: dict[Step, Callable[[Opened, Pilot[Any]], Any] | None] = {
    Step.SPOT_CHECK: queried,
    Step.SIGN_OFF: None,
    Step.RECORD: dated,
    Step.ARCHIVE: None,
    Step.LOG: None,
}


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("step", STEPS)
def test_picture(snap_compare: Compare, tmp_path: Path, step: Step, size: tuple[int, int]) -> None:
    small = SmallSteps(tmp_path)
    asked = Opened.of(small, STATE, step, at(small, step), "frank")

    async def driven(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await asked.open(pilot)
        further = STEPS[step]
        if further is not None:
            await further(asked, pilot)

    assert snap_compare(asked.app, terminal_size=size, run_before=driven)
