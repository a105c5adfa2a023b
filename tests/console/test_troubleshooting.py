"""The runbook's troubleshooting card beside what calls for it, the way to it in pane 5, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.failing import FailingTestsScreen
from gcms_tui.console.pane import Pane
from gcms_tui.console.run import RunScreen
from gcms_tui.console.runbook.doing import StartDialog
from gcms_tui.console.runbook.pane import RunbookPane
from gcms_tui.console.trend import TrendScreen
from gcms_tui.console.troubleshooting import NO_CARD
from gcms_tui.core.errors import Unavailable
from gcms_tui.operations.run_desk import RunDesk
from tests.console.driving import comes_to_rest, drawn, shows, until
from tests.console.scripted_run import CRITICAL_TEST, Planned, ScriptedRun, record
from tests.console.small_runbook import SmallRunbook, at_rest, procedure
from tests.console.small_runbook import small as small
from tests.console.small_runs import small_desk

MISSING = "Database Error\n  002003 (42S02): Object 'X' does not exist or not authorized."
EXPORT, UNTOUCHED, FINE = "model.gcms.payment_export", "model.gcms.br_concert_scd2", "model.gcms.dim_concert"
NODES = (
    Planned(EXPORT, 0.6, "error", None, MISSING),
    Planned(UNTOUCHED, 0.6, "success", None, "SUCCESS 0"),
    Planned(FINE, 0.6, "success", None, "SUCCESS 1"),
    Planned(CRITICAL_TEST, 0.7, "fail", 3, "Got 3 results, configured to fail if != 0"),
)
Screen = Callable[[ConsoleApp, RunDesk, str], Pane]


def console(small: SmallRunbook, target: str = "sandbox") -> tuple[ConsoleApp, RunDesk, str]:
    run = ScriptedRun(NODES, record(target=target), small.clock)
    run.advance(99)
    desk = small_desk(small.directory, run).desk
    return small.app(runs=desk, target=target), desk, run.record.run_id


async def run_screen(pilot: Pilot[Any], app: ConsoleApp, desk: RunDesk, run_id: str, node: str) -> RunScreen:
    """Over pane 2, with a node's page open."""
    await pilot.press("2")
    screen = RunScreen(app.services, app.look, desk, run_id)
    await app.push_screen(screen)
    await until(pilot, lambda: screen.seen is not None, "the run")
    screen.nodes.choose(node)
    await pilot.press("enter")
    await shows(pilot, "Compiled SQL")
    return screen


@pytest.mark.covers("T1")
async def test_a_card_is_opened_about_the_node_and_esc_leads_back_to_it(small: SmallRunbook) -> None:
    app, desk, run_id = console(small)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await run_screen(pilot, app, desk, run_id, EXPORT)
        assert "T1 Model fails with `relation does not exist`: K opens it" in drawn(app)
        assert "K Card" in drawn(app).splitlines()[-1]
        await pilot.press("K")
        card = await procedure(pilot)
        assert card.name_of == "relation-missing" and "about payment_export: o starts it" in drawn(app)
        assert app.current_mode == "runbook" and not card.run_id, "nothing is started by looking"
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, StartDialog), "the question")
        await until(pilot, lambda: "payment_export" in drawn(app), "its line")
        dialog = app.screen
        assert isinstance(dialog, StartDialog) and dialog._reason.value == "payment_export"
        await until(pilot, lambda: dialog.made is not None, "what is asked")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: dialog.run_id, "that it is started")
        await until(pilot, lambda: dialog.over, "that this is told")
        await pilot.press("escape")
        await until(pilot, lambda: card.run_id, "what was started")
        await at_rest(pilot, card)
        assert small.run(card.run_id).about == "payment_export"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the way back")
        assert screen.has_class("-detail") and screen.focused_id == EXPORT

        # The one that is under way is come to again; another node's would have to wait for it.
        await pilot.press("K")
        again = await procedure(pilot)
        assert again.run_id == card.run_id and "about payment_export" in drawn(app)
        await pilot.press("2")
        await until(pilot, lambda: app.screen is screen, "pane 2")
        pane = app._screen_stacks["runbook"][0]
        assert isinstance(pane, RunbookPane)
        await app.switch_mode("runbook")
        pane.come_to("relation-missing", "fct", "runs")
        await shows(pilot, "about payment_export, not fct: close it first")
        assert app.screen is again, "one over the other would be left behind"


