"""One picture a screen and state. `pytest --snapshot-update` takes them anew; look at each before keeping it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import ConfigError, Unavailable
from gcms_tui.core.finding import HealthReport
from tests.console.driving import drawn, settled, until
from tests.console.small_platform import NOON, Examiner, services, story

Compare = Callable[..., bool]
Steps = Callable[[Pilot[Any]], Awaitable[None]]
STATE = Path("state-is-never-written")
UNREACHABLE = Unavailable(
    "Cannot reach Snowflake",
    "gcms.snowflakecomputing.com:443 refused the connection.",
    "Check the network, then press r. `gcms-tui doctor` says what works.",
)
HOURS_AGO = HealthReport("prod", NOON - timedelta(hours=3), story(NOON - timedelta(hours=3)))


def after(*keys: str) -> Steps:
    """Wait for the end of the first look, then press `keys`."""

    async def steps(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    return steps


async def halfway(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "checking 9 of 18" in drawn(pilot.app), "nine answers")


async def at_once(pilot: Pilot[Any]) -> None:
    await pilot.pause()


CASES: dict[str, tuple[Callable[[], ConsoleServices], tuple[int, int], Steps]] = {
    "board": (lambda: services(STATE), (80, 24), after()),
    "board_wide": (lambda: services(STATE), (140, 40), after("j", "j")),
    "board_stacked": (lambda: services(STATE), (100, 44), after("j", "j")),
    "board_ascii": (lambda: services(STATE, ascii=True), (120, 36), after("j")),
    "board_tiny": (lambda: services(STATE), (20, 5), after()),
    "detail": (lambda: services(STATE), (80, 24), after("j", "enter")),
    "filter": (lambda: services(STATE), (80, 24), after("slash", "s", "c", "d", "enter")),
    "loading": (lambda: services(STATE, Examiner(story(), gate=threading.Semaphore(9))), (80, 24), halfway),
    "failed_and_stale": (
        lambda: services(STATE, UNREACHABLE, last=HOURS_AGO, target="prod", sandbox=False, read_only=False),
        (80, 24),
        after(),
    ),
    "error": (lambda: services(STATE, UNREACHABLE), (80, 24), after("e")),
    "provenance": (lambda: services(STATE), (120, 36), after("p")),
    "help": (lambda: services(STATE), (140, 40), after("question_mark")),
    "palette": (lambda: services(STATE), (80, 24), after("colon")),
    "no_configuration": (
        lambda: services(STATE, config_error=ConfigError("No configuration", "There is no gcms.toml here or above.")),
        (80, 24),
        at_once,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_picture(snap_compare: Compare, case: str) -> None:
    prepare, size, steps = CASES[case]
    assert snap_compare(ConsoleApp(prepare()), terminal_size=size, run_before=steps)
