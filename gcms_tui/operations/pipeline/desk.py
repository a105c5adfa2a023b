"""Everything about the pipeline that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.operations.pipeline.status import Pipeline
from gcms_tui.operations.pipeline.syncing import SyncLooks, Syncs
from gcms_tui.operations.read_only import required


@dataclass(frozen=True, slots=True)
class PipelineDesk:
    """One target."""

    pipeline: Pipeline
    looks: SyncLooks
    """What a sync would be, and what a job has come to: free to all."""
    syncs: Syncs | None
    """There only where writing is allowed: see `required_syncs`."""
    read_only_reason: str = ""
    """Who forbids writing; empty where it is allowed."""

    def required_syncs(self) -> Syncs:
        """Raises `Refused` (guard `read_only`) where nothing may be started."""
        return required(self.syncs, self.read_only_reason, "started")
