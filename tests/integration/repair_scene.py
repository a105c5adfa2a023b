"""A warehouse of its own with one SCD2 table, and everything that repairs it, over a line that a test can spoil."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from gcms_tui.adapters.absent import AbsentDbtProject
from gcms_tui.adapters.person import who_asks
from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess
from gcms_tui.adapters.store.opening import Store, open_store
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import Scd2TableSettings, Settings, SnowflakeSettings
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.scd2.browse import Scd2Browser
from gcms_tui.operations.scd2.planning import Planner
from gcms_tui.operations.scd2.repairs import Scd2Repairs
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import Ended, Guard, GuardedWrites
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.sandbox.warehouse.client import PASSWORD, USER, free_port
from tests.wire import Wire

TABLE = "versions_scd2"
KEY = "k"
REASON = "two runs collided"
PATIENT = SnowflakeSettings(login_timeout_s=20, network_timeout_s=30, statement_timeout_s=30, write_timeout_s=30)
HASTY = SnowflakeSettings(login_timeout_s=20, network_timeout_s=4, statement_timeout_s=30, write_timeout_s=6)
"""Where what is waited for never comes."""
COLUMNS = (
    "scd_id VARCHAR, natural_key VARCHAR, status VARCHAR, amount NUMBER(12, 2), effective_from {0}, effective_to {0}, "
    "is_current BOOLEAN, recorded_at TIMESTAMP_NTZ, inserted_at TIMESTAMP_NTZ, updated_at TIMESTAMP_NTZ"
)

Values = tuple[Any, ...]
"""scd_id, natural_key, begin, end, is_current, recorded_at, inserted_at; moments as text, None for NULL."""


@dataclass(repr=False)
class Scene:
    """One console's way to the table."""

    wire: Wire
    store: Store
    repairs: Scd2Repairs
    doubts: Doubts
    browser: Scd2Browser
    warehouse: SnowflakeWarehouse
    table: str = TABLE
    guards: list[Guard] = field(default_factory=list)

    # -- the rows ----------------------------------------------------------------------------------------------------

    def fill(self, rows: Sequence[Values], *, moments: str = "TIMESTAMP_NTZ") -> None:
        """The table with just these rows, and one of another key that nobody may touch."""
        self.ask(f"CREATE OR REPLACE TRANSIENT TABLE bronze.{self.table} ({COLUMNS.format(moments)})")
        everything = [*rows, ("other-1", "other", "2026-01-01", None, True, "2026-01-01", "2026-01-01")]
        marks = ", ".join(
            f"(?, ?, ?::{moments}, ?::{moments}, ?, ?::TIMESTAMP_NTZ, ?::TIMESTAMP_NTZ)" for _ in everything
        )
        self.ask(
            f"INSERT INTO bronze.{self.table} SELECT column1, column2, 'present', 1.10, column3, column4, column5, "
            f"column6, column7, column7 FROM VALUES {marks}",
            *(value for row in everything for value in row),
        )

    def rows(self) -> list[Values]:
        """Every row as the plain connector reads it, whatever the console thinks of it."""
        return sorted(self.ask(f"SELECT * FROM bronze.{self.table}"), key=repr)

    def ask(self, sql: str, *values: Any) -> list[Values]:
        return self.wire.run(sql, *values)

    # -- the console -------------------------------------------------------------------------------------------------

    def plan(self, key: str = KEY, **options: Any) -> Plan:
        return self.repairs.propose(self.table, key, **options)

    def apply(self, plan: Plan) -> Ended:
        return self.repairs.apply(plan.plan_id, plan.confirmation, REASON)

    def kinds(self) -> list[str]:
        """Of the journal, oldest first."""
        return [entry.kind for entry in reversed(self.store.journal.entries())]


def pair(first: str = "a", second: str = "b", key: str | None = KEY) -> list[Values]:
    """Two current versions of one key, ten days apart."""
    return [
        (first, key, "2026-01-01", None, True, "2026-01-01 08:00:00", "2026-01-02"),
        (second, key, "2026-01-11", None, True, "2026-01-11 08:00:00", "2026-01-12"),
    ]


@contextmanager
def warehouse(directory: Path, port: int | None = None) -> Iterator[WarehouseProcess]:
    """With the schemas that the table and its backups are in."""
    options = ("--database", "GCMS")
    with WarehouseProcess.start(directory, port or free_port(), USER, PASSWORD, options=options) as server:
        yield server.wait_ready()


class Served(Protocol):
    """Where a warehouse answers."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


@contextmanager
def scene(server: Served, state_dir: Path, **wiring: Any) -> Iterator[Scene]:
    """A console over a line of its own. Two of one `state_dir` share the store."""
    arguments = {"account": "acc", "user": USER, "password": PASSWORD, "host": server.host, "port": server.port}
    with Wire.to({**arguments, "protocol": "http", "database": "GCMS", "schema": "PUBLIC"}) as wire:
        wire.run("CREATE SCHEMA IF NOT EXISTS bronze")
        opened = _opened(wire, state_dir, **wiring)
        try:
            yield opened
        finally:
            opened.warehouse.close()


def _opened(
    wire: Wire,
    state_dir: Path,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    table: str = TABLE,
    described: Scd2TableSettings | None = None,
    limits: SnowflakeSettings = PATIENT,
    env: dict[str, str] | None = None,
) -> Scene:
    described = described or Scd2TableSettings(Relation("BRONZE", table.upper()))
    settings = replace(Settings(), scd2=(described,), state_dir=state_dir, read_only=False, snowflake=limits)
    person = who_asks(os.environ)
    store = open_store(settings, {"XDG_DATA_HOME": str(state_dir / "data"), **(env or {})}, person, clock)
    queries, reads = QueryLibrary.load(), SnowflakeWarehouse(wire.credentials, PATIENT)
    absent = AbsentDbtProject(ConfigError("No dbt project", "none is here", ""))
    tables = Scd2Tables(settings, absent, reads, queries)
    browser = Scd2Browser(tables, reads, queries, store.journal)
    planner = Planner("test", warehouse=reads, queries=queries, person=person, clock=clock, backup_suffix="_BACKUP")
    guards: list[Guard] = []
    writes = GuardedWrites(
        "test",
        access=SnowflakeWriteAccess(wire.credentials, limits, lock_timeout_s=1),
        plans=store.plans,
        leases=store.leases,
        journal=store.journal,
        clock=clock,
        guards=(lambda plan: _ask(guards, plan),),
    )
    repairs = Scd2Repairs(tables, browser, planner, writes, plans=store.plans, journal=store.journal)
    doubts = Doubts(
        "test", journal=store.journal, plans=store.plans, leases=store.leases, warehouse=reads, queries=queries
    )
    return Scene(wire, store, repairs, doubts, browser, reads, table, guards)


def _ask(guards: Sequence[Guard], plan: Plan) -> None:
    for guard in guards:
        guard(plan)
