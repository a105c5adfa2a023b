"""What would happen if a dbt command were started: shown, confirmed, and executed exactly so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.query import Access
from gcms_tui.core.run import Holder

PREVIEW_HOLDS = timedelta(minutes=30)
"""An older preview is not started."""


@dataclass(frozen=True, slots=True)
class SelectedNode:
    """One node that the command would execute, as dbt itself lists it."""

    unique_id: str
    resource_type: str
    name: str
    """A test's alias, a model's name."""
    materialized: str = ""
    relation_name: str | None = None
    scd2: bool = False
    """It holds history that cannot be rebuilt from its source."""
    keeps_on_full_refresh: bool = False
    """`full_refresh: false`: dbt leaves its table alone."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Frozen: what is started is this value and nothing else."""

    run_id: str
    command: DbtCommand
    """With the exclusions that the rules have added."""
    argv: tuple[str, ...]
    project_dir: str
    target: str
    nodes: tuple[SelectedNode, ...]
    """Empty where the command selects none (debug, deps, clean)."""
    made_at: datetime
    fingerprint: str
    """Of the project's files, from which the selection follows."""
    expected_s: float | None = None
    dropped: tuple[str, ...] = ()
    """Tables that a full refresh drops and builds anew."""
    excluded: tuple[str, ...] = ()
    """SCD2 models that a full refresh was to have rebuilt, and leaves out because nobody typed their names."""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    """Why it cannot be started; empty where it can."""
    next_step: str = ""
    """What to do about the refusal."""
    confirmation: str = ""
    """What has to be typed to start it; empty where a plain yes will do."""
    holder: Holder | None = None
    """Who runs dbt on this project and target just now."""
    retry_of: str | None = None

    @property
    def access(self) -> Access:
        return self.command.access
