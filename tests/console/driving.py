"""Driving the console in a test: wait for what is to come, look at what is drawn."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.health import HealthPane
from tests.console.small_platform import Examiner


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str, deadline_s: float = 20.0) -> None:
    """Let the console run until `condition` holds."""
    deadline, wait_s = time.monotonic() + deadline_s, 0.002
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about:\n{drawn(pilot.app)}"
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 1.3, 0.02)  # each look costs, too
        await pilot.pause()
    await pilot.pause()


async def shows(pilot: Pilot[Any], *texts: str) -> None:
    """Wait until all of `texts` stand on the screen."""
    await until(pilot, lambda: all(text in drawn(pilot.app) for text in texts), f"{texts} on the screen")


async def comes_to_rest(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Let the console run until `condition` holds, and still does once all that waited to be handled has been.

    For what reads: one answer may lead to the next question.
    """
    deadline = time.monotonic() + 20.0
    await until(pilot, condition, what)
    while not condition():
        await until(pilot, condition, what, deadline - time.monotonic())


async def times_read(pilot: Pilot[Any], pane: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a pane reads that is asked once more while it reads."""
    load, gate, read = pane._source.load, threading.Event(), list[Any]()

    def slowly(*given: Any) -> Any:
        read.append(load(*given))
        assert len(read) > 1 or gate.wait(20)
        return read[-1]

    monkeypatch.setattr(pane._source, "load", slowly)
    pane.load()
    pane.load()
    gate.set()
    await comes_to_rest(pilot, lambda: not pane._loader.busy, "the end of reading")
    return len(read)


async def typed(pilot: Pilot[Any], text: str) -> None:
    """Type `text` into what has the focus, in one go, as a slow line brings it: nothing is painted in between."""
    driver = pilot.app._driver
    assert driver is not None
    for letter in text:
        driver.send_message(events.Key(letter if letter.isalnum() else _character_to_key(letter), letter))
    await pilot.pause()


async def settled(pilot: Pilot[Any], examiner: Examiner | None = None, looks: int = 1) -> HealthPane:
    """Wait until `examiner` (or whatever there is) has looked so often, and the pane has drawn what came of it."""
    pane = health(pilot.app)

    def done() -> bool:
        asked = len(examiner.asked) >= looks if examiner else bool(pane.state.findings or pane.state.error)
        return asked and not pane._loader.busy

    await comes_to_rest(pilot, done, "the end of the look")
    return pane


def health(app: object) -> HealthPane:
    assert isinstance(app, ConsoleApp)
    assert isinstance(app.pane, HealthPane)
    return app.pane


def drawn(app: Any) -> str:
    """The screen as text, line by line."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip).ljust(width).rstrip() for strip in strips[:height]]
    return "\n".join(lines)
