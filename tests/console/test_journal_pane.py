"""The journal pane: what is in doubt comes first and stays until it is settled; the chain tells of every edit."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.health import HealthPane
from gcms_tui.console.journal.chain import ChainDialog
from gcms_tui.console.journal.doubt_dialog import DoubtDialog
from gcms_tui.console.journal.page import entry_page
from gcms_tui.console.journal.pane import JournalPane
from gcms_tui.console.journal.words import told
from gcms_tui.console.writing.plan_dialog import PlanDialog
from gcms_tui.core.errors import CommitUnknown, GcmsError, Unavailable
from gcms_tui.core.payroll import events
from gcms_tui.core.writing.journal import Anchor
from tests.console.driving import comes_to_rest, drawn, settled, times_read, until
from tests.console.small_platform import services
from tests.console.small_scd2 import scd2_pane
from tests.console.small_writing import AFTER, KEY, TABLE, SmallWriting, small_writing
from tests.console.test_hostile_text import HOSTILE

SMALL, LARGE = (80, 24), (140, 40)
LOST = CommitUnknown("No answer", "The link was lost at COMMIT.")


def story(root: Path, **kinds: Any) -> SmallWriting:
    """A run, an applied repair, and one whose COMMIT was never answered though it was carried out."""
    small = small_writing(root, **kinds)
    small.book.append("run.start", "20260302-110000-0001", {"words": ["test", "--select", "gold"], "target": "sandbox"})
    writing = small_writing(root)
    small.access.error = None
    for error in (None, LOST):
        writing.access.error, writing.access.rows = error, writing.access.rows[:0] or small.access.rows
        writing.repairs.apply(writing.propose().plan_id, KEY, "late webhook")
        writing.clock.pass_by(seconds=1)
    for entry in writing.book.kept:
        small.book.append(entry.kind, entry.subject, json.loads(entry.payload))
    small.plans.kept |= writing.plans.kept
    small.access.rows = AFTER
    return small


def console(state: Path, small: SmallWriting, **of: Any) -> ConsoleApp:
    given = {"read_only": False, "clock": small.clock, "runs": small.dbt.desk, "scd2": small.desk, **of}
    return ConsoleApp(services(state, **given))


async def journal(pilot: Pilot[Any]) -> JournalPane:
    """Go there and wait until it is read."""
    if isinstance(pilot.app.screen, HealthPane):
        await settled(pilot)
    await pilot.press("6")
    await until(pilot, lambda: isinstance(pilot.app.screen, JournalPane), "the pane")
    pane = pilot.app.screen
    assert isinstance(pane, JournalPane)
    await comes_to_rest(
        pilot, lambda: not pane._loader.busy and bool(pane.state.read_at or pane.state.error), "the journal"
    )
    return pane


async def dialog_over(pilot: Pilot[Any], pane: JournalPane) -> DoubtDialog:
    await until(pilot, lambda: isinstance(pilot.app.screen, DoubtDialog), "the dialog")
    dialog = pilot.app.screen
    assert isinstance(dialog, DoubtDialog)
    await until(pilot, lambda: (dialog.found or dialog.error) and dialog.armed, "what was seen")
    return dialog


async def test_what_is_below_is_counted_whenever_the_frame_grows_or_shrinks(state: Path, tmp_path: Path) -> None:
    app = console(state, story(tmp_path))
    async with app.run_test(size=LARGE) as pilot:
        pane = await journal(pilot)
        await pilot.press("enter")
        dialog = await dialog_over(pilot, pane)
        frame = dialog.query_one("#dialog")
        for height in (12, 11, 30):
            frame.styles.height = height
            await until(pilot, partial(_is_high, frame, height), "the frame")
            await pilot.pause()
            below = dialog.document.max_scroll_y
            assert bool(below) is (height < 30)
            assert f"{below} more line" in drawn(app) if below else "more line" not in drawn(app)


def _is_high(widget: Widget, height: int) -> bool:
    return widget.size.height > 0 and widget.outer_size.height == height


def is_settled(small: SmallWriting) -> bool:
    return any(entry.kind == "write.settled" for entry in small.book.kept)


def page_of(pane: JournalPane, width: int = 78) -> str:
    return "\n".join(line.plain for line in pane.detail._page(width))


async def test_what_is_in_doubt_is_told_first_wherever_one_is(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "IN DOUBT 1 → 6" in drawn(app), "the word in the bar")
        seen = drawn(app)
        assert f"IN DOUBT repair of {KEY} in {TABLE}, begun by anna@ops-1" in seen
        assert "6, then Enter, looks what became of it" in seen
        assert small.warehouse.asked == [], "the store is asked, and not the warehouse"
        await pilot.press("escape", "2")
        await until(pilot, lambda: "2 Runs" in drawn(app), "the runs")
        assert "IN DOUBT 1 → 6" in drawn(app)
        pane = await journal(pilot)
        lines = drawn(app).splitlines()
        assert "? 1 IN DOUBT" in lines[1] and "In doubt  1" in lines[2] and f"? IN DOUBT   repair of {KEY}" in lines[3]
        assert pane.focused_doubt is not None and "Today" in lines[4]
        assert "IN DOUBT: it may have been done, or not" in page_of(pane)


async def test_what_is_asked_for_while_it_is_read_is_read_after_that(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = story(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        assert await times_read(pilot, pane, monkeypatch) == 2


async def test_looking_settles_nothing_and_settling_is_by_looking(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        await pilot.press("enter")
        dialog = await dialog_over(pilot, pane)
        seen = drawn(app)
        assert "✓ APPLIED" in seen and "the 2 rows of the key are as the plan leaves them" in seen
        assert "query history: none of its statements is visible to this role" in seen
        assert dialog.way_out.has_focus and not dialog.act.disabled
        await pilot.press("enter")
        await comes_to_rest(pilot, lambda: app.screen is pane and not pane._loader.busy, "the way out")
        assert app.doubts and not is_settled(small)
        await pilot.press("s")
        dialog = await dialog_over(pilot, pane)
        await pilot.press("tab", "enter")
        await until(
            pilot, lambda: app.screen is pane and not app.doubts and pane.state.doubts == (), "it to be settled"
        )
        assert "IN DOUBT" not in drawn(app) and "settled by looking: applied" in drawn(app)
    assert json.loads(small.book.kept[-1].payload)["verdict"] == "applied"


async def test_read_only_looks_and_does_not_settle(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path, read_only=True)
    app = console(state, small, read_only=True)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        assert pane.refusal("settle") == "read-only: gcms.toml does not allow writing" == pane.refusal("undo")
        await pilot.press("s", "enter")
        dialog = await dialog_over(pilot, pane)
        assert dialog.act.disabled and "It cannot be settled from here: gcms.toml does not allow" in drawn(app)
        dialog.done()
        assert not dialog._loader.busy
        await pilot.pause()
    assert not is_settled(small)


async def test_what_cannot_be_looked_at_is_told(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    small.warehouse.on("query_history_by_tag", Unavailable("No answer", "The warehouse does not answer."))
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        small.access.rows = ()
        await pilot.press("enter")
        dialog = await dialog_over(pilot, pane)
        assert "▲ A PERSON MUST LOOK" in drawn(app) and "cannot be read (The warehouse does not answer.)" in drawn(app)
        small.plans.kept.clear()
        dialog._loader.start(lambda: pytest.fail("unreachable") if dialog.error else _raise())
        await until(pilot, lambda: dialog.error is not None, "the error")
        assert "Broken" in drawn(app)


def _raise() -> Any:
    raise GcmsError("Broken", "It broke.")


async def test_who_writes_just_now_is_no_doubt(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    lease = small.leases.take(f"write:sandbox:{TABLE}", "repair")
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        await until(pilot, lambda: "anna@ops-1 writes" in drawn(app), "the writer in the bar")
        assert "IN DOUBT" not in drawn(app) and "→ writing now" in drawn(app) and "nothing in doubt" in drawn(app)
        lease.release()
        await pilot.press("r")
        await until(pilot, lambda: "IN DOUBT 1 → 6" in drawn(app), "the doubt")
        assert pane.focused_doubt is not None


async def test_the_chain_is_read_whole_and_a_break_names_its_entry(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    small.book.anchors = (replace(small.book.anchor_now(), place="journal-anchor.json"),)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, ChainDialog), "the report")
        number = len(small.book.kept)
        assert f"✓ WHOLE: {number} entries" in drawn(app) and f"journal-anchor.json: {number} entries" in drawn(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pane, "the pane")
        small.book.anchors = ()
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, ChainDialog), "the report")
        assert f"? NOT PROVEN: {number} entries" in drawn(app) and "nothing to compare it with" in drawn(app)
        await pilot.press("escape")
        small.book.kept[2] = replace(small.book.kept[2], payload='{"edited":true}')
        small.book.anchors = (
            Anchor(99, "f" * 64, "2026-03-02T11:00:00+00:00", "GCMS_OPS.JOURNAL_ANCHOR in Snowflake"),
        )
        await until(pilot, lambda: app.screen is pane, "the pane")
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, ChainDialog), "the report")
        assert "✗ BROKEN at entry 3" in drawn(app) and "it was edited" in drawn(app)


async def test_an_applied_write_is_undone_from_its_entries(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        tables = await scd2_pane(pilot)
        pane = await journal(pilot)
        assert pane.refusal("undo") == "it is in doubt: settle it first"
        by_kind = {one.entry.kind: one.entry for one in pane.state.entries if not _of_backup(one.entry.subject)}
        backups = [one.entry for one in pane.state.entries if _of_backup(one.entry.subject)]
        pane.entries.cursor = f"entry:{backups[0].sequence}"
        assert pane.refusal("undo") == "it is for an applied repair"
        pane.entries.cursor = f"entry:{by_kind['run.start'].sequence}"
        await pilot.press("u")
        assert app.screen is pane and pane.refusal("undo") == "it is for an applied repair"
        pane.entries.cursor = f"entry:{by_kind['write.outcome'].sequence}"
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, PlanDialog) and app.screen.made is not None, "the plan")
        assert small.repairs.undone == [by_kind["write.outcome"].subject]
        dialog = app.screen
        assert isinstance(dialog, PlanDialog)
        await until(pilot, lambda: dialog.armed, "the end of the first moment")
        await pilot.press("tab", *KEY, "enter", *"oops", "enter")
        await until(pilot, lambda: dialog.armed, "the answer")
        await pilot.press("enter")
        await until(pilot, lambda: tables.state.known["br_attendance_scd2"].written, "the word to the other pane")


def _of_backup(subject: str) -> bool:
    return subject.startswith("backup-")


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_an_entry_is_told_whole_and_copied(state: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    small = story(tmp_path)
    app = console(state, small)
    async with app.run_test(size=size) as pilot:
        pane = await journal(pilot)
        intent = next(
            one.entry
            for one in pane.state.entries
            if one.entry.kind == "write.intent" and not _of_backup(one.entry.subject)
        )
        pane.entries.cursor = f"entry:{intent.sequence}"
        await pilot.pause()
        said = page_of(pane)
        for expected in (
            "late webhook",
            'UPDATE "BRONZE"."BR_ATTENDANCE_SCD2"',
            " * scd_id 1b7e55d09c3f",
            "   scd_id 9f31c0aa41d2",
            " GCMS_REPAIR",
            f"number {intent.sequence}",
            intent.own[:50],
            intent.previous[:50],
        ):
            assert expected in said, expected
        await pilot.press("enter")
        assert pane.detail.has_focus and intent.subject in drawn(app)
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
        await pilot.press("escape", "slash", *"dbt test", "enter")
        await until(pilot, lambda: "1 of those read" in drawn(app), "the filter")
        assert "dbt test --select gold on sandbox" in drawn(app)
    assert json.loads((state / FILE).read_text())["payload"]["reason"] == "late webhook"


async def test_a_long_journal_is_read_a_page_at_a_time(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    for number in range(450):
        small.book.append("rows.reveal", f"test {number}", {"columns": ["name"]})
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        assert len(pane.state.entries) == 200 and "200 entries, older ones with m" in drawn(app)
        await pilot.press("end")
        await until(pilot, lambda: len(pane.state.entries) == 400, "the second page")
        assert pane.entries.cursor == "entry:251", "the cursor stays on its row"
        await pilot.press("m")
        await until(pilot, lambda: len(pane.state.entries) == 450, "the last page")
        assert pane.refusal("older") == "there are no older entries" and "450 entries" in drawn(app)
        small.book.append("rows.reveal", "test new", {})
        await pilot.press("r")
        await comes_to_rest(pilot, lambda: len(pane.state.entries) >= 450 and not pane._loader.busy, "another look")
        assert pane.state.entries[0].entry.subject == "test new" and pane.entries.cursor == "entry:251"


async def test_a_journal_that_cannot_be_read_is_not_one_without_doubts(state: Path, tmp_path: Path) -> None:
    small = story(tmp_path)
    small.book.error = GcmsError("The journal cannot be read", "The disk is gone.", "Look at the state directory.")
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        await until(pilot, lambda: "journal not read" in drawn(app), "the word in the bar")
        await journal(pilot)
        assert "The disk is gone." in drawn(app) and "nothing in doubt" not in drawn(app)
        small.book.error = None
        await pilot.press("r")
        await until(pilot, lambda: "IN DOUBT 1 → 6" in drawn(app), "the journal")


@pytest.mark.parametrize("ascii", [False, True])
async def test_hostile_text_is_shown_as_data(state: Path, tmp_path: Path, ascii: bool) -> None:  # noqa: A002
    small = small_writing(tmp_path)
    for text in HOSTILE:
        small.book.append(text, text, {text: text, "statements": [text], "before": [{"values": [["a", text]]}, text]})
        small.book.append("write.outcome", text, {"outcome": text, "why": text})
    app = console(state, small, ascii=ascii)
    async with app.run_test(size=(60, 20)) as pilot:
        pane = await journal(pilot)
        seen = drawn(app)
        for _ in (*HOSTILE, *HOSTILE):
            await pilot.press("down")
            seen += drawn(app)
        await pilot.press("enter")
        seen += drawn(app) + page_of(pane, 58)
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    assert "[red]red[/red]" in seen


def test_whatever_stands_in_an_entry_is_told(state: Path) -> None:
    look = ConsoleApp(services(state)).look
    entry = small_writing(state).book.append("x", "y", {})
    for payload in ("", "no json", "[1, 2]", '{"before": {"values": 3}, "statements": "x", "deep": {"a": {"b": [1]}}}'):
        lines = entry_page(told(replace(entry, payload=payload)), look, 60)
        assert all(line.cell_len <= 60 for line in lines)


def test_what_an_entry_says_stands_in_columns_and_in_words(state: Path) -> None:
    look = ConsoleApp(services(state)).look
    entry = small_writing(state).book.append(
        "run.end", "20260302-110000-0001", {"state": "failed", "counts": {"fail": 1, "pass": 3}, "target": "sandbox"}
    )
    assert told(entry).words == "failed: 1 fail, 3 pass"
    assert told(replace(entry, payload='{"state": "lost", "counts": {}}')).words == "lost: nothing was run"
    assert told(replace(entry, payload='{"state": 3}')).words == "state 3", "whatever else stands there is told"
    lines = [line.plain for line in entry_page(told(entry), look, 60)]
    begins = {line.index(value) for line in lines for value in ("sandbox",) if line.startswith(" target")}
    begins |= {line.index("3") for line in lines if line.startswith(" counts.pass")}
    assert len(begins) == 1, "labels of any length leave the values in one column"


@pytest.mark.parametrize(
    "kind, said, words, verdict",
    [
        (events.OPENED, {"concert": "33", "target": "prod"}, "payroll run opened for concert 33 on prod", None),
        (
            events.CHECKED,
            {"step": "tests", "passed": False, "words": "1 failed"},
            "3 Run critical tests did not",
            "FAIL",
        ),
        (events.TICKED, {"row": "17", "verdict": "query", "note": "why?"}, "row 17 asked about: why?", "WARN"),
        (events.SIGNED, {"role": "finance", "says": "spot checks reviewed"}, "signed as finance: spot", "OK"),
        (events.ARCHIVED, {"table": "gold.x", "kind": "transient", "alike": False}, "IS NOT WHAT WAS SIGNED", "FAIL"),
        (events.HELD, {"cause": "by hand", "reason": "the rates"}, "payroll held, by hand: the rates", "WARN"),
        (events.LIFTED, {"hold": "hold-1", "reason": "mended"}, "hold-1 lifted: mended", None),
        (events.SAMPLED, {"rows": 3}, "rows drawn", None),
    ],
)
async def test_what_was_done_to_a_payroll_is_told_in_words_and_found_by_them(
    state: Path, tmp_path: Path, kind: str, said: dict[str, Any], words: str, verdict: str | None
) -> None:
    small = small_writing(tmp_path)
    one = told(small.book.append(kind, "pay-20260301-090007-0a1b2c", said))
    assert words in one.words and (one.verdict.name if one.verdict is not None else None) == verdict
    small.book.append("write.intent", "w-1", {"kind": "mark_paid", "key": "33", "table": "payment"})
    small.book.append("write.outcome", "w-1", {"outcome": "applied", "rows": 24})
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await journal(pilot)
        assert pane.refusal("undo") == "this kind of write is not taken back", "told at its outcome too"
        await pilot.press("slash", *"payroll", "enter")
        assert [row.told.entry.kind for row in pane.entries.rows if row.told is not None] == [kind]
        assert f" {kind} " in drawn(app)
