"""A console that backs tables up and brings them back, in memory: the store's ports of `write_scene`, and a warehouse
whose tables have columns, rows, kinds and grants."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from gcms_tui.core.backups.restore import Way
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, StatementFailed
from gcms_tui.core.finding import Scalar
from gcms_tui.core.identifier import Relation
from gcms_tui.core.query import Access, Answer, Statement
from gcms_tui.core.settings import BackupSettings, Settings
from gcms_tui.core.writing.plan import Plan
from gcms_tui.core.writing.written import Written
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.counting import RowCounts
from gcms_tui.operations.backups.listing import BackupList
from gcms_tui.operations.backups.looks import Cloner, TableLooks
from gcms_tui.operations.backups.restore_plans import RestorePlanner
from gcms_tui.operations.backups.restoring import Restored, Restoring
from gcms_tui.operations.backups.sets import BackupSets, Draft
from gcms_tui.operations.backups.tables import BackupTables
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import Guard, GuardedWrites
from tests.operations.memory import NOW, Clock, MemoryDbt, ShippedQueries
from tests.operations.memory_session import RELATION, Transactions, answer, there
from tests.operations.run_memory import ANA
from tests.operations.write_scene import MemoryChain, MemoryLeases, MemoryPlans

FACT, PLAYERS = "gold.fct_payment", "gold.dim_musician"
WHY = "weekly refresh"
_DDL = ("clone_", "create_", "swap_", "undrop_")

Cells = tuple[Scalar, ...]
Hook = Callable[["Vault"], object]


@dataclass
class Table:
    rows: list[Cells]
    columns: tuple[tuple[str, str], ...] = (("ID", "NUMBER"), ("NET", "NUMBER"))
    transient: str = "YES"
    kind: str = "BASE TABLE"
    grants: list[str] | None = field(default_factory=list)
    """None: the warehouse does not tell."""
    owner: str = "OPERATOR"
    """Empty: it does not tell that of it."""
    hidden: int = 0
    """Rows that a policy hides."""


@dataclass
class Vault:
    """What is committed. `on` lets anything happen just before a statement, or with `after ` in front just after it."""

    tables: dict[str, Table] = field(default_factory=dict)
    """By their quoted names."""
    dropped: dict[str, Table] = field(default_factory=dict)
    history: GcmsError | tuple[dict[str, Scalar], ...] = ()
    events: list[str] = field(default_factory=list)
    hooks: dict[str, list[Hook]] = field(default_factory=lambda: defaultdict(list))
    deaf: GcmsError | None = None
    """What every read of the warehouse ends with."""

    def on(self, event: str, *hooks: Hook) -> None:
        """Each time it comes to pass the next of `hooks` is called, and then none any more."""
        self.hooks[event] = list(hooks)

    def happens(self, event: str) -> None:
        if hooks := self.hooks.get(event):
            hooks.pop(0)(self)

    def __getitem__(self, name: str) -> Table:
        return self.tables[Relation.parse(name).sql]

    def __setitem__(self, name: str, table: Table) -> None:
        self.tables[Relation.parse(name).sql] = table

    def drop(self, name: str) -> None:
        sql = Relation.parse(name).sql
        self.dropped[sql] = self.tables.pop(sql)

    def read(self, statement: Statement) -> Answer:
        assert statement.access is Access.READ
        if self.deaf is not None:
            raise self.deaf
        self.happens(f"read {statement.query}")
        return _read(self, self.tables, statement)

    def close(self) -> None:
        pass

    def open(self, write_id: str) -> Session:
        self.events.append("open")
        return Session(self, f"tag {write_id}")


@dataclass
class Session(Transactions[Table]):
    base: Vault

    def read(self, statement: Statement) -> Answer:
        return self._done(statement.query, lambda: _read(self.base, self._tables, statement))

    def run(self, statement: Statement, request_id: str) -> Written:
        assert statement.access is Access.WRITE
        ddl = statement.query.startswith(_DDL)
        assert ddl is (self.mine is None), "DDL would commit an open transaction, and a change wants one"
        return self._done(statement.query, lambda: Written(_write(self.base, self._tables, statement), 0, "q", 1))


def _write(base: Vault, tables: dict[str, Table], statement: Statement) -> int:
    if statement.query == "create_schema":
        return 0
    first, *others = RELATION.findall(statement.sql)
    match statement.query:
        case "clone_table" | "clone_transient_table":
            source = there(tables, others[0])
            if first in tables:
                raise StatementFailed("Snowflake refused the query", f"Object {first} already exists.", code=2002)
            transient = "YES" if statement.query == "clone_transient_table" else "NO"
            if (source.transient, transient) == ("YES", "NO"):
                raise StatementFailed("Snowflake refused the query", "Transient object cannot be cloned", code=2120)
            tables[first] = Table(list(source.rows), source.columns, transient)
        case "swap_tables":
            tables[first], tables[others[0]] = there(tables, others[0]), there(tables, first)
        case "undrop_table":
            if first in tables:
                raise StatementFailed("Snowflake refused the query", f"{first} already exists", code=2002)
            tables[first] = there(base.dropped, first)
        case "overwrite_table":
            tables[first].rows = list(there(tables, others[0]).rows)
            return len(tables[first].rows)
        case _:
            raise NotImplementedError(statement.query)
    return 0


def _read(base: Vault, tables: dict[str, Table], statement: Statement) -> Answer:
    match statement.query:
        case "query_history_by_tag":
            if isinstance(base.history, GcmsError):
                raise base.history
            return answer(base.history)
        case "backup_tables":
            [schema] = statement.binds
            return answer(
                tuple(_standing(name, one) for name, one in tables.items() if name.startswith(f'"{schema}".'))
            )
        case "table_kind" | "table_columns" | "table_grants":
            found = tables.get('"{}"."{}"'.format(*statement.binds))
            return answer(_described(statement.query, found) if found else ())
    names = [there(tables, name).rows for name in dict.fromkeys(RELATION.findall(statement.sql))]
    match statement.query:
        case "row_count":
            return answer(({"row_count": len(names[0])},))
        case "table_differences":
            table, backup = names
            return answer(({"table_rows": len(table), "backup_rows": len(backup), **_between(table, backup)},))
        case "restore_state":
            table, before, backup = names
            since = {"added_since": _alone(table, before), "removed_since": _alone(before, table)}
            return answer(({"table_rows": len(table), **since, **_between(table, backup)},))
    raise NotImplementedError(statement.query)


def _between(table: Sequence[Cells], backup: Sequence[Cells]) -> dict[str, Scalar]:
    return {"only_in_table": _alone(table, backup), "only_in_backup": _alone(backup, table)}


def _alone(one: Sequence[Cells], other: Sequence[Cells]) -> int:
    return len(set(Counter(one).items()) - set(Counter(other).items()))


def _described(query: str, table: Table) -> tuple[dict[str, Scalar], ...]:
    if query == "table_kind":
        stored = len(table.rows) + table.hidden
        return ({"table_type": table.kind, "is_transient": table.transient, "row_count": stored},)
    if query == "table_columns":
        return tuple({"column_name": name, "data_type": kind} for name, kind in table.columns)
    if table.grants is None:
        raise MissingRelation("A table is missing", "TABLE_PRIVILEGES")
    own: dict[str, Scalar] = {"grantee": table.owner, "privilege": "OWNERSHIP", "is_own": table.owner == "OPERATOR"}
    others: list[dict[str, Scalar]] = [
        {"grantee": role, "privilege": "SELECT", "is_own": False} for role in table.grants
    ]
    return (own, *others) if table.owner else tuple(others)


def _standing(name: str, table: Table) -> dict[str, Scalar]:
    bare = name.rpartition(".")[2].strip('"')
    said: dict[str, Scalar] = {
        "row_count": len(table.rows),
        "created": NOW - timedelta(days=3),
        "table_owner": "SYSADMIN",
    }
    return {"table_name": bare, "is_transient": table.transient, **said}


class Ticking(Clock):
    """A millisecond later each time: no two plans are made at one moment."""

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Store:
    """What two consoles share."""

    clock: Clock = field(default_factory=Ticking)
    base: Vault = field(default_factory=Vault)

    def __post_init__(self) -> None:
        self.base[FACT] = Table([(1, 10), (2, 20), (2, 20)])
        self.base[PLAYERS] = Table([(1, 0)], transient="NO")
        self.journal = MemoryChain(events=self.base.events)
        self.leases, self.plans = MemoryLeases(self.base.events), MemoryPlans()


@dataclass
class Console:
    store: Store = field(default_factory=Store)
    tables: tuple[str, ...] = (FACT, PLAYERS)
    guards: list[Guard] = field(default_factory=list)
    read_only_reason: str = ""
    target: str = "sandbox"

    def __post_init__(self) -> None:
        store, queries, target = self.store, ShippedQueries(), self.target
        self.base, self.journal = store.base, store.journal
        settings = Settings(backups=BackupSettings(tuple(map(Relation.parse, self.tables))))
        named = BackupTables(settings, Scd2Tables(settings, MemoryDbt(), self.base, queries))
        looks, self.book = TableLooks(self.base, queries), BackupBook(target, self.journal)
        cloner = Cloner(target, looks, queries, ANA, store.clock)
        self.doubts = Doubts(
            target, journal=self.journal, plans=store.plans, leases=store.leases, warehouse=self.base, queries=queries
        )
        writes = GuardedWrites(
            target, access=self.base, plans=store.plans, leases=store.leases, journal=self.journal,
            clock=store.clock, guards=(self._ask,),
        )  # fmt: skip
        self.sets = BackupSets(
            self.book, named, looks, cloner, writes, plans=store.plans, journal=self.journal, leases=store.leases,
            doubts=self.doubts, clock=store.clock, suffix="_BACKUP",
        )  # fmt: skip
        planner = RestorePlanner(target, looks, cloner, queries, person=ANA, clock=store.clock, suffix="_BACKUP")
        self.restoring = Restoring(self.book, looks, planner, writes, plans=store.plans, journal=self.journal)
        self.counts = RowCounts(
            self.book, looks, journal=self.journal, clock=store.clock, alert_percent=10.0,
            read_only_reason=self.read_only_reason,
        )  # fmt: skip
        self.listing = BackupList(self.book, named, looks, "_BACKUP")

    def _ask(self, plan: Plan) -> None:
        for guard in self.guards:
            guard(plan)

    # -- what a person does -------------------------------------------------------------------------------------------

    def create(self, draft: Draft | None = None, **options: bool) -> dict[str, str]:
        """The clone of each table."""
        draft = draft or self.sets.propose(**options)
        made = self.sets.create(draft, draft.confirmation, WHY)
        assert made.complete
        return {one.table: one.clone for one in made.cloned}

    def restore(self, plan: Plan) -> Restored:
        return self.restoring.restore(plan.plan_id, plan.confirmation, "the refresh spoilt it")

    def spoilt(self, by: Way | None = None) -> Plan:
        """The fact is backed up, then a refresh spoils it, and bringing it back is planned."""
        clone = self.create()[FACT]
        self.base[FACT].rows = [(1, 10), (3, 30)]
        return self.restoring.plan(FACT, clone, by)

    def clones(self) -> list[str]:
        return sorted(name for name in self.base.tables if name.startswith('"GOLD_BACKUP"'))


def guard_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.guard


def raising(error: BaseException) -> Hook:
    def raise_it(_: Vault) -> None:
        raise error

    return raise_it
