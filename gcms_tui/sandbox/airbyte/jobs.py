"""The jobs of the practice Airbyte: what was asked for, what became of it, and the one that runs for a connection."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gcms_tui.sandbox.airbyte.connections import CONNECTIONS, Connection, PastJob
from gcms_tui.sandbox.directory import write_private

RUNNING = ("pending", "running")
Sync = Callable[[Connection, Callable[[], bool]], int]
"""Copies a connection's tables and answers how many rows; asks now and then whether it was cancelled. Raises whatever
makes the job fail."""


class AlreadyRunning(Exception):
    """A sync of that connection runs."""


class Cancelled(Exception):
    """Somebody cancelled the job."""


@dataclass(frozen=True, slots=True)
class Job:
    job_id: int
    connection_id: str
    status: str
    started_at: datetime
    updated_at: datetime
    rows: int = 0

    def document(self) -> dict[str, Any]:
        """As the API has it. It names no reason for a failure: the API has none."""
        seconds = max(int((self.updated_at - self.started_at).total_seconds()), 0)
        said = {
            "jobId": self.job_id,
            "status": self.status,
            "jobType": "sync",
            "startTime": _moment(self.started_at),
            "connectionId": self.connection_id,
            "lastUpdatedAt": _moment(self.updated_at),
            "duration": f"PT{seconds // 60}M{seconds % 60}S" if seconds >= 60 else f"PT{seconds}S",
        }
        if self.status == "succeeded":
            said |= {"rowsSynced": self.rows, "bytesSynced": self.rows * 120}
        return said


class JobBook:
    """Kept in a file; a job that a server left running has failed. Safe from several threads."""

    def __init__(self, file: Path, sync: Sync, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._sync = sync
        self._now = now
        self._lock = threading.Lock()
        self._cancelled: set[int] = set()
        self._jobs = {job.job_id: job for job in _read(file)}
        for job in list(self._jobs.values()):
            if job.status in RUNNING:
                self._put(replace(job, status="failed", updated_at=now()))

    def tell(self, past: Iterable[PastJob]) -> None:
        """What had happened before the first start; nothing where there are jobs already."""
        if self._jobs:
            return
        for job_id, job in enumerate(past, start=4101):
            ended = job.started_at + job.took
            self._jobs[job_id] = Job(job_id, job.connection.connection_id, job.status, job.started_at, ended, job.rows)
        self._keep()

    def jobs(self, connection_ids: Iterable[str] = ()) -> list[Job]:
        """Newest first; of every connection where none is named."""
        wanted = set(connection_ids)
        with self._lock:
            found = [job for job in self._jobs.values() if not wanted or job.connection_id in wanted]
        return sorted(found, key=lambda job: job.job_id, reverse=True)

    def get(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    def start(self, connection: Connection) -> Job:
        """Raises `AlreadyRunning`."""
        with self._lock:
            if any(
                job.connection_id == connection.connection_id and job.status in RUNNING for job in self._jobs.values()
            ):
                raise AlreadyRunning
            now = self._now()
            job = Job(max(self._jobs, default=4100) + 1, connection.connection_id, "pending", now, now)
            self._put(job)
        threading.Thread(target=self._run, args=(job, connection), name=f"job {job.job_id}", daemon=True).start()
        return job

    def cancel(self, job_id: int) -> Job | None:
        """The job, which ends soon where it runs."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.status in RUNNING:
                self._cancelled.add(job_id)
                job = replace(job, status="cancelled", updated_at=self._now())
                self._put(job)
        return job

    def _run(self, job: Job, connection: Connection) -> None:
        self._change(job.job_id, status="running")
        try:
            rows = self._sync(connection, lambda: job.job_id in self._cancelled)
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the job has failed, and the server goes on
            traceback.print_exception(error)  # into the server's log: the API tells no reason
            self._change(job.job_id, status="failed")
            return
        self._change(job.job_id, status="succeeded", rows=rows)

    def _change(self, job_id: int, **changes: Any) -> None:
        with self._lock:
            if job_id not in self._cancelled:
                self._put(replace(self._jobs[job_id], updated_at=self._now(), **changes))

    def _put(self, job: Job) -> None:
        self._jobs[job.job_id] = job
        self._keep()

    def _keep(self) -> None:
        said = [
            {
                "job_id": job.job_id,
                "connection_id": job.connection_id,
                "status": job.status,
                "started_at": job.started_at.isoformat(),
                "updated_at": job.updated_at.isoformat(),
                "rows": job.rows,
            }
            for job in self._jobs.values()
        ]
        write_private(self._file, json.dumps(said) + "\n")


def connection_of(connection_id: object) -> Connection | None:
    return next((item for item in CONNECTIONS if item.connection_id == connection_id), None)


def _read(file: Path) -> list[Job]:
    if not file.exists():
        return []
    return [
        Job(
            item["job_id"],
            item["connection_id"],
            item["status"],
            datetime.fromisoformat(item["started_at"]),
            datetime.fromisoformat(item["updated_at"]),
            item["rows"],
        )
        for item in json.loads(file.read_text(encoding="utf-8"))
    ]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
