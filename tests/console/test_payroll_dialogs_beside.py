"""The dialogs beside the steps: a hold set and lifted, a run given up, and whom one acts as."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.payroll.doing import abandon_dialog, acting_dialog, hold_dialog
from gcms_tui.core.payroll.run import PayrollState
from gcms_tui.core.payroll.steps import Step
from gcms_tui.operations.payroll.desk import PayrollDesk
from tests.console.driving import drawn, until
from tests.console.small_payroll_steps import Opened, SmallSteps
from tests.operations.payroll.scene import CONCERT

SMALL, LARGE = (80, 24), (140, 50)
REASON = "paid"


@pytest.fixture
def small(tmp_path: Path) -> SmallSteps:
    return SmallSteps(tmp_path)


def over(small: SmallSteps, state: Path, make: Callable[[ConsoleApp], Screen[Any]]) -> Opened:
    return Opened(small, state, make)


async def test_a_hold_is_set_with_a_reason_and_lifted_by_a_second_person(small: SmallSteps, state: Path) -> None:
    erin, frank = small.desk("erin"), small.desk("frank")
    asked = over(small, state, lambda app: hold_dialog(erin, app.services, app.look))
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert "Nothing holds payroll." in drawn(asked.app) and dialog.refusal("lift")
        await asked.confirm(pilot, "", "[b]wrong[/b] rates")
        assert "PAYROLL IS HELD" in drawn(asked.app) and "[b]wrong[/b] rates" in drawn(asked.app)
    for desk, said in ((erin, "REFUSED by the guard second_person"), (frank, "LIFTED")):
        await lifted(small, state, desk, said)


async def lifted(small: SmallSteps, state: Path, desk: PayrollDesk, said: str) -> None:
    """By frank, once no critical test fails any more."""
    asked = over(small, state, lambda app: hold_dialog(desk, app.services, app.look))
    second = desk.person.user == "frank"
    async with asked.app.run_test(size=SMALL) as pilot:
        await asked.open(pilot)
        assert "set by erin@ops-1" in drawn(asked.app)
        await pilot.press("l")
        await asked.shown(pilot)
        dialog: Any = asked.app.screen
        small.scene.critical = "unique_br_attendance fails" if second else ""
        await asked.confirm(pilot, "", REASON)
        assert second or "On the practice platform a, in the list" in dialog.as_text()
        if second:
            assert "A critical test still fails" in drawn(asked.app)
            small.scene.critical = ""
            dialog.act.focus()
            await asked.shown(pilot)
            await pilot.press("enter")
            await until(pilot, lambda: dialog.over, "it to be lifted")
        assert said in drawn(asked.app)
        await pilot.press("escape")
        await asked.shown(pilot)
        assert ("Nothing holds payroll." in drawn(asked.app)) == second


@pytest.mark.parametrize("step, words", [(Step.EXPORT, CONCERT), (Step.RECORD, "withdrawn")])
async def test_a_released_run_is_given_up_in_so_many_words(
    small: SmallSteps, state: Path, step: Step, words: str
) -> None:
    run, desk = small.at(step), small.desk()
    asked = over(small, state, lambda app: abandon_dialog(desk, run, app.services, app.look))
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        assert ("pay nothing of it" in drawn(asked.app)) == (step is Step.RECORD)
        dialog._confirmation.value, dialog._reason.value = "withdrawn" if words == CONCERT else CONCERT, REASON
        await pilot.pause()
        assert dialog.act.disabled and f"type  {words}  to confirm" in drawn(asked.app)
        dialog._confirmation.value = dialog._reason.value = ""
        await asked.confirm(pilot, words, REASON)
        assert "GIVEN UP" in drawn(asked.app) and small.get(run).state is PayrollState.ABANDONED
        await pilot.press("escape")
    assert asked.answers == [True] and small.get(run).entries[-1].said["withdrawn"] is (words == "withdrawn")


@pytest.mark.parametrize("keys, answer", [(["down", "down", "enter"], "frank"), (["enter"], ""), (["escape"], None)])
async def test_whom_to_act_as_is_chosen(small: SmallSteps, state: Path, keys: list[str], answer: str | None) -> None:
    desk = small.desk()
    asked = over(small, state, lambda app: acting_dialog(desk, app.services, app.look))
    async with asked.app.run_test(size=SMALL) as pilot:
        await asked.open(pilot)
        assert "yourself" in drawn(asked.app) and "paula" in drawn(asked.app) and "engineer" in drawn(asked.app)
        await pilot.press(*keys)
        await until(pilot, lambda: asked.answers, "the choice")
    assert asked.answers == [answer]
