"""A desk of dbt runs in memory, over scripted ones."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, NodeResult, RunResults
from gcms_tui.core.errors import GcmsError, Refused, UsageError
from gcms_tui.core.finding import Evidence
from gcms_tui.core.run import CancelAsked, Holder, Run, RunRecord
from gcms_tui.core.run_preview import Preview, SelectedNode
from gcms_tui.core.run_progress import Progress
from gcms_tui.operations.failing_tests import Card, FailingRows, FailingTest, FailingTests
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.run_history import NodeTrend, RunHistory, Summary, Trend
from gcms_tui.operations.runs import DbtRuns, Look
from tests.console.scripted_run import ANNA, CRITICAL_TEST, STORY, Planned, ScriptedRun, command, past, record
from tests.console.small_platform import NOON, Clock


class SmallWatch:
    """Follows one scripted run."""

    def __init__(self, scripted: ScriptedRun) -> None:
        self.scripted = scripted
        self.closed = threading.Event()

    def look(self) -> Progress:
        return self.scripted.progress()

    def close(self) -> None:
        self.closed.set()


class SmallShelf:
    """Keeps what it is given in memory; a run's log is a real file under `root`."""

    def __init__(self, root: Path, runs: Sequence[ScriptedRun]) -> None:
        self.root = root
        self.scripted = {one.record.run_id: one for one in runs}
        self.said: tuple[str, ...] = ()
        self.documents: dict[tuple[str, str], dict[str, Any]] = {}

    def runs(self) -> tuple[Run, ...]:
        newest = sorted(self.scripted.values(), key=lambda one: one.record.started_at, reverse=True)
        return tuple(one.run for one in newest)

    def notes(self) -> tuple[str, ...]:
        return self.said

    def run(self, reference: str) -> Run:
        if reference == "last" and self.scripted:
            return self.runs()[0]
        found = [one for run_id, one in self.scripted.items() if run_id.startswith(reference)]
        if len(found) != 1:
            raise UsageError("No such run", f"{len(found)} runs begin with {reference!r}", "See the list of runs.")
        return found[0].run

    def directory(self, run_id: str) -> Path:
        return self.root / run_id

    def log(self, run_id: str) -> Path:
        path = self.directory(run_id) / "dbt.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        said = self.scripted[run_id].progress().messages
        path.write_text(
            "".join(f"{line.at:%H:%M:%S.%f} [{line.level:<5}] [MainThread]: {line.text}\n" for line in said)
        )
        return path

    def watch(self, run_id: str) -> SmallWatch:
        return SmallWatch(self.scripted[run_id])

    def results(self, run_id: str) -> RunResults:
        one = self.scripted[run_id]
        if one.end is None or one.record.foreign:
            raise ArtifactError("No results", f"{run_id} has left no run_results.json", "Look at its log.")
        results = tuple(
            NodeResult(
                node.unique_id,
                node.status,
                node.message,
                node.failures,
                node.elapsed_s or 0.0,
                relation_name=f"GCMS.DBT_TEST__AUDIT.{node.name.upper()}" if node.failures else None,
                query_id=f"01b2c3d4-0000-{place:04d}",
            )
            for place, node in enumerate(one.progress().finished)
        )
        subcommand = one.record.command.subcommand
        return RunResults("run_results.json", "inv-1", one.end.ended_at, subcommand, one.record.target, "v6", results)

    def manifest(self, run_id: str) -> Manifest:
        raise ArtifactError("No manifest", f"{run_id} has left no manifest.json", "Look at its log.")

    def sql(self, run_id: str, unique_id: str) -> str | None:
        if unique_id.startswith("test."):
            return "select payment_key, attended_services, required_services\nfrom gold.fct_musician_payment\n" + (
                "where attended_services > required_services"
            )
        return "select\n    payment_key,\n    musician_id,\n    amount_chf\nfrom gold.fct_musician_payment"

    def keep(self, run_id: str, name: str, document: Mapping[str, Any]) -> None:
        self.documents.setdefault((run_id, name), dict(document))

    def kept(self, run_id: str, name: str) -> dict[str, Any] | None:
        return self.documents.get((run_id, name))

    def adopt(self, record: RunRecord, artifacts: Sequence[Path], document: Mapping[str, Any]) -> None:
        self.scripted.setdefault(record.run_id, ScriptedRun((), record))

    def size(self, run_id: str) -> int:
        return 120_000

    def remove(self, run_id: str) -> None:
        if self.run(run_id).alive:
            raise Refused("It is running", f"{run_id} has not ended", "Wait for it, or cancel it.")
        del self.scripted[run_id]


