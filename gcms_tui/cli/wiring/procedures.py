"""The runbook's procedures: board and steps for everybody, and, only where it is allowed, what writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.backups import open_backup_desk
from gcms_tui.cli.wiring.base import (
    every_dbt_file,
    open_store,
    open_warehouse,
    query_library,
    read_only,
    target_name,
    utc_now,
)
from gcms_tui.cli.wiring.desks import open_health, open_run_desk
from gcms_tui.cli.wiring.payroll import holds_of
from gcms_tui.cli.wiring.pipeline import open_pipeline
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.operations.backups.desk import BackupDesk
    from gcms_tui.operations.health import Health
    from gcms_tui.operations.pipeline.desk import PipelineDesk
    from gcms_tui.operations.ports import Warehouse
    from gcms_tui.operations.procedures.book import Procedures
    from gcms_tui.operations.procedures.desk import ProcedureDesk
    from gcms_tui.operations.procedures.ports import StepLook, StepWork
    from gcms_tui.operations.reports.monthly import MonthlyReview
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.scd2.tables import Scd2Tables


def open_procedures(settings: Settings, invocation: Invocation) -> Procedures:
    """The book alone: what was opened, and what is due. Nothing connects. Raises `ConfigError`."""
    from gcms_tui.core.procedures.cadence import calendar
    from gcms_tui.operations.procedures.book import Procedures

    target, store = target_name(settings), open_store(settings)
    allowed = read_only(settings, invocation, target)
    return Procedures(
        target,
        journal=store.journal,
        leases=store.leases,
        clock=utc_now,
        calendar=calendar(settings.runbook.timezone, settings.runbook.holidays),
        read_only_reason=allowed.why_not,
    )


@contextmanager
def open_procedure_desk(settings: Settings, invocation: Invocation) -> Iterator[ProcedureDesk]:
    """Procedures on the target in force. Nothing connects before it is asked to; where nothing may be written, nothing
    that could is built. Raises `ConfigError`."""
    from gcms_tui.adapters.docs_server import DocsLook, DocsServer
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.operations.procedures.desk import ProcedureDesk
    from gcms_tui.operations.procedures.models import ProjectModels
    from gcms_tui.operations.procedures.steps import Steps
    from gcms_tui.operations.procedures.works import DocsServing, Holding
    from gcms_tui.operations.scd2.tables import Scd2Tables

    book = open_procedures(settings, invocation)
    target, store, queries = book.target, open_store(settings), query_library(settings)
    project, person = every_dbt_file(settings, target), who_asks(os.environ)
    with ExitStack() as opened:
        health = opened.enter_context(open_health(settings))
        runs = opened.enter_context(open_run_desk(settings, invocation))
        warehouse = open_warehouse(settings, purpose="runbook")
        opened.callback(warehouse.close)
        backups = opened.enter_context(open_backup_desk(settings, invocation, lambda: runs))
        pipeline = opened.enter_context(open_pipeline(settings, invocation))
        tables = Scd2Tables(settings, project, warehouse, queries)
        monthly = _monthly(settings, book, health, runs, warehouse, tables)
        docs = (settings.state_dir, person, utc_now)
        works: dict[str, StepWork] | None = None
        docs_writer: DocsServer | None = None
        if not book.read_only_reason:
            docs_writer = DocsServer(*docs)
            works = {
                "hold": Holding(holds_of(project, target, store, person, ""), target),
                "docs-serve": DocsServing(docs_writer, runs.shelf),
                **_elsewhere(backups, pipeline),
            }
        steps = Steps(
            book,
            health=health,
            runs=runs.runs,
            shelf=runs.shelf,
            looks={"monthly-report": monthly, **_looks(settings, target, backups, pipeline, tables)},
            works=works,
            models=ProjectModels(project, tables, settings.payroll.fact),
        )
        yield ProcedureDesk(book, steps, monthly, DocsLook(*docs), docs_writer)


def _monthly(
    settings: Settings, book: Procedures, health: Health, runs: RunDesk, warehouse: Warehouse, tables: Scd2Tables
) -> MonthlyReview:
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.adapters.report_files import ReportFiles
    from gcms_tui.operations.reports.monthly import MonthlyReview
    from gcms_tui.operations.scd2.corrections import Corrections

    journal, queries = open_store(settings).journal, query_library(settings)
    return MonthlyReview(
        settings,
        book.target,
        health=health,
        tables=lambda: tuple(item.name for item in tables.listed()),
        corrections=Corrections(
            tables, warehouse, queries, journal=journal, clock=utc_now, read_only_reason=book.read_only_reason
        ),
        trend=runs.history.trend,
        warehouse=warehouse,
        queries=queries,
        project=every_dbt_file(settings, book.target),
        shelf=ReportFiles(settings.state_dir / "reports"),
        person=who_asks(os.environ),
        clock=utc_now,
        calendar=book.calendar,
    )


def _looks(
    settings: Settings, target: str, backups: BackupDesk, pipeline: PipelineDesk, tables: Scd2Tables
) -> dict[str, StepLook]:
    from gcms_tui.adapters.profile_targets import ProfileTargets
    from gcms_tui.operations.backups.tables import BackupTables
    from gcms_tui.operations.procedures.comparing import CompareTargets
    from gcms_tui.operations.procedures.desk_looks import (
        AirbyteLook,
        CountsAfter,
        CountsBefore,
        SupabaseLook,
        WhereStopped,
    )

    compared = BackupTables(settings, tables).all
    return {
        "counts-before": CountsBefore(backups.counts),
        "counts-after": CountsAfter(backups.counts),
        "airbyte": AirbyteLook(pipeline.pipeline),
        "supabase": SupabaseLook(pipeline.pipeline),
        "where-stopped": WhereStopped(pipeline.pipeline),
        "compare-targets": CompareTargets(
            target, ProfileTargets(settings, os.environ), compared, query_library(settings)
        ),
    }


def _elsewhere(backups: BackupDesk, pipeline: PipelineDesk) -> dict[str, StepWork]:
    """What other desks do, as far as they may write themselves."""
    from gcms_tui.operations.procedures.desk_works import BackupWork, SyncWork

    works: dict[str, StepWork] = {}
    if backups.bench is not None:
        works["backup"] = BackupWork(backups.bench.sets)
    if pipeline.syncs is not None:
        works["sync"] = SyncWork(pipeline.pipeline, pipeline.looks, pipeline.syncs)
    return works
