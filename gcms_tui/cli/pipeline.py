"""`gcms-tui pipeline`: the way from Supabase into the warehouse. Each command is imported when it is called."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class PipelineGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "status": ("gcms_tui.cli.pipeline_status:status", "Airbyte, Supabase, and where each table stopped."),
        "sync": ("gcms_tui.cli.pipeline_sync:sync", "Have Airbyte sync a connection, and watch it to its end."),
        "watch": ("gcms_tui.cli.pipeline_sync:watch", "Watch a job to its end."),
    }


@click.group(cls=PipelineGroup)
def pipeline() -> None:
    """How far the data has come, and having Airbyte bring it.

    \b
    gcms-tui pipeline status                      what is wrong, and where
    gcms-tui pipeline sync NAME                   what would be synced, and the command for it
    gcms-tui pipeline watch 4123                  a job that goes on
    """
