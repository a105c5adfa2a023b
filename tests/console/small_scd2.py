"""A desk of SCD2 tables over rows in memory: the browser is the real one, only the warehouse is not."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from gcms_tui.console.app import ConsoleApp
from gcms_tui.console.scd2.groups import GroupsScreen
from gcms_tui.console.scd2.key import KeyScreen
from gcms_tui.console.scd2.tables import Scd2Pane
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.scd2.scan import DEFECTS
from gcms_tui.core.scd2.version import NAMED
from gcms_tui.core.settings import Scd2TableSettings, Settings
from gcms_tui.operations.run_ports import Journal
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.cause import Causes
from gcms_tui.operations.scd2.corrections import Corrections
from gcms_tui.operations.scd2.desk import RepairBench, Scd2Desk
from gcms_tui.operations.scd2.repairs import Scd2Repairs
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.scd2.verification import Verification
from gcms_tui.operations.writing.doubts import Doubts
from tests.console.driving import comes_to_rest, until
from tests.operations.memory import MemoryDbt, MemoryWarehouse, Row, ShippedQueries
from tests.operations.memory_book import MemoryBook

ATTENDANCE, MUSICIAN, CONCERT = "br_attendance_scd2", "br_musician_scd2", "br_concert_scd2"
NO_MODELS = Manifest("target/manifest.json", "v12", {})


def moment(text: str | None) -> str | None:
    """`2026-01-10`, or with a time, as the warehouse keeps it."""
    if text is None:
        return None
    day, _, time = text.partition(" ")
    return f"{day} {time or '00:00:00'}.000000000"


def version(
    natural_key: str,
    scd_id: str | None,
    begin: str | None,
    end: str | None = None,
    *,
    current: bool | None = True,
    recorded: str = "2026-02-20 08:00:00",
    **columns: Scalar,
) -> Row:
    """A row of an SCD2 table, with three columns of its own."""
    return {
        "natural_key": natural_key,
        "scd_id": scd_id,
        "effective_from": moment(begin),
        "effective_to": moment(end),
        "is_current": current,
        "recorded_at": moment(recorded),
        "inserted_at": moment(recorded),
        "updated_at": moment(recorded),
        "services": 2,
        "remark": None,
        "musician_name": "Anna Meier",
        **columns,
    }


STORY: tuple[Row, ...] = (
    version("27-14-311", "9f31c0aa41d2", "2026-02-16", recorded="2026-02-16 03:10:00", services=4),
    version("27-14-311", "1b7e55d09c3f", "2026-01-12", recorded="2026-01-12 03:10:00"),
    version("27-14-311", "07aa3c1e8d40", "2025-11-03", "2026-01-11", current=False, recorded="2025-11-03 03:10:00"),
    version("27-88-311", "c2", "2026-02-01", recorded="2026-02-01 03:10:00"),
    version("27-88-311", "c1", "2026-01-01", recorded="2026-01-01 03:10:00"),
    version("27-88-311", "c0", "2026-01-01", recorded="2025-12-31 03:10:00"),
    version("27-131-312", "t1", "2026-01-20", remark="stage left", musician_name="Eva Lang"),
    version("27-131-312", "t2", "2026-01-20", remark="stage right"),
    version("31-5-400", "s1", "2026-01-20", recorded="2026-01-20 03:10:00"),
    version("31-5-400", "s1", "2026-01-20", recorded="2026-01-21 03:10:00"),
    version("40-1-1", "ok", "2026-01-01"),
)
"""Two current, three, two that tie, two rows of one id, and a key that is sound."""


class SmallWarehouse(MemoryWarehouse):
    """Answers over `rows`, as the statements of the library would."""

    def __init__(self, rows: Mapping[str, Sequence[Row]]) -> None:
        super().__init__()
        self.rows = {name: list(those) for name, those in rows.items()}
        self.on("table_columns", lambda statement: _columns())
        for query, answer in (
            ("scd2_integrity", self._integrity),
            ("scd2_duplicate_groups", self._groups),
            ("scd2_defective_keys", self._defective),
            ("scd2_key_versions", self._versions),
        ):
            self.on(query, answer)

    def _of(self, statement: Statement) -> list[Row]:
        return next((rows for name, rows in self.rows.items() if name.upper() in statement.sql), [])

    def _by_key(self, statement: Statement) -> dict[str, list[Row]]:
        keys: dict[str, list[Row]] = {}
        for row in self._of(statement):
            keys.setdefault(str(row["natural_key"]), []).append(row)
        return dict(sorted(keys.items()))

    def _integrity(self, statement: Statement) -> tuple[Row, ...]:
        rows, keys = self._of(statement), self._by_key(statement)
        ids = [row["scd_id"] for row in rows]
        counts: dict[str, Scalar] = dict.fromkeys(DEFECTS.values(), 0)
        counts["duplicate_current_keys"] = sum(_current(those) > 1 for those in keys.values())
        counts["no_current_keys"] = sum(_current(those) == 0 for those in keys.values())
        counts["rows_sharing_scd_id"] = sum(ids.count(scd_id) > 1 for scd_id in ids)
        closed: dict[str, Scalar] = {"closed_day_before": 41, "closed_same_instant": 0}
        return ({"row_count": len(rows), "key_count": len(keys), **counts, **closed},)

    def _groups(self, statement: Statement) -> tuple[Row, ...]:
        sort_by, containing, number, _, after, size = statement.binds
        found: list[Row] = []
        for key, rows in self._by_key(statement).items():
            current = sorted((row for row in rows if row["is_current"]), key=lambda row: str(row["recorded_at"]))
            if len(current) > 1 and str(containing).lower() in key.lower():
                newest = str(current[-1]["recorded_at"])
                order = {"count": len(current), "recency": int("".join(filter(str.isdigit, newest[:19])))}
                ids = [str(row["scd_id"]) for row in reversed(current)]
                found.append(
                    {
                        "natural_key": key,
                        "current_count": len(current),
                        "distinct_ids": len(set(ids)),
                        "newest_recorded_at": datetime.fromisoformat(f"{newest[:19]}+00:00"),
                        "scd_ids": ", ".join(ids),
                        "order_number": order.get(str(sort_by), 0),
                    }
                )
        found.sort(key=lambda row: (-int(str(row["order_number"])), str(row["natural_key"])))
        if number is not None:
            at = (-int(str(number)), str(after))
            found = [row for row in found if (-int(str(row["order_number"])), str(row["natural_key"])) > at]
        return tuple(found[: int(str(size))])

    def _defective(self, statement: Statement) -> tuple[Row, ...]:
        defect, after, _, size = statement.binds
        ids = [row["scd_id"] for row in self._of(statement)]
        found: list[Row] = []
        for key, rows in self._by_key(statement).items():
            number = len(rows) if _current(rows) == 0 else 0
            if defect == "shared_scd_id":
                number = sum(ids.count(row["scd_id"]) > 1 for row in rows)
            if number and (after is None or key > str(after)):
                found.append({"natural_key": key, "row_count": number})
        return tuple(found[: int(str(size))])

    def _versions(self, statement: Statement) -> tuple[Row, ...]:
        key = statement.binds[0]
        named = [row for row in self._of(statement) if row["natural_key"] == key]
        return tuple({**{name: row[name] for name in NAMED}, **_own(row)} for row in named)

    def _answer(self, rows: tuple[Row, ...], number: int) -> Answer:
        answer = super()._answer(rows, number)
        return replace(answer, columns=tuple(column.removeprefix(_OWN) for column in answer.columns))


_OWN = "the table's own "


def _own(row: Row) -> Row:
    """An answer may have two columns of one name, and a mapping may not."""
    return {f"{_OWN}{name}": value for name, value in row.items()}


def _current(rows: Sequence[Row]) -> int:
    return sum(bool(row["is_current"]) for row in rows)


def _columns() -> tuple[Row, ...]:
    moments = ("EFFECTIVE_FROM", "EFFECTIVE_TO", "RECORDED_AT", "INSERTED_AT", "UPDATED_AT")
    return tuple({"column_name": name, "data_type": "TIMESTAMP_NTZ"} for name in moments)


class SmallRepairs(Scd2Repairs):
    """Makes no plan. What was asked of it stands in its list."""

    def __init__(self) -> None:
        self.proposed: list[tuple[object, ...]] = []

    def propose(self, name: str, natural_key: str, *, keep: str | None = None, supersede: bool = False) -> Any:
        self.proposed.append(("repair", name, natural_key, keep, supersede))

    def propose_collapse(self, name: str, natural_key: str, scd_id: str) -> Any:
        self.proposed.append(("collapse", name, natural_key, scd_id))

    def propose_batch(self, name: str, **asked: Any) -> Any:
        self.proposed.append(("batch", name, asked.get("containing")))

    def propose_undo(self, write_id: str) -> Any:
        self.proposed.append(("undo", write_id))


class NoVerification(Verification):
    def __init__(self) -> None:
        pass


class NoDoubts(Doubts):
    def __init__(self) -> None:
        pass

    def open(self) -> tuple[Any, ...]:
        return ()


class NoCauses(Causes):
    def __init__(self) -> None:
        pass


class NoCorrections(Corrections):
    def __init__(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class SmallScd2:
    """A desk, and the handles a test holds it by."""

    desk: Scd2Desk
    warehouse: SmallWarehouse
    journal: MemoryBook
    repairs: SmallRepairs


class SmallJournal:
    """Takes what a reveal writes."""

    def __init__(self, book: MemoryBook) -> None:
        self._book = book

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        self._book.append(kind, subject, payload)

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        self._book.append_once(kind, subject, payload)

    def prepare(self) -> None:
        pass


def small_scd2(
    rows: Mapping[str, Sequence[Row]] | None = None, *, read_only: bool = False, closing: str | None = None
) -> SmallScd2:
    """A desk over these rows, a table for each name; over the story's where none are given."""
    rows = {ATTENDANCE: STORY, CONCERT: (version("1", "a", "2026-01-01"),), MUSICIAN: ()} if rows is None else rows
    settings = Settings(
        scd2=tuple(Scd2TableSettings(table=Relation("BRONZE", name.upper()), closing=closing) for name in rows)
    )
    warehouse, book, queries, repairs = SmallWarehouse(rows), MemoryBook(), ShippedQueries(), SmallRepairs()
    tables = Scd2Tables(settings, MemoryDbt(the_manifest=NO_MODELS), warehouse, queries)
    journal: Journal = SmallJournal(book)
    browser = Scd2Browser(tables, warehouse, queries, journal)
    bench = None if read_only else RepairBench(repairs, NoVerification())
    why = "gcms.toml does not allow writing" if read_only else ""
    desk = Scd2Desk(browser, book, NoDoubts(), bench, why, causes=NoCauses(), corrections=NoCorrections())
    return SmallScd2(desk, warehouse, book, repairs)


