"""The pipeline: Airbyte, Supabase and the warehouse side by side, and, only where it is allowed, starting syncs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import (
    every_dbt_file,
    open_store,
    query_library,
    read_only,
    supabase_or_why,
    utc_now,
    warehouse_or_why,
)
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.airbyte import AirbyteApi, AirbyteSyncs
    from gcms_tui.adapters.supabase import PostgresPing
    from gcms_tui.operations.pipeline.desk import PipelineDesk
    from gcms_tui.operations.pipeline.ports import Airbyte, SyncStarter


@contextmanager
def open_pipeline(settings: Settings, invocation: Invocation) -> Iterator[PipelineDesk]:
    """The pipeline into the target in force. Nothing connects before it is asked to.

    What cannot even be named is told by whoever asks for it, and the rest still answers. Raises `ConfigError` where the
    queries cannot be read.
    """
    from gcms_tui.adapters.supabase import ping
    from gcms_tui.operations.pipeline.desk import PipelineDesk
    from gcms_tui.operations.pipeline.status import Pipeline
    from gcms_tui.operations.pipeline.syncing import SyncLooks, Syncs

    target, warehouse = warehouse_or_why(settings)
    allowed = read_only(settings, invocation, target)
    store, queries = open_store(settings), query_library(settings)
    reader: Airbyte = airbyte_or_why(settings)
    starter: SyncStarter | None = None if allowed.on else _or_why_to_sync(settings)

    def visit() -> PostgresPing:
        from gcms_tui.adapters.supabase import read_dsn
        from gcms_tui.adapters.supabase_reader import configured

        dsn = configured(read_dsn(settings.supabase, os.environ))
        return ping(dsn, queries.get("supabase_session").render())

    try:
        yield PipelineDesk(
            Pipeline(
                settings,
                target,
                airbyte=reader,
                visit=visit,
                supabase=supabase_or_why(settings),
                warehouse=warehouse,
                project=every_dbt_file(settings, target),
                queries=queries,
                journal=store.journal,
                clock=utc_now,
            ),
            SyncLooks(reader),
            None
            if starter is None
            else Syncs(target, airbyte=starter, journal=store.journal, leases=store.leases, clock=utc_now),
            allowed.why_not,
        )
    finally:
        warehouse.close()


def open_airbyte(settings: Settings) -> AirbyteApi:
    """Reading alone. Connects when it is asked. Raises `ConfigError`."""
    from gcms_tui.adapters.airbyte import open_api

    return open_api(settings.airbyte, os.environ)


def airbyte_or_why(settings: Settings) -> Airbyte:
    """Reading alone; where there is none, whoever asks is told so."""
    from gcms_tui.adapters.airbyte import AbsentAirbyte

    try:
        return open_airbyte(settings)
    except ConfigError as error:
        return AbsentAirbyte(error)


def _or_why_to_sync(settings: Settings) -> SyncStarter:
    from gcms_tui.adapters.airbyte import AbsentAirbyte, open_syncs

    try:
        syncs: AirbyteSyncs = open_syncs(settings.airbyte, os.environ)
    except ConfigError as error:
        return AbsentAirbyte(error)
    return syncs