@pytest.mark.covers("T2")
async def test_what_calls_for_no_card_says_so_and_another_card_is_about_no_node(small: SmallRunbook) -> None:
    app, desk, run_id = console(small)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await run_screen(pilot, app, desk, run_id, FINE)
        assert screen.refusal("card") == NO_CARD and "K opens it" not in drawn(app)
        await pilot.press("K")
        assert app.screen is screen and "K Card" not in drawn(app)
        screen._focus_node(UNTOUCHED)
        await pilot.pause()
        assert "T2 SCD2 model shows no changes: K opens it" in drawn(app)
        await pilot.press("K")
        card = await procedure(pilot)
        assert (card.name_of, card.about) == ("no-scd2-change", "")


@pytest.mark.covers("T3")
@pytest.mark.parametrize("target", ["prod", "dev"])
async def test_a_failing_test_has_its_card_in_production_alone(small: SmallRunbook, target: str) -> None:
    app, desk, run_id = console(small, target)
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("2")
        screen = FailingTestsScreen(app.services, app.look, desk, run_id)
        await app.push_screen(screen)
        await until(pilot, lambda: screen._focused_read is not None, "the failing test")
        assert "cause  Duplicate current versions" in drawn(app), "what is known of a critical one stays beside it"
        told = "T3 Tests pass locally but fail in production: K opens it"
        if target == "dev":
            assert told not in drawn(app) and screen.refusal("card") == NO_CARD
            return
        assert told in drawn(app)
        await pilot.press("K")
        card = await procedure(pilot)
        assert card.name_of == "dev-against-prod"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "the way back")


@pytest.mark.covers("T4")
async def test_what_has_become_slower_has_its_card(small: SmallRunbook) -> None:
    app, desk, _ = console(small)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen = TrendScreen(app.services, app.look, desk)
        await app.push_screen(screen)
        await until(pilot, lambda: screen.read is not None, "the history")
        await shows(pilot, "T4 Slow model performance: K opens it")
        await pilot.press("down")
        assert screen.refusal("card") == NO_CARD and "K opens it" not in drawn(app) and "K Card" not in drawn(app)
        await pilot.press("up", "K")
        card = await procedure(pilot)
        assert (card.name_of, card.about) == ("slow-model", "fct_musician_payment")


async def test_a_runbook_that_cannot_be_read_says_so_and_leads_nowhere_later(small: SmallRunbook) -> None:
    away = True
    opened = small.desk

    def desk_or_not() -> Any:
        if away:
            raise Unavailable("The store is away", "it does not answer", "Look at the line.")
        return opened()

    _, desk, run_id = console(small)
    app = ConsoleApp(replace(small.services(runs=desk), open_runbook=desk_or_not))
    async with app.run_test(size=(80, 24)) as pilot:
        await run_screen(pilot, app, desk, run_id, EXPORT)
        await pilot.press("K")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "why not")
        assert "The store is away" in drawn(app)
        away = False
        await pilot.press("escape", "r")
        pane = app.pane
        assert isinstance(pane, RunbookPane)
        await until(pilot, lambda: pane.state.board is not None, "the board")
        assert app.screen is pane


async def test_who_has_gone_elsewhere_is_not_brought_to_the_card(small: SmallRunbook) -> None:
    app, desk, run_id = console(small)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await run_screen(pilot, app, desk, run_id, EXPORT)
        await pilot.press("5")
        pane = app.pane
        assert isinstance(pane, RunbookPane)
        await comes_to_rest(pilot, lambda: pane.state.board is not None and not pane._loader.busy, "the board")
        pane.come_to("relation-missing", "payment_export", "runs")
        await app.switch_mode("runs")
        await until(pilot, lambda: pane._coming_to is None, "the board again")
        assert app.screen is screen
