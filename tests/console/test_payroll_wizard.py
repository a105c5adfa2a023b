"""The payroll wizard, driven over a small desk: its steps, the first three done in it, and what others do meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from textual.events import AppFocus
from textual.pilot import Pilot

from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.pane import LoadFailed
from gcms_tui.console.payroll import live
from gcms_tui.console.payroll.checks import StepPreview
from gcms_tui.console.payroll.proofs import ProofDialog, RunJournal
from gcms_tui.console.payroll.provenance import StepOrigin
from gcms_tui.console.payroll.source import NotRead
from gcms_tui.console.payroll.wizard import WizardScreen
from gcms_tui.console.payroll.wizard_source import Proven, RunRead, Standing
from gcms_tui.console.run import RunScreen
from gcms_tui.console.run_cancel import CancelDialog
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.steps import STEPS, Step
from gcms_tui.operations.payroll.desk import PayrollDesk
from tests.console.driving import drawn, until
from tests.console.small_payroll import CHECKS, Pushed, SmallPayroll, at_rest, opened_wizard, payroll_pane, wizard

SMALL, LARGE = (80, 24), (140, 40)


@pytest.fixture(autouse=True)
def short_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_S", 0.01)
    monkeypatch.setattr("gcms_tui.console.payroll.checks.LOOK_S", 0.01)


@pytest.fixture
def small(tmp_path: Path) -> SmallPayroll:
    return SmallPayroll(tmp_path)


async def at_step(pilot: Pilot[Any], screen: WizardScreen, step: Step) -> str:
    screen.steps.cursor = step.value
    await pilot.pause()
    return drawn(pilot.app)


async def standing(pilot: Pilot[Any], screen: WizardScreen, step: Step, state: StepState) -> None:
    def so() -> bool:
        return screen.standing is not None and screen.standing.look(step).state is state and screen.doing is None

    await until(pilot, so, f"{step.value} {state.value}")
    await at_rest(pilot, screen)


async def confirmed(pilot: Pilot[Any], kind: type[Any]) -> None:
    """A guarded dialog's second answer, given."""
    app = pilot.app

    def ready() -> bool:
        return isinstance(app.screen, kind) and app.screen.armed and not app.screen.act.disabled

    await until(pilot, ready, "the question")
    await pilot.press("tab", "enter")


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 14)])
async def test_all_steps_are_there_and_the_first_open_one_is_at_hand(
    small: SmallPayroll, size: tuple[int, int]
) -> None:
    small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=size) as pilot:
        screen = await opened_wizard(pilot)
        assert screen.step is Step.SPOT_CHECK
        seen = drawn(app)
        for step in STEPS:
            assert f"{step.number} " in seen and step.named in seen
        assert "✓ passed" in seen and "○ open" in seen and "► OPEN   7" in seen
        if size == (60, 14):
            await pilot.press("home", "enter")
            assert "by erin@ops-1, 1 h ago" in drawn(app), "read in full, in the place of the steps"
            await pilot.press("escape")
            assert drawn(app).startswith(seen[:40]) and app.screen is screen
        else:
            assert "20 payments to 20 musicians, net 2,000.00" in seen
            assert "Enter shows the rows, and the variance." in seen


async def test_what_proves_the_checks_is_told(small: SmallPayroll) -> None:
    run_id = small.passed(*CHECKS)
    frozen = small.run(run_id).frozen
    assert frozen is not None
    app = small.app()
    async with app.run_test(size=(200, 50)) as pilot:
        screen = await opened_wizard(pilot)
        seen = await at_step(pilot, screen, Step.FRESHNESS)
        assert "RAW.SUPABASE.ATTENDANCE  3 h old now" in seen, "as old as it is by now"
        seen = await at_step(pilot, screen, Step.TESTS)
        for said in (frozen.fingerprint, frozen.payees, "12 passed, at least 3 have to", "hash total  210"):
            assert said in seen
        assert "per_service        20  2,000.00        0.00  2,000.00" in seen
        assert "dbt test --select fct_musician_payment" in seen
        assert "Musician 1" not in seen and "example.org" not in seen
        await pilot.press("p")
        assert isinstance(app.screen, StepOrigin)
        assert "01b2c3d4-0000-0042" in drawn(app) and "payroll_export" in drawn(app)


