"""Help, palette, provenance, copying, and the screen without a configuration."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from rich.text import Text
from textual.binding import Binding
from textual.widgets import Input

from gcms_tui.console import copier
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE, save_private
from gcms_tui.console.dialogs import PageDialog, ProvenanceDialog
from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.health import HealthPane
from gcms_tui.console.help import Help
from gcms_tui.console.journal.pane import JournalPane
from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.no_config import NoConfiguration
from gcms_tui.console.palette import CommandList, CommandPalette
from gcms_tui.console.pane import CopyAsked, Pane
from gcms_tui.console.runs import RunsPane
from gcms_tui.console.scd2.corrections import CorrectionsScreen
from gcms_tui.console.scd2.groups import GroupsScreen
from gcms_tui.console.scd2.key import KeyScreen
from gcms_tui.console.scd2.noted import NotedScreen
from gcms_tui.console.scd2.tables import Scd2Pane
from gcms_tui.console.widgets.document import Document
from gcms_tui.console.widgets.filter_line import FilterLine
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.console.writing.plan_dialog import PlanDialog
from gcms_tui.console.writing.write_dialog import WriteDialog
from gcms_tui.core.errors import ConfigError, Unavailable
from tests.console.driving import drawn, settled, until
from tests.console.small_platform import Examiner, services, story

SIZE = (120, 40)
BINDERS = (
    *(ConsoleApp, Pane, HealthPane, NoConfiguration, PageDialog, CommandPalette, Document, RowList, FilterLine),
    *(RunsPane, Scd2Pane, GroupsScreen, KeyScreen, NotedScreen, CorrectionsScreen, JournalPane),
    *(GuardedDialog, WriteDialog, PlanDialog),
)


def test_every_binding_says_what_it_is_for() -> None:
    seen: dict[str, str] = {}
    for binder in BINDERS:
        for binding in vars(binder)["BINDINGS"]:
            assert isinstance(binding, Binding)
            assert binding.id and binding.description and binding.tooltip, binding
            assert seen.setdefault(binding.id, binding.tooltip) == binding.tooltip, f"{binding.id} means two things"


async def test_the_help_lists_every_key_in_force(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        screen = drawn(app)
        for binder in (ConsoleApp, Pane, HealthPane, RowList):
            for binding in vars(binder)["BINDINGS"]:
                assert binding.tooltip in screen
        assert "? UNKNOWN" in screen and "STALE" in screen
        await pilot.press("escape")
        await pilot.press("enter", "question_mark")
        assert "Scroll to the left" in drawn(app), "another widget has the focus, so other keys are in force"


async def test_the_palette_lists_what_is_refused_with_the_reason_and_runs_the_rest(state: Path) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=SIZE) as pilot:
        pane = await settled(pilot, examiner)
        await pilot.press("ctrl+p", *"last failure")
        await until(pilot, lambda: "not now: nothing has failed" in drawn(app), "the reason")
        await pilot.press("enter")
        assert isinstance(app.screen, CommandPalette), "a refused command is not run"
        app.screen.query_one(Input).value = "every check"
        await pilot.pause()
        assert [row.id for row in app.screen.query_one(CommandList).rows] == ["health.refresh"]
        await pilot.press("enter")
        await settled(pilot, examiner, looks=2)
        assert app.screen.id == pane.id and not isinstance(app.screen, CommandPalette)


async def test_a_search_that_finds_nothing_says_so(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"xyz")
        await until(pilot, lambda: "Nothing is called so" in drawn(app), "the word")
        await pilot.press("enter")
        assert isinstance(app.screen, CommandPalette)


@pytest.mark.parametrize("colourless", [False, True])
async def test_a_key_that_does_nothing_now_is_told_by_more_than_grey(
    state: Path, monkeypatch: pytest.MonkeyPatch, colourless: bool
) -> None:
    if colourless:
        monkeypatch.setenv("NO_COLOR", "1")
    gate = threading.Semaphore(0)
    examiner = Examiner(story(), gate=gate)
    app = ConsoleApp(services(state, examiner))
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: examiner.asked, "the look")
        await pilot.pause()
        assert ("(r Refresh)" in drawn(app)) is colourless and "r Refresh" in drawn(app)
        gate.release(99)
        await settled(pilot)
        assert "(r Refresh)" not in drawn(app)


async def test_provenance_shows_the_statement_as_it_was_run(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        await pilot.press("p")
        assert isinstance(app.screen, ProvenanceDialog)
        screen = drawn(app)
        for expected in ("queries/source_freshness.sql", "01b2c3d4-0000-1111-2222", "212 ms", "0  (int)", "x  (str)"):
            assert expected in screen
        assert "    MAX(_airbyte_extracted_at)" in screen, "lines and indentation are kept"


async def test_a_copy_lies_in_a_file_for_the_user_alone(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        pane = await settled(pilot)
        pane.board.cursor = "payroll.accuracy"
        await pilot.press("c")
        await until(pilot, lambda: "clipboard" in drawn(app), "the word that it was copied")
    copied = state / FILE
    assert stat.S_IMODE(copied.stat().st_mode) == 0o600
    text = copied.read_text()
    assert "27\t131\t250.00\t125.00\t125.00" in text and "FROM raw.supabase_instrument" in text
    assert os.listdir(state) == [FILE], "nothing half-written stays behind"


@pytest.fixture
def blocked(state: Path) -> Path:
    """A file where the state directory should be."""
    state.write_text("")
    return state


async def test_a_copy_that_cannot_be_saved_is_told(blocked: Path) -> None:
    app = ConsoleApp(services(blocked))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "Not saved" in drawn(app), "the word that it was not saved")


async def test_what_is_copied_while_something_else_is_saved_is_saved_after_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, gate = ConsoleApp(services(state)), threading.Event()

    def slowly(directory: Path, name: str, text: str) -> Path:
        assert gate.wait(30)
        return save_private(directory, name, text)

    monkeypatch.setattr(copier, "save_private", slowly)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        for text in ("the first", "the second", "the third"):
            app.post_message(CopyAsked(text, text))
        await pilot.pause()
        assert not (state / FILE).exists()
        gate.set()
        await until(pilot, lambda: (state / FILE).exists() and (state / FILE).read_text() == "the third", "the last")


async def test_an_error_is_told_with_its_next_step_and_can_be_copied(state: Path) -> None:
    error = Unavailable("Cannot reach Snowflake", "first line\nsecond line", "Check the network.")
    app = ConsoleApp(services(state, error))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("e")
        screen = drawn(app)
        assert "first line" in screen and "second line" in screen and "Check the network." in screen
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
        await until(pilot, lambda: "clipboard" in drawn(app), "the word that it was copied")
    assert (state / FILE).read_text() == "Cannot reach Snowflake\n\nfirst line\nsecond line\n\nCheck the network."


async def test_without_a_configuration_the_console_says_what_helps(state: Path) -> None:
    app = ConsoleApp(services(state, config_error=ConfigError("No configuration", "There is no gcms.toml.")))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        screen = drawn(app)
        for expected in ("There is no gcms.toml.", "gcms-tui demo", "gcms-tui doctor", "gcms-tui init"):
            assert expected in screen
        assert "SANDBOX" not in screen and "READ-ONLY" not in screen
        await pilot.press("colon")
        assert "there is no configuration" in drawn(app)


async def test_dialogs_fill_a_tiny_terminal(state: Path) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=(20, 5)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        assert "Health" in drawn(app) and "Esc" in drawn(app)
        await pilot.press("escape", "p")
        assert "taken" in drawn(app)
        await pilot.press("escape", "colon", "escape", "enter")
        assert "dbt.last_run" in drawn(app)


async def test_the_keys_are_drawn_anew_where_others_are_in_force(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = ConsoleApp(services(state))
    async with app.run_test(size=SIZE) as pilot:
        pane = await settled(pilot)
        drawings: list[str] = []
        render = KeyBar.render

        def counted(bar: KeyBar) -> Text:
            line = render(bar)
            drawings.append(line.plain)
            return line

        monkeypatch.setattr(KeyBar, "render", counted)
        pane.refresh_bindings()
        await pilot.pause()
        assert not drawings, "the same keys do the same"
        await pilot.press("enter")
        assert drawings and "Esc Back" in drawings[-1], "there is a way back from the detail"
