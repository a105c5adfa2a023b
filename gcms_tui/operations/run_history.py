"""The history of runs, ours and foreign, and what it tells of the project's speed and success."""

from __future__ import annotations

import statistics
from datetime import datetime, timedelta
from pathlib import Path

from gcms_tui.core import run_trend
from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.dbt_manifest import Manifest, critical_tests
from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import UsageError
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.run_summary import Summary as Summary
from gcms_tui.core.run_summary import summarise
from gcms_tui.core.run_trend import NodeTrend as NodeTrend
from gcms_tui.core.run_trend import Trend as Trend
from gcms_tui.operations.ports import Clock, DbtProject
from gcms_tui.operations.run_archive import RunArchive
from gcms_tui.operations.run_journal import RunJournal
from gcms_tui.operations.run_ports import RunShelf

USUAL_WITHIN = timedelta(days=30)
"""What is older says nothing of how long a node takes now."""
_USUAL_FOR = timedelta(minutes=1)
_SAME_COMMAND = 5
"""So many of the newest runs of the same command make up how long it takes."""


class RunHistory:
    """Every method is blocking I/O; safe from several threads.

    `project` is what dbt left in the project's own directories, where foreign runs leave it too. `journal` takes the
    outcome of each run as it is seen; None where nothing may be written.
    """

    def __init__(
        self,
        shelf: RunShelf,
        project: DbtProject,
        target: str,
        clock: Clock,
        *,
        project_dir: Path,
        journal: RunJournal | None = None,
    ) -> None:
        self._shelf = shelf
        self._target = target
        self._clock = clock
        self._journal = journal
        self._archive = RunArchive(shelf, project, project_dir, clock, journal)
        self._unjournalled: tuple[str, ...] = ()
        self._usual: tuple[datetime, dict[str, float]] | None = None

    def summaries(self, *, limit: int = 500) -> tuple[Summary, ...]:
        """Newest first, foreign ones among them (picked up and kept as they are seen)."""
        return tuple(summarise(told.run, told.invocation, told.total) for told in self._archive.told()[:limit])

    def summary(self, reference: str) -> Summary:
        """By the run's id, an unambiguous beginning of it, or `last`. Raises `UsageError`."""
        every = self.summaries(limit=1_000_000)
        if reference == "last" and every:
            return every[0]
        found = [item for item in every if item.run.run_id == reference] or [
            item for item in every if reference and item.run.run_id.startswith(reference)
        ]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError("No such run", f"There is no run {reference!r} of this project.", _SEE_LIST)
        shown = ", ".join(item.run.run_id for item in found[:5]) + (", …" if len(found) > 5 else "")
        raise UsageError("More than one such run", f"{reference!r} may be {shown}.", "Type more of its id.")

    def invocation(self, run_id: str) -> Invocation | None:
        """What became of a run and of each of its nodes; None where no run has that id."""
        return next((told.invocation for told in self._archive.told() if told.run.run_id == run_id), None)

    def known(self) -> tuple[tuple[Run, Invocation], ...]:
        """Every run of this target, as far as that is told, and what became of it; oldest first."""
        told = reversed(self._archive.told())
        return tuple((one.run, one.invocation) for one in told if one.invocation.may_be_of(self._target))

    def notes(self) -> tuple[str, ...]:
        """What could not be read or journalled, in words."""
        return (*self._archive.notes(), *self._unjournalled)

    def settle(self, run: Run) -> str:
        """Journal how it ended, where it has. Answers why that could not be; empty where all is well."""
        return self._archive.settle(run)

    def foreign_running(self) -> str:
        """A dbt command begun outside this console that may be running just now, in words; empty where none may."""
        return self._archive.foreign_running()

    def trend(self, window: timedelta = USUAL_WITHIN) -> Trend:
        """Of this target; what began before the window does not count."""
        since = self._clock() - window
        invocations = self._invocations(window)
        manifest = self._manifest()
        names = {unique_id: node.alias for unique_id, node in manifest.nodes.items()} if manifest else {}
        critical = critical_tests(manifest) if manifest else frozenset()
        words = f"the last {window_words(window)}"
        return Trend(
            since=since,
            runs=len(invocations),
            nodes=run_trend.node_trends(invocations, names),
            run_success=run_trend.run_success_words(invocations, self._target, words),
            test_pass=run_trend.pass_rate_words(invocations, self._target, words, critical),
        )

    def node_seconds(self, unique_ids: tuple[str, ...]) -> dict[str, float]:
        """The usual time of each node that has a past: for expectations."""
        usual = self._usual_seconds()
        return {unique_id: usual[unique_id] for unique_id in unique_ids if unique_id in usual}

    def _usual_seconds(self) -> dict[str, float]:
        """Worked out at most once a minute: a live view asks several times a second."""
        now, known = self._clock(), self._usual
        if known is None or not timedelta() <= now - known[0] < _USUAL_FOR:
            known = self._usual = (now, run_trend.usual_seconds(self._invocations(USUAL_WITHIN)))
        return known[1]

    def expected(self, command: DbtCommand, unique_ids: tuple[str, ...], threads: int | None = None) -> float | None:
        """How long a command will take, in seconds; None where its past does not tell.

        The median of the newest runs of the same command that succeeded; without any, the bound that
        `core.run_trend.expected_duration` gives for its nodes.
        """
        same = [
            told
            for told in self._archive.told()
            if told.run.record.target == self._target
            and told.run.record.command.words == command.words
            and told.run.state in (RunState.SUCCEEDED, RunState.FAILED)
            and not told.run.record.foreign
        ][:_SAME_COMMAND]
        durations = [seconds for told in same if (seconds := summarise(told.run, told.invocation).duration_s)]
        if durations:
            return statistics.median(durations)
        return run_trend.expected_duration(unique_ids, self.node_seconds(unique_ids), threads)

    def remaining(self, progress: Progress) -> float | None:
        """How long a running command will still take at the least; None where it cannot be told."""
        usual = self.node_seconds(tuple(node.unique_id for node in progress.nodes))
        return run_trend.remaining_seconds(progress.nodes, usual, progress.threads, self._clock(), progress.total)

    def sizes(self) -> tuple[tuple[Run, int], ...]:
        """Bytes on disk of every kept run, newest first."""
        return tuple((run, self._shelf.size(run.run_id)) for run in self._shelf.runs())

    def prune(self, *, older_than: timedelta | None, larger_than: int | None, dry_run: bool) -> tuple[Run, ...]:
        """Remove ended runs by age, and the oldest until the rest is smaller than so many bytes; the newest and
        every running one stay, and the newest foreign one, by which the next ones are told from those seen before.
        Answers which, oldest first."""
        sizes = self.sizes()
        runs = [run for run, _ in sizes]
        foreign = [run for run in runs if run.record.foreign]
        staying = {run.run_id for run in (*runs[:1], *foreign[:1])} | {run.run_id for run in runs if run.alive}
        now = self._clock()
        left = sum(size for _, size in sizes)
        doomed: list[Run] = []
        for run, size in reversed(sizes):
            if run.run_id in staying:
                continue
            ended_at = run.end.ended_at if run.end else run.record.started_at
            old = older_than is not None and now - ended_at > older_than
            large = larger_than is not None and left > larger_than
            if old or large:
                left -= size
                doomed.append(run)
        if doomed and not dry_run:
            self._archive.told()  # what nobody has looked at since it ended is journalled before it goes
            why = self._journal.removing(doomed) if self._journal is not None else ""
            self._unjournalled = (why,) if why else ()
            for run in doomed:
                self._shelf.remove(run.run_id)
        return tuple(doomed)

    def _invocations(self, window: timedelta) -> list[Invocation]:
        """Of this target, as far as it is known, and within the window; oldest first."""
        since = self._clock() - window
        every = (told.invocation for told in reversed(self._archive.told()))
        return [item for item in every if item.started_at >= since and item.may_be_of(self._target)]

    def manifest(self) -> Manifest:
        """The newest of this target that is known. Raises `ArtifactError` where there is none."""
        return self._archive.manifest(self._target)

    def _manifest(self) -> Manifest | None:
        """For names and tags only: a trend without them is still a trend."""
        try:
            return self.manifest()
        except ArtifactError:
            return None


def window_words(window: timedelta) -> str:
    """`30 days`, `12 hours`."""
    days = window.total_seconds() / 86400
    return counted(round(days), "day") if days >= 2 else counted(round(days * 24), "hour")


_SEE_LIST = "See: gcms-tui runs list"
