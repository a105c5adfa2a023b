"""How far a run has come, folded from dbt's JSON events as they arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """One node of a run."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    """`waiting`, `running` (both ours), else dbt's own: success, error, skipped, pass, fail, warn, `runtime error`."""
    thread: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    elapsed_s: float | None = None
    """dbt's own execution time, once finished."""
    failures: int | None = None
    message: str = ""

    @property
    def finished(self) -> bool:
        return self.status not in ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Message:
    """A line that dbt said to the person (info and above)."""

    at: datetime
    level: str
    text: str
    unique_id: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot. Nodes in the order in which they began; those that wait come last, in the manifest's order."""

    invocation_id: str | None = None
    command: str = ""
    target: str | None = None
    dbt_version: str = ""
    threads: int | None = None
    total: int | None = None
    """How many nodes dbt said that it will execute; None until it has."""
    nodes: tuple[NodeProgress, ...] = ()
    messages: tuple[Message, ...] = ()
    """The newest, oldest first; no more than `MESSAGES_KEPT`."""
    started_at: datetime | None = None
    """Of the first event."""
    ended_at: datetime | None = None
    """When dbt said that the command had completed."""
    success: bool | None = None
    interrupted: bool = False
    nothing_to_do: bool = False
    error: str = ""
    """What dbt gave as the reason where the command failed as a whole."""
    unread: int = 0
    """Lines that are no events of dbt's."""

    @property
    def finished(self) -> tuple[NodeProgress, ...]:
        return tuple(node for node in self.nodes if node.finished)


MESSAGES_KEPT = 500
