"""A Postgres of its own with the payments of one concert, and a console that records them over a line that a test can
spoil."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.store.opening import Store
from gcms_tui.adapters.supabase_reader import SupabaseDatabase
from gcms_tui.adapters.supabase_writer import SupabaseWriteAccess
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.run import Person
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.writing.plan import Plan, PlanKind
from gcms_tui.operations.payroll.recording import Recording
from gcms_tui.operations.writing.doubts import Doubts
from gcms_tui.operations.writing.guarded_write import Ended, GuardedWrites
from gcms_tui.sandbox.database import DATABASE, ROLE, Database
from gcms_tui.sandbox.processes import choose_port
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.paid_run import released
from tests.operations.payroll.scene import CONCERT, TARGET, MemoryWarehouse, Scene, payment
from tests.postgres_wire import PostgresWire

PASSWORD = "planted-hunter2"
PAYER, LOOKER = "payer", "looker"
"""Logins: one that may record, and one that may only read."""
DAY = date(2026, 3, 1)
REASON = "paid by the bank today"
MUSICIANS = 20

Values = tuple[Any, ...]


class PaymentsServer:
    """Can be killed, and comes back at the same port."""

    def __init__(self, directory: Path) -> None:
        self.database = Database(directory / "postgres", choose_port(), Secret(PASSWORD), directory / "log")
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._owner: psycopg.Connection | None = None

    def create(self) -> None:
        self._runner.run(self.database.create())
        hba = self.database.data / "pg_hba.conf"
        hba.write_text(f"host {DATABASE} all 127.0.0.1/32 scram-sha-256\n")
        roles = "".join(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}';\n" for name in (PAYER, LOOKER))
        single = self.database._run("postgres", "--single", "-D", str(self.database.data), "postgres", text=roles)
        self._runner.run(single)

    def start(self) -> None:
        self._runner.run(self.database.start(self._stack))

    def kill(self) -> None:
        """At once, with all sessions, as a machine that fails."""
        os.kill(int((self.database.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)

    def come_back(self) -> None:
        self.stop()
        self._stack = AsyncExitStack()
        self.start()

    def stop(self) -> None:
        if self._owner is not None:
            self._owner.close()
            self._owner = None
        self._runner.run(self._stack.aclose())

    def close(self) -> None:
        self.stop()
        self._runner.close()

    def ask(self, sql: str, *values: Any) -> list[Values]:
        """A statement of somebody else's, who owns the table; committed at once."""
        if self._owner is None:
            self._owner = psycopg.connect(self.dsn(ROLE), autocommit=True)
        cursor = self._owner.execute(sql.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def dsn(self, user: str, port: int | None = None) -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port or self.database.port}/{DATABASE}"

    def fill(self, count: int = MUSICIANS, unique: bool = True) -> None:
        """The table with payments of the concert, one of another concert, and one more musician of this one."""
        self.ask(
            "DROP TABLE IF EXISTS public.payment; "
            "CREATE TABLE public.payment (id bigint PRIMARY KEY, concert_id bigint, musician_id bigint, net_amount "
            "numeric(12, 2), paid boolean DEFAULT false, payment_date date, note text DEFAULT 'as it was'"
            f"{', UNIQUE (concert_id, musician_id)' if unique else ''}); "
            f"GRANT SELECT ON public.payment TO {LOOKER}, {PAYER}; "
            f"GRANT UPDATE (paid, payment_date) ON public.payment TO {PAYER}"
        )
        self.ask(
            "INSERT INTO public.payment (id, concert_id, musician_id, net_amount) SELECT 1000 + n, %s, n, 100 + n "
            "FROM generate_series(1, %s) AS n UNION ALL VALUES (1, 8, 1, 55.55), (2, %s, 990000, 66.66)",
            int(CONCERT), count, int(CONCERT),
        )  # fmt: skip

    def rows(self) -> list[Values]:
        """All of them, as a plain driver reads them."""
        return self.ask("SELECT * FROM public.payment ORDER BY id")

    def paid(self) -> dict[int, date]:
        return dict(self.ask("SELECT musician_id, payment_date FROM public.payment WHERE paid"))


@contextmanager
def payments_server(directory: Path) -> Iterator[PaymentsServer]:
    server = PaymentsServer(directory)
    server.create()
    server.start()
    try:
        yield server
    finally:
        server.close()


def net(musician: int) -> Decimal:
    return Decimal(100 + musician).quantize(Decimal("0.01"))


def walked(directory: Path, count: int = MUSICIANS) -> Path:
    """The store and the files of a run that has been released there."""
    scene = _scene(directory, count)
    released(scene, DiskFiles(directory / "files"))
    return directory


def _scene(directory: Path, count: int) -> Scene:
    house = MemoryWarehouse({"payroll_export": [payment(number, str(net(number))) for number in range(1, count + 1)]})
    return Scene(directory, warehouse=house)


@dataclass(repr=False)
class Console:
    """One person's, at a released run."""

    scene: Scene
    store: Store
    recording: Recording
    doubts: Doubts
    run: PayrollRun
    wire: PostgresWire
    writes: GuardedWrites

    def plan(self, day: date = DAY) -> Plan:
        self.scene.clock.now += timedelta(seconds=1)  # no plan is the one before
        plan = self.recording.plan(self.run.run_id, day)
        assert plan is not None
        return plan

    def record(self, plan: Plan) -> tuple[PayrollRun, Ended]:
        return self.recording.record(self.run.run_id, plan.plan_id, CONCERT, REASON)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in reversed(self.store.journal.entries())]


@contextmanager
def console(
    server: int,
    directory: Path,
    *,
    login: str = PAYER,
    count: int = MUSICIANS,
    patience_s: float = 20.0,
    user: str = "erin",
) -> Iterator[Console]:
    """Over a line of its own to the Postgres at that port. Two of one `directory` share the store."""
    scene = _scene(directory, count)
    store, queries = scene.store(user), QueryLibrary.load()
    with PostgresWire.to(server) as wire:
        dsn = Secret(f"postgresql://{login}:{PASSWORD}@127.0.0.1:{wire.port}/{DATABASE}")
        reads = SupabaseDatabase(Secret(dsn.reveal().replace(str(wire.port), str(server))))
        writes = GuardedWrites(
            TARGET,
            access=SupabaseWriteAccess(dsn, lock_timeout_s=1, patience_s=patience_s),
            plans=store.plans,
            leases=store.leases,
            journal=store.journal,
            clock=scene.clock,
        )
        recording = Recording(
            SupabaseSettings(),
            book=scene.book(user),
            reader=scene.reader(),
            files=DiskFiles(directory / "files"),
            supabase=reads,
            queries=queries,
            writes=writes,
            plans=store.plans,
            journal=store.journal,
            person=Person(user, "ops-1"),
            clock=scene.clock,
        )
        doubts = Doubts(
            TARGET,
            journal=store.journal,
            plans=store.plans,
            leases=store.leases,
            warehouse=scene.warehouse,
            queries=queries,
            readers={PlanKind.MARK_PAID: reads},
        )
        yield Console(scene, store, recording, doubts, scene.book(user).get("last"), wire, writes)


def copied(template: Path, directory: Path) -> Path:
    shutil.copytree(template, directory, dirs_exist_ok=True)
    return directory
