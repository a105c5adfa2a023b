"""What the runbook's screens say, and on how small a terminal: in full, in the order of what matters, and truly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gcms_tui.console.glyphs import UNICODE
from gcms_tui.console.run import RunScreen
from gcms_tui.console.runbook.backups import BackupsScreen
from gcms_tui.console.runbook.incidents import IncidentsScreen
from gcms_tui.console.runbook.words import jump_words
from gcms_tui.console.theme import CALM, Look
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.procedures.catalogue import PROCEDURES
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.backups.counting import Counts
from gcms_tui.operations.incidents.book import IncidentBook, Listed
from gcms_tui.operations.procedures.ports import Outcome
from tests.console.driving import drawn, shows, until
from tests.console.small_runbook import (
    SmallRunbook,
    opened_procedure,
    runbook_pane,
)
from tests.console.small_runbook import small as small
from tests.console.small_runs import small_desk

SMALL, LARGE = (80, 24), (140, 40)
LOOK = Look(CALM, UNICODE)


async def test_on_a_narrow_terminal_a_row_is_read_in_full_and_left_again(small: SmallRunbook) -> None:
    small.incident()
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await runbook_pane(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, IncidentsScreen) and app.screen.incident, "the incidents")
        assert "3 Manager" not in drawn(app)
        await pilot.press("enter")
        await shows(pilot, "3 Manager")
        assert "erin" in drawn(app), "the log, below the clock"
        await pilot.press("escape")
        await until(pilot, lambda: "3 Manager" not in drawn(app), "the list")
        await pilot.press("escape")
        assert app.screen is pane


async def test_what_is_cut_off_is_what_matters_least(small: SmallRunbook) -> None:
    """An overdue procedure that somebody has begun says so first; its state is not said twice."""
    small.opened("weekly")
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await runbook_pane(pilot)
        lines = drawn(app).splitlines()
        weekly = next(line for line in lines if "Full model refresh" in line)
        assert weekly.split("Full model refresh")[1].split()[:4] == ["under", "way,", "by", "ana;"]
        daily = next(line for line in lines if "Morning health check" in line)
        assert daily.split("Morning health check")[1].split()[0] == "since"


async def test_incidents_that_were_never_read_are_not_none(
    small: SmallRunbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await runbook_pane(pilot)

        def away(book: object) -> Listed:
            raise Unavailable("The store is away", "it does not answer", "Look: gcms-tui incident list")

        monkeypatch.setattr(IncidentBook, "all", away)
        await pilot.press("i")
        await shows(pilot, "They could not be read")
        assert "the incidents have not been read" in drawn(app) and "no incident" not in drawn(app)
        await pilot.press("e")
        await shows(pilot, "Look: pane 5, then i")


async def test_what_came_of_a_plan_is_not_green_unless_it_is(small: SmallRunbook) -> None:
    small.opened("weekly")
    small.procedures.desk.outcome = Outcome(Verdict.FAIL, "one table could not be cloned")
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await opened_procedure(pilot, "weekly")
        await pilot.press("enter")
        await shows(pilot, "CREATE TABLE")
        seen = drawn(app)
        assert seen.index("expected") < seen.index("What would be done") < seen.index("CREATE TABLE")
        await pilot.press("tab", "enter")
        await shows(pilot, "✗ DONE")


def test_each_step_leads_somewhere_if_it_fails() -> None:
    led = {step.jump: jump_words(step) for item in PROCEDURES for step in item.steps if step.jump}
    assert led["pane scd2"] == "pane 3" and led["runbook critical-test"] == "Critical test failure"
    kinds = {jump.partition(" ")[0] for jump in led}
    assert kinds <= {"pane", "runbook"} or {jump for jump in led if jump.startswith("backup")} == {"backup restore"}


def test_tables_are_counted_once_for_each_time_it_is_asked_for(small: SmallRunbook) -> None:
    """Reading the backups again asks for no count: the warehouse is paid for."""
    counted = list[str]()

    class Counting:
        def after(self) -> Counts:
            counted.append("after")
            return Counts("w1", small.clock(), ())

        def record(self, counts: Counts) -> bool:
            return True

    listing = SimpleNamespace(read=lambda: SimpleNamespace(backups=(), unread=()))
    backups = SimpleNamespace(counts=Counting(), listing=listing, book=SimpleNamespace(sets=tuple))
    screen = BackupsScreen(replace(small.services(), open_backups=lambda: cast(Any, backups)), LOOK)
    screen.look_up()
    assert counted == []
    screen._asked = True
    for age in ("just now", "20 min ago", "40 min ago"):
        assert screen.look_up().rows[0].heading == f"Rows, counted {age}, beside set w1"
        small.clock.pass_by(minutes=20)
    assert counted == ["after"]


async def test_the_palette_copies_the_useful_commands_each_labelled(small: SmallRunbook) -> None:
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await runbook_pane(pilot)
        await pilot.press("colon", *"copy write", "down", "up")
        await until(pilot, lambda: "Copy WRITE" in drawn(app) and "Copy READ" not in drawn(app), "those that write")
        for _ in "write":
            await pilot.press("backspace")
        await pilot.press(*"compiled", "enter")
        await until(pilot, lambda: list(small.directory.rglob("copied.txt")), "the copy")
        (path,) = small.directory.rglob("copied.txt")
        assert path.read_text().strip().endswith("target/compiled/")


async def test_d_opens_the_dbt_run_that_a_step_was_judged_by(tmp_path: Path) -> None:
    dbt = small_desk(tmp_path / "dbt")
    (run, *_) = dbt.shelf.runs()
    small = SmallRunbook(tmp_path)
    run_id = small.opened("daily")
    small.procedures.ran(run_id, "test-gold")
    app = small.app(runs=dbt.desk)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened_procedure(pilot, "daily")
        await pilot.pause()
        assert screen.refusal("dbt") == "the step has no dbt run"
        screen.steps.cursor = "test-gold"
        await until(pilot, lambda: screen.refusal("dbt") is None, "the run")
        screen.open_dbt(run.run_id)
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run's own screen")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the procedure")


async def test_closing_says_what_failed_and_by_which_key(small: SmallRunbook) -> None:
    small.procedures.health.bad["freshness.attendance"] = Verdict.FAIL
    run_id = small.opened("daily")
    for step in ("last-run", "freshness", "fact"):
        small.procedures.steps().check(run_id, step)
    small.procedures.ran(run_id, "test-gold")
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_procedure(pilot, "daily")
        screen.steps.cursor = "last-run"
        await shows(pilot, "With f it is closed. R does it again.")
        await pilot.press("f")
        await shows(pilot, "FAIL: 2 Verify data freshness: freshness.attendance FAIL")
        assert "Close it: Morning health check" in drawn(app) and "as it should be" not in drawn(app)


async def test_a_procedure_that_was_done_and_came_to_no_good_is_not_green(small: SmallRunbook) -> None:
    small.procedures.health.bad["freshness.attendance"] = Verdict.FAIL
    run_id = small.opened("daily")
    for step in ("last-run", "freshness", "fact"):
        small.procedures.steps().check(run_id, step)
    small.procedures.ran(run_id, "test-gold")
    small.procedures.book().close(run_id)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await runbook_pane(pilot)
        line = next(line for line in drawn(app).splitlines() if "Morning health check" in line)
        assert "✗ done, FAIL" in line
