"""The runbook pane, driven over a small desk: the board, a procedure's steps, incidents, contacts, commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.glyphs import UNICODE
from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.payroll.pane import PayrollPane
from gcms_tui.console.runbook.incidents import IncidentsScreen
from gcms_tui.console.runbook.pane import RunbookPane
from gcms_tui.console.theme import CALM, Look
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.procedures.run import ProcedureState
from gcms_tui.core.verdict import Verdict
from tests.console.driving import comes_to_rest, drawn, shows, typed, until
from tests.console.small_runbook import (
    SmallRunbook,
    at_rest,
    board,
    opened_procedure,
    procedure,
    runbook_pane,
)
from tests.console.small_runbook import small as small

SMALL, LARGE = (80, 24), (140, 40)
LOOK = Look(CALM, UNICODE)


@pytest.mark.parametrize("size", [SMALL, LARGE, (50, 14)])
async def test_the_board_tells_what_is_overdue_and_what_is_under_way(
    small: SmallRunbook, size: tuple[int, int]
) -> None:
    small.opened("pipeline-failure")
    small.incident()
    small.clock.pass_by(minutes=20)
    app = small.app()
    async with app.run_test(size=size) as pilot:
        await runbook_pane(pilot)
        seen = drawn(app)
        assert "✗ overdue    Airbyte does not answer" in seen
        assert "overdue" in seen.split("Full model refresh")[0]
        if size != (50, 14):
            assert "► under way  Data pipeline failure" in seen and "→ pane 4" in seen
            assert "1 incident open" in seen and "ESCALATION OVERDUE → 5" in seen
        if size == SMALL:
            assert "by 5 min 00 s; nobod" in seen.split("Airbyte does not answer")[1].splitlines()[0]
        if size == LARGE:
            assert "nobody has taken it" in seen and "overdue by 5 min" in seen


async def test_an_escalation_becomes_overdue_while_nothing_is_read(small: SmallRunbook) -> None:
    small.incident()
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app._next_escalation is not None, "the clock")
        assert app.escalation.overdue == 0 and "OVERDUE" not in drawn(app)
        listed = small.incidents.book().open_ones()
        small.clock.pass_by(minutes=16)
        app.incidents_are(listed)
        await pilot.pause()
        assert "ESCALATION OVERDUE" in drawn(app), "in every pane"


async def test_incidents_that_cannot_be_read_hide_no_procedure(small: SmallRunbook) -> None:
    small.unread = Unavailable("The store is away", "it does not answer", "Look at the line.")
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        pane = await runbook_pane(pilot)
        seen = drawn(app)
        assert "Morning health check" in seen and "? The store is away" in seen and "incidents not all read" in seen
        assert pane.refusal("incidents") == "the incidents have not been read"


async def test_payroll_is_opened_where_it_is_kept_and_the_filter_survives(small: SmallRunbook) -> None:
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        pane = await runbook_pane(pilot)
        await pilot.press("slash", *"payroll", "enter")
        assert {row.key for row in pane.board.rows if not row.heading} >= {
            "procedure pre-payroll",
            "procedure post-payroll",
        }
        pane.board.cursor = "procedure pre-payroll"
        await pilot.pause()
        assert pane.refusal("start") == "it is opened in pane 4"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PayrollPane), "pane 4")
        await pilot.press("5")
        await until(pilot, lambda: app.screen is pane, "the board")
        assert pane.wanted == "payroll"


async def test_a_procedure_is_started_checked_and_told(small: SmallRunbook) -> None:
    small.procedures.health.bad["freshness.attendance"] = Verdict.FAIL
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        pane = await runbook_pane(pilot)
        pane.board.cursor = "procedure daily"
        await pilot.press("o")
        await until(pilot, lambda: "4 steps" in drawn(app), "the question")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "STARTED" in drawn(app), "that it is started")
        await pilot.press("escape")
        screen = await procedure(pilot)
        assert screen.steps.cursor == "last-run"
        await pilot.press("enter")
        await until(pilot, lambda: "last-run" in small.run(screen.run_id).did, "the check")
        await at_rest(pilot, screen)
        assert "✓ done" in drawn(app) and "dbt.last_run OK" in drawn(app)
        screen.steps.cursor = "freshness"
        await pilot.press("enter")
        await until(pilot, lambda: "freshness" in small.run(screen.run_id).did, "the check")
        await at_rest(pilot, screen)
        seen = drawn(app)
        assert "✗ FAILED" in seen and "freshness.attendance FAIL" in seen
        assert "w goes there: Data pipeline failure" in seen and "If it fails" in seen
        await pilot.press("w")
        await until(pilot, lambda: app.screen is not screen, "the emergency")
        other = await procedure(pilot)
        assert other.name_of == "pipeline-failure" and other.standing is not None and other.standing.run is None
        await pilot.press("escape")
        assert app.screen is screen


async def test_what_a_person_saw_is_typed_and_a_step_is_passed_over_with_a_reason(small: SmallRunbook) -> None:
    run_id = small.opened("monthly")
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_procedure(pilot, "monthly")
        screen.steps.cursor = "corrections"
        await pilot.press("enter")
        await until(pilot, lambda: "say what was seen" in drawn(app), "the line")
        dialog = app.screen
        assert isinstance(dialog, GuardedDialog) and dialog.act.disabled
        await pilot.press("tab")
        await typed(pilot, "late corrections of one venue")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "WRITTEN DOWN" in drawn(app), "that it is written down")
        await pilot.press("escape")
        await at_rest(pilot, screen)
        did = small.run(run_id).did["corrections"]
        assert did.words == "late corrections of one venue" and did.by.person.user == "ana"
        screen.steps.cursor = "performance"
        await pilot.press("s")
        await until(pilot, lambda: "WARN at the least" in drawn(app), "the question")
        await pilot.press("tab")
        await typed(pilot, "nothing was slow")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "PASSED OVER" in drawn(app), "that it is passed over")
        assert small.run(run_id).skipped["performance"].reason == "nothing was slow"


async def test_a_closed_gate_says_which_and_a_plan_is_shown_and_typed_before_it_is_done(small: SmallRunbook) -> None:
    run_id = small.opened("weekly")
    small.procedures.desk.confirmation = "all tables"
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_procedure(pilot, "weekly")
        screen.steps.cursor = "full-refresh"
        await pilot.pause()
        assert "A gate is closed" in drawn(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "why not")
        await pilot.press("escape")
        screen.steps.cursor = "backup"
        await pilot.press("enter")
        await until(pilot, lambda: "CREATE TABLE" in drawn(app), "what would be done")
        assert small.procedures.desk.carried_out == []
        await pilot.press("tab")
        await typed(pilot, "all tables")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "DONE" in drawn(app), "that it is done")
        assert small.procedures.desk.carried_out == [(run_id, "all tables")]


async def test_read_only_looks_and_offers_no_write(tmp_path: Path) -> None:
    SmallRunbook(tmp_path).incident()
    small = SmallRunbook(tmp_path, read_only=True)
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        pane = await runbook_pane(pilot)
        assert "Start" not in drawn(app).splitlines()[-1] and "o starts it" not in drawn(app)
        screen = await opened_procedure(pilot, "daily")
        await pilot.press("enter")
        await until(pilot, lambda: screen.seen is not None, "what was found")
        await at_rest(pilot, screen)
        assert "Found just now, not recorded" in drawn(app) and small.procedures.book().all().runs == ()
        for action in ("start", "note", "skip", "finish", "abandon", "again"):
            assert screen.refusal(action) == "read-only: gcms.toml does not allow writing"
            assert screen.pointless(action)
        await pilot.press("escape")
        await board(pilot, pane)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, IncidentsScreen) and app.screen.incident, "the incidents")
        assert "Take" not in drawn(app).splitlines()[-1]


async def test_a_procedure_is_closed_and_abandoned_only_as_its_gates_allow(small: SmallRunbook) -> None:
    run_id = small.opened("daily")
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_procedure(pilot, "daily")
        await pilot.press("f")
        await until(pilot, lambda: "Left: 1 Check last run status" in drawn(app), "what is left")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "Not everything is done" in drawn(app), "why not")
        await pilot.press("escape")
        await at_rest(pilot, screen)
        await pilot.press("x")
        await until(pilot, lambda: "does not count as done" in drawn(app), "the question")
        await pilot.press("tab")
        await typed(pilot, "a holiday")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: small.run(run_id).state is ProcedureState.ABANDONED, "its end")


async def test_an_incident_is_opened_taken_noted_handed_over_and_closed(small: SmallRunbook) -> None:
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        await runbook_pane(pilot)
        await pilot.press("i")
        await until(pilot, lambda: "There has been no incident" in drawn(app), "the incidents")
        screen = app.screen
        assert isinstance(screen, IncidentsScreen)
        for key, words, fields, done in (
            ("o", "fill in: what has happened", ("Airbyte is away", ""), "OPEN: inc-"),
            ("n", "fill in: what is known", ("the host answers no ping",), "NOTED"),
            ("a", "nobody else is told", (), "TAKEN"),
            ("d", "is delayed", (), "SENT to 1 channel"),
            ("h", "fill in: the login", ("frank", ""), "HANDED OVER"),
            ("x", "fill in: why", ("a disk", "a new one", ""), "CLOSED"),
        ):
            await pilot.press(key)
            await shows(pilot, words)
            await pilot.press("tab")
            for field in fields:
                await typed(pilot, field)
                await pilot.press("enter")
            await until(pilot, lambda: app.screen.act.has_focus, "the answer")  # type: ignore[attr-defined]
            await pilot.press("enter")
            await shows(pilot, done)
            await pilot.press("escape")
            await comes_to_rest(pilot, lambda: app.screen is screen and not screen._loader.busy, "the incidents")
        (found,) = small.incidents.book().all().incidents
        assert found.owner == "frank" and found.closed is not None and found.closed.cause == "a disk"
        assert [note.text for note in found.notes] == ["the host answers no ping"]
        assert screen.refusal("take") == "it is closed" and "✓ closed" in drawn(app)
        await pilot.press("m")
        await until(pilot, lambda: list(small.directory.rglob("copied.txt")), "the copy")
        (path,) = small.directory.rglob("copied.txt")
        assert "# Incident: Airbyte is away" in path.read_text()


async def test_contacts_flag_placeholders_and_commands_say_whether_they_write(small: SmallRunbook) -> None:
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        pane = await runbook_pane(pilot)
        await pilot.press("t")
        await until(pilot, lambda: "want to be looked at" in drawn(app), "the contacts")
        await pilot.press("escape", "u")
        await until(pilot, lambda: "READ  Quick health check" in drawn(app), "the commands")
        assert "WRITE Rebuild a model" in drawn(app) and "gcms-tui health" in drawn(app)
        await pilot.press("escape")
        assert isinstance(app.screen, RunbookPane) and app.screen is pane


async def test_what_is_served_is_told_with_its_tunnel_and_ended(small: SmallRunbook, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("catalog")
    small.opened("weekly")
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_procedure(pilot, "weekly")
        assert screen.refusal("docs") == "the step serves no documentation"
        screen.steps.cursor = "docs-serve"
        await pilot.press("D")
        await until(pilot, lambda: "No documentation is served from this host." in drawn(app), "that nothing is")
        await pilot.press("escape")
        await at_rest(pilot, screen)
        served = small.docs().serve(str(tmp_path))
        try:
            await pilot.press("D")
            await until(pilot, lambda: served.tunnel in drawn(app), "the tunnel")
            assert served.url in drawn(app) and app.screen.query_one("#way-out").has_focus
            await pilot.press("tab", "enter")
            await until(pilot, lambda: f"Port {served.port} of ops-1 is free again." in drawn(app), "its end")
            assert small.docs().serving() is None
        finally:
            small.docs().stop()


async def test_read_only_tells_what_is_served_and_has_no_way_to_end_it(tmp_path: Path) -> None:
    SmallRunbook(tmp_path).opened("weekly")
    (tmp_path / "index.html").write_text("catalog")
    small = SmallRunbook(tmp_path, read_only=True)
    assert small.desk().docs_writer is None
    served = small.docs().serve(str(tmp_path))
    app = small.app()
    try:
        async with app.run_test(size=LARGE) as pilot:
            screen = await opened_procedure(pilot, "weekly")
            screen.steps.cursor = "docs-serve"
            await pilot.press("D")
            await until(pilot, lambda: served.tunnel in drawn(app), "the tunnel")
            dialog = app.screen
            assert isinstance(dialog, GuardedDialog) and dialog.act.disabled and "read-only" in drawn(app)
            await pilot.press("tab", "enter")
            await until(pilot, lambda: app.screen is screen, "the way out")
            await at_rest(pilot, screen)
        assert small.docs().serving() == served
    finally:
        small.docs().stop()
