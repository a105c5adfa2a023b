"""What starts dbt runs and a journal, in memory, for tests of operations; the shelf is in `memory_runs`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.run import CancelAsked, Holder, Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_preview import Preview, SelectedNode
from gcms_tui.core.run_progress import NodeProgress, Progress
from gcms_tui.operations.run_history import RunHistory
from tests.operations.memory import HOUR, NOW, Clock, MemoryDbt
from tests.operations.memory_runs import MemoryShelf as MemoryShelf

ANA = Person("ana", "ops1")
BO = Person("bo", "ops2", "10.0.0.9")
TARGET, PROJECT = "sandbox", "/project"


@dataclass
class MemoryLauncher:
    """Starts nothing; `select` is what dbt would select, `on_start` what starting meets."""

    shelf: MemoryShelf
    select: Callable[[DbtCommand], tuple[SelectedNode, ...]]
    the_holder: Holder | None = None
    others: tuple[Holder, ...] = ()
    print: str = "as it was"
    on_start: GcmsError | None = None
    started: list[Preview] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    listed: list[DbtCommand] = field(default_factory=list)
    number: int = 0

    def warm_up(self) -> None:
        pass

    def next_run_id(self) -> str:
        self.number += 1
        return f"new-{self.number}"

    def argv(self, command: DbtCommand, run_id: str) -> tuple[str, ...]:
        return ("dbt", *command.words, "--target", TARGET, "--target-path", f"/runs/{run_id}/target")

    def selection(self, command: DbtCommand) -> tuple[SelectedNode, ...]:
        self.listed.append(command)
        return self.select(command)

    def fingerprint(self) -> str:
        return self.print

    def holder(self) -> Holder | None:
        return self.the_holder

    def holders(self) -> tuple[Holder, ...]:
        return self.others

    def start(self, preview: Preview, person: Person) -> Run:
        if self.on_start is not None:
            raise self.on_start
        self.started.append(preview)
        record = RunRecord(preview.run_id, preview.command, preview.argv, PROJECT, preview.target, person, NOW)
        return self.shelf.add(Run(record, alive=True))

    def ask_to_stop(self, run: Run, person: Person) -> None:
        if not run.alive:
            raise Refused("It has ended", run.run_id)
        self.asked.append(run.run_id)
        self.shelf.add(replace(run, cancel=CancelAsked(NOW, person)))

    def close(self) -> None:
        pass


@dataclass
class MemoryJournal:
    entries: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    error: GcmsError | None = None

    def prepare(self) -> None:
        if self.error is not None:
            raise self.error

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        if self.error is not None:
            raise self.error
        json.dumps(payload)
        self.entries.append((kind, subject, dict(payload)))

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> None:
        if self.error is not None or (kind, subject) not in [entry[:2] for entry in self.entries]:
            self.append(kind, subject, payload)

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.entries]


def history(shelf: MemoryShelf, clock: Clock, *manifest: Node) -> RunHistory:
    """Without foreign runs: the project has no log."""
    nothing = ArtifactError("No dbt.log", "there is none")
    known = Manifest("manifest.json", "v12", {node.unique_id: node for node in manifest})
    project = MemoryDbt(the_results=nothing, the_log=nothing, the_manifest=known)
    return RunHistory(shelf, project, TARGET, clock, project_dir=Path(PROJECT))


def past_run(
    run_id: str,
    command: DbtCommand,
    *,
    exit_code: int | None = None,
    signal: int | None = None,
    ended: bool = True,
    cancelled: bool = False,
    target: str = TARGET,
    selected: str = "",
    foreign: bool = False,
    hours_ago: float = 1,
    alive: bool = False,
) -> Run:
    started_at = NOW - hours_ago * HOUR
    record = RunRecord(
        run_id, command, ("dbt",), PROJECT, target, BO, started_at, selected=tuple(selected.split()), foreign=foreign
    )
    end = RunEnd(started_at + HOUR / 10, exit_code, signal, f"invocation {run_id}") if ended else None
    return Run(record, end, CancelAsked(started_at, BO) if cancelled else None, alive)


def results(command: str, *statuses: NodeResult | tuple[str, str]) -> RunResults:
    nodes = tuple(item if isinstance(item, NodeResult) else NodeResult(*item) for item in statuses)
    return RunResults("run_results.json", "id", NOW, command, TARGET, "v6", nodes)


def progress(*statuses: tuple[str, str]) -> Progress:
    return Progress(
        nodes=tuple(
            NodeProgress(name, name.split(".")[-1], name.partition(".")[0], status) for name, status in statuses
        )
    )
