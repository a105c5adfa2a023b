"""An incident from a finding: what it keeps is shown first, payroll is held where it must be, and it is gone to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.health import HealthPane
from gcms_tui.console.runbook.finding_dialog import FindingDialog
from gcms_tui.console.runbook.incidents import IncidentsScreen
from gcms_tui.core.errors import Unavailable
from tests.console.driving import drawn, settled, until
from tests.console.small_platform import Examiner, story
from tests.console.small_runbook import READ_ONLY, SmallRunbook

LARGE = (140, 40)
STALE, GOLD = "freshness.supabase_instrument", "tests.gold"


def console(small: SmallRunbook, **changes: Any) -> ConsoleApp:
    small.incidents.book().all()  # the store is made by one alone
    services = replace(small.services(), open_health=lambda: Examiner(story()), holds=small.incidents.holds().open)
    return ConsoleApp(replace(services, **changes))


async def asked_of(pilot: Pilot[Any], name: str) -> FindingDialog:
    """From the board, once everything is looked up."""
    pane = await settled(pilot)
    pane.board.cursor = name
    await pilot.pause()
    await pilot.press("i")
    await until(pilot, lambda: isinstance(pilot.app.screen, FindingDialog), "the dialog")
    dialog = pilot.app.screen
    assert isinstance(dialog, FindingDialog)
    await until(pilot, lambda: (dialog.made or dialog.error) and dialog.armed, "what is known")
    return dialog


async def test_a_failing_critical_test_is_opened_with_its_hold_and_its_clock(tmp_path: Path) -> None:
    small = SmallRunbook(tmp_path)
    app = console(small)
    async with app.run_test(size=LARGE) as pilot:
        dialog = await asked_of(pilot, GOLD)
        seen = drawn(app)
        assert "1 of 31 tests of gold failed" in seen and "expression_is_true_fct_musician_payment" in seen
        assert "A HOLD IS SET with it" in seen and "Data Engineer, after 15 min" in seen
        assert small.incidents.book().all().incidents == (), "nothing is done yet"
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.over and dialog.armed, "its end")
        (incident,) = small.incidents.book().open_ones().incidents
        seen = drawn(app)
        assert f"OPEN: {incident.incident_id}" in seen and "1 Data Engineer: in 15 min" in seen
        assert incident.critical_test and incident.finding is not None and incident.finding.name == GOLD
        [hold] = small.incidents.holds().open()
        assert incident.holds == (hold.hold_id,) and f"held, by {hold.hold_id}" in seen
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, IncidentsScreen) and app.screen.incident, "the incident")
        assert app.current_mode == "runbook" and incident.incident_id in drawn(app)
        await pilot.press("1")
        again = await asked_of(pilot, GOLD)
        assert f"OPEN ALREADY: {incident.incident_id}" in drawn(app) and "g goes there" in drawn(app)
        assert again.act.disabled and again.refusal("with_hold") == "there is nothing to open"


async def test_any_other_finding_is_opened_without_a_hold_unless_one_is_wanted(tmp_path: Path) -> None:
    small = SmallRunbook(tmp_path)
    app = console(small)
    async with app.run_test(size=LARGE) as pilot:
        dialog = await asked_of(pilot, STALE)
        assert "No hold is set with it" in drawn(app) and "RAW.SUPABASE_INSTRUMENT" in drawn(app)
        await pilot.press("h")
        assert "A HOLD IS SET with it" in drawn(app)
        await pilot.press("h", "tab", "enter")
        await until(pilot, lambda: dialog.over and dialog.armed, "its end")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HealthPane), "the board, and nothing is gone to")
        small.incidents.holds().set("by hand", "the rates")
        await asked_of(pilot, GOLD)
        assert "held already, by hand: the rates" in drawn(app) and "No hold is set with it" in drawn(app)
    (incident,) = small.incidents.book().open_ones().incidents
    assert incident.holds == () and len(small.incidents.holds().open()) == 1


async def test_where_it_makes_no_sense_the_key_says_why(tmp_path: Path) -> None:
    app = console(SmallRunbook(tmp_path))
    async with app.run_test(size=LARGE) as pilot:
        pane = await settled(pilot)
        pane.board.cursor = next(item.name for item in story() if item.verdict.name == "OK")
        assert pane.refusal("incident") == "the finding is OK"
        pane.wanted = "nothing has these words"
        pane.draw()
        await pilot.pause()
        assert pane.refusal("incident") == "no answered finding is focused"
        await pilot.press("i")
        assert app.screen is pane
    reading = console(SmallRunbook(tmp_path, read_only=True))
    async with reading.run_test(size=LARGE) as pilot:
        pane = await settled(pilot)
        pane.board.cursor = GOLD
        assert pane.refusal("incident") == f"read-only: {READ_ONLY}" and pane.pointless("incident")


async def test_what_cannot_be_looked_up_is_told_and_no_hold_is_guessed(tmp_path: Path) -> None:
    def unread() -> Any:
        raise Unavailable("Down", "the store does not answer")

    small = SmallRunbook(tmp_path)
    app = console(small, holds=unread)
    async with app.run_test(size=LARGE) as pilot:
        await asked_of(pilot, GOLD)
        assert "whether it is held is not known: the store does not answer" in drawn(app)
        assert "A HOLD IS SET with it" in drawn(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HealthPane), "the board")
        small.unread = Unavailable("Down", "no store")
        app.services = replace(app.services, open_incidents=unread)
        pane = app.screen
        assert isinstance(pane, HealthPane)
        pane.services = app.services
        dialog = await asked_of(pilot, GOLD)
        assert dialog.error is not None and dialog.act.disabled and "the store does not answer" in drawn(app)
