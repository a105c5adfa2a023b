"""A lease: who may do one thing alone, for as long as they are seen to be alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gcms_tui.core.run import Person

BEATS_EVERY = timedelta(seconds=5)
DEAD_AFTER = timedelta(seconds=30)
"""A holder whose heart has not beaten for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Who holds a lease, and how lately they were seen."""

    name: str
    """What is held: `write:sandbox:bronze.br_attendance_scd2`."""
    person: Person
    pid: int
    purpose: str
    """In a few words: `repair of 1-5-1`."""
    taken_at: datetime
    beat_at: datetime
    token: str
    """Nobody else's, never the same twice: only who has it may release."""

    def is_dead(self, now: datetime, *, process_is_gone: bool) -> str:
        """Why it is taken for dead; empty where it is taken for alive. `process_is_gone` is known on its own host
        only."""
        if process_is_gone:
            return f"process {self.pid} on {self.person.host} is no longer there"
        silent = now - self.beat_at
        if silent > DEAD_AFTER:
            return f"it has not been seen for {int(silent.total_seconds())} s"
        return ""