async def test_several_holds_are_told_on_one_line(small: SmallPayroll) -> None:
    small.passed(*CHECKS)
    for why in ("the rates are wrong", "the bank waits"):
        small.book("frank").holds.set("by hand", why)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        await opened_wizard(pilot)
        lines = drawn(app).splitlines()
        assert lines[1].startswith(" ■ PAYROLL HELD by 2: h tells them  by hand: the rates are wrong")
        assert lines[2].startswith(" ► OPEN   7")


async def test_a_step_that_fell_back_says_why_and_a_closed_one_at_which_gate(small: SmallPayroll) -> None:
    small.passed(*CHECKS)
    small.clock.pass_by(hours=30)
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_wizard(pilot)
        assert screen.step is Step.FRESHNESS
        seen = drawn(app)
        assert "▲ fallen back" in seen and "1 d 7 h old, older than its limit of 1 d" in seen
        seen = await at_step(pilot, screen, Step.EXPORT)
        assert "Closed until 1 Verify data freshness has passed: fallen back:" in seen
        await pilot.press("enter")
        assert isinstance(app.screen, ErrorDialog) and "A gate is closed" in drawn(app)
        await pilot.press("escape")
        assert screen.refusal("again") == "it is not passed: Enter does it"


@pytest.mark.parametrize("sound, state", [(True, StepState.PASSED), (False, StepState.FAILED)])
async def test_freshness_is_looked_at_off_the_loop(small: SmallPayroll, sound: bool, state: StepState) -> None:
    small.opened()
    small.gate, small.sound = threading.Event(), sound
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_wizard(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "► looking" in drawn(app), "the look")
        await pilot.press("down")
        assert screen.step is Step.MODELS, "nothing blocks"
        await pilot.press("enter")
        assert isinstance(app.screen, ErrorDialog), "its gate is closed meanwhile"
        await pilot.press("escape")
        small.gate.set()
        await standing(pilot, screen, Step.FRESHNESS, state)
        seen = await at_step(pilot, screen, Step.FRESHNESS)
        assert ("all 2 sources loaded within 24 h" in seen) is sound
        assert ("RAW.SUPABASE.CONCERT was last loaded on" in seen) is not sound


async def test_the_cursor_goes_on_with_what_is_done_here_and_stays_with_whoever_has_moved(small: SmallPayroll) -> None:
    run_id = small.opened()
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_wizard(pilot)
        assert "Enter Do" in drawn(app) and screen.refusal("read") == "it can be done: Enter"
        await pilot.press("enter")
        await standing(pilot, screen, Step.FRESHNESS, StepState.PASSED)
        assert screen.steps.cursor == Step.MODELS.value, "on to the next one"
        small.note(run_id, events.CHECKED, small.found(Step.MODELS), user="frank")
        await pilot.press("r")
        await standing(pilot, screen, Step.MODELS, StepState.PASSED)
        assert screen.steps.cursor == Step.MODELS.value, "what somebody else does moves nothing under a person's eyes"
        await pilot.press("home")
        await pilot.pause()
        assert "Enter Read" in drawn(app) and "Enter Do" not in drawn(app)
        await pilot.press("enter")
        assert screen.detail.has_focus and screen.refusal("read") == "it is open" and "Enter" not in key_bar(app)
        assert "h Hold" in key_bar(app) and "l Journal" in key_bar(app)
        await pilot.press("l")
        assert isinstance(app.screen, RunJournal), "its letter, also where the page has the focus"
        await pilot.press("escape", "escape")
        small.gate = threading.Event()
        await pilot.press("R")
        await until(pilot, lambda: screen.doing is Step.FRESHNESS, "the look")
        await pilot.press("end")
        small.gate.set()
        await standing(pilot, screen, Step.FRESHNESS, StepState.PASSED)
        assert screen.steps.cursor == Step.LOG.value


def key_bar(app: Any) -> str:
    return drawn(app).rstrip().splitlines()[-1]


