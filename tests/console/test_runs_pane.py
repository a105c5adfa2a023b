"""The runs pane, driven as a person would, over runs that the test holds in its hands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from gcms_tui.console import runs
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.chooser import Chooser
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.failing import FailingTestsScreen
from gcms_tui.console.log import LogScreen
from gcms_tui.console.run import RunScreen
from gcms_tui.console.run_cancel import CancelDialog
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.console.run_provenance import RunProvenance
from gcms_tui.console.runs import RunsPane
from gcms_tui.console.trend import TrendScreen
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.run import Person
from tests.console.driving import comes_to_rest, drawn, times_read, until
from tests.console.scripted_run import CRITICAL_TEST, STORY, Planned, ScriptedRun, command, ended, past, record
from tests.console.small_platform import NOON, Clock, services
from tests.console.small_runs import SmallDesk, small_desk
from tests.console.test_hostile_text import HOSTILE

SMALL, LARGE = (80, 24), (140, 40)
UNREADABLE = Unavailable("No history", "The state directory cannot be read.", "Look at its permissions.")


def console(state: Path, small: SmallDesk, **services_of: Any) -> ConsoleApp:
    given = {"read_only": False, **services_of}
    return ConsoleApp(services(state, runs=small.desk, clock=small.clock, **given))


async def runs_pane(pilot: Pilot[Any]) -> RunsPane:
    """Go to the pane and wait until it has read the list."""
    await pilot.press("2")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsPane), "the pane")
    pane = pilot.app.screen
    assert isinstance(pane, RunsPane)
    await quiet(pilot, pane)
    return pane


async def quiet(pilot: Pilot[Any], pane: RunsPane) -> None:
    def done() -> bool:
        return not pane._loader.busy and not pane._reader.busy and bool(pane.state.read_at or pane.state.error)

    await comes_to_rest(pilot, done, "the end of reading")


def running(clock: Clock, until_ended: str = CRITICAL_TEST) -> ScriptedRun:
    run = ScriptedRun(record=record(at=NOON), clock=clock)
    run.until(until_ended, ended=True)
    return run


async def test_what_is_asked_for_while_the_list_is_read_is_read_after_that(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = console(state, small_desk(tmp_path))
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        assert await times_read(pilot, pane, monkeypatch) == 2


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_list_says_how_every_run_ended(state: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=size) as pilot:
        await runs_pane(pilot)
        screen = drawn(app).splitlines()
        assert "SANDBOX" in screen[0] and "2 Runs" in screen[0] and "refresh on demand" in screen[0]
        assert screen[1].startswith(" nothing is running   6 runs   last ✓ succeeded test --select gold, 1 h ago")
        assert screen[2].startswith(" Today ─")
        assert "✓ succeeded  11:00  test --select go" in screen[3] and "4 ok" in screen[3]
        assert "✗ failed     09:00  build" in screen[4] and "2 failing  1 warn" in screen[4]
        assert "■ cancelled  08:00  run" in screen[5]
        assert screen[6].startswith(" Yesterday ─") and "✗ killed" in screen[7] and "foreign build" in screen[8]
        assert "? no result  12:00  test --select no" in screen[10], "exit 0 without a node is not green"
        assert "? Help" in screen[-1] and "q Quit" in screen[-1]


async def test_the_focused_run_is_told_in_full_beside_the_list(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=LARGE) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("down")
        await quiet(pilot, pane)
        screen = drawn(app)
        for expected in (
            "1 error  1 fail  1 warn  1 skipped",
            "anna@ops-1 (from 10.0.0.7)",
            "dbt build --target sandbox --log-format json",
            "9f8e7d6c5b4a, with changes that are not",
            "exit 1",
            "invalid identifier 'AMOUNT_CHF'",
            "f shows the failing tests with their rows.",
        ):
            assert expected in screen
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, RunProvenance), "the provenance")
        assert str(tmp_path / "runs")[:20] in drawn(app) and "inv-1" in drawn(app)
        await pilot.press("escape", "c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert "argv     dbt build --target sandbox" in (state / FILE).read_text()


async def test_a_live_run_is_on_top_and_moves(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_POLL_S", 0.05)
    clock = Clock()
    live = running(clock)
    small = small_desk(tmp_path, live, *past(), clock=clock)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        screen = drawn(app).splitlines()
        assert "dbt build runs, anna@ops-1" in screen[0] and "live" in screen[0]
        assert screen[1].startswith(" 1 running   7 runs") and screen[2].startswith(" Running now ─")
        assert "► running    12:00" in screen[3] and "9/13  1 failing" in screen[3]
        await pilot.press("1")
        await until(pilot, lambda: app.screen is not pane, "the health pane")
        assert "dbt build runs" in drawn(app).splitlines()[0], "every pane says that dbt runs"
        await pilot.press("2")
        await quiet(pilot, pane)
        looks = len(small.runs.looked)
        live.until("model.gcms.payment_export", ended=True)
        done = f"{len(live.progress().finished)}/13"
        assert done != "9/13"
        await until(pilot, lambda: len(small.runs.looked) > looks and done in drawn(app), "the next look")
        live.advance(100)
        await until(pilot, lambda: "nothing is running" in drawn(app), "the end")
        await quiet(pilot, pane)
        assert "dbt build runs" not in drawn(app)
        assert small.runs.watches[0].closed.is_set(), "what has ended is watched no more"
        assert pane._next is None, "nothing runs, so nothing is asked"


async def test_a_live_run_is_asked_seldom_behind_another_pane_and_never_while_nobody_looks(
    state: Path, tmp_path: Path
) -> None:
    clock = Clock()
    small = small_desk(tmp_path, running(clock), clock=clock)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        assert pane.poll_s == 1
        await pilot.press("1")
        await until(pilot, lambda: app.screen is not pane, "the health pane")
        assert pane.poll_s == 15
        await pilot.press("2")
        await quiet(pilot, pane)
        app.post_message(AppBlur())
        await comes_to_rest(pilot, lambda: not app.app_focus and not pane._loader.busy, "nobody looking")
        looks = len(small.runs.looked)
        pane.poll()
        assert not pane._loader.busy and len(small.runs.looked) == looks
        app.post_message(AppFocus())
        await until(pilot, lambda: len(small.runs.looked) > looks, "a look on coming back")


async def test_the_filter_survives_navigation(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("slash", *"foreign build", "enter")
        assert [row.key for row in pane.runs.rows if row.summary] == ["20260301-030000-0005"]
        assert "/foreign build  1 of 6" in drawn(app)
        await pilot.press("1", "2")
        await quiet(pilot, pane)
        assert "/foreign build  1 of 6" in drawn(app)
        await pilot.press("slash", *" nowhere", "enter")
        assert "Nothing matches the filter. Esc clears it." in drawn(app)
        await pilot.press("escape")
        assert len([row for row in pane.runs.rows if row.summary]) == 6


async def test_keys_lead_to_the_run_its_tests_and_the_trend(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        for keys, screen in ((("enter",), RunScreen), (("down", "f"), FailingTestsScreen), (("T",), TrendScreen)):
            await pilot.press(*keys)
            await until(pilot, lambda screen=screen: isinstance(app.screen, screen), screen.__name__)  # type: ignore[misc]
            await comes_to_rest(pilot, lambda: not app.screen._loader.busy, "the end of reading")  # type: ignore[attr-defined]
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is pane, "the pane again")


async def test_logs_are_opened_of_the_run_and_of_the_project(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    log = small.desk.project_log
    log.parent.mkdir(parents=True)
    log.write_text("12:00:00.000000 [info ] [MainThread]: told in the project's log\n")
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("L")
        await until(pilot, lambda: "Running with dbt=1.11.16" in drawn(app), "the run's log")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pane, "the pane again")
        for keys, invocation in ((("D",), None), (("slash", *"foreign", "enter", "L"), "inv-1")):
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(app.screen, LogScreen), "the project's log")
            assert isinstance(app.screen, LogScreen) and app.screen.path == log
            assert app.screen.wanted.invocation_id == invocation, "of a foreign run only what is its own"
            app.pop_screen()
            await until(pilot, lambda: app.screen is pane, "the pane again")


async def test_what_is_started_is_opened_and_found_in_the_list(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Chooser) and app.screen.entries.rows, "the chooser")
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and app.screen.preview, "the preview")
        dialog = app.screen
        assert isinstance(dialog, PreviewDialog)
        await until(pilot, lambda: dialog.armed, "the end of the first moment")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")
        assert [made.command for made in small.runs.started] == [command("build")]
        await pilot.press("escape")
        await quiet(pilot, pane)
        assert pane.focused_run is not None and pane.focused_run.run_id == small.runs.started[0].run_id


async def test_retry_and_only_failed_show_first(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("down")
        for key, expected in (("R", "│ dbt build "), ("F", "dbt test --select result:fail result:error")):
            await pilot.press(key)
            await until(pilot, lambda expected=expected: expected in drawn(app), "the preview")  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is pane, "the pane again")
    assert not small.runs.started


async def test_cancelling_asks_first_and_says_that_asked_is_not_ended(state: Path, tmp_path: Path) -> None:
    clock = Clock()
    small = small_desk(tmp_path, running(clock), *past(), clock=clock)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, CancelDialog) and app.screen.armed, "the dialog")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is pane, "the pane again")
        assert not small.runs.cancelled, "the way out has the focus"
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, CancelDialog) and app.screen.armed, "the dialog")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.screen is pane and "cancel asked" in drawn(app), "the word")
        assert small.runs.cancelled == ["20260302-120000-1a2b"]
        assert pane.refusal("cancel") == "it was asked already"
        await pilot.press("down")
        assert pane.refusal("cancel") == "it is not running"


async def test_read_only_offers_nothing_that_writes(state: Path, tmp_path: Path) -> None:
    clock = Clock()
    small = small_desk(tmp_path, running(clock), *past(), clock=clock, read_only=True)
    app = console(state, small, read_only=True)
    async with app.run_test(size=LARGE) as pilot:
        pane = await runs_pane(pilot)
        bar = drawn(app).splitlines()[-1]
        assert "Cancel" not in bar and "Retry" not in bar and "Only failed" not in bar
        await pilot.press("x", "R", "F")
        await pilot.pause()
        assert app.screen is pane and pane.refusal("cancel") == "read-only: gcms.toml does not allow writing"
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Chooser) and app.screen.entries.rows, "the chooser")
        screen = drawn(app)
        assert "READ  Source freshness" in screen.replace("READ   ", "READ  ")
        assert "WRITE  " not in "\n".join(line for line in screen.splitlines() if "│" in line[8:])
        assert "Commands that write are not offered: read-only, gcms.toml does not allow writing." in screen


async def test_a_failed_reading_keeps_the_list_and_says_so(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await runs_pane(pilot)
        small.history.error = UNREADABLE
        small.shelf.said = ("20260101-000000-dead: record.json is half-written",)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "what a person asked for and did not get")
        await pilot.press("escape")
        await quiet(pilot, pane)
        assert "No history" in drawn(app) and "✗ failed" in drawn(app)
        small.history.error = None
        await pilot.press("r")
        await until(pilot, lambda: "half-written" in drawn(app), "the note")
        assert "No history" not in drawn(app)


async def test_without_runs_the_pane_says_what_to_do(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    small.shelf.scripted.clear()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await runs_pane(pilot)
        assert "No dbt run is known here yet. s chooses a command" in drawn(app)
        await pilot.press("enter", "x", "R", "f", "c", "p", "L")
        assert isinstance(app.screen, RunsPane)


async def test_without_a_desk_the_pane_says_why(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        await runs_pane(pilot)
        assert "No dbt project" in drawn(app) and "r tries again" in drawn(app)
        await pilot.press("s", "T", "F")
        assert isinstance(app.screen, RunsPane)


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("size", [(140, 40), (40, 12), (20, 5)])
async def test_hostile_text_is_shown_as_data(
    state: Path,
    tmp_path: Path,
    ascii: bool,  # noqa: A002
    size: tuple[int, int],
) -> None:
    runs = []
    for place, text in enumerate(HOSTILE):
        node = Planned(f"test.{text}.{text}.x", 0.1, "fail", 3, text)
        run = ended(
            f"2026030{place}-000000-0000", command("test"), (node,), NOON, target=text, person=Person(text, text)
        )
        what = replace(run.record.command, select=(text,))
        run.record = replace(run.record, command=what, argv=("dbt", text), dbt_version=text)
        runs.append(run)
    small = small_desk(tmp_path, *runs)
    small.shelf.said = HOSTILE
    app = console(state, small, ascii=ascii, target="[red]prod[/]", sandbox=False)
    async with app.run_test(size=size) as pilot:
        pane = await runs_pane(pilot)
        seen = drawn(app)
        for row in pane.runs.rows:
            if row.summary:
                pane.runs.cursor = row.key
                await quiet(pilot, pane)
                seen += drawn(app)
        await pilot.press("p")
        await pilot.pause()
        seen += drawn(app)
        assert app.is_running and app.return_code is None
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    if size[0] == 140:
        assert "[@click=app.quit]x[/]" in seen


async def test_a_long_history_is_walked_to_its_end(state: Path, tmp_path: Path) -> None:
    scripted = ended("x", command("build"), STORY, NOON)
    runs = [
        ScriptedRun(STORY, record(f"r{place:05}", at=NOON), scripted.clock, step=scripted.steps, end=scripted.end)
        for place in range(2_000)
    ]
    app = console(state, small_desk(tmp_path, *runs))
    async with app.run_test(size=LARGE) as pilot:
        pane = await runs_pane(pilot)
        await pilot.press("G")
        assert "500 runs" in drawn(app)
        assert pane.focused_run is not None and pane.focused_run.run_id == pane.state.summaries[-1].run.run_id
