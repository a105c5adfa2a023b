"""Every dbt run that is known: those started here, and the foreign ones that the project's own files tell of."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gcms_tui.core import run_outcome
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import Invocation
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, MissingArtifact, RunResults
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.freshness import age_words
from gcms_tui.core.run import Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_progress import Progress
from gcms_tui.operations.ports import Clock, DbtProject
from gcms_tui.operations.run_journal import RunJournal
from gcms_tui.operations.run_ports import RunShelf, RunWatch

OUTCOME = "outcome"
"""The document beside a run of ours that says what became of it: `core/run_outcome.py`."""
FOREIGN = "foreign"
"""And beside a foreign one, as `RunShelf.adopt` keeps it."""

PERHAPS_RUNNING = timedelta(minutes=15)
"""A foreign invocation without an end may still run for so long after the last line in dbt.log."""

_PICKED_UP_ANEW = timedelta(days=1)
"""One that ran beside a known one is kept so long after it began, and no more."""
_MOST_PICKED_UP = 200
"""At first sight of a log, its newest."""

_UNTOLD = frozenset({"ls", "list", "parse", "debug", "deps", "init", "docs serve"})
"""Commands that a foreign run is not worth keeping for: editors send them all day."""
_MANIFESTS_TRIED = 10
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NOBODY = Person("unknown", "unknown")


@dataclass(frozen=True, slots=True)
class Told:
    """A run, and what became of it so far."""

    run: Run
    invocation: Invocation
    total: int | None = None
    """How many nodes dbt said that it would execute."""


class RunArchive:
    """Reads each run that has ended once. Safe from several threads.

    `journal`: where the outcomes go; None where nothing may be written.
    """

    def __init__(
        self, shelf: RunShelf, project: DbtProject, project_dir: Path, clock: Clock, journal: RunJournal | None = None
    ) -> None:
        self._shelf = shelf
        self._project = project
        self._project_dir = project_dir
        self._clock = clock
        self._journal = journal
        self._lock = threading.Lock()
        self._ended: dict[str, tuple[Run, Told]] = {}
        self._watches: dict[str, RunWatch] = {}
        self._notes: tuple[str, ...] = ()

    def told(self) -> tuple[Told, ...]:
        """Every run, newest first. Foreign ones that have ended are kept as they are seen."""
        with self._lock:
            self._notes = ()
            runs = self._shelf.runs()
            ours = [self._tell(run) for run in runs]
            self._forget({run.run_id for run in runs})
            self._notes += tuple(filter(None, map(self._journalled, reversed(ours))))
            every = [*ours, *self._foreign(ours)]
        return tuple(sorted(every, key=lambda told: (told.invocation.started_at, told.run.run_id), reverse=True))

    def settle(self, run: Run) -> str:
        """Journal how it ended, where it has. Answers why that could not be; empty where all is well."""
        with self._lock:
            return self._journalled(self._tell(run))

    def notes(self) -> tuple[str, ...]:
        """What the last look could not read."""
        return tuple(dict.fromkeys((*self._shelf.notes(), *self._notes)))

    def manifest(self, target: str) -> Manifest:
        """The newest of this target: the project's own, or the one that the newest runs left in their places.

        Raises `ArtifactError` where there is none.
        """
        kept = self._kept_manifest(target)
        try:
            own = self._project.manifest()
        except ArtifactError:
            if kept is None:
                raise
            return kept[0]
        # A kept one may be shared with an earlier run that had the same: its own date is not when it was last true.
        return kept[0] if kept is not None and kept[1] > (own.generated_at or _LONG_AGO) else own

    def _kept_manifest(self, target: str) -> tuple[Manifest, datetime] | None:
        """That of the newest run that left one, and when that run began."""
        runs = [run for run in self._shelf.runs() if run.record.target == target and not run.alive]
        for run in runs[:_MANIFESTS_TRIED]:
            try:
                return self._shelf.manifest(run.run_id), run.record.started_at
            except ArtifactError:
                continue  # cleaning or debugging leaves none, and neither does what fails before it has read all
        return None

    def foreign_running(self) -> str:
        """A foreign invocation that may be running just now, in words; empty where there is none."""
        try:
            log, written = self._project.log(), self._project.log_written_at()
        except ArtifactError:
            return ""
        now = self._clock()
        if written is None or now - written > PERHAPS_RUNNING:
            return ""
        ours = {told.invocation.invocation_id for told in self.told() if not told.run.record.foreign}
        open_ones = [item for item in log.invocations if item.success is None and item.invocation_id not in ours]
        if not open_ones:
            return ""
        last = open_ones[-1]
        began = f"{last.started_at:%H:%M} UTC" if last.started_exactly else "earlier"
        quiet = age_words(max(now - written, timedelta()))
        return (
            f"dbt {last.command or 'command'}, begun {began} outside this console, may be running: dbt.log has no end "
            f"of it and was written to {quiet} ago"
        )

    # -- runs that were started here --------------------------------------------------------------------------------

    def _journalled(self, told: Told) -> str:
        return self._journal.ended(told.run, told.invocation) if self._journal is not None else ""

    def _tell(self, run: Run) -> Told:
        known = self._ended.get(run.run_id)
        if known is not None and known[0] == run:
            return known[1]
        kept = run_outcome.decode(self._kept(run)) if run.end is not None or run.record.foreign else None
        if kept is not None:
            told = Told(_with_end(run, kept), kept)
        elif run.record.foreign:
            told = Told(run, _bare(run))
        else:
            told = self._worked_out(run)
        if not run.alive:
            self._ended[run.run_id] = (run, told)
        return told

    def _kept(self, run: Run) -> dict[str, object] | None:
        try:
            return self._shelf.kept(run.run_id, FOREIGN if run.record.foreign else OUTCOME)
        except GcmsError as error:
            self._note(error)
            return None

    def _worked_out(self, run: Run) -> Told:
        results = self._results(run.run_id) if run.end is not None else None
        whole = run.end is not None and run.end.exit_code in (0, 1) and results is not None and bool(results.results)
        progress = None if whole else self._progress(run)
        invocation = run_outcome.invocation_of(run, progress, results)
        if run.end is not None:
            try:
                self._shelf.keep(run.run_id, OUTCOME, run_outcome.encode(invocation))
            except GcmsError as error:
                self._note(error)
        return Told(run, invocation, progress.total if progress else None)

    def _results(self, run_id: str) -> RunResults | None:
        try:
            return self._shelf.results(run_id)
        except ArtifactError:
            return None  # a run that executes nothing leaves none; one that failed in parsing neither

    def _progress(self, run: Run) -> Progress | None:
        """One look at the events; a live run is followed from where the last look ended."""
        try:
            watch = self._watches.pop(run.run_id, None) or self._shelf.watch(run.run_id)
            progress = watch.look()
        except GcmsError as error:
            self._note(error)
            return None
        if run.alive:
            self._watches[run.run_id] = watch
        else:
            watch.close()
        return progress

    def _forget(self, present: set[str]) -> None:
        for run_id in self._ended.keys() - present:
            del self._ended[run_id]
        for run_id in self._watches.keys() - present:
            self._watches.pop(run_id).close()

    # -- foreign ones -----------------------------------------------------------------------------------------------

    def _foreign(self, known: Sequence[Told]) -> list[Told]:
        """Those that the project's log tells of and that are not kept yet; what has ended is kept now."""
        try:
            log, written = self._project.log(), self._project.log_written_at()
        except MissingArtifact:
            return []
        except ArtifactError as error:
            self._note(error)
            return []
        ids = {told.invocation.invocation_id for told in known}
        places = [place for place, item in enumerate(log.invocations) if item.invocation_id in ids]
        newest_known = places[-1] if places else -1
        now = self._clock()
        quiet = written is None or now - written > PERHAPS_RUNNING

        def unseen(place: int, item: Invocation) -> bool:
            """What stands before a known one and ended before that began has been kept, and removed on purpose."""
            if item.invocation_id in ids or item.command in _UNTOLD:
                return False
            if place > newest_known:
                return True
            over = item.ended_at is not None and item.ended_at <= log.invocations[newest_known].started_at
            return not over and now - item.started_at < _PICKED_UP_ANEW

        picked = [self._dated(item) for place, item in enumerate(log.invocations) if unseen(place, item)]
        return [
            self._adopted(item, adopt=quiet or item.success is not None or item.interleaved)
            for item in picked[-_MOST_PICKED_UP:]
        ]

    def _dated(self, item: Invocation) -> Invocation:
        """Its artifact, where that is still there, knows which day it was."""
        if item.started_exactly:
            return item
        try:
            results = self._project.results_of(item.invocation_id)
        except ArtifactError:
            return item
        return run_outcome.dated(item, results)

    def _adopted(self, item: Invocation, *, adopt: bool) -> Told:
        record = RunRecord(
            run_id=foreign_run_id(item),
            command=DbtCommand(item.command or "unknown"),
            argv=("dbt", *item.command.split()),
            project_dir=str(self._project_dir),
            target=item.target or "",
            person=_NOBODY,
            started_at=item.started_at,
            engine="foreign",
            foreign=True,
        )
        if adopt:
            try:
                artifacts = [path for path in self._project.left_by(item.invocation_id) if _worth_keeping(path, item)]
                self._shelf.adopt(record, artifacts, run_outcome.encode(item))
            except GcmsError as error:
                self._note(error)
        return Told(_with_end(Run(record), item), item)

    def _note(self, error: GcmsError) -> None:
        self._notes += (f"{error.title}: {error.message}",)


