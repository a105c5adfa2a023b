"""A desk that writes, over a key in memory: the guarded write and its doubts are the real ones, the outside is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.query import Access, Answer, Statement
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.scd2.proof import KeyCheck, TestCheck, judge_tests
from gcms_tui.core.scd2.scan import GroupOrder
from gcms_tui.core.scd2.table import InForce
from gcms_tui.core.scd2.version import NAMED, Convention
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, SETTLED, Anchor, ChainReport, Entry, hash_of, verify
from gcms_tui.core.writing.lease import LeaseHolder
from gcms_tui.core.writing.plan import Plan, PlanKind, RowChange, Step, canonical, rows_of
from gcms_tui.core.writing.written import SessionIdentity, Written
from gcms_tui.operations.runs import DbtRuns
from gcms_tui.operations.scd2.desk import RepairBench, Scd2Desk
from gcms_tui.operations.scd2.repairs import Batch, RefusedKey, Scd2Repairs
from gcms_tui.operations.scd2.verification import Verification
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites
from gcms_tui.operations.writing.ports import KeptPlan
from tests.console.scripted_run import ANNA, GREEN
from tests.console.small_platform import NOON, Clock
from tests.console.small_runs import SmallDesk, small_desk
from tests.console.small_scd2 import NoCauses, NoCorrections, moment, small_scd2
from tests.operations.memory import MemoryWarehouse, ShippedQueries
from tests.operations.memory_book import still_open

KEY, TABLE = "27-14-311", "bronze.br_attendance_scd2"


def row(scd_id: str, begin: str, end: str | None = None, *, current: bool = True) -> tuple[Any, ...]:
    """One version, in the order of `NAMED`."""
    stamp = moment(f"{begin} 03:10:00")
    return (scd_id, moment(begin), moment(end), current, stamp, stamp, stamp)


BEFORE = (row("9f31c0aa41d2", "2026-02-16"), row("1b7e55d09c3f", "2026-01-12"))
AFTER = (BEFORE[0], row("1b7e55d09c3f", "2026-01-12", "2026-02-15", current=False))


def look_at(key: str) -> Statement:
    return Statement("scd2_key_versions", "queries/scd2_key_versions.sql", "SELECT … WHERE natural_key = ?", (key,))


def answer(rows: Sequence[tuple[Any, ...]]) -> Answer:
    return Answer(NAMED, tuple(rows), "01b2c3d4-0000-0001", NOON, 12)


def repair(key: str = KEY, *, made_at: datetime = NOON, target: str = "sandbox", backup: bool = True) -> Plan:
    """Closes one of the key's two current versions."""
    before, after = (rows_of(answer(rows), NAMED, ()) for rows in (BEFORE, AFTER))
    after = (after[0], after[1].but(updated_at=None))
    close = Statement(
        "scd2_close_version",
        "queries/scd2_close_version.sql",
        'UPDATE "BRONZE"."BR_ATTENDANCE_SCD2"\nSET is_current = FALSE, effective_to = TO_TIMESTAMP_NTZ(?)\n'
        "WHERE scd_id = ?",
        ("2026-02-15 00:00:00.000000000", "1b7e55d09c3f"),
        Access.WRITE,
    )
    plan = Plan(
        PlanKind.REPAIR,
        target,
        TABLE,
        key,
        key,
        (Step(close, 1),),
        made_at,
        ANNA,
        look=look_at(key),
        named=NAMED,
        set_when_applied=("updated_at",),
        before=before,
        after=after,
        changes=(RowChange("1b7e55d09c3f", before[1], after[1], "ends where 9f31c0aa41d2 begins"),),
        winner="9f31c0aa41d2",
        reason="recorded last, 2026-02-16 03:10:00",
    )
    return replace(plan, backup=clone(plan)) if backup else plan


