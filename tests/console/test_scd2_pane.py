"""The SCD2 pane: every table with what one scan of it has found, and nothing unknown that looks well."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.scd2.provenance import Origin
from gcms_tui.console.scd2.tables import Scd2Pane
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.query import Statement
from tests.console.driving import drawn, until
from tests.console.small_platform import Clock, services
from tests.console.small_scd2 import (
    ATTENDANCE,
    CONCERT,
    MUSICIAN,
    SmallScd2,
    opened_keys,
    quiet,
    scd2_pane,
    small_scd2,
    stand_in,
    version,
)
from tests.console.test_hostile_text import HOSTILE
from tests.operations.memory import NOW, Row

SMALL, LARGE = (80, 24), (140, 40)
BROKEN = Unavailable("No answer", "The warehouse did not answer.", "Look at its status page.")


def console(state: Path, small: SmallScd2, clock: Clock | None = None, **services_of: Any) -> ConsoleApp:
    given = {"read_only": False, "clock": clock or Clock(NOW), **services_of}
    return ConsoleApp(services(state, scd2=small.desk, **given))


def scans(small: SmallScd2) -> list[str]:
    """The tables that were scanned, in their order."""
    asked = [statement.sql for statement in small.warehouse.asked if statement.query == "scd2_integrity"]
    return [next(name for name in (ATTENDANCE, CONCERT, MUSICIAN) if name.upper() in sql) for sql in asked]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_every_table_says_what_was_found(state: Path, size: tuple[int, int]) -> None:
    app = console(state, small_scd2())
    async with app.run_test(size=size) as pilot:
        await scd2_pane(pilot)
        screen = drawn(app).splitlines()
        assert "3 SCD2" in screen[0] and "scanned just now" in screen[0]
        assert screen[1].startswith(" ? UNKNOWN   4 keys duplicate in 1 table   1 of 3 not known")
        assert screen[2].startswith("▌✗ FAIL    bronze.br_attendance_scd2  4 keys duplicate  2 shared scd_id")
        assert screen[3].startswith(" ✓ OK      bronze.br_concert_scd2     none duplicate")
        assert screen[4].startswith(" ? UNKNOWN bronze.br_musician_scd2"), "an empty table proves nothing"
        assert "no versions" in screen[4]
        assert "? Help" in screen[-1] and "q Quit" in screen[-1]


async def test_the_focused_table_is_told_in_full(state: Path) -> None:
    small = small_scd2(closing="same_instant")
    app = console(state, small)
    async with app.run_test(size=LARGE) as pilot:
        await scd2_pane(pilot)
        screen = drawn(app)
        for expected in (
            "11 versions of 5 keys",
            "2026-03-01 09:00:00 UTC, just now, in 5 ms",
            "✗ duplicate           4 keys  more than one version",
            "✓ overlap             none",
            "41 end the day before their successor",
            "in force a repair closes a version where its",
            "▲ gcms.toml says that a version ends where",
        ):
            assert expected in screen
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Origin), "the provenance")
        assert "queries/scd2_integrity.sql" in drawn(app) and "elapsed   5 ms" in drawn(app)
        await pilot.press("escape", "c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    copied = (state / FILE).read_text()
    assert "✗ duplicate           4 keys" in copied and "WITH bounded AS (" in copied and "query id query-" in copied


async def test_results_come_one_after_the_other_and_what_has_not_come_is_unknown(state: Path) -> None:
    small = small_scd2()
    gate, answer = threading.Semaphore(0), small.warehouse._integrity

    def waiting(statement: Statement) -> tuple[Row, ...]:
        assert gate.acquire(timeout=30)
        return answer(statement)

    small.warehouse.on("scd2_integrity", waiting)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: "scanning, 0 of 3 done" in drawn(app), "the first scan")
        screen = drawn(app).splitlines()
        assert screen[2].startswith("▌? UNKNOWN") and "scanning" in screen[2]
        assert screen[3].startswith(" ? UNKNOWN") and "not looked at yet" in screen[3]
        await pilot.press("down", "down", "r")
        gate.release()
        await until(pilot, lambda: " 1/3" in drawn(app).splitlines()[1], "the first result")
        assert "✗ FAIL    bronze.br_attendance_scd2" in drawn(app), "it is shown before the others have come"
        gate.release(2)
        assert isinstance(app.screen, Scd2Pane)
        await quiet(pilot, app.screen)
    assert scans(small) == [ATTENDANCE, MUSICIAN, CONCERT], "the one that a person asked for goes first"


async def test_a_table_is_scanned_when_asked_and_not_by_itself(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        await pilot.press("1", "3")
        await quiet(pilot, pane)
        assert scans(small) == [ATTENDANCE, CONCERT, MUSICIAN], "a scan reads a whole table: coming back costs nothing"
        await pilot.press("down", "r")
        await quiet(pilot, pane)
        await pilot.press("R")
        await until(pilot, lambda: len(scans(small)) == 7, "every table")
        await quiet(pilot, pane)
    assert scans(small)[3:] == [CONCERT, ATTENDANCE, CONCERT, MUSICIAN]


async def test_a_failed_scan_keeps_what_was_known_and_calls_it_old(state: Path) -> None:
    small, clock = small_scd2(), Clock(NOW)
    app = console(state, small, clock)
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        small.warehouse.on("scd2_integrity", BROKEN, CONCERT.upper())
        clock.pass_by(minutes=20)
        await pilot.press("down", "r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "what a person asked for and did not get")
        await pilot.press("escape")
        await quiet(pilot, pane)
        line = next(line for line in drawn(app).splitlines() if "br_concert_scd2" in line)
        assert line.startswith("▌? UNKNOWN") and "scan failed: No answer" in line and "STALE 20 min" in line
        assert "The warehouse did not answer." in drawn(app)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error in full")
        await pilot.press("escape", "up")
        assert pane.refusal("error") == "nothing has failed"


async def test_an_old_answer_is_not_green(state: Path) -> None:
    small, clock = small_scd2({CONCERT: (version("1", "a", "2026-01-01"),)}), Clock(NOW)
    app = console(state, small, clock)
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        assert drawn(app).splitlines()[1].startswith(" ✓ OK   1 table")
        clock.pass_by(hours=2)
        pane.draw()
        await pilot.pause()
        assert drawn(app).splitlines()[1].startswith(" ? UNKNOWN") and "STALE 2 h" in drawn(app)


async def test_what_was_written_to_is_scanned_again_when_the_pane_is_back(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        await opened_keys(pilot)
        pane.has_been_written(f"bronze.{ATTENDANCE}")
        await pilot.pause()
        assert scans(small) == [ATTENDANCE, CONCERT, MUSICIAN] and not pane._loader.busy
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pane and len(scans(small)) == 4, "the scan")
        await quiet(pilot, pane)
        assert scans(small)[3:] == [ATTENDANCE] and "WRITTEN" not in drawn(app)


async def test_the_filter_and_the_corrections(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = stand_in(monkeypatch, "gcms_tui.console.scd2.corrections", "CorrectionsScreen")
    app = console(state, small_scd2())
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        await pilot.press("slash", *"unknown musician", "enter")
        assert [row.key for row in pane.tables.rows] == [MUSICIAN]
        assert "/unknown musician  1 of 3" in drawn(app) and "4 keys duplicate in 1 table" in drawn(app)
        await pilot.press("m")
        await until(pilot, lambda: bool(opened.calls), "the corrections")
        assert opened.calls[0][3] == MUSICIAN
        await pilot.press("escape")
        assert len(pane.tables.rows) == 3


async def test_without_a_desk_the_pane_says_why(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        assert "No dbt project" in drawn(app) and "r tries again" in drawn(app)
        await pilot.press("enter", "m", "p", "c", "down")
        assert app.screen is pane
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the reason")


@pytest.mark.parametrize(("size", "ascii"), [((140, 40), True), ((40, 12), False), ((20, 5), True)])
async def test_hostile_words_of_the_warehouse(state: Path, ascii: bool, size: tuple[int, int]) -> None:  # noqa: A002
    everything = " ".join(HOSTILE)
    small = small_scd2()
    small.warehouse.on("scd2_integrity", Unavailable(everything, everything, everything), ATTENDANCE.upper())
    app = console(state, small, ascii=ascii)
    async with app.run_test(size=size) as pilot:
        await scd2_pane(pilot)
        seen = drawn(app)
        await pilot.press("e")
        await pilot.pause()
        seen += drawn(app)
        await pilot.press("escape", "down", "p", "question_mark")
        seen += drawn(app)
        assert app.is_running and app.return_code is None
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
