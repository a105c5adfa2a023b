"""The performance review: what has become slower stands first, and every window says what it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.trend import TrendScreen, brief_seconds, fit
from gcms_tui.core.errors import Unavailable
from gcms_tui.operations.run_history import NodeTrend, Trend
from tests.console.driving import comes_to_rest, drawn, until
from tests.console.small_platform import NOON, services
from tests.console.small_runs import SmallHistory, small_desk
from tests.console.test_hostile_text import HOSTILE


class Windows(SmallHistory):
    """Remembers which windows were asked for, and answers with `answer` where a test gives one."""

    answer: Trend | None = None

    def trend(self, window: timedelta = timedelta(days=30)) -> Trend:
        self.asked_for = [*getattr(self, "asked_for", []), window.days]
        if self.error is not None:
            raise self.error
        return self.answer or super().trend(window)


async def opened(pilot: Pilot[Any], tmp_path: Path, answer: Trend | None = None) -> tuple[TrendScreen, Windows]:
    app, small = pilot.app, small_desk(tmp_path)
    assert isinstance(app, ConsoleApp)
    history = Windows(small.shelf)
    history.answer = answer
    screen = TrendScreen(app.services, app.look, replace(small.desk, history=history))
    await pilot.pause()
    app.push_screen(screen)
    await comes_to_rest(pilot, lambda: screen.read is not None and not screen._loader.busy, "the history")
    return screen, history


async def test_what_has_become_slower_is_marked_by_a_word(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=(140, 40)) as pilot:
        await opened(pilot, tmp_path)
        lines = drawn(app).splitlines()
        assert lines[1].startswith(" 7  [30 days]  90   1 slower than usual   6 runs since 2026-01-31")
        assert "K1 runs   OK: 99.2 % of 120 in 30 d" in drawn(app)
        assert "K2 tests  WARN: 96.8 % of 310 in 30 d" in drawn(app)
        header = next(line for line in lines if "p95" in line)
        assert header.split() == ["node", "runs", "mean", "p95", "max", "last"]
        slow, steady = lines[lines.index(header) + 1 : lines.index(header) + 3]
        assert slow.split() == [
            *("▌▲", "slower", "fct_musician_payment", "6"),
            *("3.7", "s", "6.4", "s", "6.4", "s", "6.4", "s", "▁▁▂▁▁▇"),
        ]
        assert "slower" not in steady and "dim_concert" in steady
        assert "T4 Slow model performance: K opens it" in drawn(app)


async def test_the_window_is_switched_and_asked_for(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=(80, 24)) as pilot:
        screen, history = await opened(pilot, tmp_path)
        for days in (90, 7, 30):
            await pilot.press("w")
            await until(pilot, lambda days=days: f"[{days} days]" in drawn(app), "the window")  # type: ignore[misc]
            await until(pilot, lambda: screen.read and screen.read.days == screen.days, "its history")
        assert history.asked_for == [30, 90, 7, 30]
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "the way back")
    assert "model.gcms.fct_musician_payment\tmodel\t6\t3.700\t6.400\t6.400\t6.400\tslower" in (state / FILE).read_text()


async def test_a_history_that_cannot_be_read_is_told(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=(80, 24)) as pilot:
        screen, history = await opened(pilot, tmp_path)
        history.error = Unavailable("No history", "The state directory cannot be read.", "Look at its permissions.")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        await pilot.press("escape")
        assert "fct_musician_payment" in drawn(app), "what was read stays"
        history.error, history.answer = None, Trend(NOON, 0, (), "K1 not known", "K2 not known")
        await pilot.press("r")
        await until(pilot, lambda: "No run of this window tells of any node." in drawn(app), "the empty list")
        assert screen.focused_node is None


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("size", [(140, 40), (40, 12)])
async def test_hostile_text_is_shown_as_data(
    state: Path,
    tmp_path: Path,
    ascii: bool,  # noqa: A002
    size: tuple[int, int],
) -> None:
    nodes = tuple(
        NodeTrend(f"{place}{text}", text, text, 3, 1.0, 90_000.0, 1e9, 0.0, True, (1.0, float("nan"), 2.0))
        for place, text in enumerate(HOSTILE)
    )
    everything = "\n".join(HOSTILE)
    app = ConsoleApp(services(state, ascii=ascii))
    async with app.run_test(size=size) as pilot:
        screen, _ = await opened(pilot, tmp_path, Trend(NOON, 3, nodes, everything, everything))
        seen = drawn(app)
        for _ in nodes:
            await pilot.press("down")
            seen += drawn(app)
        assert app.is_running and screen.focused_node is nodes[-1]
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii


@pytest.mark.parametrize("width", range(20, 200, 7))
def test_a_line_never_passes_its_width_and_keeps_the_last_figure(width: int) -> None:
    columns = fit(width, 44, 30)
    used = (
        1
        + 9
        + columns.name
        + sum(cells + 2 for _, cells in columns.figures)
        + (columns.spark + 2 if columns.spark else 0)
    )
    assert used <= width and columns.figures[-1][0] == "last"


def test_seconds_in_eight_cells() -> None:
    told = [brief_seconds(seconds) for seconds in (0.04, 14.24, 59.96, 125, 4_020)]
    assert told == ["0.0 s", "14.2 s", "1:00 min", "2:05 min", "1:07 h"]