def clone(plan: Plan) -> Plan:
    name = "BRONZE_BACKUP.BR_ATTENDANCE_SCD2_20260302_120000_1A2B3C4D5E"
    asked = [
        Statement("row_count", "queries/row_count.sql", f"SELECT COUNT(*) FROM {table}") for table in (TABLE, name)
    ]
    made = Statement("clone_table", "queries/clone_table.sql", f"CREATE TABLE {name} CLONE {TABLE}", (), Access.WRITE)
    return Plan(PlanKind.BACKUP, plan.target, TABLE, name, name, (Step(made),), plan.made_at, ANNA, alike=tuple(asked))


class SmallBook:
    """A journal whose chain is a real one."""

    def __init__(self) -> None:
        self.kept: list[Entry] = []
        self.error: GcmsError | None = None
        """What reading and writing end with."""
        self.anchors: tuple[Anchor, ...] = ()
        self.heard: Callable[[Entry], object] = lambda entry: None
        """Hears every entry."""

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        if self.error is not None:
            raise self.error
        number = len(self.kept) + 1
        said = {
            "sequence": number,
            "at": f"{NOON + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S}.000000+00:00",
            "user": ANNA.user,
            "host": ANNA.host,
            "ssh_client": ANNA.ssh_client,
            "kind": kind,
            "subject": subject,
            "payload": canonical(payload),
            "previous": self.kept[-1].own if self.kept else FIRST,
        }
        entry = Entry(**said, own=hash_of(said))  # type: ignore[arg-type]
        self.kept.append(entry)
        self.heard(entry)
        return entry

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry | None:
        there = any((entry.kind, entry.subject) == (kind, subject) for entry in self.kept)
        return None if there else self.append(kind, subject, payload)

    def entries(self, limit: int = 200, *, before: int | None = None, kind: str = "") -> tuple[Entry, ...]:
        if self.error is not None:
            raise self.error
        newest = [entry for entry in reversed(self.kept) if before is None or entry.sequence < before]
        return tuple(newest[:limit])

    def about(self, subject: str) -> tuple[Entry, ...]:
        found = tuple(entry for entry in self.kept if entry.subject == subject)
        if not found:
            raise UsageError("No such entry", subject)
        return found

    def of(self, subjects: Iterable[str]) -> dict[str, tuple[Entry, ...]]:
        wanted = {subject: tuple(entry for entry in self.kept if entry.subject == subject) for subject in subjects}
        return {subject: entries for subject, entries in wanted.items() if entries}

    def entry(self, sequence: int) -> Entry:
        return self.kept[sequence - 1]

    def open_intents(self) -> tuple[Entry, ...]:
        if self.error is not None:
            raise self.error
        return self.open_of(INTENT, (OUTCOME, SETTLED))

    def open_of(self, kind: str, ended_by: Sequence[str]) -> tuple[Entry, ...]:
        return still_open(self.kept, kind, ended_by)

    def verify(self, anchors: Sequence[Anchor] = ()) -> ChainReport:
        return verify(self.kept, (*self.anchors, *anchors))

    def anchor_now(self) -> Anchor:
        return Anchor(len(self.kept), self.kept[-1].own, self.kept[-1].at, "journal-anchor.json")


