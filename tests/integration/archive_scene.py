"""A payroll that has been recorded, over a warehouse whose fact can be cloned, and a line that a test can spoil.

Run as a program, `python -m tests.integration.archive_scene HOST PORT DIRECTORY` archives it and is killed where the
outcome would be written down.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import snowflake.connector

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess
from gcms_tui.adapters.store.journal import Journal
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Person
from gcms_tui.core.settings import SnowflakeSettings
from gcms_tui.core.writing.journal import OUTCOME, Entry
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.payroll.archiving import Archiving
from gcms_tui.operations.payroll.payments import PaymentReader
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import GuardedWrites
from tests.integration.repair_scene import PATIENT, Served
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.paid_run import recorded
from tests.operations.payroll.scene import CONCERT, TARGET, Scene
from tests.sandbox.warehouse.client import PASSWORD, USER
from tests.wire import Wire

FACT, CLONE = "gold.fct_musician_payment", "gold.fct_musician_payment_20260301"
WHY = "it was paid"
AMOUNTS = ("100.00", "33.33", "0.01")
_COLUMNS = (
    "concert_id NUMBER, musician_id NUMBER, pay_type VARCHAR, attended_services NUMBER, required_services NUMBER, "
    "gross_amount NUMBER(12, 2), deductions NUMBER(12, 2), net_amount NUMBER(12, 2), calculated_at TIMESTAMP_NTZ"
)
_DIMENSIONS = (
    "CREATE OR REPLACE TABLE gold.dim_musician AS SELECT column1 AS musician_id, 'M ' || column1 AS full_name, "
    "'M' AS last_name, column1::VARCHAR AS first_name, 'm' || column1 || '@example.org' AS email "
    "FROM VALUES (1), (2), (3)",
    "CREATE OR REPLACE TABLE gold.dim_concert AS SELECT column1 AS concert_id, 'C' AS title, "
    "'2026-02-20'::DATE AS concert_date FROM VALUES (7), (8)",
)


@dataclass
class OverTheLine(Scene):
    """The store's scene, with the real warehouse to read."""

    reads: SnowflakeWarehouse | None = None

    def reader(self) -> PaymentReader:
        assert self.reads is not None
        return PaymentReader(self.settings.payroll, self.reads, QueryLibrary.load())


@dataclass
class Vault:
    wire: Wire
    scene: OverTheLine
    archiving: Archiving
    doubts: Doubts

    @property
    def run(self) -> PayrollRun:
        return self.scene.book().get("last")

    def plan(self, suffix: str = "") -> Plan:
        return self.archiving.plan(self.run.run_id, suffix=suffix)

    def archive(self, plan: Plan) -> PayrollRun:
        return self.archiving.archive(self.run.run_id, plan.plan_id, CONCERT, WHY)[0]

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """As the plain connector reads them."""
        return sorted(self.wire.run(f"SELECT * FROM {table}"))


def build(wire: Wire, *amounts: str, transient: bool = True) -> None:
    """The fact as dbt builds it: another table each time. The other concert's amounts are nobody's affair."""
    rows = [(concert, number, amount) for concert in (7, 8) for number, amount in enumerate(amounts or AMOUNTS, 1)]
    values = ", ".join(
        f"({concert}, {number}, 'per_service', 4, 5, {amount}, 0, {amount}, '2026-02-21'::TIMESTAMP_NTZ)"
        for concert, number, amount in rows
    )
    run(
        wire,
        f"CREATE OR REPLACE {'TRANSIENT ' if transient else ''}TABLE {FACT} ({_COLUMNS})",
        f"INSERT INTO {FACT} SELECT * FROM VALUES {values}",
    )


def run(wire: Wire, *statements: str) -> None:
    """Past the line, one login for all of them."""
    with snowflake.connector.connect(**wire.warehouse) as connection:
        for statement in statements:
            connection.cursor().execute(statement)


@contextmanager
def line(server: Served) -> Iterator[Wire]:
    arguments = {"account": "acc", "user": USER, "password": PASSWORD, "host": server.host, "port": server.port}
    with Wire.to({**arguments, "protocol": "http", "database": "GCMS", "schema": "PUBLIC"}) as wire:
        yield wire


def prepare(server: Served, directory: Path) -> Path:
    """A recorded run, for tests to begin with a copy of."""
    with line(server) as wire:
        run(wire, "CREATE SCHEMA IF NOT EXISTS gold", *_DIMENSIONS)
        build(wire)
        with vault(server, directory) as here:
            recorded(here.scene, DiskFiles(directory / "files"))
    return directory


@contextmanager
def vault(server: Served, directory: Path, *, limits: SnowflakeSettings = PATIENT) -> Iterator[Vault]:
    with line(server) as wire:
        reads = SnowflakeWarehouse(wire.credentials, PATIENT)
        try:
            yield _opened(wire, directory, reads, limits)
        finally:
            reads.close()


def _opened(wire: Wire, directory: Path, reads: SnowflakeWarehouse, limits: SnowflakeSettings) -> Vault:
    scene = OverTheLine(directory, reads=reads)
    store, queries = scene.store(), QueryLibrary.load()
    writes = GuardedWrites(
        TARGET,
        access=SnowflakeWriteAccess(wire.credentials, limits, lock_timeout_s=1),
        plans=store.plans,
        leases=store.leases,
        journal=store.journal,
        clock=scene.clock,
    )
    archiving = Archiving(
        scene.settings.payroll, book=scene.book(), reader=scene.reader(), warehouse=reads, queries=queries,
        writes=writes, plans=store.plans, journal=store.journal, person=Person("erin", "ops-1"), clock=scene.clock,
    )  # fmt: skip
    doubts = Doubts(
        TARGET, journal=store.journal, plans=store.plans, leases=store.leases, warehouse=reads, queries=queries
    )
    return Vault(wire, scene, archiving, doubts)


@dataclass(frozen=True)
class Server:
    host: str
    port: int


def main(server: Served, directory: Path) -> None:
    append = Journal.append

    def killed(journal: Journal, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        if kind == OUTCOME:
            os.kill(os.getpid(), signal.SIGKILL)
        return append(journal, kind, subject, payload)

    with vault(server, directory) as here, patch.object(Journal, "append", killed):
        here.archive(here.plan())


if __name__ == "__main__":
    main(Server(sys.argv[1], int(sys.argv[2])), Path(sys.argv[3]))
