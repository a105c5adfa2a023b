"""The health pane, driven as a person would, over an examiner that the test holds in its hands."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.events import AppBlur, AppFocus, Key

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.scd2.tables import Scd2Pane
from gcms_tui.console.scd2.written import tell_written
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import HealthReport, Provenance
from gcms_tui.core.verdict import Verdict
from tests.console.driving import drawn, health, settled, until
from tests.console.small_platform import NOON, UNKNOWN, Clock, Examiner, services, story
from tests.console.small_scd2 import small_scd2

SMALL, LARGE = (80, 24), (120, 36)
UNREACHABLE = Unavailable("Cannot reach Snowflake", "The connection was refused.", "Check the network.")


def report(age: timedelta = timedelta()) -> HealthReport:
    return HealthReport("sandbox", NOON - age, story(NOON - age))


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_board_says_what_is_wrong_first(state: Path, size: tuple[int, int]) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        screen = drawn(app).splitlines()
        assert "SANDBOX" in screen[0] and "READ-ONLY" in screen[0] and "connected" in screen[0]
        assert screen[1].startswith(" ✗ FAIL   0 unknown  9 fail  0 warn  9 ok   checked just now")
        assert "Daily morning check" in screen[2]
        assert "✗ FAIL" in screen[3] and "dbt.last_run" in screen[3]
        verdicts = [line[1:7] for line in screen[3:12]]
        assert verdicts == sorted(verdicts, key=lambda verdict: "FAIL" not in verdict)
        assert "? Help" in screen[-1] and "q Quit" in screen[-1]


async def test_the_first_paint_shows_the_last_known_health_and_opens_nothing(state: Path) -> None:
    opened = threading.Event()
    prepared = services(state, last=report(timedelta(minutes=5)))

    def open_health() -> Examiner:
        opened.set()
        return Examiner(story())

    first_paint = ""
    app = ConsoleApp(replace(prepared, open_health=open_health))
    displayed = app.post_display_hook

    def remember() -> None:
        nonlocal first_paint
        if not opened.is_set() and app.screen_stack:
            first_paint = drawn(app)
        displayed()

    app.post_display_hook = remember  # type: ignore[method-assign]
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, opened.is_set, "the examiner")
        assert "data 5 min old" in first_paint, "something heavy began before the first paint"
        assert "freshness.supabase_instrument" in first_paint


async def test_findings_appear_as_they_come_and_nothing_is_green_before(state: Path) -> None:
    gate = threading.Semaphore(0)
    healthy = [replace(one, verdict=Verdict.OK) for one in story()]
    app = ConsoleApp(services(state, Examiner(healthy, gate=gate)))
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: "waiting" in drawn(app), "the list of what is asked")
        assert "? UNKNOWN" in drawn(app).splitlines()[1]
        gate.release(9)
        await until(pilot, lambda: "checking 9 of 18" in drawn(app), "nine answers")
        assert "? UNKNOWN   so far: ✓ OK" in drawn(app).splitlines()[1]
        gate.release(9)
        await settled(pilot)
        assert drawn(app).splitlines()[1].startswith(" ✓ OK   0 unknown  0 fail  0 warn  18 ok")


async def test_a_refresh_keeps_the_cursor_its_place_and_the_filter(state: Path) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        await pilot.press("G", "up")
        assert pane.board.cursor == "metric.payroll_accuracy"
        place = pane.board.scroll_offset.y
        assert place > 0
        examiner.answers = [
            replace(one, verdict=Verdict.OK, value=0) if one.name == "metric.scd2" else one for one in story()
        ]
        await pilot.press("r")
        await settled(pilot, examiner, looks=2)
        assert pane.board.cursor == "metric.payroll_accuracy"
        assert pane.board.scroll_offset.y in (place, place - 1), "the row moved up one, and the view with it"
        await pilot.press("slash", *"scd2 fail", "enter", "r")
        await settled(pilot, examiner, looks=3)
        assert [row.key for row in pane.board.rows if not row.heading] == ["scd2.br_attendance_scd2"]
        assert "/scd2 fail  1 of 18" in drawn(app)
        await pilot.press("escape")
        assert len([row for row in pane.board.rows if not row.heading]) == 18


async def test_only_the_focused_finding_is_asked_again(state: Path) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        pane.board.cursor = "tests.gold"
        examiner.answers = [replace(one, verdict=Verdict.OK, value=0) for one in story()]
        await pilot.press("R")
        await settled(pilot, examiner, looks=2)
        assert examiner.asked == [None, ("tests.gold",)]
        assert pane.state.findings["tests.gold"].verdict is Verdict.OK
        assert pane.state.findings["dbt.last_run"].verdict is Verdict.FAIL, "the others stay as they were"


async def test_a_second_look_never_overlaps_the_first(state: Path) -> None:
    gate = threading.Semaphore(0)
    examiner = Examiner(story(), gate=gate)
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: examiner.asked, "the first look")
        await pilot.press("r", "R", "r")
        health(app).due()
        gate.release(18)
        await settled(pilot, examiner)
        assert examiner.asked == [None]


async def test_a_failed_look_keeps_the_old_answers_and_believes_none_of_them(state: Path) -> None:
    examiner = Examiner(story(), error=UNREACHABLE)
    app = ConsoleApp(services(state, examiner, last=report(timedelta(minutes=5))))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        screen = drawn(app)
        assert "Cannot reach Snowflake" in screen and "Check the network." in screen
        assert "not connected" in screen.splitlines()[0]
        assert "? UNKNOWN   last known: ✗ FAIL" in screen
        assert "freshness.supabase_instrument" in screen
        assert not isinstance(app.screen, ErrorDialog), "a failed poll is the pane's state, no dialog"
        await pilot.press("r")
        await settled(pilot, examiner, looks=2)
        assert isinstance(app.screen, ErrorDialog), "what a person asked for and did not get is told in full"
        await pilot.press("escape")
        examiner.error = None
        await pilot.press("r")
        await settled(pilot, examiner, looks=3)
        assert pane.state.error is None and "Cannot reach" not in drawn(app)


async def test_a_bug_in_the_examiner_is_told_and_the_console_lives(state: Path) -> None:
    examiner = Examiner(story(), error=ZeroDivisionError("[/b] division"))
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        assert pane.state.error is not None
        assert "ZeroDivisionError: [/b] division" in drawn(app)


async def test_answers_past_their_time_turn_grey_and_say_so(state: Path) -> None:
    clock = Clock()
    app = ConsoleApp(services(state, clock=clock))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot)
        clock.pass_by(minutes=59)
        pane.tick()
        await pilot.pause()
        assert "59 min" in drawn(app) and "STALE" not in drawn(app)
        assert " connected" in drawn(app).splitlines()[0]
        clock.pass_by(minutes=2)
        pane.tick()
        await pilot.pause()
        assert "STALE 1 h" in drawn(app)
        assert "last answer 1 h ago" in drawn(app).splitlines()[0], "nobody has asked whether it still answers"
        assert "? UNKNOWN   last known: ✗ FAIL" in drawn(app)


async def test_health_of_another_target_is_not_shown_as_this_ones(state: Path) -> None:
    gate = threading.Semaphore(0)
    app = ConsoleApp(services(state, Examiner(story(), gate=gate), last=replace(report(), target="dev")))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "waiting" in drawn(app), "the list of what is asked")
        assert "FAIL" not in drawn(app)
        gate.release(18)
        await settled(pilot)


async def test_nothing_is_asked_while_nobody_looks(state: Path) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner, refresh_s=900))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        assert "every 15 min" in drawn(app)
        assert pane._next is not None
        app.post_message(AppBlur())
        await pilot.pause()
        pane.due()
        await pilot.pause()
        assert len(examiner.asked) == 1 and "paused" in drawn(app)
        app.post_message(AppFocus())
        await settled(pilot, examiner, looks=2)
        assert len(examiner.asked) == 2 and "every 15 min" in drawn(app)


async def test_failures_in_a_row_are_asked_ever_more_seldom(state: Path) -> None:
    examiner = Examiner(story(), error=UNREACHABLE)
    app = ConsoleApp(services(state, examiner, refresh_s=60))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        assert "retry in 2 min" in drawn(app)
        pane.due()
        await settled(pilot, examiner, looks=2)
        assert "retry in 4 min" in drawn(app)


async def test_the_detail_is_beside_the_board_or_in_its_place(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot)
        pane.board.cursor = "scd2.br_attendance_scd2"
        await pilot.pause()
        assert "→ Repair them key by key" in drawn(app), "the preview says what to do"
        await pilot.press("enter")
        assert "27-88-311" in drawn(app) and "showing 3 of 3" in drawn(app) and not pane.board.display
        await pilot.press("escape")
        assert pane.board.display and pane.board.has_focus
        await pilot.resize_terminal(140, 40)
        await until(pilot, lambda: pane.board.display and "27-88-311" in drawn(app), "both side by side")
        await pilot.resize_terminal(20, 5)
        await until(pilot, lambda: "FAIL" in drawn(app) and "q Quit" in drawn(app), "what matters most")


async def test_a_finding_about_versions_leads_to_its_table_and_is_asked_again_after_a_write(state: Path) -> None:
    examiner, small = Examiner(story()), small_scd2()
    app = ConsoleApp(services(state, examiner, scd2=small.desk, clock=Clock(NOON)))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot)
        pane.board.cursor = "dbt.last_run"
        await pilot.press("v")
        assert app.screen is pane and pane.refusal("versions") == "it is for a finding about an SCD2 table"
        for name in ("br_musician_scd2", "br_concert_scd2"):  # before the tables are listed, and after
            pane.board.cursor = f"scd2.{name}"
            await pilot.pause()
            assert "v Versions" in drawn(app)
            await pilot.press("v")
            await until(pilot, partial(_at_table, app, name), "the table")
            await pilot.press("1")
            await until(pilot, lambda: app.screen is pane, "the board")
        assert examiner.asked == [None]
        await pilot.press("3")
        tell_written(app, "bronze.br_musician_scd2")
        await pilot.pause()
        assert not pane._loader.busy and examiner.asked == [None], "nothing is asked while nobody looks"
        await pilot.press("1")
        await until(pilot, lambda: len(examiner.asked) == 2, "what is said of versions")
        asked = set(examiner.asked[1] or ())
        assert asked == {"metric.scd2", *(f"scd2.br_{table}_scd2" for table in ("attendance", "concert", "musician"))}
        await settled(pilot)
        await pilot.press("3", "1")
        await pilot.pause()
        assert not pane._loader.busy and len(examiner.asked) == 2, "once"


def _at_table(app: ConsoleApp, name: str) -> bool:
    return isinstance(app.screen, Scd2Pane) and app.screen.tables.cursor == name


async def test_history_that_cannot_be_read_is_a_note_and_not_a_failure(state: Path) -> None:
    class Forgetful(Examiner):
        def series(self, name: str) -> tuple[()]:
            raise Unavailable("No history", "The state directory cannot be read.")

    examiner = Forgetful(story())
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot, examiner)
        assert pane.state.error is None
        assert "The state directory cannot be read." in drawn(app)
        assert drawn(app).count("✗ FAIL") > 3


async def test_leaving_ends_the_connections(state: Path) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot, examiner)
        await pilot.press("q")
    assert examiner.closed.wait(10)


async def test_a_minute_of_standing_still_costs_few_bytes(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle dashboard may send 2 KB a minute to the terminal, at any size."""
    clock = Clock()
    app = ConsoleApp(services(state, clock=clock))
    sent = 0
    display = App._display

    def count(screen: object, renderable: object) -> None:
        nonlocal sent
        if isinstance(renderable, CompositorUpdate):
            sent += len(renderable.render_segments(app.console).encode())
        display(app, screen, renderable)  # type: ignore[arg-type]

    monkeypatch.setattr(App, "_display", lambda app, screen, renderable: count(screen, renderable))
    async with app.run_test(size=(140, 40)) as pilot:
        pane = await settled(pilot)
        clock.pass_by(minutes=3)
        pane.tick()
        await pilot.pause()
        sent = 0
        clock.pass_by(minutes=1)
        pane.tick()
        await until(pilot, lambda: "4 min" in drawn(app), "the new age")
        assert 0 < sent <= 2048
        sent = 0
        pane.tick()
        await pilot.pause()
        assert sent == 0, "nothing has changed, so nothing is drawn"


