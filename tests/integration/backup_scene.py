"""A warehouse of its own with two tables, and everything that backs them up and brings them back, over a line that a
test can spoil. Run as a program, it is a console that kills itself at a chosen step: see `killing`.

`python -m tests.integration.backup_scene HOST PORT STATE_DIR` reads numbers: below 1,000 the step of a restore by swap,
from 1,000 on the step of a set of backups.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gcms_tui.adapters.absent import AbsentDbtProject
from gcms_tui.adapters.person import who_asks
from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.backups.backup_set import BackupSet
from gcms_tui.core.backups.restore import Way
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import BackupSettings, Settings, SnowflakeSettings
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.counting import RowCounts
from gcms_tui.operations.backups.listing import BackupList
from gcms_tui.operations.backups.looks import Cloner, TableLooks
from gcms_tui.operations.backups.restore_plans import RestorePlanner
from gcms_tui.operations.backups.restoring import Restored, Restoring
from gcms_tui.operations.backups.sets import BackupSets
from gcms_tui.operations.backups.tables import BackupTables
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites
from tests.integration.killing import _PORTS, Changing, Server, Steps, main
from tests.integration.repair_scene import PATIENT, Served
from tests.sandbox.warehouse.client import PASSWORD, USER
from tests.wire import Wire

FACT, PLAYERS = "gold.fct_payment", "gold.dim_musician"
WHY = "weekly refresh"
GOOD = [(1, "a", "10.00"), (2, "b", "20.00"), (2, "b", "20.00"), (3, None, "30.10")]
BAD = [(1, "a", "10.00"), (4, "x", "99.00")]
SETS_FROM = 1_000


@dataclass
class Scene:
    wire: Wire
    store: Store
    writes: GuardedWrites
    sets: BackupSets
    restoring: Restoring
    counts: RowCounts
    listing: BackupList
    book: BackupBook
    doubts: Doubts
    fact: str = FACT
    tables: tuple[str, ...] = field(default=())

    def build(self, table: str, rows: list[tuple[Any, ...]], *, transient: bool = True) -> None:
        """As dbt does: another table each time."""
        kind = "TRANSIENT " if transient else ""
        marks = ", ".join("(?, ?, ?::NUMBER(12, 2))" for _ in rows)
        self.wire.run(
            f"CREATE OR REPLACE {kind}TABLE {table} AS SELECT column1::NUMBER AS id, column2::VARCHAR AS name, "
            f"column3 AS net FROM VALUES {marks}",
            *(value for row in rows for value in row),
        )

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """As the plain connector reads them."""
        return sorted(((one, name, str(net)) for one, name, net in self.wire.run(f"SELECT * FROM {table}")), key=repr)

    def create(self) -> BackupSet:
        draft = self.sets.propose()
        return self.sets.create(draft, draft.confirmation, WHY)

    def backup_of(self, table: str) -> str:
        found = self.book.newest_complete()
        assert found is not None
        return next(one.clone for one in found.cloned if one.table == table)

    def spoilt(self, way: Way) -> Plan:
        """A refresh has spoilt the fact, which is backed up, and it is shown how it comes back."""
        self.build(self.fact, BAD)
        return self.restoring.plan(self.fact, self.backup_of(self.fact), way)

    def restore(self, plan: Plan) -> Restored:
        return self.restoring.restore(plan.plan_id, plan.confirmation, "the refresh spoilt it")


@contextmanager
def scene(
    server: Served, state_dir: Path, *, tables: tuple[str, ...] = (FACT, PLAYERS), limits: SnowflakeSettings = PATIENT
) -> Iterator[Scene]:
    """A console over a line of its own. Two of one `state_dir` share the store."""
    arguments = {"account": "acc", "user": USER, "password": PASSWORD, "host": server.host, "port": server.port}
    with Wire.to({**arguments, "protocol": "http", "database": "GCMS", "schema": "PUBLIC"}) as wire:
        wire.run("CREATE SCHEMA IF NOT EXISTS gold")
        reads = SnowflakeWarehouse(wire.credentials, PATIENT)
        try:
            yield _opened(wire, reads, state_dir, tables, limits)
        finally:
            reads.close()


def _opened(
    wire: Wire, reads: SnowflakeWarehouse, state_dir: Path, tables: tuple[str, ...], limits: SnowflakeSettings
) -> Scene:
    settings = Settings(backups=BackupSettings(tuple(map(Relation.parse, tables))), state_dir=state_dir)
    person, queries, suffix = who_asks(os.environ), QueryLibrary.load(), "_BACKUP"
    store = open_store(settings, {"XDG_DATA_HOME": str(state_dir / "data")}, person, _now)
    absent = AbsentDbtProject(ConfigError("No dbt project", "none is here", ""))
    named = BackupTables(settings, Scd2Tables(settings, absent, reads, queries))
    looks, book = TableLooks(reads, queries), BackupBook("test", store.journal)
    cloner = Cloner("test", looks, queries, person, _now)
    doubts = Doubts(
        "test", journal=store.journal, plans=store.plans, leases=store.leases, warehouse=reads, queries=queries
    )
    writes = GuardedWrites(
        "test",
        access=SnowflakeWriteAccess(wire.credentials, limits, lock_timeout_s=1),
        plans=store.plans,
        leases=store.leases,
        journal=store.journal,
        clock=_now,
    )
    sets = BackupSets(
        book, named, looks, cloner, writes, plans=store.plans, journal=store.journal, leases=store.leases,
        doubts=doubts, clock=_now, suffix=suffix,
    )  # fmt: skip
    planner = RestorePlanner("test", looks, cloner, queries, person=person, clock=_now, suffix=suffix)
    restoring = Restoring(book, looks, planner, writes, plans=store.plans, journal=store.journal)
    counts = RowCounts(book, looks, journal=store.journal, clock=_now, alert_percent=10.0)
    listing = BackupList(book, named, looks, suffix)
    return Scene(wire, store, writes, sets, restoring, counts, listing, book, doubts, tables[0], tables)


def _now() -> datetime:
    return datetime.now(UTC)


# -- as a program ----------------------------------------------------------------------------------------------------


def act(server: Server, state_dir: Path, kill_at: int) -> None:
    with scene(server, state_dir) as here:
        plan = here.spoilt(Way.SWAP) if kill_at < SETS_FROM else None
        steps = Steps(kill_at % SETS_FROM)
        for name in _PORTS:
            setattr(here.writes, name, Changing(getattr(here.writes, name), steps))
        if plan is not None:
            here.restore(plan)
        else:
            here.create()


if __name__ == "__main__":
    main(Server(sys.argv[1], int(sys.argv[2])), Path(sys.argv[3]), act)
