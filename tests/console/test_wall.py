"""The wall and its replay, driven as a person would who seldom comes by."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from gcms_tui.adapters.health_record import DIRECTORY, HealthRecords, Record, read_record
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.health import HealthPane
from gcms_tui.console.wall import WallPane
from gcms_tui.console.wall_app import ReplayConsole, WallConsole
from gcms_tui.console.wall_letters import letters
from gcms_tui.console.wall_page import cost_words
from gcms_tui.console.wall_replay import ReplayScreen
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall import Cost
from gcms_tui.core.wall_around import Around
from tests.console.driving import comes_to_rest, drawn, until
from tests.console.small_platform import NOON, Clock, Examiner, story
from tests.console.small_wall import SmallWall, day_of, wall_services

Compare = Callable[..., bool]
SMALL, LARGE = (80, 24), (200, 50)
STATE = Path("state-is-never-written")
DAY = day_of()


def wall(app: ConsoleApp) -> WallPane:
    assert isinstance(app.pane, WallPane)
    return app.pane


def replay(app: ConsoleApp) -> ReplayScreen:
    assert isinstance(app.pane, ReplayScreen)
    return app.pane


async def looked(pilot: Pilot[Any]) -> None:
    pane = wall(pilot.app)  # type: ignore[arg-type]
    await comes_to_rest(pilot, lambda: (pane.seen or pane.state.error) and not pane._loader.busy, "the look")


async def read(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "REPLAY   " in drawn(pilot.app), "the record")


def recorded(path: Path = STATE, reports: tuple[HealthReport, ...] = DAY, *damaged: str) -> ReplayConsole:
    prepared = wall_services(STATE, SmallWall())
    return ReplayConsole(path, lambda path: Record(reports, damaged), prepared)


# -- the wall ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_it_says_what_is_wrong_what_is_due_and_what_it_costs(state: Path, size: tuple[int, int]) -> None:
    app = WallConsole(wall_services(state, SmallWall()))
    async with app.run_test(size=size) as pilot:
        await looked(pilot)
        screen = drawn(app)
    assert letters(Verdict.FAIL, size[0] - 34, size[1] // 4, "█")[0].rstrip() in screen
    for text in ("9 fail", "dbt.last_run", "payroll accuracy", "daily overdue", "a placeholder", "HELD: critical test"):
        assert text in screen
    assert "at most 96 looks a day: 96 queries" in screen and "next look Mon 18:00" in screen
    assert "412.50" not in screen


async def test_ages_go_on_by_themselves_and_nothing_is_asked(state: Path) -> None:
    clock, examiner = Clock(), Examiner(story())
    app = WallConsole(wall_services(state, SmallWall(), examiner, clock=clock))
    async with app.run_test(size=SMALL) as pilot:
        await looked(pilot)
        pane = wall(app)
        clock.pass_by(minutes=15)
        pane.due()
        await until(pilot, lambda: "asleep: no sign of change" in drawn(app), "sleep")
        assert examiner.asked == [None]
        assert "checked 15 min ago" in drawn(app) and "STALE" not in drawn(app)
        clock.pass_by(minutes=31)  # and nobody has seen since whether there was a sign
        pane.draw()
        await pilot.pause()
        assert "STALE" in drawn(app) and "last known: ✗ FAIL" in drawn(app)


async def test_it_looks_again_when_there_is_a_sign_and_keeps_what_it_found(state: Path) -> None:
    clock, examiner, around = Clock(), Examiner(story()), SmallWall()
    app = WallConsole(wall_services(state, around, examiner, clock=clock))
    async with app.run_test(size=SMALL) as pilot:
        await looked(pilot)
        clock.pass_by(minutes=15)
        around.signs["dbt.log"] = "2"
        wall(app).due()
        await until(pilot, lambda: "dbt.log changed" in drawn(app), "the second look")
    assert examiner.asked == [None, None]
    assert [report.taken_at - NOON for report in around.kept] == [timedelta(), timedelta(minutes=15)]


async def test_nothing_is_asked_while_nobody_looks(state: Path) -> None:
    clock, examiner, around = Clock(), Examiner(story()), SmallWall()
    app = WallConsole(wall_services(state, around, examiner, clock=clock))
    async with app.run_test(size=SMALL) as pilot:
        await looked(pilot)
        app.post_message(AppBlur())
        await pilot.pause()
        clock.pass_by(minutes=15)
        around.signs["dbt.log"] = "2"
        wall(app).due()
        await pilot.pause()
        assert "paused" in drawn(app) and len(around.kept) == 1
        app.post_message(AppFocus())
        await comes_to_rest(pilot, lambda: len(around.kept) == 2 and not wall(app)._loader.busy, "the look on return")
    assert examiner.asked == [None, None]


async def test_a_failure_is_unknown_and_told(state: Path) -> None:
    examiner = Examiner(story(), error=Unavailable("Cannot reach Snowflake", "refused", "Check."))
    last = HealthReport("sandbox", NOON - timedelta(hours=1), story(NOON - timedelta(hours=1)))
    app = WallConsole(wall_services(state, SmallWall(), examiner, last=last))
    async with app.run_test(size=SMALL) as pilot:
        await looked(pilot)
        assert letters(Verdict.UNKNOWN, 46, 5, "█")[0].rstrip() in drawn(app)
        assert "Cannot reach Snowflake" in drawn(app) and "last known" in drawn(app)
        await pilot.press("e")
        assert isinstance(app.screen, ErrorDialog)


async def test_w_goes_there_and_back_and_what_is_known_is_not_asked_again(state: Path) -> None:
    examiner = Examiner(story())
    last = HealthReport("sandbox", NOON, story())
    app = ConsoleApp(wall_services(state, SmallWall(), examiner, last=last))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: len(examiner.asked) == 1, "the look of the health pane")
        await pilot.press("W")
        await looked(pilot)
        assert len(examiner.asked) == 1 and "asleep: not due yet" in drawn(app), "nobody has looked for a sign"
        await pilot.press("r")
        await until(pilot, lambda: len(examiner.asked) == 2, "a look by hand")
        await pilot.press("1")
        assert isinstance(app.pane, HealthPane)


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (43, 12), (300, 80)])
async def test_it_is_drawn_at_every_size_and_follows_it(state: Path, size: tuple[int, int]) -> None:
    app = WallConsole(wall_services(state, SmallWall()))
    async with app.run_test(size=SMALL) as pilot:
        await looked(pilot)
        await pilot.resize_terminal(*size)

        def fits() -> bool:
            lines = drawn(app).splitlines()
            return len(lines) <= size[1] and all(len(line) <= size[0] for line in lines)

        await until(pilot, lambda: app.size == size and fits(), "a picture of that size")
        if size[0] >= 20:
            assert "FAIL" in drawn(app) or "██" in drawn(app)


async def test_what_cannot_be_read_is_not_all_right(state: Path) -> None:
    app = WallConsole(wall_services(state, SmallWall(around=Around(on_call="+43 1 4000"))))
    async with app.run_test(size=SMALL) as pilot:
        await looked(pilot)
        screen = drawn(app)
    assert "what holds it cannot be read; incidents cannot be read" in screen and "due      cannot be read" in screen


def test_the_cost_is_called_an_estimate() -> None:
    measured = cost_words(Cost(4.0, 60, 12.0, measured=True))
    assert measured == "4 looks a day: 60 queries, about 12 s of warehouse (an estimate)"
    assert cost_words(Cost(96.0, 1440, 288.0, measured=False)).startswith("at most 96 looks")
    assert cost_words(Cost(96.0, 0, 0.0, measured=False)) == "not known: no look was answered yet"


# -- replay -----------------------------------------------------------------------------------------------------------


async def test_a_record_is_stepped_through(state: Path) -> None:
    app = recorded(STATE, DAY, "line 3 is damaged: half")
    async with app.run_test(size=LARGE) as pilot:
        await read(pilot)
        assert "2026-03-02 07:00:00 UTC   1 of 5" in drawn(app) and "Nothing is wrong." in drawn(app)
        assert "line 3 is damaged: half; passed over" in drawn(app)
        for key, place in (("left", 1), ("right", 2), ("l", 3), ("end", 5), ("right", 5), ("h", 4), ("home", 1)):
            await pilot.press(key)
            assert f"{place} of 5" in drawn(app), key
        await pilot.press("end")
        assert "dbt.last_run" in drawn(app) and "1 h" in drawn(app)
        await pilot.press("1", "W")
        assert isinstance(app.pane, ReplayScreen), "there are no panes to go to"


async def test_it_plays_to_the_end_at_the_speed_asked_for() -> None:
    many = DAY * 20  # more than are played meanwhile
    app = recorded(STATE, many)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        await pilot.press("f", "f", "f", "space")
        assert "0.2 s a report, playing" in drawn(app)
        await pilot.press("s")
        assert "0.5 s a report, playing" in drawn(app)
        for _ in many:
            replay(app).play_on()
        await pilot.pause()
        assert "100 of 100" in drawn(app) and "stopped" in drawn(app)


async def test_a_file_of_records_is_read_and_one_that_is_none_is_told(tmp_path: Path) -> None:
    records = HealthRecords(tmp_path)
    for report in DAY:
        records.keep(report)
    (path,) = (tmp_path / DIRECTORY).iterdir()
    prepared = wall_services(tmp_path, SmallWall())
    app = ReplayConsole(path, read_record, prepared)
    async with app.run_test(size=SMALL) as pilot:
        await read(pilot)
        assert replay(app).reports == DAY
    nothing = ReplayConsole(tmp_path / "none", read_record, prepared)
    async with nothing.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(nothing.screen, ErrorDialog), "why there is nothing")


def test_the_command_line_needs_no_configuration_for_a_replay(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "gcms_tui", "--replay", str(tmp_path / "x"), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 64 and "prints no JSON" in done.stderr


# -- pictures ---------------------------------------------------------------------------------------------------------

WELL = [replace(item, verdict=Verdict.OK) for item in story()]
PICTURES: dict[str, tuple[Callable[[], ConsoleApp], tuple[int, int]]] = {
    "wall": (lambda: WallConsole(wall_services(STATE, SmallWall())), SMALL),
    "wall_large": (lambda: WallConsole(wall_services(STATE, SmallWall())), LARGE),
    "wall_ascii": (lambda: WallConsole(wall_services(STATE, SmallWall(), Examiner(WELL), ascii=True)), SMALL),
    "replay": (lambda: recorded(STATE, DAY[3:], "line 3 is damaged: half"), SMALL),
}


@pytest.mark.parametrize("case", PICTURES)
def test_picture(snap_compare: Compare, case: str) -> None:
    prepare, size = PICTURES[case]
    steps = read if case == "replay" else looked
    assert snap_compare(prepare(), terminal_size=size, run_before=steps)