async def test_nobody_acts_by_a_reading_that_began_before_they_were_played(small: SmallPayroll) -> None:
    small.passed(*CHECKS)
    small.may_act = (("frank", "finance"),)
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_wizard(pilot)
        erin, opened, let_go = screen.acting.desk, screen.acting._open, threading.Event()

        def slowly(whom: str) -> PayrollDesk:
            assert whom == "" or let_go.is_set()
            assert let_go.wait(30)
            return opened(whom)

        screen.acting._open = slowly
        await pilot.press("r")
        await until(pilot, lambda: screen._loader.busy, "a reading as erin")
        screen._act_as("frank")
        assert "AS frank" in screen.status_bar.line().plain and screen.refusal("do") == "the run has not been read"
        screen.on_run_read(RunRead("", cast("PayrollDesk", erin), cast("Standing", screen.standing)))
        assert screen.acting.desk is None and screen.refusal("do") == "the run has not been read"
        screen.on_not_read(NotRead(Refused("The store is away", "It does not answer.")))
        assert screen.acting.whom == "frank", "and none that failed takes the choice back"
        let_go.set()
        await until(pilot, lambda: screen.desk.person.user == "frank", "frank's desk")
        await at_rest(pilot, screen)
        assert screen.acting.desk is screen.desk and screen.refusal("do") is None


async def test_models_and_tests_are_seen_started_followed_and_judged(small: SmallPayroll) -> None:
    run_id = small.passed(Step.FRESHNESS)
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_wizard(pilot)
        for step in (Step.MODELS, Step.TESTS):
            await at_step(pilot, screen, step)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, StepPreview) and "Executes" in drawn(app), "the preview")
            await confirmed(pilot, StepPreview)
            await until(pilot, lambda: app.screen is screen and screen.dbt_run is not None, "the run, followed")
            dbt = small.dbt.shelf.scripted[small.dbt.runs.started[-1].run_id]
            dbt.advance(4)
            await until(pilot, lambda: "0 of 4" in drawn(app) and "running" in drawn(app), "how far it is")
            assert screen.refusal("abandon") == "its dbt run is under way: x asks that to stop"
            assert app.dbt_running and "x Cancel" in drawn(app) and "x Abandon" not in drawn(app)
            dbt.advance(dbt.steps)
            await standing(pilot, screen, step, StepState.PASSED)
            assert not app.dbt_running
        said = [entry.said["run"] for entry in small.run(run_id).entries if entry.kind == events.STARTED]
        assert said == [preview.run_id for preview in small.dbt.runs.started]
        assert small.run(run_id).frozen is not None
        await at_step(pilot, screen, Step.TESTS)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the nodes of the step's dbt run")
        assert app.screen.run_id == said[-1]  # type: ignore[attr-defined]


async def test_a_run_that_went_on_while_nobody_looked_is_taken_up_and_judged(small: SmallPayroll) -> None:
    run_id = small.passed(Step.FRESHNESS)
    bench = small.desk().required_bench()
    dbt = bench.checklist.start_models(run_id, bench.checklist.preview_models(run_id))
    scripted = small.dbt.shelf.scripted[dbt.run_id]
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened_wizard(pilot)
        await until(pilot, lambda: screen.dbt_run is not None and screen.step is Step.MODELS, "it is taken up")
        await pilot.press("x")
        await confirmed(pilot, CancelDialog)
        await until(pilot, lambda: small.dbt.runs.cancelled == [dbt.run_id], "it was asked to stop")
        await until(pilot, lambda: app.screen is screen, "the wizard again")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, WizardScreen), "the list")
        assert Step.MODELS not in small.run(run_id).checks
        scripted.advance(scripted.steps)
        small.refusal = Refused("Another dbt runs", "It may be changing the data.", "Wait.", guard="dbt_running")
        await pilot.press("enter")
        screen = await wizard(pilot)
        await until(pilot, lambda: "Another dbt runs" in drawn(app), "why it was not judged")
        await at_rest(pilot, screen)
        assert screen.error is not None and screen.doing is None
        small.refusal = None
        await pilot.press("r")
        await standing(pilot, screen, Step.MODELS, StepState.PASSED)


async def test_the_later_steps_and_the_rest_are_pushed_and_the_run_read_anew(
    small: SmallPayroll, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = Pushed().install(monkeypatch)
    run_id = small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened_wizard(pilot)
        for key, asked in (("enter", "dialog_for spot-check"), ("x", "abandon_dialog"), ("h", "hold_dialog")):
            await pilot.press(key)
            await until(pilot, lambda: bool(pushed.asked) and app.screen is screen, "the answer")
            await at_rest(pilot, screen)
            assert pushed.asked.pop() == asked
        await at_step(pilot, screen, Step.TESTS)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, StepPreview), "the tests, once more")
        await pilot.press("escape")
        await at_rest(pilot, screen)
        assert len(small.run(run_id).entries) == 4 and screen.news == ""