class SmallRuns(DbtRuns):
    """Starts, cancels and looks in memory. What was asked of it stands in its lists."""

    def __init__(self, shelf: SmallShelf, clock: Clock, *, read_only: bool = False, target: str = "sandbox") -> None:
        self.shelf = shelf
        self.clock = clock
        self.read_only = read_only
        self.target = target
        self.looked: list[str] = []
        self.cancelled: list[str] = []
        self.started: list[Preview] = []
        self.error: GcmsError | None = None
        """What every look, preview and start ends with."""
        self.remaining_s: float | None = None
        self.orphans = ""
        self.holder: Holder | None = None
        self.nodes: Sequence[Planned] = STORY
        """What a preview selects, and the run that follows executes."""
        self.watches: list[SmallWatch] = []

    def commands(self) -> tuple[DbtCommand, ...]:
        all_of_them = (
            command("test", "--select", "gold"),
            command("run"),
            command("build"),
            command("source freshness"),
            command("compile"),
            command("debug"),
        )
        return tuple(one for one in all_of_them if not self.read_only or one.access.name == "READ")

    def parse(self, words: tuple[str, ...]) -> DbtCommand:
        if not words or words[0] not in {"test", "run", "build", "compile", "debug", "clean", "source", "docs"}:
            raise UsageError("Unknown command", f"dbt has no {' '.join(words)!r}", "Begin with build, run or test.")
        return command(*words)

    def completions(self, prefix: str, limit: int = 50) -> tuple[str, ...]:
        plus = "+" if prefix.startswith("+") else ""
        names = sorted({"gold", "tag:critical", *(node.name for node in STORY)})
        return tuple(f"{plus}{name}" for name in names if name.startswith(prefix.removeprefix("+")))[:limit]

    def preview(self, command: DbtCommand, *, retry_of: str | None = None) -> Preview:
        if self.error is not None:
            raise self.error
        nodes = tuple(
            SelectedNode(node.unique_id, node.resource_type, node.name, relation_name=f"GCMS.GOLD.{node.name.upper()}")
            for node in self.nodes
        )
        run_id = f"20260302-1300{len(self.started):02d}-ffff"
        made = Preview(
            run_id=run_id,
            command=command,
            argv=("dbt", *command.words, "--target", self.target),
            project_dir="/srv/gcms/dbt",
            target=self.target,
            nodes=nodes,
            made_at=self.clock(),
            fingerprint="f" * 64,
            expected_s=14.0,
            holder=self.holder,
            retry_of=retry_of,
        )
        if self.holder is not None:
            return replace(made, refusal=f"dbt runs already, for {self.holder.person}", next_step="Wait for its end.")
        if not nodes:
            return replace(made, refusal="nothing is selected", next_step="Look at the selection.")
        return made

    def start(self, preview: Preview, typed: str = "") -> Run:
        if self.error is not None:
            raise self.error
        if preview.refusal or (preview.confirmation and typed != preview.confirmation):
            raise Refused("Not started", preview.refusal or "the confirmation is not what was to be typed")
        self.started.append(preview)
        made = replace(
            record(preview.run_id, preview.command, at=self.clock(), retry_of=preview.retry_of), argv=preview.argv
        )
        self.shelf.scripted[preview.run_id] = ScriptedRun(self.nodes, made, self.clock)
        return self.shelf.run(preview.run_id)

    def watch(self, run_id: str) -> SmallWatch:
        self.watches.append(self.shelf.watch(run_id))
        return self.watches[-1]

    def look(self, run_id: str, watch: Any) -> Look:
        self.looked.append(run_id)
        if self.error is not None:
            raise self.error
        return Look(self.shelf.run(run_id), watch.look(), self.remaining_s)

    def cancel(self, run_id: str) -> Run:
        if self.read_only:
            raise Refused("Read-only", "gcms.toml does not allow writing", "Ask who may.")
        self.cancelled.append(run_id)
        one = self.shelf.scripted[run_id]
        one.cancel = CancelAsked(self.clock(), ANNA)
        return one.run

    def may_still_run(self, run_id: str) -> str:
        return self.orphans

    def retry(self, run_id: str) -> Preview:
        return self.preview(self.shelf.run(run_id).record.command, retry_of=run_id)

    def only_failed_tests(self) -> Preview:
        return self.preview(command("test", "--select", "result:fail", "result:error"))

    def close(self) -> None:
        for watch in self.watches:
            watch.close()


