"""dbt runs: preview, start, watch, cancel, retry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from gcms_tui.core import run_retry
from gcms_tui.core.completion import candidates, completed
from gcms_tui.core.dbt_command import RUNBOOK_COMMANDS, DbtCommand
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import FAILED, TESTING_COMMANDS, ArtifactError, RunResults
from gcms_tui.core.dbt_words import parse_command
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.query import Access
from gcms_tui.core.run import STARTED, Person, Run, RunState
from gcms_tui.core.run_preview import (
    PREVIEW_HOLDS,
    Preview,
    SelectedNode,
    Surroundings,
    holder_text,
    judged,
    left_out,
    selectable_name,
)
from gcms_tui.core.run_progress import Progress
from gcms_tui.core.writing.lease import LeaseHolder
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.run_history import RunHistory
from gcms_tui.operations.run_ports import DbtLauncher, Journal, RunShelf, RunWatch

_FAILED_TESTS = DbtCommand("test", ("result:fail", "result:error"))
_TESTS = ("test.", "unit_test.")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a run that is being watched."""

    run: Run
    progress: Progress
    remaining_s: float | None = None
    """Expected from the history of the nodes that have not finished; None where it cannot be told."""
    note: str = ""
    """Why its end could not be journalled; empty where it was, or has not come."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the runs are of, and whether they may write."""

    project_dir: str
    target: str
    clean_dir: str
    """The name of the directory that `dbt clean` deletes."""
    read_only_reason: str = ""
    """Who forbids writing; empty where it is allowed."""


