"""Backups: listed and counted for everybody, made and brought back only where it is allowed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import (
    dbt_output,
    every_dbt_file,
    open_store,
    open_warehouse,
    query_library,
    read_only,
    utc_now,
)
from gcms_tui.cli.wiring.desks import open_run_desk
from gcms_tui.cli.wiring.writes import writes_to_warehouse
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.adapters.snowflake import SnowflakeWarehouse
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.operations.backups.book import BackupBook
    from gcms_tui.operations.backups.desk import BackupBench, BackupDesk
    from gcms_tui.operations.backups.looks import TableLooks
    from gcms_tui.operations.backups.tables import BackupTables
    from gcms_tui.operations.run_desk import RunDesk


@contextmanager
def open_backup_desk(
    settings: Settings, invocation: Invocation, runs: Callable[[], RunDesk] | None = None
) -> Iterator[BackupDesk]:
    """Backups of the target in force. Nothing connects before it is asked to.

    `runs` gives dbt's runs where they are open already. Where nothing may be written, nothing that could is built.
    Raises `ConfigError` where there is no login, no dbt project or no target.
    """
    from gcms_tui.operations.backups.book import BackupBook
    from gcms_tui.operations.backups.counting import RowCounts
    from gcms_tui.operations.backups.desk import BackupDesk
    from gcms_tui.operations.backups.listing import BackupList
    from gcms_tui.operations.backups.looks import TableLooks
    from gcms_tui.operations.backups.tables import BackupTables
    from gcms_tui.operations.scd2.tables import Scd2Tables

    target = settings.dbt.target or dbt_output(settings).target
    allowed = read_only(settings, invocation, target)
    why_not = allowed.why_not
    queries, store = query_library(settings), open_store(settings)
    with ExitStack() as opened:
        warehouse = open_warehouse(settings, purpose="backups")
        opened.callback(warehouse.close)
        looks, book = TableLooks(warehouse, queries), BackupBook(target, store.journal)
        tables = BackupTables(settings, Scd2Tables(settings, every_dbt_file(settings, target), warehouse, queries))
        bench = None
        if not allowed.on:
            desk = runs() if runs is not None else opened.enter_context(open_run_desk(settings, invocation))
            bench = _bench(settings, desk, store, warehouse, queries, looks, book, tables)
        yield BackupDesk(
            book,
            BackupList(book, tables, looks, settings.schemas.backup_suffix),
            RowCounts(
                book,
                looks,
                journal=store.journal,
                clock=utc_now,
                alert_percent=settings.runbook.row_count_alert_percent,
                read_only_reason=why_not,
            ),
            bench,
            why_not,
        )


def _bench(
    settings: Settings,
    runs: RunDesk,
    store: Store,
    warehouse: SnowflakeWarehouse,
    queries: QueryLibrary,
    looks: TableLooks,
    book: BackupBook,
    tables: BackupTables,
) -> BackupBench:
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.operations.backups.desk import BackupBench
    from gcms_tui.operations.backups.looks import Cloner
    from gcms_tui.operations.backups.restore_plans import RestorePlanner
    from gcms_tui.operations.backups.restoring import Restoring
    from gcms_tui.operations.backups.sets import BackupSets
    from gcms_tui.operations.writing.doubts import Doubts

    target, suffix, person = book.target, settings.schemas.backup_suffix, who_asks(os.environ)
    cloner = Cloner(target, looks, queries, person, utc_now)
    writes = writes_to_warehouse(settings, target, store=store, warehouse=warehouse, queries=queries, runs=runs)
    doubts = Doubts(
        target, journal=store.journal, plans=store.plans, leases=store.leases, warehouse=warehouse, queries=queries
    )
    planner = RestorePlanner(target, looks, cloner, queries, person=person, clock=utc_now, suffix=suffix)
    return BackupBench(
        BackupSets(
            book,
            tables,
            looks,
            cloner,
            writes,
            plans=store.plans,
            journal=store.journal,
            leases=store.leases,
            doubts=doubts,
            clock=utc_now,
            suffix=suffix,
        ),
        Restoring(book, looks, planner, writes, plans=store.plans, journal=store.journal),
    )
