"""The spot check: names are masked until the journal knows that they are shown; nothing is said that is not kept."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.console.clipboard import FILE
from gcms_tui.console.payroll import spot_check
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.events import REVEALED, SAMPLED, TICKED
from gcms_tui.core.payroll.run import TickVerdict
from gcms_tui.core.payroll.steps import Step
from tests.console.driving import drawn, until
from tests.console.small_payroll_steps import ADA, Opened, SmallSteps

SMALL, LARGE = (80, 24), (200, 50)
FULL = GcmsError("The journal cannot be written", "The disk is full.", "Make room.")
NAMES = ("Lovelace", "Somebody", "m1@example.org", "m4@example.org", "HYPERLINK")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot_check, "_AGAIN_S", 0.01)
    monkeypatch.setattr(spot_check, "_LOOK_S", 0.0)


@pytest.fixture
def small(tmp_path: Path) -> SmallSteps:
    return SmallSteps(tmp_path)


def opened(small: SmallSteps, state: Path, user: str = "frank") -> Opened:
    return Opened.of(small, state, Step.SPOT_CHECK, small.at(Step.SPOT_CHECK), user)


async def test_names_are_masked_until_the_journal_knows_that_they_are_shown(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=LARGE) as pilot:
        screen = await asked.open(pilot)
        assert small.kinds(screen.run_of)[-1] == SAMPLED, "the rows are drawn when it is first looked at"
        for _ in range(len(screen.lines)):
            seen = drawn(asked.app)
            assert "masked" in seen and not [name for name in NAMES if name in seen]
            assert "100.00" in seen, "amounts are what finance looks at"
            await pilot.press("down")
        screen.sheet_list.cursor = "1"
        await pilot.press("v")
        await asked.shown(pilot)
        dialog: Any = asked.app.screen
        assert dialog.way_out.has_focus
        small.error = FULL
        await pilot.press("tab", "enter")
        await until(pilot, lambda: screen.error is not None, "the refusal")
        await pilot.press("escape")
        await pilot.pause()
        assert not screen.revealed and "Lovelace" not in drawn(asked.app), "what cannot be journalled is not shown"
        small.error, small.gate = None, threading.Event()
        await pilot.press("v")
        await asked.shown(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: screen._sayings, "the entry under way")
        assert "Lovelace" not in drawn(asked.app) and REVEALED not in small.kinds(screen.run_of)
        small.gate.set()
        await until(pilot, lambda: screen.revealed, "the names")
        seen = drawn(asked.app)
        assert small.kinds(screen.run_of)[-1] == REVEALED and "REVEALED" in seen
        assert ADA in seen and "m1@example.org" in seen, "and what they hold is data"
        asked.app.switch_mode("journal")
        await pilot.pause()
        await until(pilot, lambda: not screen.revealed, "the names to be masked again, once it is gone from")
    text = "".join(entry.payload for entry in small.get(screen.run_of).entries)
    assert not [name for name in NAMES if name in text]


async def test_a_tick_is_shown_once_it_is_kept_and_typing_ahead_waits(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        first, second = (line.key for line in screen.lines[:2])
        small.gate = threading.Event()
        await pilot.press("space", "n", "enter", "space")
        await until(pilot, lambda: len(screen._sayings) == 2, "both to be said")
        assert drawn(asked.app).count("writing") >= 2 and not screen.run_of.ticks
        await pilot.press("escape")
        assert asked.app.screen is screen, "it is not left before they are kept"
        small.gate.set()
        await until(pilot, lambda: set(screen.run_of.ticks) == {first, second}, "the ticks")
        assert set(small.get(screen.run_of).ticks) == {first, second}
        assert "2 of " in drawn(asked.app) and drawn(asked.app).count("✓ ok") == 2
        screen.sheet_list.cursor = first
        assert screen.refusal("tick") == "it was looked at"
        for _ in range(len(screen.run_of.unticked)):
            await pilot.press("n", "space")
        await until(pilot, lambda: not screen.run_of.unticked, "the last tick")
        assert "done: Esc leads back" in drawn(asked.app) and screen.refusal("next") == "every row was looked at"
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the way back")
    assert asked.answers == [True]
    assert {tick.by.person.user for tick in small.get(screen.run_of).ticks.values()} == {"frank"}


async def test_the_cursor_goes_on_once_a_tick_is_kept_and_a_key_held_down_ticks_one(
    small: SmallSteps, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        first, second, third = (line.key for line in screen.lines[:3])
        assert "AS frank" in drawn(asked.app), "as whom it is looked at"
        monkeypatch.setattr(spot_check, "_LOOK_S", 60.0)
        await pilot.press("space")
        await until(pilot, lambda: screen.sheet_list.cursor == second, "the next row")
        await pilot.press("space", "space", "enter")
        assert set(screen.run_of.ticks) == {first} and not screen._sayings, "nobody can have looked at it"
        await pilot.press("down", "up", "n", "space")
        await until(pilot, lambda: set(screen.run_of.ticks) == {first, third}, "where the person has gone")
        monkeypatch.setattr(spot_check, "_LOOK_S", 0.0)
        screen.sheet_list.cursor = second
        small.gate, screen._unseen = threading.Event(), ("", 0.0)
        await pilot.press("space", "end")
        small.gate.set()
        last = screen.sheet_list.cursor
        await until(pilot, lambda: second in screen.run_of.ticks, "the tick")
        assert screen.sheet_list.cursor == last, "whoever has moved on stays there"
    again = Opened.of(small, state, Step.SPOT_CHECK, small.get(screen.run_of), "erin")
    async with again.app.run_test(size=SMALL) as pilot:
        screen = await again.open(pilot)
        assert screen.sheet_list.cursor == screen.lines[3].key, "it is gone on with where it was left"
        assert "AS " not in drawn(again.app) and "read just now" in drawn(again.app)


async def test_a_query_blocks_until_it_is_answered(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        row = screen.focused_row.key
        assert screen.refusal("answer") == "nothing was asked about it"
        await pilot.press("q")
        await asked.shown(pilot)
        assert "no names, no amounts" in drawn(asked.app).lower() and "journal" in drawn(asked.app)
        await pilot.press(*"half of them", "enter")
        await asked.shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: row in screen.run_of.open_queries, "the query")
        seen = drawn(asked.app)
        assert "1 open query" in seen and "✗ query" in seen and "half of them" in seen
        assert screen.refusal("tick") == "an open query is answered, not ticked: a"
        await pilot.press("space", "a")
        await asked.shown(pilot)
        assert f"about the payment of musician {row}?" in drawn(asked.app) and "Asked: half of them" in drawn(asked.app)
        await pilot.press(*"looked up", "enter")
        await asked.shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.run_of.ticks[row].verdict is TickVerdict.ANSWERED, "the answer")
        await pilot.press("d")
        assert "half of them" in drawn(asked.app) and "looked up" in drawn(asked.app), "both stay to be read"


async def test_what_the_journal_did_not_take_is_offered_again(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        row = screen.focused_row.key
        small.error = FULL
        await pilot.press("q")
        await asked.shown(pilot)
        await pilot.press(*"why so much", "enter")
        await asked.shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.error is not None, "the failure")
        assert "The disk is full." in drawn(asked.app)
        await pilot.press("escape")
        await pilot.pause()
        assert not screen.run_of.ticks and not small.get(screen.run_of).ticks and "✗ query" not in drawn(asked.app)
        small.error = None
        await pilot.press("q")
        await asked.shown(pilot)
        dialog: Any = asked.app.screen
        assert dialog.note.value == "why so much"
        await pilot.press("enter")
        await asked.shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: row in screen.run_of.open_queries, "the query")
        assert screen.unsaid == {} and screen.error is None


async def test_data_that_changed_says_so_and_leaves(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        small.house.change(7, "107.00")
        small.scene.checked(screen.run_of, Step.TESTS)  # somebody tested again
        await pilot.press("space")
        await until(pilot, lambda: screen.gone, "the refusal")
        assert screen.sheet is None and asked.app.screen is not screen, "it is told in full, and no row is shown"
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers, "the way back")
    assert asked.answers == [True] and TICKED not in small.kinds(screen.run_of)


async def test_a_payment_that_was_not_drawn_can_be_queried(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        known = {line.key for line in screen.lines}
        row = next(str(number) for number in range(1, 21) if str(number) not in known)
        await pilot.press("o")
        await asked.shown(pilot)
        await pilot.press(*row, "enter", *"left early", "enter")
        await asked.shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: row in {line.key for line in screen.lines}, "its row")
        screen.sheet_list.cursor = row
        assert row in screen.run_of.open_queries and "queried" in screen.focused_row.sheet.reasons
        assert screen.refusal("answer") is None


async def test_the_filter_searches_no_masked_name_and_nothing_can_be_copied(small: SmallSteps, state: Path) -> None:
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        every = len(screen.lines)
        await pilot.press("slash", *"somebody")
        assert not screen.sheet_list.rows, "a hit would tell whose row it is"
        await pilot.press("escape", "slash", *"changed", "enter")
        assert [line.key for line in screen.sheet_list.rows[1:]] == ["4"] and len(screen.lines) == every
        assert f"1 of {every}" in drawn(asked.app)
        await pilot.press("c")
        await pilot.press("escape", "b")
        await pilot.pause()
        seen = drawn(asked.app)
        assert "Mahler 5" in seen and "2,000.00" in seen and "150.00" in seen and "+1,850.00" in seen
    assert not (state / FILE).exists()


async def test_read_only_shows_why_and_writes_nothing(tmp_path: Path, state: Path) -> None:
    small = SmallSteps(tmp_path, read_only=True)
    asked = opened(small, state)
    async with asked.app.run_test(size=SMALL) as pilot:
        screen = await asked.open(pilot)
        assert "Nothing may be written here" in drawn(asked.app)
        assert SAMPLED not in small.kinds(screen.run_of)
