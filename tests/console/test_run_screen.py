"""The live view of a run, driven as a person would, over a run that the test moves on event by event."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.failing import FailingTestsScreen
from gcms_tui.console.log import LogScreen
from gcms_tui.console.run import RunScreen
from gcms_tui.console.run_cancel import CancelDialog
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.console.run_provenance import RunProvenance
from gcms_tui.console.run_source import RunSource
from gcms_tui.console.runs import RunsPane
from gcms_tui.console.widgets.node_list import NodeRow
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.run import RunState
from gcms_tui.core.run_progress import Progress
from gcms_tui.operations.runs import Look
from tests.console.driving import comes_to_rest, drawn, shows, until
from tests.console.scripted_run import CRITICAL_TEST, GREEN, STORY, ScriptedRun, command, record
from tests.console.small_runs import small_desk
from tests.console.watching import Watching

SMALL, LARGE = (80, 24), (140, 40)
FIRST = STORY[0].unique_id


@pytest.mark.parametrize("size", [SMALL, (200, 50)])
async def test_it_is_seen_from_its_beginning_to_its_end(state: Path, size: tuple[int, int]) -> None:
    watching = Watching(state, ScriptedRun())
    async with watching.app.run_test(size=size) as pilot:
        screen = await watching.open(pilot)
        seen = drawn(watching.app)
        assert "► STARTING  dbt build --select +fct_musician_payment" in seen and "0 of ?" in seen
        assert "SANDBOX · anna@ops-1 · since 2026-03-02 12:00:00 UTC" in seen
        assert "dbt has not begun with a node yet" in seen and "time left unknown" in seen
        watching.small.runs.remaining_s = 170.0
        watching.scripted.until(CRITICAL_TEST, ended=True)
        await watching.seen(pilot, screen)
        seen = drawn(watching.app)
        assert "► RUNNING" in seen and "9 of 13 · 4 s · about 3 min left" in seen
        assert "1 fail · 3 running · 1 warn · 2 pass · 5 success" in seen
        assert "dbt build runs" in seen.splitlines()[0] and "live" in seen.splitlines()[0]
        watching.scripted.advance(99)
        await watching.seen(pilot, screen)
        seen = drawn(watching.app)
        assert "✗ FAILED" in seen and "13 of 13 · 7.2 s" in seen and "ended" in seen.splitlines()[0]
        assert "7 of 8 models done, 2 of 4 tests passed, 1 warned, 1 skipped; exit 1" in seen
        assert "dbt build runs" not in seen.splitlines()[0]


async def test_it_opens_at_the_first_failing_node_and_stays_where_it_is_put(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.until(FIRST, ended=False)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        assert screen.nodes.cursor == FIRST, "nothing has failed: the first that runs"
        watching.scripted.until(CRITICAL_TEST, ended=True)
        await watching.seen(pilot, screen)
        assert screen.nodes.cursor == CRITICAL_TEST == screen.focused_id
        await pilot.press("down")
        chosen = screen.nodes.cursor
        assert chosen == FIRST
        watching.scripted.advance(99)
        await watching.seen(pilot, screen)
        assert screen.nodes.cursor == chosen and len(screen.nodes.rows) == 13
        names = [row.node.status for row in screen.nodes.rows]
        assert names[:3] == ["fail", "error", "warn"] and names[-1] == "skipped"
        await pilot.press("s")
        assert screen.nodes.rows[0].key == FIRST and "as begun" in drawn(watching.app)
        await pilot.press("s")
        assert screen.nodes.rows[0].seconds == 6.2 and screen.nodes.cursor == chosen


async def test_the_same_screen_shows_it_from_where_it_is(state: Path) -> None:
    scripted = ScriptedRun()
    for step in (0, 15, 99):
        scripted.advance(step)
        watching = Watching(state, scripted)
        async with watching.app.run_test(size=SMALL) as pilot:
            screen = await watching.open(pilot)
            assert len(screen.progress.nodes) == len(scripted.progress().nodes)
        assert all(watch.closed.wait(20) for watch in watching.small.runs.watches), "nothing is left open"


def test_a_look_that_begins_after_its_screen_has_gone_leaves_nothing_open(state: Path) -> None:
    small = small_desk(state, ScriptedRun())
    (run,) = small.shelf.runs()
    source = RunSource(small.desk, run.run_id)
    source.abandon()
    source.look()
    assert small.runs.watches and all(watch.closed.wait(20) for watch in small.runs.watches)


async def test_an_ended_run_is_looked_at_once(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(99)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        assert screen._next is None and len(watching.small.runs.looked) == 1
        await pilot.press("r")
        await until(pilot, lambda: len(watching.small.runs.looked) == 2, "a look by hand")
        await comes_to_rest(pilot, lambda: not screen._loader.busy, "the end of it")
        assert screen._next is None and len(watching.small.runs.looked) == 2


async def test_nothing_is_looked_at_behind_another_screen(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(10)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(watching.app.screen, RunProvenance), "the provenance")
        await comes_to_rest(pilot, lambda: not screen._loader.busy, "the end of the look")
        assert screen._next is None and screen._tick is not None and not screen._tick._active.is_set()
        looked = len(watching.small.runs.looked)
        watching.scripted.advance(1)
        await pilot.press("escape")
        await until(pilot, lambda: len(watching.small.runs.looked) > looked, "a look on coming back")
        assert screen._tick._active.is_set()


async def test_only_the_seconds_change_from_one_second_to_the_next(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(10)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        screen._stop_waiting()
        await comes_to_rest(pilot, lambda: not screen._loader.busy, "the end of the look")
        before = drawn(watching.app).splitlines()
        watching.small.clock.pass_by(seconds=30)
        screen.tick()
        await pilot.pause()
        after = drawn(watching.app).splitlines()
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == 1 + sum(node.status == "running" for node in screen.progress.nodes)
        assert all(" 3" in line for line in changed)


async def test_only_the_lines_that_changed_are_drawn_when_a_node_ends(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.until(STORY[1].unique_id, ended=False)
    watching.scripted.advance(4)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        screen._stop_waiting()
        regions: list[Region] = []
        refresh = screen.nodes.refresh

        def recorded(*given: Region, **options: Any) -> Any:
            regions.extend(given or [screen.nodes.size.region])
            return refresh(*given, **options)

        monkeypatch.setattr(screen.nodes, "refresh", recorded)
        before = screen.nodes.rows
        ended = next(row.node for row in before if row.node.status == "running" and row.key != FIRST)
        rows = [row for row in before if row.node is not ended]
        screen.nodes.show((*rows, NodeRow(replace(ended, status="success"), 2.0)))
        place = before.index(next(row for row in before if row.node is ended))
        assert regions and all(region.height == 1 for region in regions), "never the whole list"
        assert {region.y for region in regions} == set(range(place, len(before)))


async def test_the_timeline_goes_from_node_to_node(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.until(CRITICAL_TEST, ended=True)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        await pilot.press("t")
        await until(pilot, lambda: screen.lanes.rows, "the lanes")
        seen = drawn(watching.app)
        assert "0:00" in seen and "thread 1  ► br_attendance_scd2 ╌╌╌" in seen
        assert "thread 2  ✓ br_concert_scd2 ━━━" in seen and "✗ fail  attended_not_above_required" in seen
        assert screen.lanes.cursor == "Thread-4"
        await pilot.press("left")
        assert screen.focused_id == "model.gcms.dim_musician"
        assert "✓ success  dim_musician · 0.9 s" in drawn(watching.app)
        await pilot.press("up", "up")
        assert screen.focused_id == "model.gcms.fct_musician_payment", "the one that ran at about the same time"
        await pilot.press("right", "left", "h", "l", "enter")
        await until(pilot, lambda: "Compiled SQL" in drawn(watching.app), "the node")
        assert "so far" in drawn(watching.app)
        await pilot.press("escape", "n")
        assert screen.nodes.cursor == "model.gcms.fct_musician_payment", "the cursor is on one node in all views"


async def test_messages_are_followed_until_one_is_chosen(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(10)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        await pilot.press("m")
        assert screen.messages.cursor == screen.messages.rows[-1].key
        watching.scripted.until(CRITICAL_TEST, ended=True)
        await watching.seen(pilot, screen)
        assert screen.messages.cursor == screen.messages.rows[-1].key
        assert "✗ 12 of 13 FAIL attended_not_above_required" in drawn(watching.app)
        await pilot.press("enter")
        await until(pilot, lambda: "Got 3 results" in drawn(watching.app), "the node that it is about")
        await pilot.press("escape", "home")
        watching.scripted.advance(99)
        await watching.seen(pilot, screen)
        assert screen.messages.cursor == screen.messages.rows[0].key
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(watching.app.screen, ErrorDialog), "the message in full")
        assert "Running with dbt=1.11.16" in drawn(watching.app)


async def test_a_node_in_full_with_its_sql(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(99)
    async with watching.app.run_test(size=LARGE) as pilot:
        screen = await watching.open(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "3 │ where attended_services" in drawn(watching.app), "the SQL")
        seen = drawn(watching.app)
        assert "o opens the rows that failed" in seen and CRITICAL_TEST in seen and "failures 3 rows" in seen
        screen.nodes.focus()
        await pilot.press("down")
        await shows(pilot, "invalid identifier 'AMOUNT_CHF'", "4 │     amount_chf")
        await pilot.press("c")
        copied = state / FILE
        await until(pilot, copied.exists, "the copy")
        assert "invalid identifier 'AMOUNT_CHF'" in copied.read_text() and "4 │     amount_chf" in copied.read_text()
        await pilot.press("escape")
        assert "Compiled SQL" not in drawn(watching.app) and watching.app.screen is screen


async def question(pilot: Pilot[Any]) -> None:
    """Press the key for cancelling, and wait until the question can be answered."""
    await pilot.press("x")
    await until(pilot, lambda: isinstance(pilot.app.screen, CancelDialog), "the question")
    dialog = pilot.app.screen
    assert isinstance(dialog, CancelDialog) and dialog.way_out.has_focus
    guarded: CancelDialog = dialog
    await until(pilot, lambda: guarded.armed, "keys that count")


async def test_cancel_is_asked_twice_and_asked_is_not_confirmed(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(10)
    watching.small.runs.orphans = "2 statements of it may still run in the warehouse."
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        await question(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: watching.app.screen is screen, "the run")
        assert watching.small.runs.cancelled == []
        await question(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: watching.app.screen is screen, "the run, after the cancel")
        assert watching.small.runs.cancelled == [screen.run_id]
        await watching.seen(pilot, screen)
        seen = drawn(watching.app)
        assert "■ CANCEL ASKED" in seen and "dbt has not stopped yet" in seen and "CANCELLED" not in seen
        assert screen.refusal("cancel") == "it was asked already, and has not stopped yet"
        watching.scripted.finish(exit_code=2)
        await until(pilot, lambda: screen.orphans, "what is left behind")
        seen = drawn(watching.app)
        assert "CANCELLED" in seen and "2 of 13 done, 4 cut off, 7 never began" in " ".join(seen.split())
        assert "2 statements of it may still run in the warehouse." in seen
        assert "? unfinished" in seen and "► running" not in seen


@pytest.mark.parametrize(
    ("state_wanted", "word", "size"),
    [
        (RunState.KILLED, "✗ KILLED", SMALL),
        (RunState.LOST, "? LOST", (40, 12)),
        (RunState.ERROR, "✗ ERROR", SMALL),
        (RunState.UNKNOWN, "? UNKNOWN", (40, 12)),
    ],
)
async def test_how_else_it_may_end(state: Path, state_wanted: RunState, word: str, size: tuple[int, int]) -> None:
    scripted = ScriptedRun(record=record(foreign=state_wanted is RunState.UNKNOWN))
    scripted.advance(10)
    match state_wanted:
        case RunState.KILLED:
            scripted.finish(signal=9)
        case RunState.LOST:
            scripted.lose()
        case RunState.ERROR:
            scripted.finish(exit_code=2)
    watching = Watching(state, scripted)
    async with watching.app.run_test(size=size) as pilot:
        screen = await watching.open(pilot)
        assert screen.run is not None and screen.run.state is state_wanted
        assert word in drawn(watching.app) and screen._next is None
        if state_wanted is RunState.ERROR:
            await pilot.press("e")
            await until(pilot, lambda: isinstance(watching.app.screen, ErrorDialog), "the error")


async def test_a_foreign_run_is_told_by_what_it_left(state: Path) -> None:
    scripted = ScriptedRun(record=record(foreign=True))
    scripted.advance(99)
    watching = Watching(state, scripted)
    watching.small.runs.look = lambda run_id, watch: Look(scripted.run, Progress())  # type: ignore[method-assign]
    async with watching.app.run_test(size=SMALL) as pilot:
        await watching.open(pilot)
        seen = drawn(watching.app)
        assert "not started here" in seen and "✗ FAILED" in seen and "13 of 13" in seen
        assert "✗ fail       attended_not_above_required" in seen
        await pilot.press("t")
        assert "when its nodes ran is not known" in drawn(watching.app)
        await pilot.press("m")
        assert "L shows the log" in drawn(watching.app)
        await pilot.press("L")
        await until(pilot, lambda: isinstance(watching.app.screen, LogScreen), "the project's log")
        assert isinstance(watching.app.screen, LogScreen)
        assert watching.app.screen.path == watching.small.desk.project_log, "it has no log of its own"


async def test_nothing_ran_is_said_and_is_not_green(state: Path) -> None:
    scripted = ScriptedRun((), record(what=command("test", "--select", "nothing_there")))
    scripted.advance(99)
    assert scripted.run.state is RunState.SUCCEEDED
    watching = Watching(state, scripted)
    async with watching.app.run_test(size=SMALL) as pilot:
        await watching.open(pilot)
        seen = drawn(watching.app)
        assert "? NOTHING RAN" in seen and "this proves nothing" in seen and "✓" not in seen


async def test_a_green_run_says_what_passed(state: Path) -> None:
    scripted = ScriptedRun(GREEN, record(what=command("test", "--select", "gold")))
    scripted.advance(99)
    watching = Watching(state, scripted)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        assert "✓ SUCCEEDED" in drawn(watching.app) and "all 4 tests passed" in drawn(watching.app)
        assert screen.refusal("failing") == "no test has failed"


async def test_read_only_neither_cancels_nor_retries(state: Path) -> None:
    watching = Watching(state, ScriptedRun(), read_only=True)
    watching.scripted.advance(10)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        for action, key in (("cancel", "x"), ("retry", "R")):
            assert screen.refusal(action) == "read-only: gcms.toml does not allow writing"
            await pilot.press(key)
            assert watching.app.screen is screen and not watching.small.runs.cancelled


async def test_retry_is_previewed_and_then_watched_in_its_place(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(99)
    async with watching.app.run_test(size=LARGE) as pilot:
        screen = await watching.open(pilot)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(watching.app.screen, PreviewDialog), "the preview")
        dialog = watching.app.screen
        assert isinstance(dialog, PreviewDialog)
        await until(pilot, lambda: dialog.preview is not None and dialog.armed, "what would run")
        assert dialog.preview is not None and dialog.preview.retry_of == screen.run_id
        await pilot.press("tab", "enter")
        await until(pilot, lambda: watching.small.runs.started, "the start")
        await until(pilot, lambda: isinstance(watching.app.screen, RunScreen), "the new run")
        new = watching.app.screen
        assert isinstance(new, RunScreen) and new is not screen
        await until(pilot, lambda: new.seen is not None, "its first look")
        assert f"retry of {screen.run_id}" in drawn(watching.app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(watching.app.screen, RunScreen), "what lies below")


@pytest.mark.parametrize("key", ["o", "f"])
async def test_failing_tests_open_from_here(state: Path, key: str) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.until(CRITICAL_TEST, ended=True)
    async with watching.app.run_test(size=LARGE) as pilot:
        screen = await watching.open(pilot)
        action = {"o": "rows", "f": "failing"}[key]
        assert screen.refusal(action) == "its rows can be read when the run has ended"
        watching.scripted.advance(99)
        await watching.seen(pilot, screen)
        assert screen.refusal(action) is None
        await pilot.press(key)
        await until(pilot, lambda: isinstance(watching.app.screen, FailingTestsScreen), "the failing tests")


async def test_a_look_that_fails_keeps_what_was_seen_and_says_so(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(10)
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        await comes_to_rest(pilot, lambda: not screen._loader.busy, "the end of the look")
        screen._stop_waiting()
        watching.small.runs.error = Unavailable("The disk is gone", "No such device.", "Look at the mount.")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(watching.app.screen, ErrorDialog), "the error")
        await pilot.press("escape")
        seen = drawn(watching.app)
        assert "The disk is gone: No such device." in seen and "br_attendance_scd2" in seen
        assert "seen just now" in seen.splitlines()[0] and "live" not in seen.splitlines()[0]
        watching.small.runs.error = None
        await pilot.press("r")
        await until(pilot, lambda: screen.failure is None, "a look that succeeds")
        await until(pilot, lambda: "The disk is gone" not in drawn(watching.app), "the end of the warning")


async def test_a_run_that_cannot_be_read_at_all(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.small.runs.error = Unavailable("No such run", "It was pruned.", "See the list of runs.")
    async with watching.app.run_test(size=SMALL) as pilot:
        screen = await watching.open(pilot)
        assert "No such run" in drawn(watching.app) and "See the list of runs." in drawn(watching.app)
        assert screen.refusal("cancel") == "the run has not been read yet"
        await pilot.press("enter", "t", "m", "n", "s", "x", "c", "escape")
        await until(pilot, lambda: watching.app.screen is not screen, "the way back")


async def test_leaving_says_once_that_the_run_goes_on(state: Path) -> None:
    watching = Watching(state, ScriptedRun())
    watching.scripted.advance(10)
    async with watching.app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: isinstance(watching.app.screen, RunsPane), "the runs")
        screen = await watching.open(pilot)
        await pilot.press("enter", "escape")
        assert watching.app.screen is screen, "the node is closed first"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(watching.app.screen, RunsPane), "the runs")
        assert [one.message for one in watching.app._notifications] == [
            "The run goes on. Open it again from the list of runs."
        ]
        assert watching.small.runs.cancelled == [] and watching.scripted.run.state is RunState.RUNNING
