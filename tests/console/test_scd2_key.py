"""One key: its versions on an axis, what a repair would make of them, and the ways to a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.scd2 import groups, key
from gcms_tui.console.scd2.decision import Role, decision
from gcms_tui.console.scd2.groups import GroupsScreen
from gcms_tui.console.scd2.key import KeyScreen
from gcms_tui.console.scd2.key_source import last_write
from gcms_tui.console.scd2.provenance import Origin
from gcms_tui.console.scd2.reveal_key import RevealKeyDialog
from gcms_tui.console.scd2.written import tell_written
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.scd2.version import Convention, Version
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from tests.console.driving import drawn, until
from tests.console.small_platform import Clock, services
from tests.console.small_scd2 import (
    ATTENDANCE,
    Opened,
    SmallScd2,
    key_screen,
    moment,
    opened_key,
    opened_keys,
    read,
    scd2_pane,
    small_scd2,
    stand_in,
    version,
)
from tests.operations.memory import NOW
from tests.operations.memory_book import MemoryBook

SMALL, LARGE = (80, 24), (140, 40)
TABLE = f"bronze.{ATTENDANCE}"
PLAN = "gcms_tui.console.writing.plan_dialog"


def console(state: Path, small: SmallScd2, **services_of: Any) -> ConsoleApp:
    given = {"read_only": False, "clock": Clock(NOW), **services_of}
    return ConsoleApp(services(state, scd2=small.desk, **given))


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """The plan's dialog answers that something was written."""
    return stand_in(monkeypatch, PLAN, "PlanDialog", answer="written")


def bars(screen: str) -> list[str]:
    """The lines of the versions."""
    return [line for line in screen.splitlines() if "━" in line or "╌" in line or "◆" in line]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_versions_are_bars_with_their_part_in_a_word(state: Path, size: tuple[int, int]) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=size) as pilot:
        await key_screen(pilot, small, "27-14-311")
        screen = drawn(app)
        assert screen.splitlines()[1].startswith(" ✗ FAIL  2 current of 3 versions   27-14-311")
        kept, closed, past = bars(screen)
        assert kept.startswith("▌✓ KEEP    9f31c0aa") and "━►" in kept and "╌" not in kept
        assert closed.startswith(" ✗ close   1b7e55d0") and "━╌" in closed and "╌►" in closed
        assert past.startswith(" · past    07aa3c1e") and "►" not in past
        assert "▲ overlap" in screen and "▒▒▒" in screen and "2025-11-03" in screen
        for said in ("✓ keep 9f31c0aa41d2: recorded last,", "ends where 9f31c0aa41d2 begins", "2026-02-15"):
            assert said in screen
        assert "A closed version ends the day before its successor begins." in screen


async def test_the_focused_version_stands_beside_the_one_that_would_stay(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=LARGE) as pilot:
        screen = await key_screen(pilot, small, "27-14-311")
        await pilot.press("down")
        seen = drawn(app)
        assert "≠ 6 of 11 columns differ" in seen and "beside 9f31c0aa41d2" in seen
        first = next(line for line in seen.splitlines() if "≠ " in line and "columns" not in line)
        assert first.split("│")[1].split() == ["≠", "services", "2", "4"], "what any two versions differ in comes later"
        assert "recorded  2026-01-12 03:10:00" in seen
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Origin), "the provenance")
        assert "queries/scd2_key_versions.sql" in drawn(app)
        await pilot.press("escape", "c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
        assert screen.refusal("keep") is None
        await pilot.press("down")
        assert screen.refusal("keep") == "it is not current"
    copied = (state / FILE).read_text()
    assert "-- keep 9f31c0aa41d2: recorded last" in copied and "close\t27-14-311\t1b7e55d09c3f\t2026-01-12" in copied
    assert "Anna Meier" not in copied and "masked" in copied


async def test_a_tie_must_be_chosen_and_the_choice_is_what_is_planned(state: Path, planned: Opened) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=LARGE) as pilot:
        screen = await key_screen(pilot, small, "27-131-312")
        assert "▲ A full tie" in drawn(app) and "Enter, on the one that is right," in drawn(app)
        assert [line.split()[1] for line in bars(drawn(app))] == ["tied", "tied"]
        assert screen.refusal("plan") == "a full tie"
        await pilot.press("a")
        assert not planned.calls
        await pilot.press("down", "enter")
        assert [line.split()[:3] for line in bars(drawn(app))] == [["○", "empty", "t2"], ["▌✓", "KEEP", "t1"]]
        assert "chosen by hand" in drawn(app)
        await pilot.press("a")
        await until(pilot, lambda: bool(planned.calls), "the plan")
        await read(pilot, screen)
        assert screen.keep is None, "after a write the rules begin anew"
    assert small.repairs.proposed == [("repair", ATTENDANCE, "27-131-312", "t1", False)]


