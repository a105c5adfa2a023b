"""The keys that are concerned, page by page: however many there are, few of them are in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.clipboard import FILE
from gcms_tui.console.dialogs import ErrorDialog
from gcms_tui.console.scd2.groups import GroupsScreen
from gcms_tui.console.scd2.key import KeyScreen
from gcms_tui.console.scd2.pages import KEPT, KeyPage, KeyRow, Pages
from gcms_tui.console.scd2.provenance import Origin
from gcms_tui.console.scd2.source import row_key
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.finding import Provenance
from gcms_tui.core.query import Statement
from gcms_tui.core.scd2.scan import Place
from gcms_tui.operations.scd2.browse import PAGE
from tests.console.driving import drawn, typed, until
from tests.console.small_platform import Clock, services
from tests.console.small_scd2 import (
    ATTENDANCE,
    SmallScd2,
    opened_key,
    opened_keys,
    read,
    scd2_pane,
    small_scd2,
    stand_in,
    version,
)
from tests.console.test_hostile_text import HOSTILE
from tests.operations.memory import NOW, Row

SMALL, LARGE = (80, 24), (140, 40)
MANY = 100_000


def console(state: Path, small: SmallScd2, **services_of: Any) -> ConsoleApp:
    return ConsoleApp(services(state, scd2=small.desk, read_only=False, clock=Clock(NOW), **services_of))


async def keys_of(pilot: Pilot[Any]) -> GroupsScreen:
    await scd2_pane(pilot)
    return await opened_keys(pilot)


def shown(screen: GroupsScreen) -> list[str]:
    return [row.natural_key for row in screen.keys.rows if not row.heading]


def many(statement: Statement) -> tuple[Row, ...]:
    """As the warehouse would page through `MANY` keys."""
    _, _, _, _, after, size = statement.binds
    begin = 0 if after is None else int(str(after)[1:]) + 1
    return tuple(
        {
            "natural_key": f"k{number:06}",
            "current_count": 2,
            "distinct_ids": 2,
            "newest_recorded_at": NOW,
            "scd_ids": f"a{number}, b{number}",
            "order_number": 0,
        }
        for number in range(begin, min(begin + int(str(size)), MANY))
    )


async def test_pages_follow_by_themselves_and_few_are_kept(state: Path) -> None:
    small = small_scd2()
    small.warehouse.on("scd2_duplicate_groups", many)
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        screen = await keys_of(pilot)
        assert len(shown(screen)) == PAGE and "page 1, more follow" in drawn(app)
        for page in range(1, 6):
            await pilot.press("end")
            await until(pilot, lambda page=page: screen.pages.next == page + 1, "the next page")  # type: ignore[misc]
            await read(pilot, screen)
            assert screen.keys.cursor == row_key(f"k{page * PAGE - 1:06}"), "the cursor stays where it is"
            await pilot.press("down")
            assert len(shown(screen)) <= KEPT * PAGE
        assert shown(screen)[0] == "k000300" and shown(screen)[-1] == "k000599"
        assert "page 6, more follow" in drawn(app)
        for first in (2, 1, 0):
            await pilot.press("home")
            await until(pilot, lambda first=first: screen.pages.first == first, "the page before")  # type: ignore[misc]
            await read(pilot, screen)
        assert shown(screen)[0] == "k000000" and len(shown(screen)) == KEPT * PAGE
        assert "more keys below" not in drawn(app)
        await pilot.press("home")
        assert "page 1, more follow" in drawn(app) and screen.keys.cursor == row_key("k000000")
    asked = [one.binds for one in small.warehouse.asked if one.query == "scd2_duplicate_groups"]
    assert all(binds[-1] == PAGE for binds in asked)
    assert [binds[4] for binds in asked[:3]] == [None, "k000099", "k000199"], "each page begins behind the one before"


async def test_order_class_and_filter_are_asked_of_the_warehouse(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        screen = await keys_of(pilot)
        assert drawn(app).splitlines()[1].startswith(" [duplicate 4]  shared scd_id 2   page 1, the last   by key")
        assert "SHARED ID s1, s1" in drawn(app)
        await pilot.press("o")
        await read(pilot, screen)
        assert shown(screen)[0] == "27-88-311" and "by count" in drawn(app)
        await pilot.press("o")
        await read(pilot, screen)
        assert shown(screen)[0] == "27-131-312" and "by recency" in drawn(app)
        asked = len(small.warehouse.asked)
        await pilot.press("slash")
        await typed(pilot, "27-1")
        await until(pilot, lambda: screen.shown is not None and screen.shown.containing == "27-1", "the answer")
        await pilot.press("enter")
        await read(pilot, screen)
        assert sorted(shown(screen)) == ["27-131-312", "27-14-311"]
        assert len(small.warehouse.asked) < asked + 4, "not at each letter"
        await pilot.press("d")
        await read(pilot, screen)
        assert shown(screen) == ["31-5-400"] and "2 versions" in drawn(app) and "[shared scd_id 2]" in drawn(app)
        assert screen.refusal("filter") and screen.refusal("order")
        await pilot.press("d")
        await read(pilot, screen)
        assert sorted(shown(screen)) == ["27-131-312", "27-14-311"], "the filter has stayed"
        await pilot.press("escape")
        await read(pilot, screen)
        assert len(shown(screen)) == 4
        await pilot.press("slash", *"nowhere", "enter")
        await until(pilot, lambda: "No duplicate key holds this. Esc clears the filter." in drawn(app), "nothing")


async def test_the_focused_key_and_where_it_comes_from(state: Path) -> None:
    app = console(state, small_scd2())
    async with app.run_test(size=LARGE) as pilot:
        await keys_of(pilot)
        await pilot.press("end")
        assert "Several of them have the same scd_id" in drawn(app)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Origin), "the provenance")
        assert "queries/scd2_duplicate_groups.sql" in drawn(app)
        await pilot.press("escape", "c")
        await until(pilot, lambda: (state / FILE).exists(), "the copy")
    assert "27-14-311\t2\t9f31c0aa41d2, 1b7e55d09c3f" in (state / FILE).read_text()


async def test_a_failed_page_keeps_what_was_read(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        screen = await keys_of(pilot)
        small.warehouse.on("scd2_duplicate_groups", Unavailable("No answer", "Nobody there.", "Wait."))
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ErrorDialog), "what a person asked for and did not get")
        await pilot.press("escape")
        assert "No answer" in drawn(app) and len(shown(screen)) == 4
        await pilot.press("o")
        await until(pilot, lambda: "e says why" in drawn(app), "the failure in place of keys")


async def test_keys_that_were_written_to_are_read_again_when_the_list_is_back(state: Path) -> None:
    small = small_scd2()
    app = console(state, small)
    async with app.run_test(size=SMALL) as pilot:
        screen = await keys_of(pilot)
        await opened_key(pilot)
        small.warehouse.rows[ATTENDANCE] = [
            row for row in small.warehouse.rows[ATTENDANCE] if row["natural_key"] != "27-131-312"
        ]
        screen.has_been_written("bronze.br_musician_scd2")
        assert not screen._stale, "another table"
        screen.has_been_written(f"bronze.{ATTENDANCE}")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen and "27-131-312" not in shown(screen), "the keys as they are")
        assert screen.keys.cursor == row_key("27-14-311")


WIDE = tuple(text for text in HOSTILE if not text.isascii() or len(text) > 140 or not text)
"""Those for which a narrow terminal is another matter."""


@pytest.mark.parametrize(
    ("size", "ascii", "texts"),
    [((140, 40), False, HOSTILE), ((80, 24), True, HOSTILE), ((40, 12), False, WIDE), ((20, 5), True, WIDE)],
    ids=["large", "ascii", "small", "tiny"],
)
async def test_keys_of_any_content(state: Path, size: tuple[int, int], ascii: bool, texts: tuple[str, ...]) -> None:  # noqa: A002
    rows = [
        version(text, f"{text[:40]}{place}", "2026-01-01", remark=text, musician_name=text)
        for text in texts
        for place in range(2)
    ]
    small = small_scd2({ATTENDANCE: rows})
    app = console(state, small, ascii=ascii)
    async with app.run_test(size=size) as pilot:
        screen = await keys_of(pilot)
        assert sorted(shown(screen)) == sorted(texts)
        seen = drawn(app)
        for key in [row.key for row in screen.keys.rows]:
            screen.keys.cursor = key
            await pilot.pause()
            seen += drawn(app)
            opened = await opened_key(pilot)
            seen += drawn(app)
            assert isinstance(app.screen, KeyScreen) and opened.error is None
            await pilot.press("enter", "escape")
            await until(pilot, lambda: app.screen is screen, "the keys again")
        assert app.is_running and app.return_code is None
    assert not {letter for letter in seen if letter != "\n" and not letter.isprintable()} - set("\u200d\ufe0f")
    assert seen.isascii() or not ascii
    if size[0] >= 80:
        assert "[@click=app.quit]x[/]" in seen


def page(*keys: str, more: bool = True) -> KeyPage:
    after = Place(0, keys[-1]) if more and keys else None
    return KeyPage(tuple(KeyRow(row_key(key), key) for key in keys), after, NOW, Provenance("x"))


def natural(pages: Pages) -> Sequence[str]:
    return [row.natural_key for row in pages.rows]


def test_pages_join_where_keys_have_come_and_gone() -> None:
    pages = Pages().placed(0, page("a", "b")).placed(1, page("c", "d")).placed(2, page("e", "f"))
    pages = pages.placed(3, page("g", "h", more=False))
    assert natural(pages) == ["c", "d", "e", "f", "g", "h"] and pages.has_earlier and not pages.has_more
    assert [pages.number_of(row_key(key)) for key in ("a", "c", "h")] == [None, 2, 4]
    back = pages.placed(0, page("b", "c"))
    assert natural(back) == ["b", "c", "d", "e", "f"], "a key that two pages have is told once"
    assert back.first == 0 and back.has_more and back.starts[back.next] == Place(0, "f")
    alone = pages.placed(2, page("e", "x"))
    assert natural(alone) == ["e", "x"] and alone.first == 2 and alone.starts[3] == Place(0, "x")


async def test_all_keys_of_the_filter_are_planned_for_together(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = small_scd2()
    opened = stand_in(monkeypatch, "gcms_tui.console.writing.batch_dialog", "BatchDialog")
    async with console(state, small).run_test(size=LARGE) as pilot:
        await keys_of(pilot)
        await pilot.press("B")
        await until(pilot, lambda: bool(opened.calls), "the dialog")
    assert small.repairs.proposed == [("batch", ATTENDANCE, "")]


async def test_in_read_only_no_batch_is_offered(state: Path) -> None:
    small = small_scd2(read_only=True)
    async with console(state, small).run_test(size=LARGE) as pilot:
        screen = await keys_of(pilot)
        assert screen.refusal("batch") and screen.pointless("batch")
