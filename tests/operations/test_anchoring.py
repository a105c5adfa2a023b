"""The journal's head in the warehouse: what is run for it, what is read of it, and that no write fails by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from gcms_tui.core.errors import CommitUnknown, GcmsError, MissingRelation, StatementFailed, Unavailable
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Schema
from gcms_tui.core.query import Statement
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, Anchor, Entry, hash_of, verify
from gcms_tui.core.writing.plan import canonical
from gcms_tui.core.writing.written import Written
from gcms_tui.operations.writing.anchoring import WarehouseAnchors
from gcms_tui.operations.writing.guarded_write import GuardedWrites, Outcome
from gcms_tui.operations.writing.ports import WriteSession
from tests.console.small_platform import Clock
from tests.console.small_writing import KEY, SmallAccess, SmallBook, SmallLeases, SmallPlans, SmallSession, repair
from tests.operations.memory import MemoryWarehouse, ShippedQueries

HEAD = Anchor(7, "ab" * 32, "2026-03-01T09:00:00.000005+00:00")


@dataclass
class AnchorAccess(SmallAccess):
    """A warehouse that has no table of heads until it is made."""

    there: bool = False
    inserted: list[tuple[object, ...]] = field(default_factory=list)

    def open(self, write_id: str) -> AnchorSession:
        assert write_id == "anchor-7"
        return AnchorSession(self)


class AnchorSession(SmallSession):
    def __init__(self, access: AnchorAccess) -> None:
        super().__init__(access)
        self._anchors = access

    def run(self, statement: Statement, request_id: str) -> Written:
        self._anchors.ran.append(statement.query)
        if statement.query == "create_journal_anchors":
            self._anchors.there = True
        if statement.query == "insert_journal_anchor":
            if not self._anchors.there:
                raise MissingRelation("No such table", "gcms_ops.journal_anchor", code=2003)
            self._anchors.inserted.append(statement.binds)
        return Written(1, 0, None, 1)


def anchors(warehouse: MemoryWarehouse, access: SmallAccess | None = None) -> WarehouseAnchors:
    schema = Schema.parse("gcms_ops")
    return WarehouseAnchors(schema, "mine", warehouse=warehouse, queries=ShippedQueries(), access=access)


def test_the_table_is_made_when_the_first_head_is_kept() -> None:
    access = AnchorAccess()
    kept = anchors(MemoryWarehouse(), access)
    kept.add(HEAD)
    assert access.ran == [
        *("insert_journal_anchor", "create_schema", "create_journal_anchors", "insert_journal_anchor")
    ]
    kept.add(HEAD)
    assert access.ran[4:] == ["insert_journal_anchor"]
    assert access.closed.is_set()
    assert [binds[:3] for binds in access.inserted] == [("mine", 7, HEAD.head)] * 2
    assert not anchors(MemoryWarehouse()).writable


def test_heads_are_read_and_no_table_is_none() -> None:
    warehouse = MemoryWarehouse()
    row: dict[str, Scalar] = {"entry_count": 7, "head": HEAD.head, "anchored_at": "2026-03-01 09:00:00"}
    warehouse.on("journal_anchors", (row,))
    place = "gcms_ops.journal_anchor in Snowflake"
    assert anchors(warehouse).known() == (Anchor(7, HEAD.head, "2026-03-01 09:00:00", place),)
    assert warehouse.asked[-1].binds == ("mine",)
    warehouse.on("journal_anchors", MissingRelation("No such table", "it is not there"))
    assert anchors(warehouse).known() == ()
    warehouse.on("journal_anchors", ({**row, "entry_count": None},))
    with pytest.raises(StatementFailed, match="what the console does not write"):
        anchors(warehouse).known()


def chain(count: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, count + 1):
        entry = Entry(number, HEAD.at, "ana", "ops1", "", "k", f"s{number}", canonical({"n": number}), FIRST, "")
        entry = replace(entry, previous=entries[-1].own if entries else FIRST)
        said = {name: getattr(entry, name) for name in Entry.__dataclass_fields__ if name != "own"}
        entries.append(replace(entry, own=hash_of(said)))
    return entries


def test_of_two_anchors_at_one_entry_both_are_compared() -> None:
    entries = chain(3)
    good = Anchor(2, entries[1].own, HEAD.at, "the file")
    bad = Anchor(2, "0" * 64, HEAD.at, "the warehouse")
    for both in ((good, bad), (bad, good)):
        report = verify(entries, both)
        assert (report.broken_at, report.proven) == (2, False)
        assert report.problem.startswith("the warehouse knew another entry")
    assert verify(entries, (good,)).proven
    for nothing in ((), (Anchor(0, FIRST, HEAD.at),)):
        report = verify(entries, nothing)
        assert (report.whole, report.proven) == (True, False)
    assert not replace(verify(entries, (good,)), unread=("the file is damaged",)).proven


# -- after a write ---------------------------------------------------------------------------------------------------


def writes(access: SmallAccess, book: SmallBook, after: Callable[[WriteSession], str]) -> GuardedWrites:
    plans, clock = SmallPlans(), Clock()
    plans.keep(repair(backup=False))
    return GuardedWrites(
        "sandbox",
        access=access,
        plans=plans,
        leases=SmallLeases(),
        journal=book,
        clock=clock,
        after_applied=after,
    )


def test_what_follows_a_write_has_its_session_and_its_outcome_in_the_journal() -> None:
    access, book, seen = SmallAccess(), SmallBook(), list[object]()

    def after(session: WriteSession) -> str:
        seen.extend((session.query_tag, access.closed.is_set(), [entry.kind for entry in book.entries()]))
        return ""

    ended = writes(access, book, after).apply(repair(backup=False).plan_id, KEY, "two runs collided")
    assert ended.outcome is Outcome.APPLIED
    assert seen == ["gcms-tui write", False, [OUTCOME, INTENT]]


@pytest.mark.parametrize("error", [Unavailable("No answer", "the line was cut"), RuntimeError("a bug")])
def test_what_follows_a_write_cannot_make_it_fail(error: Exception) -> None:
    """It is told as a step: a note would cast doubt on the outcome."""
    told: list[str] = []

    def after(session: WriteSession) -> str:
        if isinstance(error, GcmsError):
            return f"not kept in the warehouse: {error.message}"
        raise error

    ended = writes(SmallAccess(), SmallBook(), after).apply(
        repair(backup=False).plan_id, KEY, "two runs collided", told.append
    )
    assert (ended.outcome, ended.note) == (Outcome.APPLIED, "")
    assert ("line was cut" if isinstance(error, GcmsError) else "RuntimeError: a bug") in told[-1]


def test_nothing_follows_a_write_in_doubt() -> None:
    access, followed = SmallAccess(error=CommitUnknown("No answer to COMMIT", "cut")), list[object]()

    def after(session: WriteSession) -> str:
        followed.append(session)
        return ""

    ended = writes(access, SmallBook(), after).apply(repair(backup=False).plan_id, KEY, "two runs collided")
    assert (ended.outcome, followed) == (Outcome.IN_DOUBT, [])