async def test_what_begins_later_is_superseded_only_when_told(state: Path, planned: Opened) -> None:
    rows = (
        version("k", "late", "2026-03-01", recorded="2026-01-01 00:00:00"),
        version("k", "win", "2026-02-01", recorded="2026-02-01 00:00:00"),
    )
    small = small_scd2({ATTENDANCE: rows})
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await key_screen(pilot, small, "k")
        assert "▲ A loser begins after the winner" in drawn(app) and "S supersedes it" in drawn(app)
        assert "--supersede" not in drawn(app), "no option of a command where there is a key"
        assert [line.split()[1:3] for line in bars(drawn(app))] == [["KEEP", "win"], ["later", "late"]]
        await pilot.press("S")
        assert "SUPERSEDE is on" in drawn(app) and "SUPERSEDE" in drawn(app).splitlines()[1]
        assert [line.split()[1:3] for line in bars(drawn(app))] == [["KEEP", "win"], ["empty", "late"]]
        await pilot.press("a")
        await until(pilot, lambda: bool(planned.calls), "the plan")
    assert small.repairs.proposed == [("repair", ATTENDANCE, "k", None, True)]


async def test_rows_of_one_id_are_collapsed(state: Path, planned: Opened) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        screen = await key_screen(pilot, small, "31-5-400")
        assert "▲ Rows share an id" in drawn(app) and screen.refusal("collapse") is None
        assert "C, on one of them" in drawn(app) and "--collapse" not in drawn(app)
        assert "≠ 0" not in drawn(app), "the sign is for what differs"
        assert [line.split()[1] for line in bars(drawn(app))] == ["shared", "shared"]
        await pilot.press("down", "C")
        await until(pilot, lambda: bool(planned.calls), "the plan")
    assert small.repairs.proposed == [("collapse", ATTENDANCE, "31-5-400", "s1")]


async def test_a_write_from_anywhere_is_told_to_all_who_show_what_was_before(state: Path, planned: Opened) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        pane = await scd2_pane(pilot)
        keys = await opened_keys(pilot)
        await pilot.press("down")
        screen = await opened_key(pilot)
        looks = small.warehouse.names().count("scd2_key_versions")
        planned.answer = None
        await pilot.press("a")
        await until(pilot, lambda: small.warehouse.names().count("scd2_key_versions") > looks, "the versions anew")
        await read(pilot, screen)
        assert not keys._stale and not pane.state.known[ATTENDANCE].written, "nothing was written"
        await pilot.press("6")
        await until(pilot, lambda: app.current_mode == "journal", "the journal")
        looks = small.warehouse.names().count("scd2_key_versions")
        tell_written(app, TABLE)
        await pilot.pause()
        assert keys._stale and pane.state.known[ATTENDANCE].written, "they hear it in another pane's stack"
        assert small.warehouse.names().count("scd2_key_versions") == looks, "nothing is read for nobody"
        assert not screen._loader.busy
        await pilot.press("3")
        await until(pilot, lambda: small.warehouse.names().count("scd2_key_versions") > looks, "the versions anew")
        await read(pilot, screen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, GroupsScreen) and not keys._stale, "the keys anew")


