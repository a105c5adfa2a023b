"""A run: one dbt invocation with a directory of its own, which is never shared and never overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gcms_tui.core.dbt_command import DbtCommand

STARTED = "run.start"
"""The journal's kind for the intent to start one; the subject is its id, the payload names target and access."""


class RunState(StrEnum):
    """What is known of a run. Only `SUCCEEDED` means that dbt ended by itself with 0, and not that tests passed."""

    RUNNING = "running"
    CANCELLING = "cancel asked"
    """dbt was asked to stop and has not ended."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Exit 1: a node failed, a source is stale."""
    ERROR = "error"
    """Exit 2 and others: dbt could not do it at all (usage, parsing, login)."""
    CANCELLED = "cancelled"
    """It ended after it was asked to stop."""
    KILLED = "killed"
    """A signal that nobody here sent ended it: its statements may still run in the warehouse."""
    LOST = "lost"
    """It is no longer there and has left no end: the machine or its keeper died."""
    UNKNOWN = "unknown"
    """A foreign one of which the log has no end."""

    @property
    def ended(self) -> bool:
        return self not in (RunState.RUNNING, RunState.CANCELLING, RunState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asked for it, as the operating system knows them."""

    user: str
    host: str
    ssh_client: str = ""
    """Where they come from, where over SSH."""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" + (f" (from {self.ssh_client})" if self.ssh_client else "")


@dataclass(frozen=True, slots=True)
class GitState:
    """The dbt project's working tree when the run began."""

    sha: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is written before dbt starts: the intent. It never changes."""

    run_id: str
    """Sorts by time: `20260301-083000-1a2b`."""
    command: DbtCommand
    argv: tuple[str, ...]
    """Exactly what is executed, `dbt` first."""
    project_dir: str
    target: str
    person: Person
    started_at: datetime
    git: GitState | None = None
    engine: str = "executable"
    """`warm`: a fork of a process that had imported dbt already; `executable`: dbt's own program."""
    dbt_version: str = ""
    selected: tuple[str, ...] = ()
    """Unique ids of the nodes that the preview showed; empty where the command selects none."""
    expected_s: float | None = None
    """How long it was expected to take, from the history."""
    retry_of: str | None = None
    foreign: bool = False
    """Not started here: cron, another shell. Known from what it left in the project's target/ and logs/."""
    takeover: str = ""
    """Whose lease it took over, and why it could; empty where the lease was free."""


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Somebody asked the run to stop; what dbt made of it is seen at its end."""

    at: datetime
    person: Person


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What its keeper wrote when dbt had ended."""

    ended_at: datetime
    exit_code: int | None = None
    signal: int | None = None
    invocation_id: str | None = None
    """From the run's own first event: results of any other invocation are not its results."""
    note: str = ""
    """What went wrong in keeping it: a full disk, for instance."""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a run's directory says without its events."""

    record: RunRecord
    end: RunEnd | None = None
    cancel: CancelAsked | None = None
    alive: bool = False
    """Its keeper still holds the lease."""
    pid: int | None = None
    """dbt's own process; means something only while `alive`."""

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def state(self) -> RunState:
        if self.end is None:
            return self._state_without_end()
        if self.end.exit_code == 0:
            return RunState.SUCCEEDED
        if self.cancel is not None:
            return RunState.CANCELLED
        if self.end.signal is not None:
            return RunState.KILLED
        if self.end.exit_code is None:
            return RunState.UNKNOWN
        return RunState.FAILED if self.end.exit_code == 1 else RunState.ERROR

    def _state_without_end(self) -> RunState:
        if self.record.foreign:
            return RunState.UNKNOWN
        if not self.alive:
            return RunState.LOST
        return RunState.RUNNING if self.cancel is None else RunState.CANCELLING


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease of a project and target."""

    run_id: str
    person: Person
    pid: int
    since: datetime
    words: tuple[str, ...] = ()
    """Of the command that runs."""
