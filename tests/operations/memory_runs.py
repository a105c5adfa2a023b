"""A shelf of dbt runs in memory, for tests of operations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import MissingArtifact, NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.run import Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_progress import Progress
from tests.operations.memory import HOUR, NOW

PROJECT_DIR = Path("/project")
ANNA = Person("anna", "ops-1")


@dataclass
class MemoryWatch:
    progress: Progress
    closed: bool = False

    def look(self) -> Progress:
        return self.progress

    def close(self) -> None:
        self.closed = True


@dataclass
class MemoryShelf:
    """Runs by id; what a run left besides is in the mappings, and what is not there was not left."""

    the_runs: dict[str, Run] = field(default_factory=dict)
    the_results: dict[str, RunResults] = field(default_factory=dict)
    the_manifests: dict[str, Manifest] = field(default_factory=dict)
    the_progress: dict[str, Progress] = field(default_factory=dict)
    documents: dict[tuple[str, str], str] = field(default_factory=dict)
    copies: dict[str, tuple[Path, ...]] = field(default_factory=dict)
    bytes_of: dict[str, int] = field(default_factory=dict)
    watches: list[MemoryWatch] = field(default_factory=list)
    full: GcmsError | None = None
    """What keeping something ends with; None where there is room."""

    def add(self, run: Run, results: RunResults | None = None, progress: Progress | None = None) -> Run:
        self.the_runs[run.run_id] = run
        if results is not None:
            self.the_results[run.run_id] = results
        if progress is not None:
            self.the_progress[run.run_id] = progress
        return run

    def runs(self) -> tuple[Run, ...]:
        return tuple(sorted(self.the_runs.values(), key=lambda run: run.record.started_at, reverse=True))

    def notes(self) -> tuple[str, ...]:
        return ()

    def run(self, reference: str) -> Run:
        if reference not in self.the_runs:
            raise UsageError("No such run", reference)
        return self.the_runs[reference]

    def directory(self, run_id: str) -> Path:
        return Path("/runs") / run_id

    def log(self, run_id: str) -> Path:
        return self.directory(run_id) / "dbt.log"

    def watch(self, run_id: str) -> MemoryWatch:
        self.watches.append(MemoryWatch(self.the_progress.get(run_id, Progress())))
        return self.watches[-1]

    def results(self, run_id: str) -> RunResults:
        if run_id not in self.the_results:
            raise MissingArtifact("No run_results.json", run_id)
        return self.the_results[run_id]

    def manifest(self, run_id: str) -> Manifest:
        if run_id not in self.the_manifests:
            raise MissingArtifact("No manifest.json", run_id)
        return self.the_manifests[run_id]

    def sql(self, run_id: str, unique_id: str) -> str | None:
        return None

    def keep(self, run_id: str, name: str, document: Mapping[str, Any]) -> None:
        if self.full is not None:
            raise self.full
        self.documents.setdefault((run_id, name), json.dumps(document))

    def kept(self, run_id: str, name: str) -> dict[str, Any] | None:
        text = self.documents.get((run_id, name))
        return None if text is None else dict(json.loads(text))

    def adopt(self, record: RunRecord, artifacts: Sequence[Path], document: Mapping[str, Any]) -> None:
        if self.full is not None:
            raise self.full
        if record.run_id not in self.the_runs:
            self.the_runs[record.run_id] = Run(record)
            self.documents[(record.run_id, "foreign")] = json.dumps(document)
            self.copies[record.run_id] = tuple(artifacts)

    def size(self, run_id: str) -> int:
        return self.bytes_of.get(run_id, 1000)

    def remove(self, run_id: str) -> None:
        del self.the_runs[run_id]


def ran(
    number: int,
    command: str = "test",
    *,
    age: timedelta = HOUR,
    target: str = "prod",
    code: int | None = 0,
    alive: bool = False,
    ended: bool = True,
    select: tuple[str, ...] = (),
    took: timedelta = timedelta(seconds=10),
) -> Run:
    """A run of ours: `run-3`, of invocation `ours-3`."""
    began: datetime = NOW - age
    record = RunRecord(
        f"run-{number}", DbtCommand(command, select), ("dbt", command), str(PROJECT_DIR), target, ANNA, began
    )
    run = Run(record, alive=alive)
    return replace(run, end=RunEnd(began + took, code, None, f"ours-{number}")) if ended and not alive else run


def left(number: int, command: str, *nodes: NodeResult, age: timedelta = HOUR, target: str = "prod") -> RunResults:
    return RunResults(f"runs/run-{number}/run_results.json", f"ours-{number}", NOW - age, command, target, "v6", nodes)