class SmallPlans:
    """The shelf."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptPlan] = {}

    def keep(self, plan: Plan, *, batch: str = "") -> None:
        self.kept.setdefault(plan.plan_id, KeptPlan(plan, batch=batch))

    def get(self, reference: str) -> KeptPlan:
        if reference not in self.kept:
            raise UsageError("No such plan", reference)
        return self.kept[reference]

    def claim(self, plan_id: str, write_id: str, now: datetime) -> None:
        self.kept[plan_id] = replace(self.kept[plan_id], used_by=write_id, used_at=now)

    def batch(self, batch: str) -> tuple[KeptPlan, ...]:
        return tuple(one for one in self.kept.values() if one.batch == batch)

    def newest(self, limit: int = 100) -> tuple[KeptPlan, ...]:
        return tuple(self.kept.values())[:limit]


@dataclass
class SmallLease:
    holder: LeaseHolder
    leases: SmallLeases
    takeover: str = ""

    def require_held(self) -> None:
        pass

    def release(self) -> None:
        self.leases.alive.pop(self.holder.name, None)


@dataclass
class SmallLeases:
    alive: dict[str, LeaseHolder] = field(default_factory=dict)

    def take(self, name: str, purpose: str) -> SmallLease:
        if name in self.alive:
            raise Refused(
                "Somebody writes", f"{self.alive[name].person} holds it.", "Wait for their end.", guard="lease"
            )
        self.alive[name] = LeaseHolder(name, ANNA, 4711, purpose, NOON, NOON, "token")
        return SmallLease(self.alive[name], self)

    def held(self, prefix: str = "") -> tuple[LeaseHolder, ...]:
        return tuple(holder for name, holder in self.alive.items() if name.startswith(prefix))


class SmallSession:
    """One connection to the key: a transaction that is seen by others once it is committed."""

    query_tag = "gcms-tui write"
    identity = SessionIdentity("anna", "GCMS_REPAIR", "4711")

    def __init__(self, access: SmallAccess) -> None:
        self._access = access
        self._rows = access.rows

    def read(self, statement: Statement) -> Answer:
        if statement.query == "row_count":
            return Answer(("row_count",), ((2,),), None, NOON, 1)
        return answer(self._rows)

    def run(self, statement: Statement, request_id: str) -> Written:
        if self._access.gate is not None:
            assert self._access.gate.wait(30), "the test never let the write go on"
        self._access.ran.append(statement.sql)
        if statement.query == "scd2_close_version":
            self._rows = AFTER
        return Written(0 if statement.query == "clone_table" else self._access.touches, 0, None, 3)

    def begin(self) -> None:
        self._access.ran.append("BEGIN")

    def commit(self, request_id: str) -> str | None:
        self._access.ran.append("COMMIT")
        if not self._access.lost:
            self._access.rows = self._rows if self._access.commits else self._access.rows
        if self._access.error is not None:
            raise self._access.error
        return None

    def rollback(self) -> None:
        self._access.ran.append("ROLLBACK")

    def close(self) -> None:
        self._access.closed.set()


@dataclass
class SmallAccess:
    """The warehouse's side: what it holds, what was run, and what a test wants to go wrong."""

    rows: tuple[tuple[Any, ...], ...] = BEFORE
    ran: list[str] = field(default_factory=list)
    touches: int = 1
    """Rows that each statement touches."""
    error: GcmsError | None = None
    """What COMMIT ends with."""
    lost: bool = False
    """COMMIT was not carried out."""
    commits: bool = True
    """A committed key is seen from then on; False where each key of a batch begins as the first."""
    gate: threading.Event | None = None
    """What each statement waits for."""
    closed: threading.Event = field(default_factory=threading.Event)

    def open(self, write_id: str) -> SmallSession:
        return SmallSession(self)


class SmallRepairs(Scd2Repairs):
    """Proposes what a test has made; applies by the real guards."""

    def __init__(self, writes: GuardedWrites, plans: SmallPlans, clock: Clock) -> None:
        self._writes = writes
        self._plans = plans
        self._clock = clock
        self.undone: list[str] = []

    def convention(self, name: str) -> InForce:
        return InForce(Convention.DAY_BEFORE)

    def propose(self, name: str, natural_key: str, *, keep: str | None = None, supersede: bool = False) -> Plan:
        return self._kept(repair(natural_key, made_at=self._clock()))

    def propose_undo(self, write_id: str) -> Plan:
        self.undone.append(write_id)
        made = repair(made_at=self._clock())
        return self._kept(
            replace(
                made,
                kind=PlanKind.UNDO,
                before=made.after,
                after=made.before,
                changes=tuple(RowChange(one.label, one.after, one.before, "as it was") for one in made.changes),
                winner="",
                reason=f"takes back {write_id}",
                undoes=write_id,
            )
        )

    def propose_batch(
        self, name: str, *, containing: str = "", order: GroupOrder = GroupOrder.KEY, most: int = 500
    ) -> Batch:
        plans = tuple(repair(f"27-{number}-311", made_at=self._clock(), backup=False) for number in (14, 88, 131))
        for plan in plans:
            self._plans.keep(plan, batch="batch-1a2b3c4d")
        tie = Refused("A full tie", "2 current versions were recorded at the same moment.", "Choose.", guard="tie")
        return Batch("batch-1a2b3c4d", TABLE, plans, (RefusedKey("27-190-312", tie),))

    def _backup_for(self, plan: Plan, reason: str, on_step: Any) -> str:
        return clone(plan).subject