def _worth_keeping(path: Path, item: Invocation) -> bool:
    """A manifest may be large, and cron leaves one an hour: it is copied where it names tests that did not pass."""
    tests = (outcome for outcome in item.outcomes if outcome.resource_type in ("test", "unit_test"))
    return path.name != "manifest.json" or any(outcome.status not in ("pass", "skipped") for outcome in tests)


def foreign_run_id(item: Invocation) -> str:
    """The same whoever sees it, as long as the log dates it the same."""
    digits = "".join(character for character in item.invocation_id if character in "0123456789abcdef")
    return f"{item.started_at:%Y%m%d-%H%M%S}-{digits[:4].ljust(4, '0')}"


def _with_end(run: Run, invocation: Invocation) -> Run:
    """A foreign run's end is in the log alone; of its exit code the log tells only whether it was 0."""
    if run.end is not None or not run.record.foreign or invocation.success is None:
        return run
    code = 0 if invocation.success else 1 if invocation.outcomes else 2
    ended_at: datetime = invocation.ended_at or invocation.started_at
    return replace(run, end=RunEnd(ended_at, code, None, invocation.invocation_id))


def _bare(run: Run) -> Invocation:
    """A foreign run of which only the record can be read."""
    record = run.record
    return Invocation(
        invocation_id=(run.end.invocation_id if run.end else None) or f"run {run.run_id}",
        started_at=record.started_at,
        started_exactly=False,
        ended_at=run.end.ended_at if run.end else None,
        command=record.command.subcommand,
        target=record.target or None,
        success=run.end.exit_code == 0 if run.end and run.end.exit_code is not None else None,
        outcomes=(),
    )
