"""Running the gold tests from the health board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.gold_tests import ASKED_AGAIN
from gcms_tui.console.health import HealthPane
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.core.errors import Unavailable
from tests.console.driving import drawn, health, settled, until
from tests.console.scripted_run import GREEN, command
from tests.console.small_platform import Examiner, services, story
from tests.console.small_runs import SmallDesk, small_desk

LARGE = (120, 36)


async def at_the_tests(pilot: Pilot[Any], examiner: Examiner) -> HealthPane:
    pane = await settled(pilot, examiner)
    await pilot.press("G")
    while pane.board.cursor != "tests.gold":
        before = pane.board.cursor
        await pilot.press("up")
        assert pane.board.cursor != before, "tests.gold is not on the board"
    return pane


async def previewed(pilot: Pilot[Any]) -> PreviewDialog:
    await pilot.press("t")
    await until(pilot, lambda: isinstance(pilot.app.screen, PreviewDialog), "the preview")
    dialog = pilot.app.screen
    assert isinstance(dialog, PreviewDialog)
    await until(pilot, lambda: dialog.preview is not None and dialog.armed, "what would run")
    return dialog


def desk(root: Path) -> SmallDesk:
    small = small_desk(root)
    small.runs.nodes = GREEN
    return small


async def test_the_tests_are_shown_started_and_looked_at_when_they_have_ended(state: Path, tmp_path: Path) -> None:
    small, examiner = desk(tmp_path), Examiner(story())
    app = ConsoleApp(services(state, examiner, runs=small.desk, clock=small.clock, read_only=False))
    async with app.run_test(size=LARGE) as pilot:
        pane = await at_the_tests(pilot, examiner)
        assert "t Test" in drawn(app)
        dialog = await previewed(pilot)
        assert "test --select gold" in drawn(app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: app.screen is pane, "the board")
        assert [one.command for one in small.runs.started] == [command("test", "--select", "gold")]
        assert small.runs.started == [dialog.preview]
        await until(pilot, lambda: pane.refusal("run_tests") == "the gold tests are running", "the waiting")
        assert len(examiner.asked) == 1
        small.shelf.scripted[small.runs.started[0].run_id].advance(999)
        await until(pilot, lambda: len(examiner.asked) == 2, "the second look")
        assert examiner.asked[1] == ASKED_AGAIN
        assert pane.refusal("run_tests") is None


async def test_the_preview_may_be_left_and_nothing_has_started(state: Path, tmp_path: Path) -> None:
    small, examiner = desk(tmp_path), Examiner(story())
    app = ConsoleApp(services(state, examiner, runs=small.desk, read_only=False))
    async with app.run_test(size=LARGE) as pilot:
        pane = await at_the_tests(pilot, examiner)
        await previewed(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pane, "the board")
        assert not small.runs.started
        assert pane.refusal("run_tests") is None


@pytest.mark.parametrize(("read_only", "said"), [(True, "read-only: gcms.toml"), (False, "it is for the finding")])
async def test_it_is_refused_read_only_and_for_other_findings(
    state: Path, tmp_path: Path, read_only: bool, said: str
) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner, runs=desk(tmp_path).desk, read_only=read_only))
    async with app.run_test(size=LARGE) as pilot:
        pane = await at_the_tests(pilot, examiner)
        if not read_only:
            await pilot.press("down" if pane.board.cursor != pane.board.rows[-1].key else "up")
        why = pane.refusal("run_tests")
        assert why is not None and why.startswith(said)
        assert read_only or "t Test" not in drawn(app)
        await pilot.press("t")
        await pilot.pause()
        assert app.screen is pane and not pane._tests.busy


async def test_a_project_that_cannot_be_opened_is_told(state: Path) -> None:
    examiner = Examiner(story())
    app = ConsoleApp(services(state, examiner, read_only=False))
    async with app.run_test(size=LARGE) as pilot:
        pane = await at_the_tests(pilot, examiner)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        assert "gcms.toml names none" in drawn(app)
        await pilot.press("escape")
        assert health(app) is pane
        assert pane.state.error is None, "the board's own findings stand"


async def test_an_end_that_cannot_be_seen_is_told(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, examiner = desk(tmp_path), Examiner(story())
    app = ConsoleApp(services(state, examiner, runs=small.desk, clock=small.clock, read_only=False))
    async with app.run_test(size=LARGE) as pilot:
        await at_the_tests(pilot, examiner)
        await previewed(pilot)

        def unreadable(reference: str) -> None:
            raise Unavailable("Cannot read the run", "Input/output error")

        started = small.runs.start

        def start_and_break(*given: Any) -> Any:
            run = started(*given)
            monkeypatch.setattr(small.shelf, "run", unreadable)
            return run

        monkeypatch.setattr(small.runs, "start", start_and_break)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        assert "Input/output error" in drawn(app)