async def test_what_is_left_open_says_how_old_it_is(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (groups, key):
        monkeypatch.setattr(module, "_TICK_S", 0.05)
    small, clock = small_scd2(), Clock(NOW)
    app = console(state, small, clock=clock)
    async with app.run_test(size=SMALL) as pilot:
        await scd2_pane(pilot)
        for opened in (opened_keys, opened_key):
            await opened(pilot)
            await until(pilot, lambda: "read just now" in drawn(app), "its age")
            clock.pass_by(minutes=3)
            await until(pilot, lambda: "read 3 min ago" in drawn(app), "its age")
            clock.pass_by(minutes=-3)


async def test_the_newest_write_can_be_taken_back(state: Path, planned: Opened) -> None:
    small = small_scd2()
    small.journal.append(INTENT, "w1", {"table": TABLE, "key": "40-1-1", "kind": "repair"})
    small.journal.append(OUTCOME, "w1", {"outcome": "applied"})
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        screen = await key_screen(pilot, small, "40-1-1")
        assert drawn(app).splitlines()[1].startswith(" ✓ OK  1 current of 1 version   40-1-1")
        assert "Nothing to repair" in drawn(app) and "no overlap" in drawn(app)
        assert screen.refusal("plan") == "nothing to repair"
        await pilot.press("u")
        await until(pilot, lambda: bool(planned.calls), "the plan")
    assert small.repairs.proposed == [("undo", "w1")]


def test_which_write_is_the_newest() -> None:
    book = MemoryBook()
    said = {"table": TABLE, "key": "k", "kind": "repair"}

    def write(write_id: str, *, outcome: str = "applied", settled: bool = False, **changes: str) -> None:
        book.append(INTENT, write_id, {**said, **changes})
        if outcome:
            payload = {"verdict": outcome} if settled else {"outcome": outcome}
            book.append(SETTLED if settled else OUTCOME, write_id, payload)

    assert last_write(book, TABLE, "k").why_not == "nothing was written to it from here"
    write("a", settled=True)
    write("b", outcome="not_applied")
    write("c", key="other")
    write("d", table="bronze.other")
    for number in range(150):
        write(f"e{number}", key="other")
    assert last_write(book, TABLE, "k").write_id == "a", "however many writes of other keys came since"
    write("f", kind="undo")
    assert not last_write(book, TABLE, "k").write_id and "undo" in last_write(book, TABLE, "k").why_not
    write("g", outcome="")
    assert last_write(book, TABLE, "k").why_not == "g is in doubt: it has to be settled first"


async def test_read_only_plans_nothing(state: Path, planned: Opened) -> None:
    small = small_scd2(read_only=True)
    app = console(state, small, read_only=True)
    async with app.run_test(size=LARGE) as pilot:
        screen = await key_screen(pilot, small, "27-14-311")
        bar = drawn(app).splitlines()[-1]
        assert "Plan" not in bar and "Collapse" not in bar and "Undo" not in bar and "Keep" in bar
        await pilot.press("a", "C", "u")
        assert app.screen is screen and not planned.calls
        for action in ("plan", "collapse", "undo"):
            assert screen.refusal(action) == "read-only: gcms.toml does not allow writing"
        await pilot.press("down", "enter")
        assert "chosen by hand" in drawn(app), "looking at another choice writes nothing"


async def test_personal_columns_are_masked_until_asked_for(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=LARGE) as pilot:
        screen = await key_screen(pilot, small, "27-131-312")
        assert "≠ musician_name  masked" in drawn(app) and "Eva Lang" not in drawn(app)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, RevealKeyDialog) and app.screen.armed, "the question")
        assert "musician_name of every version of this key" in drawn(app)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: screen.found is not None and screen.found.revealed, "the rows")
        assert "Eva Lang" in drawn(app) and "REVEALED: musician_name" in drawn(app)
        assert [entry.kind for entry in small.journal.kept] == ["rows.reveal"]
        await pilot.press("r")
        await read(pilot, screen)
        assert "Eva Lang" not in drawn(app), "read again, it is masked again"


