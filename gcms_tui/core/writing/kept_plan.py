"""A plan, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gcms_tui.core.writing.plan import Plan


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """One of the shelf."""

    plan: Plan
    used_by: str = ""
    """The id of the write that used it; empty where none has."""
    used_at: datetime | None = None
    batch: str = ""
    """The batch it belongs to."""
