"""One picture of each screen about runs. `pytest --snapshot-update` takes them anew; look at each before keeping it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.chooser import Chooser
from gcms_tui.console.failing import FailingTestsScreen
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.console.trend import TrendScreen
from tests.console.driving import comes_to_rest, until
from tests.console.scripted_run import past
from tests.console.small_platform import Clock, services
from tests.console.small_runs import SmallDesk, small_desk
from tests.console.test_preview_dialog import full_refresh
from tests.console.test_runs_pane import running, runs_pane

STATE = Path("state-is-never-written")
Compare = Callable[..., bool]


def desk() -> SmallDesk:
    clock = Clock()
    return small_desk(STATE, running(clock), *past(), clock=clock)


def shown(app: Any, screen: type[Any]) -> bool:
    """Such a screen is in front, and has read what it shows."""
    return isinstance(app.screen, screen) and not app.screen._loader.busy


async def chooser(pilot: Pilot[Any], small: SmallDesk) -> None:
    await pilot.press("s")
    await until(
        pilot, lambda: isinstance(pilot.app.screen, Chooser) and bool(pilot.app.screen.entries.rows), "the commands"
    )


async def preview(pilot: Pilot[Any], small: SmallDesk) -> None:
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    app.push_screen(PreviewDialog(app.services, app.look, small.desk, lambda: full_refresh(small)))
    await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and app.screen.preview is not None, "the preview")


async def failing(pilot: Pilot[Any], small: SmallDesk) -> None:
    await pilot.press("down", "down", "f")
    await until(pilot, lambda: isinstance(pilot.app.screen, FailingTestsScreen), "the failing tests")
    screen = pilot.app.screen
    assert isinstance(screen, FailingTestsScreen)
    await comes_to_rest(pilot, lambda: screen.read is not None and not screen._loader.busy, "the rows")


async def trend(pilot: Pilot[Any], small: SmallDesk) -> None:
    await pilot.press("T")
    await comes_to_rest(pilot, lambda: shown(pilot.app, TrendScreen), "the review")


async def the_list(pilot: Pilot[Any], small: SmallDesk) -> None:
    await pilot.press("down", "down")


CASES: dict[str, tuple[Any, tuple[int, int], dict[str, Any]]] = {
    "runs": (the_list, (80, 24), {}),
    "runs_wide": (the_list, (140, 40), {}),
    "runs_ascii": (the_list, (80, 24), {"ascii": True}),
    "chooser": (chooser, (80, 24), {}),
    "preview": (preview, (80, 24), {"target": "prod", "sandbox": False}),
    "failing": (failing, (140, 40), {}),
    "trend": (trend, (80, 24), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_picture(snap_compare: Compare, case: str) -> None:
    steps, size, changes = CASES[case]
    small = desk()
    prepared = services(STATE, runs=small.desk, clock=small.clock, read_only=False, **changes)

    async def driven(pilot: Pilot[Any]) -> None:
        pane = await runs_pane(pilot)
        await steps(pilot, small)
        await comes_to_rest(pilot, lambda: not pane._reader.busy, "the end of reading")

    assert snap_compare(ConsoleApp(prepared), terminal_size=size, run_before=driven)
