"""The live view with very many nodes, with hostile names, and on any terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gcms_tui.console.help import Help
from tests.console.driving import drawn, until
from tests.console.scripted_run import CRITICAL_TEST, Planned, ScriptedRun, command, record
from tests.console.test_hostile_text import HOSTILE
from tests.console.watching import Watching

SMALL, LARGE = (80, 24), (140, 40)


async def test_ten_thousand_nodes(state: Path) -> None:
    nodes = [Planned(f"model.gcms.m{number:05}", 1.0) for number in range(10_000)]
    nodes[7_000] = replace(nodes[7_000], status="error", message="Database Error in model\n  division by zero")
    scripted = ScriptedRun(nodes, threads=16)
    scripted.until(nodes[7_000].unique_id, ended=True)
    watching = Watching(state, scripted)
    async with watching.app.run_test(size=LARGE) as pilot:
        screen = await watching.open(pilot)
        await watching.seen(pilot, screen)
        assert screen.nodes.cursor == nodes[7_000].unique_id
        before = screen.nodes.rows
        scripted.advance(1)
        await watching.seen(pilot, screen)
        after = screen.nodes.rows
        same = {id(row) for row in before} & {id(row) for row in after}
        assert len(after) - len(same) < 40, "what has not changed is not made anew"
        await pilot.press("end")
        assert screen.nodes.cursor == after[-1].key and after[-1].node.name in drawn(watching.app)
        assert "nodes are too short" in drawn(watching.app)


@pytest.mark.parametrize(
    ("size", "ascii"), [((40, 12), False), (SMALL, True), ((200, 50), False)], ids=["tiny", "ascii", "huge"]
)
async def test_whatever_dbt_says_is_shown_as_data(state: Path, size: tuple[int, int], ascii: bool) -> None:  # noqa: A002
    nodes = [
        Planned(f"test.gcms.{text}.{number}", 1.0, text if number % 2 else "fail", 3, text)
        for number, text in enumerate(HOSTILE)
    ]
    everything = " ".join(HOSTILE)
    made = replace(record(what=command("build", "--select", everything)), target=everything, retry_of=everything)
    scripted = ScriptedRun(nodes, made)
    scripted.advance(20)
    watching = Watching(state, scripted, ascii=ascii)
    async with watching.app.run_test(size=size) as pilot:
        screen = await watching.open(pilot)
        seen = drawn(watching.app)
        for key in ("t", "left", "up", "m", "up", "enter", "escape", "n", "enter", "escape", "down", "p", "escape"):
            await pilot.press(key)
            seen += drawn(watching.app)
        scripted.advance(99)
        await watching.seen(pilot, screen)
        for key in ("end", "enter", "home", "escape", "home", "enter"):
            await pilot.press(key)
            seen += drawn(watching.app)
        assert watching.app.is_running and watching.app.screen is screen
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    if size == (200, 50):
        assert "[/b]" in seen and "[red]red[/red]" in seen


@pytest.mark.parametrize("size", [(20, 6), (40, 12), SMALL, LARGE])
async def test_it_works_at_any_size_and_is_never_carried_by_colour(
    state: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    watching = Watching(state, ScriptedRun())
    watching.scripted.until(CRITICAL_TEST, ended=True)
    async with watching.app.run_test(size=size) as pilot:
        await watching.open(pilot)
        for key in ("t", "m", "n", "enter", "escape"):
            await pilot.press(key)
            assert all(len(line) <= size[0] for line in drawn(watching.app).splitlines())
        if size[1] >= 12:
            seen = drawn(watching.app)
            assert "RUNNING" in seen and "✗ fail" in seen and "? Help" in seen and "q Quit" in seen
        await pilot.resize_terminal(*reversed(size))
        await until(pilot, lambda: watching.app.screen.size == tuple(reversed(size)), "the other size")
        assert watching.app.is_running


async def test_every_key_is_in_the_help(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(99)
    async with watching.app.run_test(size=(100, 60)) as pilot:
        await watching.open(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(watching.app.screen, Help), "the help")
        seen = drawn(watching.app)
        for said in ("Ask the run to stop", "Which node ran when", "What dbt says", "The run's log"):
            assert said in seen
