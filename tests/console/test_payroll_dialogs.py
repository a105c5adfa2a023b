"""The dialogs from the export to the log: shown, confirmed, done once, and told however it ends."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.clipboard import FILE
from gcms_tui.core.errors import CommitUnknown, GcmsError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.run import PayrollState
from gcms_tui.core.payroll.steps import Step
from tests.console.driving import drawn, typed, until
from tests.console.small_payroll_steps import READ_ONLY, Opened, SmallSteps
from tests.operations.payroll.memory_supabase import failing
from tests.operations.payroll.paid_run import CLONE, FACT
from tests.operations.payroll.scene import CONCERT

SMALL, LARGE = (80, 24), (140, 50)
DAY = "2026-03-01"
FULL = GcmsError("The journal cannot be written", "The disk is full.", "Make room.")
REASON = "paid"


@pytest.fixture
def small(tmp_path: Path) -> SmallSteps:
    return SmallSteps(tmp_path)


async def typed_day(asked: Opened, pilot: Pilot[Any], day: str = DAY) -> Any:
    """Come to the plan of the record."""
    await asked.open(pilot)
    await typed(pilot, day)
    await pilot.press("enter")
    await asked.shown(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: asked.app.screen is not asked.screen, "the plan's dialog")
    await asked.shown(pilot)
    return asked.app.screen


# -- what all of them have in common --------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [Step.EXPORT, Step.SIGN_OFF, Step.LOG])
async def test_nothing_is_done_that_was_not_meant(small: SmallSteps, state: Path, step: Step) -> None:
    run = small.at(step)
    before = small.kinds(run)
    asked = Opened.of(small, state, step, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert dialog.way_out.has_focus and "[ Cancel ]" in drawn(asked.app)
        if step is not Step.EXPORT:
            dialog._confirmation.value, dialog._reason.value = f"{CONCERT}7", "" if step is Step.LOG else REASON
            await pilot.pause()
            dialog.act.action_give()
            dialog.done()
            assert dialog.act.disabled and not dialog.writing
            dialog._confirmation.value = ""
        await pilot.press("enter")
        await until(pilot, lambda: asked.answers, "the way out")
    assert asked.answers == [False] and small.kinds(run) == before


@pytest.mark.parametrize("step, last", [(Step.EXPORT, events.EXPORTED), (Step.LOG, events.CLOSED)])
async def test_a_failing_journal_loses_nothing_and_esc_breaks_nothing_off(
    small: SmallSteps, state: Path, step: Step, last: str
) -> None:
    run = small.at(step)
    asked = Opened.of(small, state, step, run)
    words = "" if step is Step.EXPORT else "none"
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        small.error = FULL
        await asked.confirm(pilot, "", words)
        assert "The disk is full." in drawn(asked.app) and "It can be tried again" in drawn(asked.app)
        assert dialog._reason.value == words and dialog.refusal_to_act is None, "what was typed stays"
        small.error, small.gate = None, threading.Event()
        await until(pilot, lambda: dialog.armed, "the moment to read")
        dialog.act.focus()
        await pilot.press("enter")
        await until(pilot, lambda: dialog.writing, "it to be done")
        await pilot.press("escape")
        assert asked.app.screen is dialog and "not broken off" in drawn(asked.app)
        await pilot.press("ctrl+q")
        assert asked.app.is_running
        small.gate.set()
        await until(pilot, lambda: dialog.over, "the end")
        assert small.kinds(run)[-1] == last
        await pilot.press("escape")
    assert asked.answers == [True]


async def test_read_only_offers_nothing(tmp_path: Path, state: Path) -> None:
    small = SmallSteps(tmp_path, read_only=True)
    asked = Opened.of(small, state, Step.RECORD, small.at(Step.RECORD))
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await typed_day(asked, pilot)
        assert READ_ONLY in drawn(asked.app) and dialog.act.disabled and not dialog._confirmation.display


# -- the steps ------------------------------------------------------------------------------------------------------


async def test_the_file_is_prepared_as_it_was_shown(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.EXPORT)
    asked = Opened.of(small, state, Step.EXPORT, run)
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        assert run.frozen is not None and run.frozen.fingerprint in seen.replace("\n", "")
        assert "20 of 20 musicians" in seen and "2,000.00" in seen and "no; x adds it" in seen
        await pilot.press("x", "k", "k")
        assert "yes, beside the CSV" in drawn(asked.app)
        await asked.confirm(pilot, "")
        exported = small.get(run).exported
        assert exported is not None and exported.sha256 in drawn(asked.app)
        assert exported.file in drawn(asked.app) and dialog.outcome.exported == exported
        assert {Path(name).suffix for name in exported.files} == {".csv", ".sha256", ".json", ".xlsx"}


async def test_an_address_that_is_missing_is_told_by_the_musicians_id(small: SmallSteps, state: Path) -> None:
    small.rows[8]["email"] = "m***@example.org"
    run = small.at(Step.EXPORT)
    asked = Opened.of(small, state, Step.EXPORT, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot, "")
        seen = drawn(asked.app)
        assert "REFUSED by the guard email" in seen and "9" in seen and "m***" not in seen
        assert not dialog.over and small.get(run).exported is None


@pytest.mark.parametrize("given", [(), (Role.ENGINEER, Role.FINANCE)], ids=["first", "third"])
async def test_the_manager_signs_and_with_the_third_signature_it_is_released(
    small: SmallSteps, state: Path, given: tuple[Role, ...]
) -> None:
    run = small.signed(*given)
    asked = Opened.of(small, state, Step.SIGN_OFF, run, "maria")
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        for _ in range(4):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
        assert run.exported is not None and run.exported.sha256 in seen
        assert "maria@ops-1, as Manager: 'approved for processing'" in seen and "Mahler 5" in seen
        assert "has not signed" in seen and "2 rows looked at, by erin" in seen and "2,000.00" in seen
        await asked.confirm(pilot)
        after = small.get(run)
        assert dialog.over and "SIGNED as Manager" in drawn(asked.app)
        assert (after.released is not None) == bool(given) == ("the file is released" in drawn(asked.app))


async def test_whoever_may_not_sign_is_told_and_can_look_at_every_role(small: SmallSteps, state: Path) -> None:
    run = small.signed(Role.ENGINEER)
    asked = Opened.of(small, state, Step.SIGN_OFF, run, "erin")
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        roles = []
        for _ in Role:
            await asked.shown(pilot)
            roles.append(dialog.made.to_sign.role)
            assert dialog.act.disabled and "not as" in drawn(asked.app).lower()
            dialog._confirmation.value = CONCERT
            await pilot.pause()
            dialog.done()
            assert not dialog.writing
            before = dialog.made
            await pilot.press("o")
            await until(pilot, lambda seen=before: dialog.made not in (None, seen), "the next role")  # type: ignore[misc]
        assert sorted(roles) == sorted(Role)


async def test_a_file_that_could_not_be_released_is_released_later_or_rejected(small: SmallSteps, state: Path) -> None:
    run = small.signed(Role.ENGINEER, Role.FINANCE)
    small.files.writable = False
    asked = Opened.of(small, state, Step.SIGN_OFF, run, "maria")
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        await asked.confirm(pilot)
        assert "the outbox cannot be written." in drawn(asked.app) and len(small.get(run).signatures) == 3
        assert dialog.refusal("release") is None
        small.files.writable = True
        await asked.shown(pilot)
        await pilot.press("l")
        await asked.shown(pilot)
        await asked.confirm(pilot)
        assert "RELEASED" in drawn(asked.app) and small.get(run).released is not None
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the steps")
    assert asked.answers == [True]


async def test_rejecting_wants_a_reason_and_takes_every_signature_back(small: SmallSteps, state: Path) -> None:
    run = small.signed(Role.ENGINEER, Role.FINANCE)
    asked = Opened.of(small, state, Step.SIGN_OFF, run, "maria")
    async with asked.app.run_test(size=SMALL) as pilot:
        await asked.open(pilot)
        await pilot.press("x")
        await asked.shown(pilot)
        dialog: Any = asked.app.screen
        assert dialog.act.disabled and "say why: it is journalled" in drawn(asked.app)
        await asked.confirm(pilot, "", "two too many")
        after = small.get(run)
        assert not after.signatures and after.exported is None and "REJECTED" in drawn(asked.app)
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the steps")
    assert asked.answers == [True]


async def test_the_day_is_typed_the_plan_shown_by_counts_and_recorded_once(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.RECORD)
    asked = Opened.of(small, state, Step.RECORD, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        await asked.open(pilot)
        assert asked.screen._day.value == "" and asked.screen.act.disabled
        await pilot.press(*"2026-02-30", "enter")
        assert "no such day" in drawn(asked.app) and asked.screen.act.disabled
        asked.screen._day.value = ""
        await pilot.press(*DAY, "enter")
        assert "Sunday, 01 March 2026" in drawn(asked.app)
        await asked.shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: asked.app.screen is not asked.screen, "the plan's dialog")
        await asked.shown(pilot)
        dialog: Any = asked.app.screen
        seen = drawn(asked.app)
        for _ in range(6):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
        await pilot.press("escape")
        assert asked.app.screen is asked.screen and asked.screen._day.has_focus and asked.screen._day.value == DAY
        await pilot.press(*"2026-02-27", "enter")
        assert "Friday, 27 February 2026" in drawn(asked.app), "another day, typed in the place of the one before"
        asked.screen._day.value = ""
        asked.screen._day.focus()
        await pilot.press(*DAY, "enter")
        await asked.shown(pilot)
        for _ in range(40):  # Enter that follows at once is taken for one that is held down
            await pilot.press("enter")
            await pilot.pause(0.1)
            if asked.app.screen is not asked.screen:
                break
        await until(pilot, lambda: asked.app.screen is not asked.screen, "the plan's dialog")
        await asked.shown(pilot)
        dialog = asked.app.screen
        assert "20 payments: paid false, payment_date NULL" in seen
        assert f"20 payments: paid true, payment_date {DAY}" in seen
        assert "2,000.00" in seen and "20 payments to 20 musicians" in seen and dialog.way_out.has_focus
        await asked.confirm(pilot, f"{CONCERT}", REASON)
        assert dialog.over and set(small.supabase.paid().values()) and "DONE" in drawn(asked.app)
        assert len(small.supabase.paid()) == 20 and small.get(run).recorded is not None
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the steps")
    assert asked.answers == [True]


async def test_what_is_recorded_already_is_noted_and_nothing_written(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.RECORD)
    for number in range(1, 21):
        small.supabase.set(number, paid=True, payment_date=date(2026, 3, 1))
    asked = Opened.of(small, state, Step.RECORD, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await typed_day(asked, pilot)
        assert "as paid already" in drawn(asked.app) and "Note it" in drawn(asked.app)
        await asked.confirm(pilot, "")
        assert dialog.over and "NOTED: nothing was written" in drawn(asked.app)
        recorded = small.get(run).recorded
        assert recorded is not None and recorded.already and "mark_paid" not in small.supabase.asked


async def test_a_day_that_cannot_be_leads_back_to_the_line_it_was_typed_in(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.RECORD)
    asked = Opened.of(small, state, Step.RECORD, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        await typed_day(asked, pilot, "2027-01-01")
        assert "REFUSED by the guard date" in drawn(asked.app)
        await pilot.press("escape")
        await until(pilot, lambda: asked.app.screen is asked.screen, "the line")
        assert asked.screen._day.value == "2027-01-01" and not asked.answers


async def test_a_lost_commit_is_told_as_in_doubt_and_nothing_is_confirmed_again(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.RECORD)
    small.supabase.hooks["after COMMIT"] = failing(CommitUnknown("Lost", "The line is gone."))
    asked = Opened.of(small, state, Step.RECORD, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await typed_day(asked, pilot)
        await asked.confirm(pilot, CONCERT, REASON)
        assert "IN DOUBT" in drawn(asked.app) and "Do not write it again" in drawn(asked.app)
        assert dialog.refusal_to_act is not None and not dialog.act.display
        await until(pilot, lambda: asked.app.doubts, "the word in the bar")
        assert small.get(run).recorded is None


async def test_a_taken_name_offers_a_suffix_that_is_free(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.ARCHIVE)
    small.house.tables[CLONE] = []
    asked = Opened.of(small, state, Step.ARCHIVE, run)
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        assert "REFUSED by the guard name_taken" in drawn(asked.app)
        assert dialog._suffix.display and dialog._suffix.value == CONCERT
        dialog._suffix.focus()
        await pilot.press("enter")
        await until(pilot, lambda: dialog.made is not None and dialog.armed, "the plan with it")
        seen = drawn(asked.app)
        assert f"fct_musician_payment_20260301_{CONCERT}" in seen.lower() and "transient" in seen
        assert "has no Fail-safe" in seen and not dialog._suffix.display
        await asked.confirm(pilot, CONCERT, REASON)
        assert "It is what was signed." in drawn(asked.app)
        archived = small.get(run).archived
        assert archived is not None and archived.alike and small.house.tables[CLONE] == []


async def test_a_clone_that_is_not_what_was_signed_is_an_alarm(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.ARCHIVE)
    small.house.hooks["clone_transient_table"] = lambda: small.house.change(3, "300.00")
    asked = Opened.of(small, state, Step.ARCHIVE, run)
    async with asked.app.run_test(size=LARGE) as pilot:
        await asked.open(pilot)
        await asked.confirm(pilot, CONCERT, REASON)
        seen = drawn(asked.app)
        assert "ALARM: the clone is not what was signed" in seen and "Payroll is held" in seen
        assert small.scene.holds().open() and small.house.tables[FACT]


async def test_the_log_is_copied_as_it_was_written(small: SmallSteps, state: Path) -> None:
    run = small.at(Step.LOG)
    asked = Opened.of(small, state, Step.LOG, run)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert "# Payroll log" in drawn(asked.app) and "blank is not" in drawn(asked.app)
        dialog._reason.value = "\u2800 \t"
        await pilot.pause()
        assert dialog.act.disabled, "what nobody can see is blank"
        dialog._reason.value = ""
        await asked.confirm(pilot, "", "none")
        assert "CLOSED" in drawn(asked.app) and small.get(run).state is PayrollState.CLOSED
        await asked.shown(pilot)
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert (state / FILE).read_text() == small.desk().bench.closing.markdown(small.get(run))  # type: ignore[union-attr]