async def test_what_somebody_else_did_is_said(small: SmallPayroll) -> None:
    run_id = small.passed(Step.FRESHNESS)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened_wizard(pilot)
        assert screen._next is not None, "it looks again by itself"
        small.note(run_id, events.CHECKED, small.found(Step.MODELS), user="frank")
        app.post_message(AppFocus())
        await standing(pilot, screen, Step.MODELS, StepState.PASSED)
        assert "frank@ops-1 has gone on: 2 Run dbt models passed" in drawn(app)
        small.note(run_id, events.CHECKED, small.found(Step.TESTS))
        screen._look_again()
        await standing(pilot, screen, Step.TESTS, StepState.PASSED)
        assert "erin@ops-1 has gone on: 3 Run critical tests passed" in drawn(app), "from another console of hers"
        await pilot.press("r")
        await at_rest(pilot, screen)
        assert screen.news == ""
        await pilot.press("home", "R")
        await until(pilot, lambda: len(small.run(run_id).entries) == 5, "freshness, once more")
        await standing(pilot, screen, Step.FRESHNESS, StepState.PASSED)
        assert screen.news == "", "that was done from here"


async def test_a_store_that_is_away_takes_nothing_from_the_screen(
    small: SmallPayroll, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened_wizard(pilot)

        def away(reference: str) -> Any:
            raise Refused("The store is away", "Postgres does not answer.", "Look at the line.")

        there = screen.desk.book.get
        monkeypatch.setattr(screen.desk.book, "get", away)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "why")
        await pilot.press("escape")
        await at_rest(pilot, screen)
        assert "The store is away" in drawn(app) and "Manual spot check" in drawn(app)
        monkeypatch.setattr(screen.desk.book, "get", there)
        await pilot.press("r")
        await at_rest(pilot, screen)
        assert screen.failure is None and "The store is away" not in drawn(app)


async def test_it_is_proven_and_its_journal_told(small: SmallPayroll) -> None:
    run_id = small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        await opened_wizard(pilot)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ProofDialog), "the proofs")
        assert small.verifying.asked == [run_id] and "? UNKNOWN" in drawn(app)
        assert "it cannot be asked: the connection was refused" in drawn(app)
        screen = app.screen_stack[-2]
        assert isinstance(screen, WizardScreen)
        await pilot.press("escape", "l")
        screen.on_proven(Proven(small.verifying.verify(run_id)))
        screen.post_message(LoadFailed(Refused("It cannot be proven", "The store is away.")))
        await pilot.pause()
        assert isinstance(app.screen, RunJournal), "nothing comes over what has the keys"
        assert "payroll run opened for concert 7 on sandbox" in drawn(app) and "4 entries" in drawn(app)


async def test_an_ended_run_is_only_looked_at(small: SmallPayroll) -> None:
    run_id = small.passed(*CHECKS)
    small.note(run_id, events.ABANDONED, {"reason": "the concert was cancelled", "withdrawn": False})
    small.book()._index.end(run_id, small.clock())
    app = small.app()
    async with app.run_test(size=LARGE) as pilot:
        pane = await payroll_pane(pilot)
        pane.concerts.cursor = "concert 7"
        await pilot.pause()
        assert pane.refusal("new") is None and "the concert was cancelled" in drawn(app)
        await pilot.press("enter")
        screen = await wizard(pilot)
        assert "■ ABANDONED" in drawn(app) and screen.refusal("abandon") == "it is abandoned"
        assert screen._next is None, "nothing of it changes any more"
        await pilot.press("enter")
        assert screen.has_class("-detail")


async def test_ages_go_on(small: SmallPayroll) -> None:
    small.passed(*CHECKS)
    app = small.app()
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened_wizard(pilot)
        small.clock.moment += timedelta(hours=2)
        screen.draw()
        await pilot.pause()
        assert "3 h      erin" in drawn(app) and "read 2 h ago" in drawn(app)