async def test_only_an_answer_of_the_warehouse_is_called_connected(state: Path) -> None:
    gate = threading.Semaphore(0)
    from_disk, from_warehouse = story()[0], story()[1]
    from_disk = replace(from_disk, provenance=(Provenance("target/run_results.json"),))
    app = ConsoleApp(services(state, Examiner((from_disk, from_warehouse), gate=gate)))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: health(app).state.pending, "the beginning")
        assert "connecting" in drawn(app).splitlines()[0]
        gate.release()
        await until(pilot, lambda: len(health(app).state.pending) == 1, "the first answer")
        assert "connecting" in drawn(app).splitlines()[0]
        gate.release()
        await settled(pilot)
        assert " connected" in drawn(app).splitlines()[0]


async def test_a_warehouse_that_answers_nothing_is_not_called_connected(state: Path) -> None:
    unanswered = Provenance("queries/source_freshness.sql", "SELECT 1", ())
    answers = tuple(replace(answer, verdict=UNKNOWN, provenance=(unanswered,)) for answer in story())
    app = ConsoleApp(services(state, Examiner(answers)))
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        assert "no answer" in drawn(app).splitlines()[0]


async def test_what_comes_in_one_packet_with_the_slash_is_the_filter(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        pane = await settled(pilot)
        for key in ("slash", "s", "c", "d", "2", "slash"):
            app.post_message(Key(key, "/" if key == "slash" else key))
        await until(pilot, lambda: pane.wanted == "scd2/", "the filter")


async def test_an_answer_from_the_future_is_not_believed(state: Path) -> None:
    app = ConsoleApp(services(state, Examiner(()), last=report(timedelta(hours=-3))))
    async with app.run_test(size=SMALL):
        assert "? UNKNOWN" in drawn(app).splitlines()[1]


async def test_the_help_says_which_console_this_is_and_why_it_is_read_only(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=(100, 50)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark", "end")
        page = drawn(app)
        assert "This console" in page
        assert f"READ-ONLY: {app.services.read_only_reason}" in page
