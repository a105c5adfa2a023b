"""What the journal says of a sync that was asked for here. Every entry about it has the sync's id as its subject.

The payloads, none of which holds anything about a person:

- `ASKED`, before the request: target, connection (its id), name, streams, where (Airbyte's host), before (the newest
  job there was, or None), reason, takeover.
- `ANSWERED`: outcome `started` or `attached` with job; `not_started` with why.
- `LOOKED`, where no answer came: jobs (the numbers of those begun since), why.
- `SETTLED`, later, by looking: outcome, job and why as `ANSWERED`; outcome `not_known` where a person has to look.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gcms_tui.core.pipeline.airbyte import SyncJob
from gcms_tui.core.writing.doubt import Settlement, Verdict
from gcms_tui.core.writing.journal import Entry

KIND = "pipeline.sync."
ASKED = f"{KIND}asked"
ANSWERED = f"{KIND}answered"
LOOKED = f"{KIND}looked"
SETTLED = f"{KIND}settled"

LEASES = "pipeline:"
"""What the name of a lease begins with that a sync is asked for under."""
_SETTLED_AFTER = timedelta(minutes=5)
"""A request without an answer that no job has come of by then does not come to be one."""


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
    where: str
    """Airbyte's host."""
    before: int | None
    """The newest job when it was asked for."""
    asked_at: datetime
    by: str
    """`anna@ops-1`."""

    @property
    def words(self) -> str:
        return f"{self.sync_id}, asked for by {self.by} at {self.asked_at:%Y-%m-%d %H:%M} UTC"

    @property
    def lease(self) -> str:
        return lease_name(self.target, self.connection_id)


def lease_name(target: str, connection_id: str) -> str:
    """Of the one that a sync of this connection is asked for under."""
    return f"{LEASES}{target}:{connection_id}"


def settle_sync(asked: OpenSync, begun: SyncJob | None, now: datetime) -> Settlement:
    """By the jobs that Airbyte lists. `begun`: the connection's first since it was asked for."""
    if begun is not None:
        said = f"{begun.words}: the first of the connection since it was asked for"
        return Settlement(Verdict.APPLIED, (said,), next_step=f"Watch it: gcms-tui pipeline watch {begun.job_id}")
    none = "no job of the connection has begun since, as far as Airbyte lists them"
    known = asked.asked_at + _SETTLED_AFTER
    if now < known:
        early = f"too early to tell: until {known:%H:%M:%S} UTC one may still come of it"
        again = f"Look again at {known:%Y-%m-%d %H:%M:%S} UTC: if none has begun by then, none will."
        return Settlement(Verdict.RUNNING, (none, early), next_step=again)
    again = f"Nothing came of it. Ask for it again: gcms-tui pipeline sync {shlex.quote(asked.name)}"
    return Settlement(Verdict.NOT_APPLIED, (none,), next_step=again)


def settle_unlisted(asked: OpenSync, why: str) -> Settlement:
    """Of one whose jobs are listed nowhere that could be asked."""
    return Settlement(
        Verdict.LOOK, (why,), next_step=f"Look at the connection's jobs in Airbyte at {asked.where}, or ask {asked.by}."
    )


def read_asked(entry: Entry) -> OpenSync | None:
    """A request; None where somebody edited it so that it cannot be read."""
    said = entry.said
    try:
        before = said["before"]
        return OpenSync(
            entry.subject,
            str(said["target"]),
            str(said["connection"]),
            str(said["name"]),
            str(said["where"]),
            before if isinstance(before, int) else None,
            datetime.fromisoformat(entry.at),
            f"{entry.user}@{entry.host}",
        )
    except (KeyError, ValueError):
        return None