class DbtRuns:
    """The runs of one project and target. Every method is blocking I/O; safe from several threads."""

    def __init__(
        self,
        place: Place,
        *,
        launcher: DbtLauncher,
        shelf: RunShelf,
        history: RunHistory,
        journal: Journal,
        person: Person,
        clock: Clock,
        writers: Callable[[], tuple[LeaseHolder, ...]] = tuple,
    ) -> None:
        """`writers`: who writes to a table of this target just now, by the leases of the guarded write."""
        self._place = place
        self._launcher = launcher
        self._shelf = shelf
        self._history = history
        self._journal = journal
        self._person = person
        self._clock = clock
        self._writers = writers
        self._known: tuple[Manifest, tuple[str, ...]] | None = None

    def warm_up(self) -> None:
        """Have the next command start at once, where that can be arranged. Returns soon."""
        self._launcher.warm_up()

    def commands(self) -> tuple[DbtCommand, ...]:
        """The runbook's own, those that may be started here: none that writes where writing is not allowed."""
        return tuple(entry.command for entry in RUNBOOK_COMMANDS if not self._may_not(entry.command))

    def parse(self, words: tuple[str, ...]) -> DbtCommand:
        """What a person typed behind `dbt`. Raises `UsageError` saying which word and what to do."""
        return parse_command(words)

    def completions(self, prefix: str, limit: int = 50) -> tuple[str, ...]:
        """Selectors that begin so, from the newest manifest: names, tags, folders, methods; after `+` as well."""
        try:
            manifest = self._history.manifest()
        except ArtifactError:
            return ()
        known = self._known
        if known is None or known[0] is not manifest:
            known = self._known = (manifest, candidates(manifest))
        return completed(prefix, known[1], limit)

    def preview(self, command: DbtCommand, *, retry_of: str | None = None) -> Preview:
        """Raises `GcmsError` where dbt cannot even say what it would do; zero nodes is a refusal of the preview."""
        return self._preview(self._with_state(command), retry_of=retry_of, typed=command.select)

    def start(self, preview: Preview, typed: str = "") -> Run:
        """Start exactly what was shown.

        Raises `Refused`: the lease is held, the preview is old, the project has changed since, nothing is selected,
        it writes and writing is not allowed, `typed` is not its confirmation.
        """
        self._recheck(preview, typed)
        intent = {
            "words": list(preview.command.words),
            "target": preview.target,
            "project_dir": preview.project_dir,
            "access": preview.access.value,
            "nodes": len(preview.nodes),
            "dropped": list(preview.dropped),
            "typed": typed,
            "retry_of": preview.retry_of,
        }
        self._journal.append(STARTED, preview.run_id, intent)
        try:
            return self._launcher.start(preview, self._person)
        except GcmsError as error:
            with suppress(GcmsError):  # what was to be told is the error itself
                self._journal.append("run.not_started", preview.run_id, {"reason": f"{error.title}: {error.message}"})
            raise

    def watch(self, run_id: str) -> RunWatch:
        return self._shelf.watch(run_id)

    def look(self, run_id: str, watch: RunWatch) -> Look:
        # In this order: what ends in between is seen to run, and its last events are read by the next look.
        run = self._shelf.run(run_id)
        progress = watch.look()
        if run.state.ended:
            return Look(run, progress, note=self._history.settle(run))
        return Look(run, progress, self._history.remaining(progress))

    def cancel(self, run_id: str) -> Run:
        """Ask it to stop: asked is not yet confirmed, that is seen by its state. Raises `Refused`, `UsageError`."""
        run = self._shelf.run(run_id)
        if self._place.read_only_reason:
            raise Refused(
                "Not cancelled",
                f"Nothing may be changed here: {self._place.read_only_reason}.",
                "Start the console where writing is allowed.",
            )
        if run.record.foreign:
            raise Refused(
                "Not ours", f"{run.run_id} was not started here.", "End it where it was started: cron, or a shell."
            )
        with suppress(GcmsError):  # a full disk must not keep a run from being stopped; the run itself names who asked
            self._journal.append("run.cancel", run.run_id, {"state": run.state.value})
        self._launcher.ask_to_stop(run, self._person)
        return self._shelf.run(run.run_id)

    def may_still_run(self, run_id: str) -> str:
        """After a cancel or a kill: what may still run in the warehouse, in words; empty where nothing may."""
        run = self._shelf.run(run_id)
        if not run.state.ended or run.record.foreign:
            return ""
        cut_off = [node.name for node in self._progress(run).nodes if node.status == "running"]
        if not cut_off:
            return ""
        how = {
            RunState.KILLED: f"dbt was ended by signal {run.end.signal if run.end else '?'}",
            RunState.LOST: "dbt is gone and left no end",
            RunState.CANCELLED: "dbt ended, and has not confirmed that it cancelled everything,",
        }.get(run.state, "dbt ended")
        return (
            f"{how} while it worked on {', '.join(cut_off)}. Nobody has told the warehouse: what was sent there may "
            "run on to its end. Look in Snowflake's query history before you run the same nodes again."
        )

    def retry(self, run_id: str) -> Preview:
        """The preview of running again what did not succeed, on the target of that run and no other.

        Raises `NothingToRetry` where everything succeeded, `Refused` where it still runs, or where the console's
        target is another.
        """
        run = self._shelf.run(run_id)
        command = run.record.command
        self._refuse_retry(run)
        if not command.selects:
            if run.state is RunState.SUCCEEDED:
                raise run_retry.nothing_to_retry(run)
            return self._preview(command, retry_of=run.run_id, typed=())
        unique_ids = self._to_retry(run)
        if unique_ids and set(unique_ids) == set(run.record.selected):
            return self._preview(command, retry_of=run.run_id, typed=command.select)
        if not unique_ids:
            if run.state not in (RunState.SUCCEEDED, RunState.FAILED) and not run.record.selected:
                return self._preview(command, retry_of=run.run_id, typed=command.select)
            raise run_retry.nothing_to_retry(run)
        return self._retry_some(run, unique_ids)

    def only_failed_tests(self) -> Preview:
        """The preview of the newest test run's failed and errored tests. Raises `Refused` where there are none."""
        return self.preview(_FAILED_TESTS)

    def require_quiet(self) -> None:
        """Raises `Refused` (guard `dbt_running`) where dbt runs on this project and target, or may.

        A keeper that only keeps the failing rows of a dbt that has ended is not in the way.
        """
        holder = self._launcher.holder()
        if holder is not None and self._has_ended(holder.run_id):
            holder = None
        foreign = "" if holder else self._history.foreign_running()
        if holder is None and not foreign:
            return
        raise Refused(
            "dbt is running",
            f"{holder_text(holder)}." if holder else f"{foreign}.",
            f"Wait for it (gcms-tui runs attach {holder.run_id}), or cancel it."
            if holder
            else "Wait for it to end, and for dbt.log to be silent for a quarter of an hour.",
            guard="dbt_running",
        )

    def _has_ended(self, run_id: str) -> bool:
        try:
            return self._shelf.run(run_id).end is not None
        except GcmsError:
            return False  # nobody can tell

    def close(self) -> None:
        self._launcher.close()

    def _may_not(self, command: DbtCommand) -> bool:
        return bool(self._place.read_only_reason) and command.access is Access.WRITE

    def _preview(self, command: DbtCommand, *, retry_of: str | None, typed: Iterable[str]) -> Preview:
        fingerprint = self._launcher.fingerprint()  # before the selection: what changes meanwhile is then noticed
        nodes = self._launcher.selection(command)
        excluded = left_out(command, nodes, typed)
        if excluded:
            names = tuple(selectable_name(node) for node in excluded)
            command = replace(command, exclude=(*command.exclude, *names))
            nodes = self._launcher.selection(command)
            _require_left_out(excluded, nodes)
        with suppress(GcmsError):  # the start itself will say so
            self._journal.prepare()
        run_id = self._launcher.next_run_id()
        threads = command.option("--threads")
        preview = Preview(
            run_id=run_id,
            command=command,
            argv=self._launcher.argv(command, run_id),
            project_dir=self._place.project_dir,
            target=self._place.target,
            nodes=nodes,
            made_at=self._clock(),
            fingerprint=fingerprint,
            expected_s=self._history.expected(
                command, tuple(node.unique_id for node in nodes), int(threads[0]) if threads else None
            ),
            excluded=tuple(node.name for node in excluded),
            retry_of=retry_of,
        )
        return judged(preview, self._around())

    def _around(self) -> Surroundings:
        return Surroundings(
            target=self._place.target,
            project_dir=self._place.project_dir,
            clean_dir=self._place.clean_dir,
            read_only_reason=self._place.read_only_reason,
            holder=self._launcher.holder(),
            running=self._launcher.holders(),
            foreign=self._history.foreign_running(),
            writers=self._writers(),
        )

    def _recheck(self, preview: Preview, typed: str) -> None:
        """What the preview says has been judged again, by the world as it is now."""
        now = judged(preview, self._around())
        if now.refusal:
            raise Refused("Not started", now.refusal, now.next_step)
        if (preview.target, preview.project_dir) != (self._place.target, self._place.project_dir):
            raise Refused(
                "Not started",
                f"The preview is of target {preview.target} of {preview.project_dir}, and this console runs on "
                f"{self._place.target} of {self._place.project_dir}.",
                _LOOK_AGAIN,
            )
        age = self._clock() - preview.made_at
        if abs(age) > PREVIEW_HOLDS:
            minutes = int(PREVIEW_HOLDS.total_seconds() // 60)
            raise Refused("Not started", f"The preview is older than {minutes} minutes.", _LOOK_AGAIN)
        if typed.strip() != now.confirmation and now.confirmation:
            raise Refused(
                "Not confirmed",
                f"dbt {' '.join(preview.command.words)} wants a confirmation, and "
                + (f"{typed.strip()!r} is not it." if typed.strip() else "nothing was typed."),
                f"Look at the preview, and type: {now.confirmation}",
            )
        if self._launcher.fingerprint() != preview.fingerprint:
            raise Refused("Not started", "The project's files have changed since the preview.", _LOOK_AGAIN)

    def _with_state(self, command: DbtCommand) -> DbtCommand:
        """Where it selects by earlier results: those of the newest test run. Raises `Refused` where none failed."""
        if not command.compares or command.state_of is not None:
            return command
        for run in self._shelf.runs():
            if run.record.target != self._place.target or run.alive:
                continue
            results = self._results(run)
            tests = [node for node in results.results if node.unique_id.startswith(_TESTS)] if results else []
            if results is None or results.command not in TESTING_COMMANDS or not tests:
                continue
            if not any(node.status in FAILED for node in results.results):
                raise Refused(
                    "No failed tests",
                    f"In the newest test run on {self._place.target}, {run.run_id}, nothing failed.",
                    "Test gold: test --select gold",
                )
            return replace(command, state_of=run.run_id)
        raise Refused(
            "No failed tests",
            f"No test run on {self._place.target} is kept with its results.",
            "Run the tests first: test --select gold",
        )

    def _refuse_retry(self, run: Run) -> None:
        if not run.state.ended:
            raise Refused(
                "Not over",
                f"{run.run_id} has no end yet ({run.state.value}).",
                f"Wait for it: gcms-tui runs attach {run.run_id}",
            )
        if run.record.target != self._place.target:
            raise Refused(
                "Another target",
                f"{run.run_id} ran on target {run.record.target}, and this console runs on {self._place.target}.",
                f"Start it on that target: gcms-tui --target {run.record.target} runs retry {run.run_id}",
            )

    def _to_retry(self, run: Run) -> tuple[str, ...]:
        found = run_retry.not_succeeded(run, self._results(run), self._progress(run))
        return tuple(unique_id for unique_id in found if not unique_id.startswith("operation."))  # hooks

    def _retry_some(self, run: Run, unique_ids: tuple[str, ...]) -> Preview:
        try:
            manifest = self._shelf.manifest(run.run_id)
        except ArtifactError:
            manifest = self._history.manifest()
        selectors, unnamed = run_retry.selectors(unique_ids, manifest.nodes)
        if not selectors:
            raise Refused(
                "Cannot be named",
                f"The project no longer has what did not succeed in {run.run_id}: {', '.join(unnamed[:5])}.",
                "Start it anew by hand.",
            )
        original = run.record.command
        preview = self._preview(run_retry.again(original, selectors), retry_of=run.run_id, typed=original.select)
        selected = {node.unique_id for node in preview.nodes}
        gone = [*unnamed, *(item for item in unique_ids if item not in selected and item not in unnamed)]
        gone = [item for item in gone if not any(item.endswith(f".{name}") for name in preview.excluded)]
        if gone:
            note = f"Not run again, as the project no longer has it under this name: {', '.join(gone)}."
            preview = replace(preview, warnings=(*preview.warnings, note))
        if others := sorted(selected - set(unique_ids)):
            preview = replace(
                preview,
                refusal=f"dbt would run what need not be run again: {', '.join(others[:5])}.",
                next_step="Start it anew by hand, with a selection of your own.",
            )
        return preview

    def _results(self, run: Run) -> RunResults | None:
        try:
            return self._shelf.results(run.run_id)
        except ArtifactError:
            return None

    def _progress(self, run: Run) -> Progress:
        if run.record.foreign:
            return Progress()
        watch = self._shelf.watch(run.run_id)
        try:
            return watch.look()
        finally:
            watch.close()


_LOOK_AGAIN = "Look at a new preview, and start that."


def _require_left_out(excluded: Iterable[SelectedNode], nodes: Iterable[SelectedNode]) -> None:
    if still := {node.unique_id for node in excluded} & {node.unique_id for node in nodes}:
        raise Refused(
            "History would be lost",
            f"A full refresh would rebuild {', '.join(sorted(still))}, and dbt does not let it be left out.",
            "Select the models to refresh by name.",
        )
