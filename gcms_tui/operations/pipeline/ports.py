"""What the pipeline asks of the outside beside the journal, the leases, the warehouse and dbt's files."""

from __future__ import annotations

from typing import Protocol

from gcms_tui.core.pipeline.airbyte import Connection, SyncJob


class Airbyte(Protocol):
    """Its public API, reading. Safe from several threads; every call is over within a limit."""

    @property
    def where(self) -> str:
        """Its host, as a person knows it."""
        ...

    def connections(self) -> tuple[Connection, ...]:
        """By name. Raises `Unavailable`, `ConfigError` (none is configured, or it refuses the login),
        `StatementFailed`."""
        ...

    def jobs(self, connection_id: str, limit: int = 20) -> tuple[SyncJob, ...]:
        """Newest first. Raises as `connections`."""
        ...

    def job(self, job_id: int) -> SyncJob:
        """Raises as `connections`, `UsageError` where there is none."""
        ...


class SyncStarter(Airbyte, Protocol):
    """The same, where writing is allowed."""

    def start_sync(self, connection_id: str) -> SyncJob:
        """Sent once. Raises `Refused` (guard `sync_running`) where Airbyte says that one runs, `AnswerUnknown` where it
        may have been started all the same; whatever else it raises, it was not started."""
        ...


class SupabaseSeen(Protocol):
    """What one visit to Supabase found out."""

    @property
    def host(self) -> str: ...

    @property
    def database(self) -> str: ...

    @property
    def user(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def encryption(self) -> str:
        """`TLS (verify-full)`, or why there is none."""
        ...

    @property
    def read_only(self) -> bool: ...


class SupabaseVisit(Protocol):
    def __call__(self) -> SupabaseSeen:
        """Connect, look, leave. Raises `Unavailable`, `ConfigError`, with what helps."""
        ...
