"""A payroll run as the store lists it; what it is, its journal tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IndexedRun:
    run_id: str
    concert_id: str
    opened_at: datetime
    ended_at: datetime | None