class SmallVerification(Verification):
    """The key's check as a test wants it; the tests are a run in memory."""

    def __init__(self, book: SmallBook, dbt: SmallDesk) -> None:
        self._journal = book
        self._dbt = dbt
        self.key: KeyCheck | GcmsError = KeyCheck(2, 1, {})

    @property
    def runs(self) -> DbtRuns:
        return self._dbt.runs

    def check_key(self, name: str, natural_key: str, in_force: InForce) -> KeyCheck:
        if isinstance(self.key, GcmsError):
            raise self.key
        return self.key

    def preview_tests(self, name: str) -> Preview:
        return self._dbt.runs.preview(DbtCommand("test", ("br_attendance_scd2",)))

    def start_tests(self, preview: Preview) -> Run:
        return self._dbt.runs.start(preview, preview.confirmation)

    def tests_of(self, run_id: str) -> TestCheck:
        return judge_tests(self._dbt.shelf.results(run_id), run_id)


@dataclass(frozen=True, slots=True)
class SmallWriting:
    """A desk, and the handles a test holds it by."""

    desk: Scd2Desk
    book: SmallBook
    plans: SmallPlans
    leases: SmallLeases
    access: SmallAccess
    repairs: SmallRepairs
    verification: SmallVerification
    warehouse: MemoryWarehouse
    dbt: SmallDesk
    clock: Clock

    def propose(self) -> Plan:
        return self.repairs.propose(TABLE, KEY)


def small_writing(root: Path, *, read_only: bool = False, target: str = "sandbox") -> SmallWriting:
    clock, book, plans, leases, access = Clock(), SmallBook(), SmallPlans(), SmallLeases(), SmallAccess()
    dbt = small_desk(root, clock=clock)
    dbt.runs.nodes = GREEN
    warehouse = MemoryWarehouse()
    warehouse.on("query_history_by_tag", ())
    writes = GuardedWrites(target, access=access, plans=plans, leases=leases, journal=book, clock=clock)
    repairs, verification = SmallRepairs(writes, plans, clock), SmallVerification(book, dbt)
    why = "gcms.toml does not allow writing" if read_only else ""
    doubts = Doubts(
        target,
        journal=book,
        plans=plans,
        leases=leases,
        warehouse=LookingWarehouse(warehouse, access),
        queries=ShippedQueries(),
        read_only_reason=why,
    )
    bench = None if read_only else RepairBench(repairs, verification)
    desk = Scd2Desk(small_scd2().desk.browser, book, doubts, bench, why, causes=NoCauses(), corrections=NoCorrections())
    return SmallWriting(desk, book, plans, leases, access, repairs, verification, warehouse, dbt, clock)


@dataclass
class LookingWarehouse:
    """Reads the key as it was committed; everything else as it is told."""

    inner: MemoryWarehouse
    access: SmallAccess

    def read(self, statement: Statement) -> Answer:
        if statement.query == "scd2_key_versions":
            return answer(self.access.rows)
        return self.inner.read(statement)

    def close(self) -> None:
        pass
