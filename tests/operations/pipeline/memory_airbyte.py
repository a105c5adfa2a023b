"""Airbyte in memory, for tests of the pipeline: jobs that do as they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.pipeline.airbyte import Connection, SyncJob
from tests.operations.memory import HOUR, NOW

REFERENCE = Connection("c-1", "Supabase: reference", "active", "Every 24 HOURS", ("instrument",), "supabase_")
PAYROLL = Connection("c-2", "Supabase: payroll", "active", "", ("payment", "attendance"), "supabase_")


def a_job(number: int, status: str, connection: Connection = REFERENCE, ended: timedelta = HOUR) -> SyncJob:
    began = NOW - ended - timedelta(minutes=10)
    return SyncJob(number, connection.connection_id, "sync", status, began, NOW - ended)


@dataclass
class MemoryAirbyte:
    listed: list[Connection] = field(default_factory=lambda: [PAYROLL, REFERENCE])
    held: list[SyncJob] = field(
        default_factory=lambda: [a_job(11, "failed"), a_job(10, "succeeded", PAYROLL), a_job(9, "succeeded")]
    )
    hooks: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What happens just before a call of that name, again and again; may raise."""
    calls: list[str] = field(default_factory=list)
    where: str = "airbyte.example"

    def connections(self) -> tuple[Connection, ...]:
        self._happens("connections")
        return tuple(self.listed)

    def jobs(self, connection_id: str, limit: int = 20) -> tuple[SyncJob, ...]:
        self._happens("jobs")
        found = [job for job in self.held if job.connection_id == connection_id]
        return tuple(sorted(found, key=lambda job: -job.job_id)[:limit])

    def job(self, job_id: int) -> SyncJob:
        self._happens("job")
        found = next((job for job in self.held if job.job_id == job_id), None)
        if found is None:
            raise UsageError("No such job", str(job_id))
        return found

    def start_sync(self, connection_id: str) -> SyncJob:
        self._happens("start_sync")
        return self.begin(connection_id)

    def begin(self, connection_id: str = REFERENCE.connection_id) -> SyncJob:
        """A new job, pending."""
        job = SyncJob(max(job.job_id for job in self.held) + 1, connection_id, "sync", "pending", NOW, NOW)
        self.held.append(job)
        return job

    def turn(self, job_id: int, status: str) -> None:
        self.held = [replace(job, status=status) if job.job_id == job_id else job for job in self.held]

    def fails(self, call: str, error: GcmsError) -> None:
        def hook() -> None:
            raise error

        self.hooks[call] = hook

    def _happens(self, call: str) -> None:
        self.calls.append(call)
        if hook := self.hooks.get(call):
            hook()
