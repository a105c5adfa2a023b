"""What the operations on dbt runs ask of the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.run import Holder, Person, Run, RunRecord
from gcms_tui.core.run_preview import Preview, SelectedNode
from gcms_tui.core.run_progress import Progress


class RunWatch(Protocol):
    """Follows one run's events. One thread at a time."""

    def look(self) -> Progress:
        """Read what has been added since the last look; cheap where nothing has. Raises `GcmsError`."""
        ...

    def close(self) -> None: ...


class RunShelf(Protocol):
    """Every run's directory. Reading is file I/O; safe from several threads and processes."""

    def runs(self) -> tuple[Run, ...]:
        """Of this project, newest first. What cannot be read is passed over, and told by `notes`."""
        ...

    def notes(self) -> tuple[str, ...]: ...

    def run(self, reference: str) -> Run:
        """By its id, an unambiguous beginning of it, or `last`. Raises `UsageError`."""
        ...

    def directory(self, run_id: str) -> Path: ...

    def log(self, run_id: str) -> Path:
        """dbt's text log of this run alone."""
        ...

    def watch(self, run_id: str) -> RunWatch: ...

    def results(self, run_id: str) -> RunResults:
        """Raises `ArtifactError` where there is none, or one of another invocation than the run's own."""
        ...

    def manifest(self, run_id: str) -> Manifest:
        """Raises `ArtifactError`."""
        ...

    def sql(self, run_id: str, unique_id: str) -> str | None:
        """The compiled SQL of one node as this run had it."""
        ...

    def keep(self, run_id: str, name: str, document: Mapping[str, Any]) -> None:
        """A JSON document beside the run, 0600, whole or not at all, never replaced. Raises `StateError`."""
        ...

    def kept(self, run_id: str, name: str) -> dict[str, Any] | None: ...

    def adopt(self, record: RunRecord, artifacts: Sequence[Path], document: Mapping[str, Any]) -> None:
        """Keep a foreign run with copies of what it left. Does nothing where it is kept already."""
        ...

    def size(self, run_id: str) -> int:
        """Bytes on disk."""
        ...

    def remove(self, run_id: str) -> None:
        """Raises `Refused` while it is alive."""
        ...


class DbtLauncher(Protocol):
    """Starts dbt in a session of its own."""

    def warm_up(self) -> None:
        """Have the next command start at once. Returns soon; what goes wrong in it only costs the head start."""
        ...

    def next_run_id(self) -> str: ...

    def argv(self, command: DbtCommand, run_id: str) -> tuple[str, ...]:
        """What would be executed, `dbt` first."""
        ...

    def selection(self, command: DbtCommand) -> tuple[SelectedNode, ...]:
        """What dbt itself selects. Raises `UsageError` (unknown selector, compile error: dbt's own words)."""
        ...

    def fingerprint(self) -> str:
        """Of the project's files."""
        ...

    def holder(self) -> Holder | None:
        """Who holds the lease of this project and target; None where nobody alive does."""
        ...

    def holders(self) -> tuple[Holder, ...]:
        """Of this project, whatever the target."""
        ...

    def start(self, preview: Preview, person: Person) -> Run:
        """Take the lease, write the record, start. Raises `Refused` naming the holder, `StateError`, `Unavailable`."""
        ...

    def ask_to_stop(self, run: Run, person: Person) -> None:
        """Record who asked, send SIGINT. Raises `Refused` where it has ended."""
        ...

    def close(self) -> None:
        """End the warm process; runs go on."""
        ...


class Journal(Protocol):
    """Who did what, when; append-only."""

    def prepare(self) -> None:
        """Have the next entry written at once. Raises `GcmsError` where none could be."""
        ...

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> object:
        """On disk when it returns. Raises `GcmsError`: then what was to be recorded must not happen."""
        ...

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> object:
        """As `append`, but only where no entry of this kind and subject is there yet, whoever else writes just now."""
        ...
