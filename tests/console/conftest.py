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
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from gcms_tui.console import gold_tests, guarded, pane, run_watched

_CALM_ROUNDS = 3
_PAINT_ROUNDS = 8
"""A picture may lead to another: a width is known after the first, and what flows in it may want a scroll bar."""
_BATCH_ROUNDS = 200
_PAINT_S = 0.2
"""How often a screen is painted that nobody waits for; whoever waits has it painted."""


async def idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until the loop has nothing left to do but wait for timers and threads, with everything drawn.

    In the place of Textual's own, which takes a process that gets no processor for one that is done.
    """
    await _calm()
    app = active_app.get()
    await _unbatched(app)
    for _ in range(_PAINT_ROUNDS):
        if not app._screen_stack or not _to_be_painted(app.screen):
            break
        app.screen._on_timer_update()
        await _calm()


async def _unbatched(app: App[object]) -> None:
    """Nothing is laid out while updates are batched, as for a moment after going to another pane."""
    for _ in range(_BATCH_ROUNDS):
        if not app._batch_count:
            break
        await asyncio.sleep(0.001)
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


async def _wait_for_screen(*_: object) -> bool:
    """Textual's own asks each widget whether it is done: all of them are once the loop is."""
    await _calm()
    return True


_delayed = App.delay_update


def _delay_update(app: App[object], delay: float = 0.0) -> None:
    _delayed(app, 0.001)


@pytest.fixture(autouse=True)
def waits_for_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textual.app, "wait_for_idle", idle)
    monkeypatch.setattr(textual.pilot, "wait_for_idle", idle)
    monkeypatch.setattr(textual.screen, "UPDATE_PERIOD", _PAINT_S)
    monkeypatch.setattr(Pilot, "_wait_for_screen", _wait_for_screen)
    monkeypatch.setattr(App, "delay_update", _delay_update)


_parse_rules = Stylesheet._parse_rules
_parsed: dict[object, list[RuleSet]] = {}


def _parse_once(sheet: Stylesheet, css: str, *given: Any, **named: Any) -> list[RuleSet]:
    """One console's stylesheets are all others' too."""
    key = (frozenset(sheet._variables.items()), css, given, frozenset(named.items()))
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, css, *given, **named)
    return _parsed[key]


@pytest.fixture(autouse=True)
def parses_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stylesheet, "_parse_rules", _parse_once)


@pytest.fixture(autouse=True)
def waits_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialog that writes takes keys soon, and what runs is looked at soon again."""
    monkeypatch.setattr(guarded, "HOLD_S", 0.0)
    monkeypatch.setattr(pane, "_WRITTEN_S", 0.0)
    monkeypatch.setattr(run_watched, "_POLL_S", 0.05)
    monkeypatch.setattr(gold_tests, "_LOOK_EVERY_S", 0.05)


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "truecolor")
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
    for name in ("NO_COLOR", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)
    yield
    ScrollBar.renderer = ScrollBarRender


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"
