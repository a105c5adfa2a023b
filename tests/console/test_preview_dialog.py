"""The chooser and the preview: nothing starts that was not read, and nothing by accident."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.message import Message
from textual.pilot import Pilot

from gcms_tui.console import guarded
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.chooser import Chooser, Completed, NotParsed, Parsed
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.completion import Kind, completed, known_words, last_word, split
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.run import Holder, Run
from gcms_tui.core.run_preview import Preview, SelectedNode
from tests.console.driving import comes_to_rest, drawn, until
from tests.console.scripted_run import ANNA, command
from tests.console.small_platform import NOON, services
from tests.console.small_runs import SmallDesk, small_desk
from tests.console.test_hostile_text import HOSTILE

SMALL, LARGE = (80, 24), (140, 40)
UNKNOWN = UsageError("Unknown selector", "dbt knows no node fct_musicain_payment.", "Type the first letters, then Tab.")


def full_refresh(small: SmallDesk) -> Preview:
    """What costs the most: production, tables dropped, to be confirmed."""
    made = small.runs.preview(command("run"))
    return replace(
        made,
        target="prod",
        dropped=("GCMS.GOLD.FCT_MUSICIAN_PAYMENT", "GCMS.GOLD.DIM_CONCERT"),
        excluded=("br_attendance_scd2",),
        warnings=("run tests nothing: what it builds is published untested.",),
        confirmation="prod 2 tables",
    )


class Asked:
    """A dialog over a console, and what came of it."""

    def __init__(self, state: Path, small: SmallDesk, make: Callable[[], Preview], **services_of: Any) -> None:
        self.small = small
        prepared = services(state, runs=small.desk, read_only=False, clock=small.clock, **services_of)
        self.app = ConsoleApp(prepared)
        self.dialog = PreviewDialog(prepared, self.app.look, small.desk, make)
        self.answers: list[Run | None] = []

    async def open(self, pilot: Pilot[Any], *, armed: bool = True) -> PreviewDialog:
        await pilot.pause()
        self.app.push_screen(self.dialog, self.answers.append)
        await until(pilot, lambda: self.dialog.preview or self.dialog.error, "dbt's answer")
        await until(pilot, lambda: self.dialog.armed or not armed, "the end of the first moment")
        return self.dialog


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_everything_to_be_known_is_told(state: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    small = small_desk(tmp_path)
    asked = Asked(state, small, lambda: full_refresh(small), target="prod", sandbox=False)
    async with asked.app.run_test(size=size) as pilot:
        await asked.open(pilot)
        seen = drawn(asked.app)
        assert "[ Cancel ]" in seen, "the way out has the focus"
        assert "WRITE on  PROD    13 nodes: 9 models, 4 tests   about 14 s" in seen
        assert "type  prod 2 tables  to start it" in seen and "Start on PROD" in seen
        below = size == LARGE or "more lines below: PgDn" in seen
        assert below and seen.index("Drops and builds anew") < seen.index("Left out: SCD2 models")
        for _ in range(4):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
        assert "more lines" not in drawn(asked.app)
        assert seen.index("Nodes  13") < seen.index("Executes"), "what it touches comes before how it is called"
        for expected in (
            "▲ run tests nothing: what it builds is published untested.",
            "dbt run --target sandbox",
            "in /srv/gcms/dbt",
            "Drops and builds anew  2",
            "GCMS.GOLD.FCT_MUSICIAN_PAYMENT",
            "Left out: SCD2 models, whose history cannot be built anew  1",
            "To have one refreshed all the same",
            "Nodes  13",
            "payment_export_daily",
        ):
            assert expected in seen
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert (state / FILE).read_text().startswith("dbt run --target sandbox\n\nWRITE on prod, 13 nodes")


async def test_enter_does_not_go_through(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    asked = Asked(state, small, lambda: small.runs.preview(command("build")))
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot, armed=False)
        for key in ("tab", "enter", "enter", "tab", "enter", "space", "right", "enter"):
            pressed = events.Key(key, None)
            pressed.time = dialog._held_until - 0.01  # typed before it was read, however late it is heard
            asked.app.post_message(pressed)
        await pilot.pause()
        await until(pilot, lambda: dialog.armed, "the end of the first moment")
        assert dialog.way_out.has_focus and not asked.answers and not small.runs.started
        await pilot.press("enter")
        await until(pilot, lambda: asked.answers, "the way out")
        assert asked.answers == [None] and not small.runs.started


async def test_nothing_pressed_while_dbt_was_asked_counts_for_its_answer(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, gate = small_desk(tmp_path), threading.Event()

    def slowly() -> Preview:
        assert gate.wait(30)
        return small.runs.preview(command("build"))

    asked = Asked(state, small, slowly)
    async with asked.app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        asked.app.push_screen(asked.dialog, asked.answers.append)
        await until(pilot, lambda: "Asking dbt which nodes this selects." in drawn(asked.app), "the question")
        assert asked.dialog.act.disabled
        await until(pilot, lambda: asked.dialog.armed, "the end of the first moment")
        await pilot.press("tab", "enter", "enter")
        assert "dbt has not answered yet: Enter does nothing, Esc leaves." in drawn(asked.app) and not asked.answers
        monkeypatch.setattr(guarded, "HOLD_S", 3600.0)
        gate.set()
        await until(pilot, lambda: asked.dialog.preview, "the answer")
        assert not asked.dialog.armed and asked.dialog.way_out.has_focus
        asked.dialog._held_until = 0.0  # read by now
        await pilot.press("tab", "enter")
        await until(pilot, lambda: asked.answers, "the start")
    assert len(small.runs.started) == 1 and asked.answers[0] is not None


async def test_leaving_while_dbt_is_asked_starts_nothing(state: Path, tmp_path: Path) -> None:
    small, gate = small_desk(tmp_path), threading.Event()

    def slowly() -> Preview:
        assert gate.wait(30)
        return small.runs.preview(command("build"))

    asked = Asked(state, small, slowly)
    async with asked.app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        asked.app.push_screen(asked.dialog, asked.answers.append)
        await until(pilot, lambda: "Asking dbt" in drawn(asked.app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: asked.answers == [None], "the way out")
        gate.set()
        await comes_to_rest(pilot, lambda: not asked.dialog._loader.busy, "the late answer")
        await pilot.pause()
    assert not small.runs.started


async def test_the_confirmation_is_typed_exactly_and_never_pasted(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    asked = Asked(state, small, lambda: full_refresh(small), target="prod", sandbox=False)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await pilot.press("tab")
        assert dialog._confirmation.has_focus
        asked.app.post_message(events.Paste("prod 2 tables"))
        await until(pilot, lambda: "Pasting does not count here: type it." in drawn(asked.app), "the refusal")
        asked.app.copy_to_clipboard("prod 2 tables")
        await pilot.press("ctrl+v")
        assert dialog._confirmation.value == "" and dialog.act.disabled
        await pilot.press(*"prod 2 table", "enter", "tab", "enter")
        assert not small.runs.started and dialog.act.disabled and not dialog._starting, "one letter is missing"
        assert asked.answers in ([], [None])


async def test_what_was_typed_exactly_starts_it_once(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    asked = Asked(state, small, lambda: full_refresh(small), target="prod", sandbox=False)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await pilot.press("tab", *"prod 2 tables", "enter")
        assert dialog.act.has_focus and not small.runs.started and not dialog._starting, (
            "Enter behind the words leads to the answer only"
        )
        await pilot.press("enter", "enter", "enter")
        await until(pilot, lambda: asked.answers, "the start")
    assert [made.confirmation for made in small.runs.started] == ["prod 2 tables"]


async def test_a_refusal_at_the_start_is_told_and_nothing_is_lost(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    asked = Asked(state, small, lambda: full_refresh(small), target="prod", sandbox=False)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        small.runs.error = Refused("dbt runs already", "bob@ops-2 runs dbt build since 11:58.", "Wait for its end.")
        await pilot.press("tab", *"prod 2 tables", "enter", "enter")
        await until(pilot, lambda: "bob@ops-2 runs dbt build" in drawn(asked.app), "the refusal")
        assert "Wait for its end." in drawn(asked.app) and not asked.answers
        assert dialog.way_out.has_focus and dialog._confirmation.value == "prod 2 tables"
        small.runs.error = None
        await until(pilot, lambda: dialog.armed, "the end of the first moment")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: asked.answers, "the start")
    assert len(small.runs.started) == 1


async def test_what_cannot_be_started_says_why_and_who(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    small.runs.holder = Holder("20260302-115800-beef", ANNA, 4711, NOON, ("build",))
    asked = Asked(state, small, lambda: small.runs.preview(command("build")))
    async with asked.app.run_test(size=LARGE) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        assert "✗ dbt runs already, for anna@ops-1 (from 10.0.0.7)" in seen and "→ Wait for its end." in seen
        assert "run 20260302-115800-beef, process 4711" in seen and "refused, see above" in seen
        await pilot.press("tab", "enter")
        assert dialog.act.disabled and not small.runs.started and not dialog._starting


async def test_dbt_that_cannot_answer_is_told_and_asked_again(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    small.runs.error = UNKNOWN
    asked = Asked(state, small, lambda: small.runs.preview(command("build")))
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert "fct_musicain_payment" in drawn(asked.app) and "Type the first letters" in drawn(asked.app)
        assert dialog.act.disabled
        small.runs.error = None
        await pilot.press("r")
        await until(pilot, lambda: dialog.preview is not None, "the answer")
        assert "13 nodes" in drawn(asked.app)


async def test_ten_thousand_nodes_are_listed(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    nodes = tuple(SelectedNode(f"model.gcms.m{place}", "model", f"m{place}") for place in range(10_000))
    asked = Asked(state, small, lambda: replace(small.runs.preview(command("build")), nodes=nodes))
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert "10,000 nodes: 10,000 models" in drawn(asked.app)
        await pilot.press("end")
        await until(pilot, lambda: "9,000 more: c copies all of them" in drawn(asked.app), "the end of the page")
        assert "m999 " in drawn(asked.app) and len(dialog.document._lines) < 1_100, "more would hold up the loop"
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert (state / FILE).read_text().splitlines()[-1] == "model.gcms.m9999"


@pytest.mark.parametrize(("size", "ascii"), [(LARGE, False), ((40, 12), True)], ids=["unicode", "ascii"])
async def test_hostile_text_is_shown_as_data(
    state: Path,
    tmp_path: Path,
    ascii: bool,  # noqa: A002
    size: tuple[int, int],
) -> None:
    small = small_desk(tmp_path)
    everything = " ".join(HOSTILE)

    def hostile() -> Preview:
        return replace(
            small.runs.preview(command("build")),
            argv=("dbt", *HOSTILE),
            project_dir=everything,
            target=everything,
            nodes=tuple(SelectedNode(text, text, text, text, text) for text in HOSTILE),
            dropped=HOSTILE,
            excluded=HOSTILE,
            warnings=HOSTILE,
            refusal=everything,
            next_step=everything,
        )

    asked = Asked(state, small, hostile, ascii=ascii)
    async with asked.app.run_test(size=size) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        for _ in range(60):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
        assert dialog.document.scroll_offset.y > 0 and asked.app.is_running
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    assert "[/b]" in seen and "[red]red[/red]" in seen


# -- the chooser -------------------------------------------------------------------------------------------------------


async def choosing(pilot: Pilot[Any], app: ConsoleApp, small: SmallDesk) -> tuple[Chooser, list[DbtCommand | None]]:
    await pilot.pause()
    chooser, answers = Chooser(app.services, app.look, small.desk), list[DbtCommand | None]()
    app.push_screen(chooser, answers.append)
    await until(pilot, lambda: chooser.entries.rows, "the commands")
    return chooser, answers


async def test_the_runbooks_commands_say_whether_they_write(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = ConsoleApp(services(state, runs=small.desk, read_only=False))
    async with app.run_test(size=LARGE) as pilot:
        _, answers = await choosing(pilot, app, small)
        screen = drawn(app)
        assert "WRITE  Test gold" in screen and "Daily 3" in screen and "dbt test --select gold" in screen
        assert "READ   Source freshness" in screen
        assert "Do the tests that guard gold pass?" in screen and "selects no test at all" in screen
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: answers, "the answer")
    assert answers == [command("source freshness")]


async def test_the_newest_line_is_the_one_that_is_answered(state: Path, tmp_path: Path) -> None:
    small, gate = small_desk(tmp_path), threading.Event()
    app = ConsoleApp(services(state, runs=small.desk, read_only=False))
    async with app.run_test(size=SMALL) as pilot:
        chooser, answers = await choosing(pilot, app, small)
        parsed = chooser._parsed

        def slowly(line: str) -> Message:
            assert gate.wait(20)
            return parsed(line)

        chooser._parsed = slowly  # type: ignore[method-assign]
        await pilot.press("tab", "ctrl+u", *"build", "enter")
        await pilot.press("ctrl+u", *"run", "enter")
        gate.set()
        await until(pilot, lambda: answers, "the command")
    assert answers == [command("run")]


async def test_a_line_is_completed_from_the_project_and_read_by_the_rules(state: Path, tmp_path: Path) -> None:
    small = small_desk(tmp_path)
    app = ConsoleApp(services(state, runs=small.desk, read_only=False))
    async with app.run_test(size=SMALL) as pilot:
        chooser, answers = await choosing(pilot, app, small)
        await pilot.press("tab")
        assert chooser.line.value == "test --select gold", "it begins with what was under the cursor"
        await pilot.press("ctrl+u", *"bui", "tab")
        assert chooser.line.value == "build "
        await pilot.press(*"--sel", "tab", *"+dim")
        await comes_to_rest(pilot, lambda: "[+dim_concert]" in drawn(app) and not chooser._matcher.busy, "the matches")
        await pilot.press("down", "right")
        assert chooser.line.value == "build --select +dim_concert_has_no_gaps "
        await pilot.press(*"'", "enter")
        await until(pilot, lambda: "No closing quotation" in drawn(app), "what is wrong with it")
        assert not answers
        chooser.post_message(Completed("'", ()))
        await pilot.pause()
        assert "No closing quotation" in drawn(app), "no late match takes its place"
        chooser.post_message(Parsed("another line", command("build")))
        chooser.post_message(NotParsed("another line", UsageError("No such thing", "It is not", "Leave it.")))
        await pilot.pause()
        assert app.screen is chooser and "No such thing" not in drawn(app), "what was typed before is another line"
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: answers, "the command")
    assert answers == [command("build", "--select", "+dim_concert_has_no_gaps")]


def test_what_may_come_next() -> None:
    assert last_word("").kind is Kind.COMMAND and last_word("source fr").text == "source fr"
    assert last_word("test --select a +b").kind is Kind.SELECTOR
    assert last_word("test -s a").kind is Kind.SELECTOR and last_word("run --threads 4").kind is Kind.NOTHING
    assert last_word("build --select a --ex").kind is Kind.OPTION
    assert known_words(last_word("source fr"), "source fr") == ("source freshness",)
    assert "--store-failures" in known_words(last_word("test --st"), "test --st")
    assert "--store-failures" not in known_words(last_word("run --st"), "run --st")
    assert (
        completed("test --select +di", last_word("test --select +di"), "+dim_concert") == "test --select +dim_concert "
    )
    assert split("run --vars '{a: 1}'") == ("run", "--vars", "{a: 1}")
    with pytest.raises(UsageError, match="No closing quotation"):
        split("run 'x")