class SmallHistory(RunHistory):
    """What the shelf's runs tell."""

    def __init__(self, shelf: SmallShelf) -> None:
        self.shelf = shelf
        self.asked = 0
        self.error: GcmsError | None = None

    def summaries(self, *, limit: int = 500) -> tuple[Summary, ...]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return tuple(self._summary(self.shelf.scripted[run.run_id]) for run in self.shelf.runs()[:limit])

    def _summary(self, one: ScriptedRun) -> Summary:
        progress, end = one.progress(), one.end
        statuses = [node.status for node in progress.nodes]
        order = ("error", "fail", "warn", "skipped", "pass", "success", "running")
        failing = next((node.name for node in progress.nodes if node.status in ("fail", "error")), "")
        duration = None if end is None else (end.ended_at - one.record.started_at).total_seconds()
        counts = tuple((word, statuses.count(word)) for word in order if word in statuses)
        return Summary(one.run, counts, duration, failing, progress.total)

    def notes(self) -> tuple[str, ...]:
        return self.shelf.notes()

    def invocation(self, run_id: str) -> Invocation | None:
        one = self.shelf.scripted[run_id]
        finished = one.progress().finished
        outcomes = tuple(
            NodeOutcome(node.status, node.unique_id, node.resource_type, node.elapsed_s) for node in finished
        )
        ended_at = None if one.end is None else one.end.ended_at
        success = None if one.end is None else one.end.exit_code == 0
        at, record = one.record.started_at, one.record
        return Invocation("inv-1", at, True, ended_at, record.command.subcommand, record.target, success, outcomes)

    def trend(self, window: timedelta = timedelta(days=30)) -> Trend:
        points = (3.1, 3.0, 3.3, 3.2, 3.1, 6.4)
        slow = NodeTrend(
            "model.gcms.fct_musician_payment", "fct_musician_payment", "model", 6, 3.7, 6.4, 6.4, 6.4, True, points
        )
        steady = NodeTrend("model.gcms.dim_concert", "dim_concert", "model", 6, 0.8, 0.9, 0.9, 0.8, False, (0.8,) * 6)
        return Trend(NOON - window, 6, (slow, steady), "OK: 99.2 % of 120 in 30 d", "WARN: 96.8 % of 310 in 30 d")

    def node_seconds(self, unique_ids: tuple[str, ...]) -> dict[str, float]:
        return {node.unique_id: node.seconds for node in STORY if node.unique_id in unique_ids}

    def prune(self, *, older_than: timedelta | None, larger_than: int | None, dry_run: bool) -> tuple[Run, ...]:
        return tuple(run for run in self.shelf.runs() if older_than and NOON - run.record.started_at > older_than)


class SmallFailing(FailingTests):
    """The failing tests of the scripted runs, with the story's rows."""

    def __init__(self, shelf: SmallShelf) -> None:
        self.shelf = shelf
        self.revealed: list[tuple[str, str]] = []
        self.error: GcmsError | None = None

    def of(self, run_id: str) -> tuple[FailingTest, ...]:
        if self.error is not None:
            raise self.error
        return tuple(
            FailingTest(
                node.unique_id,
                node.unique_id.split(".")[2],
                node.status,
                node.failures,
                node.unique_id == CRITICAL_TEST,
                node.message,
                node.relation_name,
                Card("Duplicate current versions double the services.", "Repair br_attendance_scd2.", "Emergency 1")
                if node.unique_id == CRITICAL_TEST
                else None,
            )
            for node in self.shelf.results(run_id).results
            if node.resource_type == "test" and node.status not in ("pass", "skipped")
        )

    def rows(self, run_id: str, unique_id: str, *, reveal: bool = False) -> FailingRows:
        if self.error is not None:
            raise self.error
        if reveal:
            self.revealed.append((run_id, unique_id))
        names = ("Anna Meier", "Jan Keller", "Eva Lang")
        rows = tuple((27, 14 + place, name if reveal else "masked", 4, 2) for place, name in enumerate(names))
        columns = ("CONCERT_ID", "MUSICIAN_ID", "MUSICIAN_NAME", "ATTENDED_SERVICES", "REQUIRED_SERVICES")
        return FailingRows(
            Evidence(columns, rows, 3), 3, ("MUSICIAN_NAME",), reveal, "2026-03-02 12:00:00 UTC", "01b2c3d4-0000-9999"
        )

    def sql(self, run_id: str, unique_id: str) -> str | None:
        return self.shelf.sql(run_id, unique_id)

    def keep_all(self, run_id: str) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class SmallDesk:
    """A desk, and the handles a test holds it by."""

    desk: RunDesk
    shelf: SmallShelf
    runs: SmallRuns
    history: SmallHistory
    failing: SmallFailing
    clock: Clock


def small_desk(
    root: Path, *runs: ScriptedRun, clock: Clock | None = None, read_only: bool = False, target: str = "sandbox"
) -> SmallDesk:
    """A desk over these runs; over those of the past where none are given."""
    clock = clock or (runs[0].clock if runs else Clock())
    shelf = SmallShelf(root / "runs", runs or past())
    small = SmallRuns(shelf, clock, read_only=read_only, target=target)
    history, failing = SmallHistory(shelf), SmallFailing(shelf)
    desk = RunDesk(small, history, failing, shelf, root / "dbt" / "elsewhere" / "dbt.log")
    return SmallDesk(desk, shelf, small, history, failing, clock)
