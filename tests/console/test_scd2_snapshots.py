"""One picture of each screen about SCD2 tables. `pytest --snapshot-update` takes them anew; look at each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from tests.console.small_platform import Clock, services
from tests.console.small_scd2 import opened_key, opened_keys, scd2_pane, small_scd2
from tests.operations.memory import NOW

STATE = Path("state-is-never-written")
Compare = Callable[..., bool]


async def tables(pilot: Pilot[Any]) -> None:
    await scd2_pane(pilot)


async def keys(pilot: Pilot[Any]) -> None:
    await tables(pilot)
    await opened_keys(pilot)


async def key(pilot: Pilot[Any]) -> None:
    await keys(pilot)
    await pilot.press("down")
    await opened_key(pilot)
    await pilot.press("down")


async def tie(pilot: Pilot[Any]) -> None:
    await keys(pilot)
    await opened_key(pilot)


CASES: dict[str, tuple[Any, tuple[int, int], dict[str, Any]]] = {
    "tables": (tables, (80, 24), {}),
    "tables_wide": (tables, (140, 40), {}),
    "keys": (keys, (80, 24), {}),
    "key": (key, (80, 24), {}),
    "key_wide": (key, (140, 40), {"target": "prod", "sandbox": False}),
    "key_ascii": (tie, (80, 24), {"ascii": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_picture(snap_compare: Compare, case: str) -> None:
    steps, size, changes = CASES[case]
    prepared = services(STATE, scd2=small_scd2().desk, clock=Clock(NOW), **{"read_only": False, **changes})
    assert snap_compare(ConsoleApp(prepared), terminal_size=size, run_before=steps)