@dataclass
class Opened:
    """What was opened in the place of a screen or a dialog that is not looked at here."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    answer: Any = None


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, name: str, answer: Any = None) -> Opened:
    """Put a screen that closes by itself in the place of `module.name`; it makes its plan where it is to make one."""
    opened = Opened(answer=answer)

    class StandIn(ModalScreen[Any]):
        def __init__(self, *given: Any) -> None:
            super().__init__()
            opened.calls.append(given)
            if callable(given[-1]):
                given[-1]()

        def on_mount(self) -> None:
            self.dismiss(opened.answer)

    made = ModuleType(module)
    setattr(made, name, StandIn)
    monkeypatch.setitem(sys.modules, module, made)
    return opened


async def scd2_pane(pilot: Pilot[Any]) -> Scd2Pane:
    """Go to the pane and wait until every table was scanned."""
    await pilot.press("3")
    await until(pilot, lambda: isinstance(pilot.app.screen, Scd2Pane), "the pane")
    pane = pilot.app.screen
    assert isinstance(pane, Scd2Pane)
    await quiet(pilot, pane)
    return pane


async def quiet(pilot: Pilot[Any], pane: Scd2Pane) -> None:
    def done() -> bool:
        state = pane.state
        return not pane._loader.busy and not state.pending and bool(state.listed is not None or state.error)

    await comes_to_rest(pilot, done, "the end of scanning")


async def opened_keys(pilot: Pilot[Any]) -> GroupsScreen:
    """The keys of the focused table."""
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, GroupsScreen), "the keys")
    screen = pilot.app.screen
    assert isinstance(screen, GroupsScreen)
    await read(pilot, screen)
    return screen


async def opened_key(pilot: Pilot[Any]) -> KeyScreen:
    """The versions of the focused key."""
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, KeyScreen), "the key")
    screen = pilot.app.screen
    assert isinstance(screen, KeyScreen)
    await read(pilot, screen)
    return screen


async def read(pilot: Pilot[Any], screen: GroupsScreen | KeyScreen) -> None:
    def done() -> bool:
        if screen._loader.busy:
            return False
        if isinstance(screen, KeyScreen):
            return not screen._loader.asked_again and bool(screen.read or screen.error)
        return screen.shown == screen.asked or screen.error is not None

    await comes_to_rest(pilot, done, "the end of reading")


async def key_screen(pilot: Pilot[Any], small: SmallScd2, natural_key: str, name: str = ATTENDANCE) -> KeyScreen:
    """One key, opened outright."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    table = next(table for table in small.desk.browser.tables() if table.name == name)
    screen = KeyScreen(app.services, app.look, small.desk, table, natural_key)
    await pilot.pause()
    app.push_screen(screen)
    await read(pilot, screen)
    return screen
