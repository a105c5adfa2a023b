"""The writing dialog until it writes: nothing is written that was not read, typed and meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from gcms_tui.console import guarded
from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.writing.plan_page import plan_page
from gcms_tui.core.errors import Refused
from gcms_tui.core.writing.plan import Plan
from tests.console.asked import REASON, Asked, look_quickly
from tests.console.driving import drawn, typed, until
from tests.console.small_platform import services
from tests.console.small_writing import KEY, repair, small_writing
from tests.console.test_hostile_text import HOSTILE

SMALL, LARGE = (80, 24), (140, 40)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    look_quickly(monkeypatch)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_everything_to_be_known_is_told(state: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    small = small_writing(tmp_path, target="prod")
    asked = Asked(state, small, lambda: repair(target="prod"), target="prod", sandbox=False)
    async with asked.app.run_test(size=size) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        assert "[ Cancel ]" in seen and dialog.way_out.has_focus, "the way out has the focus"
        assert f"WRITE on  PROD   repair of {KEY}" in seen and "Write to PROD" in seen
        assert "9f31c0aa41d2 stays: recorded last, 2026-02-16" in seen
        assert f"type  {KEY}  to confirm, and the reason below it" in seen
        for _ in range(8):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
        assert "more lines" not in drawn(asked.app)
        for expected in (
            "1 row of the key's 2, by 1 statement",
            "* effective_to    NULL                  → 2026-02-15",
            "* is_current      true                  → false",
            "* updated_at      2026-01-12 03:10:00   → now",
            "unchanged: scd_id 1b7e55d09c3f, effective_from 2026-01-12",
            "ends where 9f31c0aa41d2 begins",
            "BRONZE_BACKUP.BR_ATTENDANCE_SCD2_20260302_120000_1A2B3C4D5E",
            'UPDATE "BRONZE"."BR_ATTENDANCE_SCD2"',
            "bind 1  2026-02-15 00:00:00.000000000  (str)",
            "queries/scd2_close_version.sql, touches 1 row",
            "The rows are read once more and have to be as above.",
            dialog.made.fingerprint[:40],
            f"{dialog.made.short_id}, holds 30 min",
            "2026-03-02 12:30:00 UTC",
        ):
            assert expected in seen, expected
        await pilot.press("c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert dialog.made.plan_id in (state / FILE).read_text() and not small.book.kept


async def test_what_is_new_to_be_read_takes_no_key_at_first(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded, "HOLD_S", 3600.0)
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot, armed=False)
        dialog._held_until = 0.0  # read by now
        await pilot.press("tab")
        await typed(pilot, KEY)
        await pilot.press("enter")
        await typed(pilot, REASON)
        await pilot.press("enter", "enter")
        assert dialog.act.has_focus and not dialog.armed and not dialog.writing
        dialog._held_until = 0.0
        await pilot.press("r")
        await until(pilot, lambda: dialog.made is not None and not dialog.armed, "the plan, made anew")
        await pilot.press("enter")
        assert dialog.way_out.has_focus and not asked.answers
    assert not small.book.kept


async def test_enter_does_not_go_through(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot, armed=False)
        for key in ("tab", "enter", "enter", "tab", "enter", "space", "right", "enter"):
            pressed = events.Key(key, None)
            pressed.time = dialog._held_until - 0.01  # typed before it was read, however late it is heard
            asked.app.post_message(pressed)
        await pilot.pause()
        await asked.armed(pilot)
        assert dialog.way_out.has_focus and not asked.answers
        await asked.confirm(pilot)
        assert dialog.act.has_focus and not small.access.ran, "Enter behind the reason leads to the answer only"
        dialog.hold()
        held = dialog._held_until
        repeated = events.Key("enter", None)
        repeated.time = held - 0.01
        asked.app.post_message(repeated)
        await until(pilot, lambda: dialog._held_until > held, "Enter that is held down to be heard")
        assert not small.access.ran and not dialog.writing
        dialog.way_out.focus()
        await asked.armed(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: asked.answers, "the way out")
    assert asked.answers == [None] and not small.book.kept


@pytest.mark.parametrize(
    "typed, reason, said",
    [
        ("", REASON, "to confirm"),
        (KEY[:-1], REASON, "to confirm"),
        (KEY + " ", REASON, "to confirm"),
        (KEY, "", "say why"),
        (KEY, "   ", "say why"),
    ],
    ids=["nothing", "a letter short", "a space more", "no reason", "blanks for a reason"],
)
async def test_what_is_not_typed_exactly_writes_nothing(
    state: Path, tmp_path: Path, typed: str, reason: str, said: str
) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        dialog._confirmation.value, dialog._reason.value = typed, reason
        await pilot.pause()
        assert dialog.act.disabled and said in drawn(asked.app)
        dialog.act.action_give()
        dialog.done()
        await pilot.press("tab", "enter", "enter")
        assert not dialog.writing and not small.book.kept


async def test_the_confirmation_is_never_pasted_and_the_reason_may_be(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        await pilot.press("tab")
        asked.app.post_message(events.Paste(KEY))
        await until(pilot, lambda: "Pasting does not count here: type it." in drawn(asked.app), "the refusal")
        asked.app.copy_to_clipboard(KEY)
        await pilot.press("ctrl+v")
        assert dialog._confirmation.value == "" and dialog.act.disabled
        await pilot.press("enter")
        assert dialog._reason.has_focus
        asked.app.post_message(events.Paste("ticket 17"))
        await until(pilot, lambda: dialog._reason.value == "ticket 17", "the reason")


@pytest.mark.parametrize("guard, way", [("tie", "Enter on the one"), ("begins_after_winner", "Or S there"),
                                        ("shared_scd_id", "with C in the key's timeline")])  # fmt: skip
async def test_a_refused_plan_says_which_guard_and_the_ways_out(
    state: Path, tmp_path: Path, guard: str, way: str
) -> None:
    small = small_writing(tmp_path)

    def refuse() -> Plan:
        raise Refused("It is refused", "Because of the rows.", "Do the next step.", guard=guard)

    asked = Asked(state, small, refuse)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        seen = drawn(asked.app)
        assert f"✗ REFUSED by the guard {guard}: nothing was written" in seen and "Because of the rows." in seen
        assert "Do the next step." in seen and way in seen
        assert dialog.act.disabled and not dialog._confirmation.display and not dialog._reason.display
        dialog._make = small.propose
        await pilot.press("r")
        await until(pilot, lambda: dialog.made, "the plan")
        assert f"type  {KEY}" in drawn(asked.app)


async def test_read_only_has_no_way_to_it(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path, read_only=True)
    asked = Asked(state, small, repair, read_only=True)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        assert "read-only: gcms.toml does not allow writing" in drawn(asked.app)
        assert not dialog._confirmation.display and dialog.act.disabled
        dialog._confirmation.value, dialog._reason.value = KEY, REASON
        dialog.done()
        await pilot.pause()
        assert not dialog.writing
    assert not small.book.kept


async def test_an_old_plan_counts_down_and_cannot_be_confirmed(state: Path, tmp_path: Path) -> None:
    small = small_writing(tmp_path)
    asked = Asked(state, small)
    async with asked.app.run_test(size=SMALL) as pilot:
        dialog = await asked.open(pilot)
        for minutes, held in ((28, "holds 2 min"), (1.5, "holds 30 s"), (1, "EXPIRED: r plans again")):
            small.clock.pass_by(minutes=minutes)
            dialog._tick()
            await pilot.pause()
            assert held in drawn(asked.app)
        await asked.confirm(pilot)
        assert "the plan has expired: r plans again" in drawn(asked.app) and dialog.act.disabled
        await pilot.press("escape")
    assert not small.book.kept


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ascii", [False, True])
async def test_hostile_text_is_shown_as_data(state: Path, tmp_path: Path, ascii: bool) -> None:  # noqa: A002
    from dataclasses import replace

    from gcms_tui.core.writing.plan import Row, RowChange

    small = small_writing(tmp_path)
    everything = " ".join(HOSTILE)

    def hostile() -> Plan:
        made = repair()
        rows = [Row(tuple((name, text) for name, _ in made.before[0].values)) for text in HOSTILE]
        changes = tuple(RowChange(text, row, made.after[1], text) for text, row in zip(HOSTILE, rows, strict=True))
        gone = (RowChange(everything, rows[0], None, everything), RowChange(everything, None, rows[1], everything))
        return replace(
            made, subject=everything, table=everything, warnings=HOSTILE, reason=everything, winner=everything,
            confirmation=everything, changes=(*changes, *gone), target=everything,
        )  # fmt: skip

    asked = Asked(state, small, hostile, ascii=ascii)
    async with asked.app.run_test(size=(60, 20)) as pilot:
        await asked.open(pilot)
        seen = drawn(asked.app)
        for _ in range(40):
            await pilot.press("pagedown")
            seen += drawn(asked.app)
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    assert "[/b]" in seen and "[red]red[/red]" in seen


def test_no_line_is_wider_than_the_page(state: Path, tmp_path: Path) -> None:
    look = ConsoleApp(services(state)).look
    for width in (30, 78, 108):
        lines = plan_page(repair(), look, width, repair().made_at)
        assert all(line.cell_len <= width for line in lines)
