"""The two connections of the practice platform, and what their last syncs came to: one is well, the other has failed
since the source that the story has stale was last landed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

_IDS = UUID("2a8cf0de-0d6c-4c59-9a2e-0b53a4c3f1d7")
WORKSPACE, SOURCE, DESTINATION = (str(uuid5(_IDS, name)) for name in ("workspace", "source", "destination"))
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Connection:
    name: str
    tables: tuple[str, ...]
    """Supabase's, each a stream."""
    status: str = "active"

    @property
    def connection_id(self) -> str:
        return str(uuid5(_IDS, self.name))

    def document(self, made_at: datetime) -> dict[str, Any]:
        """As the API has it."""
        return {
            "connectionId": self.connection_id,
            "name": self.name,
            "sourceId": SOURCE,
            "destinationId": DESTINATION,
            "workspaceId": WORKSPACE,
            "status": self.status,
            "schedule": {"scheduleType": "basic", "basicTiming": "Every 24 HOURS"},
            "dataResidency": "auto",
            "nonBreakingSchemaUpdatesBehavior": "ignore",
            "namespaceDefinition": "custom_format",
            "namespaceFormat": "RAW",
            "prefix": "supabase_",
            "configurations": {
                "streams": [
                    {"name": table, "syncMode": "full_refresh_overwrite", "cursorField": [], "primaryKey": [["id"]]}
                    for table in self.tables
                ]
            },
            "createdAt": int(made_at.timestamp()),
            "tags": [],
        }


PAYROLL = Connection("Supabase to Snowflake: payroll", ("attendance", "concert", "musician", "payment", "rehearsal"))
REFERENCE = Connection("Supabase to Snowflake: reference", ("instrument",))
CONNECTIONS = (PAYROLL, REFERENCE)


@dataclass(frozen=True, slots=True)
class PastJob:
    """A sync of before the platform was opened."""

    connection: Connection
    status: str
    started_at: datetime
    took: timedelta
    rows: int


def past_jobs(last_sync: datetime, stalled_sync: datetime) -> Iterator[PastJob]:
    """Oldest first. `stalled_sync` is when the reference tables were last landed."""
    jobs = [
        PastJob(PAYROLL, "succeeded", last_sync - day * DAY - timedelta(minutes=4), timedelta(minutes=4), 9_000 + day)
        for day in range(6)
    ]
    jobs.append(PastJob(REFERENCE, "succeeded", stalled_sync - timedelta(minutes=1), timedelta(minutes=1), 16))
    attempt = stalled_sync + DAY
    while attempt < last_sync:
        jobs.append(PastJob(REFERENCE, "failed", attempt, timedelta(minutes=11), 0))
        attempt += DAY
    yield from sorted(jobs, key=lambda job: job.started_at)