async def test_the_root_cause_is_looked_for(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = stand_in(monkeypatch, "gcms_tui.console.scd2.cause", "CauseScreen")
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        await key_screen(pilot, small, "27-14-311")
        await pilot.press("w")
        await until(pilot, lambda: bool(opened.calls), "the cause")
    assert opened.calls[0][3:] == (ATTENDANCE, "27-14-311")


async def test_a_key_that_cannot_be_read_says_why(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    small.warehouse.on("scd2_key_versions", Unavailable("No answer", "Nobody there.", "Wait."))
    async with app.run_test(size=SMALL) as pilot:
        screen = await key_screen(pilot, small, "27-14-311")
        assert "No answer" in drawn(app) and "e says why, r tries again" in drawn(app)
        await pilot.press("a", "enter", "S", "v", "c", "p", "w")
        assert app.screen is screen
        small.warehouse.replies.pop(0)
        await pilot.press("r")
        await until(pilot, lambda: screen.read is not None, "the versions")
        assert "No answer" not in drawn(app)
        small.warehouse.rows[ATTENDANCE] = [{**version("27-14-311", "x", "2026-01-01"), "effective_from": "soon"}]
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "the reason")
        assert "'soon' is not a moment" in drawn(app)


@pytest.mark.parametrize(("size", "ascii"), [((140, 40), False), ((80, 24), True), ((40, 12), False), ((20, 5), True)])
async def test_many_versions_of_every_shape(state: Path, size: tuple[int, int], ascii: bool) -> None:  # noqa: A002
    many = size[1] + 6  # more than fit
    rows = [version("k", f"v{place:02}", f"2026-01-{place % 28 + 1:02}") for place in range(many)]
    rows += [
        version("k", None, "2026-01-05", "2026-01-04", current=False),
        version("k", "inverted", "2026-02-05", "2026-01-02", current=False),
        version("k", "no begin", None, current=None),
        version("k", "far", "2026-01-05", "9999-12-31", current=False),
    ]
    small = small_scd2({ATTENDANCE: rows})
    app = console(state, small, ascii=ascii)
    async with app.run_test(size=size) as pilot:
        screen = await key_screen(pilot, small, "k")
        seen = ""
        for _ in range(len(rows)):
            seen += drawn(app)
            await pilot.press("down")
        assert screen.focused_version is not None and len(screen.versions.rows) == many + 4
        await pilot.press("tab", "end")
        seen += drawn(app)
        await pilot.press("escape", "escape")
        assert not isinstance(app.screen, KeyScreen) and app.return_code is None
    if size[0] >= 80:
        assert "overlap" in seen and (f"{many} current of {many + 4} versions" in seen)
        assert "no beginning" in seen and "inverted" in seen and "no flag" in seen
    assert seen.isascii() or not ascii


def test_roles_follow_the_rules_of_the_repair() -> None:
    def made(scd_id: str, begin: str, recorded: str, *, current: bool | None = True) -> Version:
        return Version(scd_id, moment(begin), None, current, moment(recorded), moment(recorded))

    versions = (
        made("c", "2026-01-03", "2026-01-03"),
        made("b", "2026-01-02", "2026-01-02"),
        made("a", "2026-01-02", "2026-01-01"),
        made("n", "2026-01-01", "2026-01-01", current=None),
        made("p", "2026-01-01", "2026-01-01", current=False),
    )
    made_of = decision(versions, Convention.DAY_BEFORE, None, False)
    assert made_of.roles == (Role.KEEP, Role.CLOSE, Role.EMPTY, Role.NO_FLAG, Role.PAST)
    assert made_of.winner == 0 and set(made_of.closings) == {1, 2}
    kept = decision(versions, Convention.DAY_BEFORE, "b", False)
    assert kept.refused is not None and kept.roles[:3] == (Role.LATER, Role.KEEP, Role.CURRENT)
    assert decision(versions, Convention.DAY_BEFORE, "gone", False).winner is None
    assert decision((), Convention.DAY_BEFORE, None, False).roles == ()
