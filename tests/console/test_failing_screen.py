"""The failing tests of a run and their rows: masked, exact, and of any number."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.failing import FailingTestsScreen
from gcms_tui.console.glyphs import UNICODE
from gcms_tui.console.reveal import RevealDialog
from gcms_tui.console.run_provenance import PairsDialog
from gcms_tui.console.widgets.row_table import table_text
from gcms_tui.core.errors import GcmsError, Unavailable
from gcms_tui.core.finding import Evidence
from gcms_tui.operations.failing_tests import Card, FailingRows, FailingTest, FailingTests
from tests.console.driving import comes_to_rest, drawn, until
from tests.console.scripted_run import CRITICAL_TEST
from tests.console.small_platform import services
from tests.console.small_runs import small_desk
from tests.console.test_hostile_text import HOSTILE

SMALL, LARGE = (80, 24), (140, 40)
FAILED = "20260302-090000-0002"
WARNING = "test.gcms.dim_concert_has_no_gaps.2a3b4c5d6e"
GONE = Unavailable("The rows are gone", "A later run has replaced them.", "Run the test again with --store-failures.")
MOMENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
AMOUNTS = Evidence(
    ("CONCERT_ID", "NET_AMOUNT", "NOTE", "PAID_AT"),
    ((27, Decimal("1234.50"), None, MOMENT), (28, Decimal("-0.010"), "", None), (29, None, "NULL", MOMENT)),
    3,
)


@dataclass
class Scripted(FailingTests):
    """Answers with what the test gives it."""

    tests: tuple[FailingTest, ...] = ()
    kept: FailingRows | GcmsError | None = None
    revealing: GcmsError | None = None
    compiled: str | None = "select 1"
    passed: int = 7
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def of(self, run_id: str) -> tuple[FailingTest, ...]:
        return self.tests

    def ran(self, run_id: str) -> int:
        return len(self.tests) + self.passed

    def rows(self, run_id: str, unique_id: str, *, reveal: bool = False) -> FailingRows:
        self.asked.append((unique_id, reveal))
        if reveal and self.revealing is not None:
            raise self.revealing
        assert self.kept is not None
        if isinstance(self.kept, GcmsError):
            raise self.kept
        return replace(self.kept, revealed=reveal)

    def sql(self, run_id: str, unique_id: str) -> str | None:
        return self.compiled


def scripted_test(**changes: Any) -> FailingTest:
    name = "net_amount_is_gross_minus_deductions"
    made = FailingTest(f"test.gcms.{name}.1", name, "fail", 3, True, "Got 3 results", "GCMS.TEST_RESULTS.NET")
    return replace(made, **changes)


def kept(evidence: Evidence = AMOUNTS, **changes: Any) -> FailingRows:
    return replace(FailingRows(evidence, evidence.total, (), False, "2026-03-02 09:00 UTC", "01b2-77"), **changes)


async def opened(
    pilot: Pilot[Any], failing: FailingTests | None, tmp_path: Path, unique_id: str | None = None
) -> FailingTestsScreen:
    app, small = pilot.app, small_desk(tmp_path)
    assert isinstance(app, ConsoleApp)
    desk = small.desk if failing is None else replace(small.desk, failing=failing)
    screen = FailingTestsScreen(app.services, app.look, desk, FAILED, unique_id)
    await pilot.pause()
    app.push_screen(screen)
    await read(pilot, screen)
    return screen


async def read(pilot: Pilot[Any], screen: FailingTestsScreen) -> None:
    def done() -> bool:
        known = screen.tests is not None and (not screen.tests or screen._focused_read is not None)
        return not screen._loader.busy and (known or screen.error is not None)

    await comes_to_rest(pilot, done, "the end of reading")


async def test_critical_tests_come_first_with_their_card_and_rows(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=LARGE) as pilot:
        screen = await opened(pilot, None, tmp_path)
        lines = drawn(app).splitlines()
        assert lines[1].startswith(" 1 failing   1 critical: hold the payroll   1 warn   run 20260302-090000-0002")
        assert "Critical: payroll waits for these" in lines[2] and "✗ fail 3" in lines[3]
        assert "Others" in lines[4] and "▲ warn 2" in lines[5]
        seen = drawn(app)
        for expected in (
            "CRITICAL: hold the payroll until it passes",
            "Got 3 results, configured to fail if != 0",
            "cause  Duplicate current versions double the services.",
            "fix    Repair br_attendance_scd2.",
            "runbook, Emergency 1",
            "3 rows  kept 2026-03-02 12:00:00 UTC  masked: MUSICIAN_NAME (u reveals)",
        ):
            assert expected in seen
        assert "Anna Meier" not in seen
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, PairsDialog), "the provenance")
        assert "01b2c3d4-0000-9999" in drawn(app) and "ATTENDED_NOT_ABOVE_REQUIRED" in drawn(app)
        await pilot.press("escape", "down")
        await read(pilot, screen)
        assert screen.read is not None and screen.read.unique_id == WARNING


async def test_on_a_small_terminal_a_test_opens_in_place_of_the_list(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, None, tmp_path)
        assert "REQUIRED_SERVICES" not in drawn(app)
        await pilot.press("enter")
        assert "REQUIRED_SERVICES" in drawn(app) and not screen.listing.display
        await pilot.press("s")
        assert "1 select payment_key, attended_services, required_services" in drawn(app)
        await pilot.press("escape")
        assert screen.listing.display and screen.listing.has_focus and app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "the way back")


async def test_one_test_is_opened_at_once(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, None, tmp_path, WARNING)
        assert screen.focused_test is not None and screen.focused_test.unique_id == WARNING
        assert "dim_concert_has_no_gaps" in drawn(app) and not screen.listing.display


async def test_revealing_asks_first_and_only_then_shows(state: Path, tmp_path: Path) -> None:
    app, small = ConsoleApp(services(state)), small_desk(tmp_path)
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, small.failing, tmp_path)
        for keys, expected in ((("enter",), 0), (("tab", "enter"), 1)):
            await pilot.press("u")
            await until(pilot, lambda: isinstance(app.screen, RevealDialog) and app.screen.armed, "the question")
            assert "This is recorded in the journal" in drawn(app) and "MUSICIAN_NAME" in drawn(app)
            await pilot.press(*keys)
            await comes_to_rest(pilot, lambda: app.screen is screen and not screen._loader.busy, "the screen again")
            assert len(small.failing.revealed) == expected
        await until(pilot, lambda: screen.shown_rows is not None and screen.shown_rows.revealed, "the rows")
        assert small.failing.revealed == [(FAILED, CRITICAL_TEST)]
        await pilot.press("enter")
        assert "Anna Meier" in drawn(app) and "REVEALED: MUSICIAN_NAME" in drawn(app)
        assert screen.refusal("unmask") == "it is revealed"


async def test_a_reveal_that_cannot_be_journalled_shows_nothing(state: Path, tmp_path: Path) -> None:
    failing = Scripted((scripted_test(),), kept(personal=("NOTE",)), Unavailable("No journal", "The disk is full."))
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, failing, tmp_path)
        screen._unmask(True)
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        assert "The disk is full." in drawn(app)
        assert screen.shown_rows is not None and not screen.shown_rows.revealed


async def test_amounts_are_exact_and_null_is_not_empty(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        await opened(pilot, Scripted((scripted_test(),), kept()), tmp_path)
        await pilot.press("enter")
        lines = [
            line
            for line in drawn(app).splitlines()
            if "1234.50" in line or "-0.010" in line or line[:11].strip() == "29"
        ]
        assert [line.split() for line in lines] == [
            ["27", "1234.50", "NULL", "2026-03-02", "08:30:00"],
            ["28", "-0.010", "''", "NULL"],
            ["29", "NULL", "'NULL'", "2026-03-02", "08:30:00"],
        ]
        amounts = {line.index(amount) + len(amount) for line, amount in zip(lines, ("1234.50", "-0.010"), strict=False)}
        assert len(amounts) == 1, "figures end in one column"
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert "27\t1234.50\tNULL\t2026-03-02 08:30:00" in (state / FILE).read_text()


async def test_thousands_of_wide_rows_are_walked_in_both_directions(state: Path, tmp_path: Path) -> None:
    columns = tuple(f"COLUMN_{place}" for place in range(20))
    rows = tuple(tuple(f"value {number}.{place}" for place in range(20)) for number in range(5_000))
    failing = Scripted((scripted_test(),), kept(Evidence(columns, rows, 12_345), total=12_345))
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, failing, tmp_path)
        await pilot.press("enter")
        assert "5,000 of 12,345 rows" in drawn(app) and "value 0.0" in drawn(app) and "COLUMN_19" not in drawn(app)
        await pilot.press("G")
        await until(pilot, lambda: "value 4999.0" in drawn(app), "the last row")
        assert "COLUMN_0" in drawn(app), "the header stays"
        await pilot.press(*["l"] * 40)
        await until(pilot, lambda: "value 4999.19" in drawn(app), "the last column")
        assert "COLUMN_19" in drawn(app), "the header goes along"
        assert screen.rows.has_focus


async def test_rows_that_are_gone_are_told_and_the_rest_still_stands(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, Scripted((scripted_test(),), GONE, compiled=None), tmp_path)
        await pilot.press("enter")
        assert "No rows: A later run has replaced them." in drawn(app) and "--store-failures" in drawn(app)
        assert screen.refusal("unmask") == "there are no rows" and screen.refusal("copy") == "there is nothing to copy"
        await pilot.press("s")
        assert "This run has kept no compiled SQL of it." in drawn(app)


async def test_a_run_without_results_says_why_and_a_green_one_says_so(state: Path, tmp_path: Path) -> None:
    app, small = ConsoleApp(services(state)), small_desk(tmp_path)
    small.failing.error = Unavailable("No results", "The run left no run_results.json.", "Look at its log.")
    async with app.run_test(size=SMALL) as pilot:
        screen = await opened(pilot, small.failing, tmp_path)
        assert "It could not be read: e says why" in drawn(app)
        await pilot.press("e")
        assert "run_results.json" in drawn(app)
        await pilot.press("escape")
        small.failing.error = None
        await pilot.press("r")
        await read(pilot, screen)
        assert "1 failing" in drawn(app)
        app.pop_screen()
        await opened(pilot, Scripted(), tmp_path)
        assert "No test failed or warned, of 7 that this run has run." in drawn(app)
        app.pop_screen()
        await opened(pilot, Scripted(passed=0), tmp_path)
        assert "no test was run" in drawn(app) and "it proves nothing" in drawn(app)
        assert "no test failed" not in drawn(app)


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("size", [LARGE, (40, 12)])
async def test_hostile_text_is_shown_as_data(
    state: Path,
    tmp_path: Path,
    ascii: bool,  # noqa: A002
    size: tuple[int, int],
) -> None:
    everything = "\n".join(HOSTILE)
    card = Card(everything, everything, everything)
    tests = tuple(
        scripted_test(unique_id=f"{place}", name=text, message=everything, relation_name=text, card=card)
        for place, text in enumerate(HOSTILE)
    )
    rows = Evidence((*HOSTILE,), ((*HOSTILE,), (*HOSTILE[::-1],), (None,)), 3)
    failing = Scripted(tests, kept(rows, personal=(everything,), kept_at=everything, note=everything), None, everything)
    app = ConsoleApp(services(state, ascii=ascii))
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, failing, tmp_path)
        seen = drawn(app)
        for key in ("down", "down", "enter", "l", "l", "l", "s", "s", "p", "escape", "u", "escape", "c"):
            await pilot.press(key)
            await read(pilot, screen)
            seen += drawn(app)
        assert app.is_running and app.return_code is None
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii


def test_a_column_of_anything_but_figures_stands_to_the_left() -> None:
    table = table_text(("a", "b", "c"), ((1, True, None), (Decimal("2.50"), False, None)), UNICODE, ("b",))
    assert [column.right for column in table.columns] == [True, False, False]
    assert [column.quiet for column in table.columns] == [False, True, False]
    assert table.rows == (("1", "true", "NULL"), ("2.50", "false", "NULL"))
    assert table.nulls == {(0, 2), (1, 2)}


async def test_the_help_is_that_of_the_screen_in_front(state: Path, tmp_path: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot, None, tmp_path)
        await pilot.press("question_mark")
        await until(pilot, lambda: "Unmask personal columns; that is journalled" in drawn(app), "the help")
        assert "│ Failing tests" in drawn(app)
