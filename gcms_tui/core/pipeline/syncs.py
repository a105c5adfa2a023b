"""What the journal says of a sync that was asked for here. Every entry about it has the sync's id as its subject.

The payloads, none of which holds anything about a person:

- `ASKED`, before the request: target, connection (its id), name, streams, where (Airbyte's host), before (the newest
  job there was, or None), reason, takeover.
- `ANSWERED`: outcome `started` or `attached` with job; `not_started` with why.
- `LOOKED`, where no answer came: jobs (the numbers of those begun since), why.
- `SETTLED`, later, by looking: outcome and job as `ANSWERED`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcms_tui.core.writing.journal import Entry

KIND = "pipeline.sync."
ASKED = f"{KIND}asked"
ANSWERED = f"{KIND}answered"
LOOKED = f"{KIND}looked"
SETTLED = f"{KIND}settled"


class SyncOutcome(StrEnum):
    """What became of asking."""

    STARTED = "started"
    ATTACHED = "attached"
    """Another was under way: that one is watched."""
    NOT_STARTED = "not_started"
    IN_DOUBT = "in_doubt"
    """No answer came, and Airbyte lists no job since: it may yet come to be one."""


@dataclass(frozen=True, slots=True)
class OpenSync:
    """One that was asked for, and of which nobody knows what became."""

    sync_id: str
    target: str
    connection_id: str
    name: str
    before: int | None
    """The newest job when it was asked for."""
    asked_at: datetime
    by: str
    """`anna@ops-1`."""

    @property
    def words(self) -> str:
        return f"{self.sync_id}, asked for by {self.by} at {self.asked_at:%Y-%m-%d %H:%M} UTC"


def open_syncs(entries: Iterable[Entry]) -> tuple[OpenSync, ...]:
    """Those without an answer, oldest first, of entries in any order. One that somebody edited is passed over: the
    journal's chain tells of that."""
    told = list(entries)
    over = {entry.subject for entry in told if entry.kind in (ANSWERED, SETTLED)}
    asked = sorted((entry for entry in told if entry.kind == ASKED), key=lambda entry: entry.sequence)
    found = (_read(entry) for entry in asked if entry.subject not in over)
    return tuple(item for item in found if item is not None)


def _read(entry: Entry) -> OpenSync | None:
    said = entry.said
    try:
        before = said["before"]
        return OpenSync(
            entry.subject,
            str(said["target"]),
            str(said["connection"]),
            str(said["name"]),
            before if isinstance(before, int) else None,
            datetime.fromisoformat(entry.at),
            f"{entry.user}@{entry.host}",
        )
    except (KeyError, ValueError):
        return None
