"""SCD2 tables: browsing, and, only where it is allowed, writing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.anchoring import known_anchors
from gcms_tui.cli.wiring.base import (
    dbt_output,
    dbt_project,
    every_dbt_file,
    open_store,
    open_warehouse,
    query_library,
    read_only,
    supabase_or_why,
    utc_now,
)
from gcms_tui.cli.wiring.desks import open_run_desk
from gcms_tui.cli.wiring.pipeline import airbyte_or_why
from gcms_tui.cli.wiring.writes import writes_to_warehouse
from gcms_tui.core.frozen import frozen
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.adapters.snowflake import SnowflakeWarehouse
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.scd2.browse import Scd2Browser
    from gcms_tui.operations.scd2.desk import RepairBench, Scd2Desk
    from gcms_tui.operations.scd2.tables import Scd2Tables


@contextmanager
def open_scd2_desk(
    settings: Settings, invocation: Invocation, runs: Callable[[], RunDesk] | None = None
) -> Iterator[Scd2Desk]:
    """SCD2 tables on the target in force. Nothing connects before it is asked to.

    `runs` gives dbt's runs where they are open already. Where nothing may be written, nothing that could is built.
    Raises `ConfigError` where there is no login, no dbt project or no target.
    """
    from gcms_tui.adapters.project_changes import GitChanges
    from gcms_tui.core.writing.plan import PlanKind
    from gcms_tui.operations.pipeline.asked import AskedSyncs
    from gcms_tui.operations.scd2.browse import Scd2Browser
    from gcms_tui.operations.scd2.cause import Causes
    from gcms_tui.operations.scd2.corrections import Corrections
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.tables import Scd2Tables
    from gcms_tui.operations.writing.doubts import Doubts

    target = settings.dbt.target or dbt_output(settings).target
    allowed = read_only(settings, invocation, target)
    why_not = allowed.why_not
    queries, store, project = query_library(settings), open_store(settings), dbt_project(settings)
    with ExitStack() as opened:
        desk = runs() if runs is not None else opened.enter_context(open_run_desk(settings, invocation))
        warehouse = open_warehouse(settings, purpose="scd2")
        opened.callback(warehouse.close)
        tables = Scd2Tables(settings, every_dbt_file(settings, target), warehouse, queries)
        browser = Scd2Browser(tables, warehouse, queries, store.journal, further_personal=settings.personal_columns)
        seen = _Seen(settings, target, desk, store, warehouse, queries, tables, browser)
        yield Scd2Desk(
            browser,
            store.journal,
            Doubts(
                target,
                journal=store.journal,
                plans=store.plans,
                leases=store.leases,
                warehouse=warehouse,
                queries=queries,
                readers={PlanKind.MARK_PAID: supabase_or_why(settings)},
                syncs=AskedSyncs(airbyte_or_why(settings), store.journal, utc_now),
                read_only_reason=why_not,
            ),
            None if allowed.on else _bench(seen),
            why_not,
            causes=Causes(
                tables,
                browser,
                warehouse,
                queries,
                runs=desk.history,
                changes=GitChanges(project.directory, os.environ, always=project.macro_paths),
                journal=store.journal,
                clock=utc_now,
                read_only_reason=why_not,
            ),
            corrections=Corrections(
                tables, warehouse, queries, journal=store.journal, clock=utc_now, read_only_reason=why_not
            ),
            anchors=known_anchors(settings, store, warehouse, queries),
        )


@frozen
class _Seen:
    """What reading has been built from, for the write side to be built upon."""

    settings: Settings
    target: str
    runs: RunDesk
    store: Store
    warehouse: SnowflakeWarehouse
    queries: QueryLibrary
    tables: Scd2Tables
    browser: Scd2Browser


def _bench(seen: _Seen) -> RepairBench:
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.operations.scd2.desk import RepairBench
    from gcms_tui.operations.scd2.planning import Planner
    from gcms_tui.operations.scd2.repairs import Scd2Repairs
    from gcms_tui.operations.scd2.verification import Verification

    settings, store = seen.settings, seen.store
    planner = Planner(
        seen.target,
        warehouse=seen.warehouse,
        queries=seen.queries,
        person=who_asks(os.environ),
        clock=utc_now,
        backup_suffix=settings.schemas.backup_suffix,
    )
    writes = writes_to_warehouse(
        settings, seen.target, store=store, warehouse=seen.warehouse, queries=seen.queries, runs=seen.runs
    )
    repairs = Scd2Repairs(seen.tables, seen.browser, planner, writes, plans=store.plans, journal=store.journal)
    return RepairBench(repairs, Verification(seen.tables, seen.warehouse, seen.queries, seen.runs, store.journal))
