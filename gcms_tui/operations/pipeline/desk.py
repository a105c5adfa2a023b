"""Everything about the pipeline that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.errors import Refused
from gcms_tui.operations.pipeline.status import Pipeline
from gcms_tui.operations.pipeline.syncing import SyncLooks, Syncs


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
        if self.syncs is None:
            raise Refused(
                "Read-only",
                f"Nothing may be started here: {self.read_only_reason}.",
                "Start where writing is allowed: read_only in gcms.toml, and no --read-only.",
                guard="read_only",
            )
        return self.syncs
