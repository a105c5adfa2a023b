"""The root cause and the review of corrections on the screen: what is not known is never shown as well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from textual import events
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.scd2.cause import CauseScreen
from gcms_tui.console.scd2.corrections import CorrectionsScreen
from gcms_tui.console.scd2.note import NoteDialog
from gcms_tui.console.scd2.noted import NotedScreen
from gcms_tui.console.scd2.provenance import Origin
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.project_changes import Changes, Commit
from gcms_tui.operations.scd2.cause import CAUSE
from gcms_tui.operations.scd2.corrections import CORRECTIONS
from gcms_tui.operations.scd2.desk import Scd2Desk
from tests.console.driving import comes_to_rest, drawn, until
from tests.console.small_platform import services
from tests.console.test_hostile_text import HOSTILE
from tests.operations.memory import NOW
from tests.operations.scd2_scene import KEY, MINUTE, TABLE, Git, Known, Scene, building, row

PLAIN = "33-100-159"


def writing(state: Path, *, ascii: bool = False) -> ConsoleServices:  # noqa: A002
    return replace(services(state, ascii=ascii), read_only=False, read_only_reason="")


def desk_of(scene: Scene) -> Scd2Desk:
    """Neither screen asks for anything else of it."""
    unused = cast("Any", None)
    return Scd2Desk(
        unused, scene.book, unused, None, causes=scene.causes(), corrections=scene.corrections()
    )  # fmt: skip


async def opened(pilot: Pilot[Any], scene: Scene, *, key: str = PLAIN, review: bool = False) -> NotedScreen[Any]:
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    desk, screen = desk_of(scene), cast("NotedScreen[Any]", None)
    if review:
        screen = CorrectionsScreen(app.services, app.look, desk, TABLE)
    else:
        screen = CauseScreen(app.services, app.look, desk, TABLE, key)
    await pilot.pause()
    app.push_screen(screen)
    await comes_to_rest(pilot, lambda: (screen.report or screen.error) and not screen._loader.busy, "the report")
    return screen


async def asked(pilot: Pilot[Any]) -> NoteDialog:
    """The dialog of the note, when keys count."""

    def waits() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, NoteDialog) and screen.armed and screen.note.has_focus

    await until(pilot, waits, "the dialog")
    return cast("NoteDialog", pilot.app.screen)


async def answered(pilot: Pilot[Any]) -> None:
    """The answer that has the focus, given once it counts."""
    dialog = pilot.app.screen
    await until(pilot, lambda: isinstance(dialog, NoteDialog) and dialog.armed, "the answer")
    await pilot.press("enter")


async def held_down(pilot: Pilot[Any]) -> None:
    """Enter once more, before keys count again."""
    dialog = cast("NoteDialog", pilot.app.screen)
    again = events.Key("enter", None)
    again.time = dialog._held_until - 0.01
    pilot.app.post_message(again)
    await pilot.pause()


@contextmanager
def reviewed() -> Iterator[Scene]:
    scene = Scene()
    scene.warehouse.on("row_count", ({"row_count": 10},))
    months = [(date(2026, 1, 1), 40, 30), (date(2025, 11, 1), 1, 1), (None, 2, 2)]
    names = ("correction_month", "correction_count", "corrected_keys")
    scene.warehouse.on("scd2_late_corrections", tuple(dict(zip(names, month, strict=True)) for month in months))
    yield scene


async def test_two_runs_that_overlapped_are_shown_and_noted(state: Path) -> None:
    scene = Scene(known=Known((building(1, begins=-MINUTE, took=2 * MINUTE), building(2))))
    app = ConsoleApp(writing(state))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, scene)
        seen = drawn(app)
        assert "TWO RUNS OVERLAPPED" in seen and "Let one run at a time write" in seen
        assert "2026-03-01 08:00:00  b, a: run-1, run-2 were at work" in seen
        assert "to 08:01:00, run-2, anna@ops-1: dbt build" in seen
        assert "none visible to this role" in seen and "1f2e Anna: Change it (models/t0.sql)" in seen
        await pilot.press("n")
        dialog = await asked(pilot)
        await pilot.press("enter", "space", "enter")
        assert app.screen is dialog and dialog.act.disabled, "a blank note closes nothing"
        await pilot.press(*"cron", "enter")
        await held_down(pilot)
        assert isinstance(app.screen, NoteDialog), "Enter held down gives no answer"
        await answered(pilot)
        await comes_to_rest(pilot, lambda: screen.notes and not screen._loader.busy, "the note")
        assert "anna@ops-1" in drawn(app) and "   cron" in drawn(app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Origin), "the provenance")
        assert "git log" in cast("Origin", app.screen).as_text()
        await pilot.press("escape", "c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "the way back")
    (entry,) = scene.book.kept
    assert (entry.kind, json.loads(entry.payload)["note"]) == (CAUSE, "cron")
    copied = (state / FILE).read_text()
    assert "two runs overlapped: run-1 and run-2" in copied and "anna@ops-1: cron" in copied


async def test_nothing_known_is_said_and_a_failure_keeps_what_was_read(state: Path) -> None:
    scene = Scene()
    app = ConsoleApp(replace(services(state), read_only=True, read_only_reason="--read-only"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, scene)
        seen = " ".join(drawn(app).split())
        assert "NOT KNOWN" in seen and "no run of this target is known" in seen and "overlap" not in seen
        await pilot.press("n")
        assert app.screen is screen, "nothing may be written"
        assert "--read-only" in (screen.refusal("note") or "")
        scene.warehouse.on("scd2_key_versions", Unavailable("The line is gone", "No answer.", "Try again."))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the error")
        await pilot.press("escape")
        assert "NOT KNOWN" in drawn(app)
        await pilot.press("escape")
        first = await opened(pilot, scene)
        assert first.report is None and "The line is gone" in drawn(app) and "Try again." in drawn(app)


async def test_corrections_are_drawn_month_by_month_and_noted(state: Path) -> None:
    app = ConsoleApp(writing(state))
    with reviewed() as scene:
        async with app.run_test(size=(80, 24)) as pilot:
            screen = await opened(pilot, scene, review=True)
            lines = drawn(app).splitlines()
            bars = [line.split() for line in lines if line.startswith((" 20", " no date"))]
            assert [bar[:3] for bar in bars[:5]] == [
                ["2025-11", "1", "1"], ["2025-12", "0", "0"], ["2026-01", "40", "30"], ["2026-02", "0", "0"],
                ["2026-03", "0", "0"],
            ]  # fmt: skip
            assert [len(bar[3]) if len(bar) > 3 else 0 for bar in bars[:3]] == [1, 0, 46]
            assert bars[5][:4] == ["no", "date", "2", "2"]
            assert "43 corrections, later than 24 h" in lines[1]
            await pilot.press("w")
            await until(pilot, lambda: "later than 168 h" in drawn(app), "the other tolerance")
            assert scene.warehouse.asked[-1].binds == (7 * 24 * 60,)
            await pilot.press("n")
            await asked(pilot)
            await pilot.press(*"tour", "enter")
            await held_down(pilot)
            assert isinstance(app.screen, NoteDialog), "Enter held down gives no answer"
            await answered(pilot)
            await until(pilot, lambda: bool(screen.notes), "the note")
            scene.warehouse.on("row_count", ({"row_count": 0},))
            scene.warehouse.on("scd2_late_corrections", ())
            await pilot.press("r")
            await until(pilot, lambda: "UNKNOWN, the table is empty" in drawn(app), "the empty table")
    assert [(entry.kind, entry.subject) for entry in scene.book.kept] == [(CORRECTIONS, "bronze.br_t0_scd2")]


class HostileGit(Git):
    def since(self, moment: Any, files: Any) -> Changes:
        commits = tuple(Commit(text, NOW, text, text, (text,)) for text in HOSTILE)
        return Changes(moment, HOSTILE, commits, HOSTILE, note="\n".join(HOSTILE), commands=(HOSTILE,))


@pytest.mark.parametrize("ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("size", [(120, 120), (36, 12)])
async def test_hostile_text_is_shown_as_data(state: Path, ascii: bool, size: tuple[int, int]) -> None:  # noqa: A002
    everything = "\n".join(HOSTILE)
    scene = Scene(git=HostileGit())
    scene.versions(*(row(text) for text in (*HOSTILE, KEY)))
    causes = scene.causes()
    causes.close(TABLE, everything, everything)
    app = ConsoleApp(writing(state, ascii=ascii))
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, scene, key=everything)
        seen = drawn(app)
        for key in ("end", "p", "escape", "n"):
            await pilot.press(key)
            seen += drawn(app)
        assert app.is_running and screen.notes
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
