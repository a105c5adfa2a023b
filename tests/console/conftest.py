"""The same terminal for every test, whatever the developer's own is; and a loop that is waited for, not a clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import textual.app
import textual.pilot
import textual.screen
from textual import constants
from textual._context import active_app
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

_CALM_ROUNDS = 3
_PAINT_ROUNDS = 8
"""A picture may lead to another: a width is known after the first, and what flows in it may want a scroll bar."""
_PAINT_S = 0.2
"""How often a screen is painted that nobody waits for; whoever waits has it painted."""


async def idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until the loop has nothing left to do but wait for timers and threads, with everything drawn.

    In the place of Textual's own, which takes a process that gets no processor for one that is done.
    """
    await _calm()
    app = active_app.get()
    for _ in range(_PAINT_ROUNDS):
        if not app._screen_stack or not _to_be_painted(app.screen):
            break
        app.screen._on_timer_update()
        await _calm()


def _to_be_painted(screen: Screen[Any]) -> bool:
    laid_out = not (screen._layout_required or screen._scroll_required or screen._recompose_required)
    return not laid_out or bool(screen._repaint_required or screen._dirty_widgets or screen._callbacks)


async def _calm() -> None:
    ready = cast("deque[object]", vars(asyncio.get_running_loop())["_ready"])
    calm = 0
    while calm < _CALM_ROUNDS:
        await asyncio.sleep(0)
        calm = 0 if ready else calm + 1


@pytest.fixture(autouse=True)
def waits_for_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textual.app, "wait_for_idle", idle)
    monkeypatch.setattr(textual.pilot, "wait_for_idle", idle)
    monkeypatch.setattr(textual.screen, "UPDATE_PERIOD", _PAINT_S)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
    for name in ("NO_COLOR", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    yield
    ScrollBar.renderer = ScrollBarRender


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"
