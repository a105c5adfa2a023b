"""Starts dbt runs: takes the lease, writes the intent, and hands both to a keeper that outlives the console."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gcms_tui.adapters.dbt_argv import PARTIAL_PARSE_OPTION, DbtPlace, dbt_environment
from gcms_tui.adapters.dbt_listing import Listing
from gcms_tui.adapters.dbt_project_state import dbt_executable, dbt_version, fingerprint, git_state
from gcms_tui.adapters.dbt_warm import WarmDbt
from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import link_or_copy, make_directory, write_new, write_whole
from gcms_tui.adapters.run_directory import CACHES, CANCEL, LEASES, RECORD, RUNS, RunDirectories, read_pid
from gcms_tui.adapters.run_handover import by_fork, by_keeper
from gcms_tui.adapters.run_keeper import AFTER_AT_MOST_S, COULD_NOT_START, END, EVENTS, PROCESS, Order
from gcms_tui.adapters.run_lease import LeaseFile, TakenLease, holders, is_locked
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.errors import Refused, Unavailable
from gcms_tui.core.identifier import Relation
from gcms_tui.core.run import CancelAsked, Holder, Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_json import cancel_text, end_text, read_cancel, record_text
from gcms_tui.core.run_preview import Preview, SelectedNode
from gcms_tui.core.settings import DbtSettings

INSIST_AFTER = timedelta(seconds=30)
"""dbt gets so long to cancel its statements before a second request ends it for good."""
WARM, EXECUTABLE = "warm", "executable"
_STATE_FILES = ("run_results.json", "manifest.json")


def nothing_after(run_id: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class LaunchPlace:
    """Where and for whom dbt is started."""

    state_dir: Path
    settings: DbtSettings
    """Its project_dir is set."""
    target: str
    """As resolved: always said to dbt."""
    written: tuple[Path, ...] = ()
    """Where dbt itself writes in the project: its target/ and logs/. They are no part of its fingerprint."""
    profiles: Path | None = None
    """The `profiles.yml` in force, which says what the target is: a part of the fingerprint, wherever it lies."""
    scd2: tuple[Relation, ...] = ()
    """The tables that gcms.toml says hold versions."""

    @property
    def project_dir(self) -> Path:
        assert self.settings.project_dir is not None
        return self.settings.project_dir


class DbtProcesses:
    """Starts, lists and stops. Every method is blocking I/O; safe from several threads."""

    def __init__(
        self,
        place: LaunchPlace,
        env: Mapping[str, str],
        *,
        warm: WarmDbt | None = None,
        after: Callable[[str], tuple[str, ...]] = nothing_after,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`after` names the command that a run's keeper executes where tests have stored failing rows, while it still
        holds the lease. `warm` is closed with this."""
        self._place = place
        self._env = dbt_environment(env, place.target)
        self._warm = warm
        self._after = after
        self._now = now
        self._version: tuple[Path, str] | None = None
        self._dbt = DbtPlace(
            project_dir=place.project_dir,
            target=place.target,
            cache_root=place.state_dir / CACHES,
            profiles_dir=place.settings.profiles_dir,
            profile=place.settings.profile,
        )
        self._lease = LeaseFile(place.state_dir / LEASES, str(place.project_dir), place.target)

    def warm_up(self) -> None:
        if self._warm is not None:
            self._warm.start()

    def next_run_id(self) -> str:
        return f"{self._now().astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    def argv(self, command: DbtCommand, run_id: str) -> tuple[str, ...]:
        return self._dbt.argv(command, self._run_dir(run_id))

    def selection(self, command: DbtCommand) -> tuple[SelectedNode, ...]:
        if not command.selects:
            return ()
        listing = Listing(self._dbt, self._env, self._warm, self._executable, self._place.scd2)
        state = None if command.state_of is None else self._run_dir(command.state_of) / "target"
        if self._warm is not None:
            self._warm.refresh()
        return listing.nodes(command, state)

    def fingerprint(self) -> str:
        place = self._place
        return fingerprint(place.project_dir, (*place.written, place.state_dir), place.profiles)

    def holder(self) -> Holder | None:
        return self._lease.holder()

    def holders(self) -> tuple[Holder, ...]:
        return tuple(holder for _, holder in holders(self._lease.directory, str(self._place.project_dir)))

    def start(self, preview: Preview, person: Person) -> Run:
        executable = self._executable()
        run_dir = self._run_dir(preview.run_id)
        try:
            lease = self._lease.take()
        except OSError as error:
            raise _not_kept(self._lease.lock_file, error) from None
        try:
            self._require_alone(lease)
            record = self._record(preview, person, lease, executable)
            # Before anybody can see the run: one that nobody holds a lease for counts as lost.
            lease.name(record, os.getpid())
            self._make(run_dir, record)
        except OSError as error:
            lease.let_go()
            raise _not_kept(run_dir, error) from None
        except BaseException:
            lease.let_go()
            raise
        return self._launch(record, lease, executable)

    def ask_to_stop(self, run: Run, person: Person) -> None:
        """SIGINT, upon which dbt cancels its statements and ends.

        Asked again, nothing more is sent for a while: a second SIGINT would end dbt in the middle of its cancelling.
        After `INSIST_AFTER` it is SIGTERM, which dbt obeys at once and without cancelling anything.
        """
        run_dir = self._run_dir(run.run_id)
        held = run.run_id in {holder.run_id for _, holder in holders(self._lease.directory, run.record.project_dir)}
        pid = read_pid(run_dir / PROCESS)
        if (run_dir / END).exists():
            raise _has_ended(run, held=held)
        if pid is None or not (held or is_locked(run_dir / EVENTS)):
            raise _has_ended(run)
        asked = CancelAsked(self._now(), person)
        try:
            first = write_new(run_dir / CANCEL, cancel_text(asked))
            earlier = asked if first else read_cancel((run_dir / CANCEL).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            earlier = asked  # a full disk must not keep a run from being stopped
        insists = abs(asked.at - earlier.at) >= INSIST_AFTER  # the clock may have been put back
        if earlier is not asked and not insists:
            return
        try:
            sent = _signal(pid, signal.SIGTERM if insists else signal.SIGINT, run_dir / END)
        except PermissionError:
            who = f"dbt (process {pid}) belongs to another user: {run.record.person} started it."
            raise Refused("Not cancelled", who, "Cancel it as that user.") from None
        if not sent:
            raise _has_ended(run)

    def close(self) -> None:
        if self._warm is not None:
            self._warm.close()

    def _run_dir(self, run_id: str) -> Path:
        return self._place.state_dir / RUNS / run_id

    def _executable(self) -> Path:
        return dbt_executable(self._place.settings.executable, self._env)

    def _record(self, preview: Preview, person: Person, lease: TakenLease, executable: Path) -> RunRecord:
        return RunRecord(
            run_id=preview.run_id,
            command=preview.command,
            argv=preview.argv,
            project_dir=preview.project_dir,
            target=preview.target,
            person=person,
            started_at=self._now(),
            git=git_state(self._place.project_dir, self._env),
            engine=WARM if self._warm is not None and self._warm.alive else EXECUTABLE,
            dbt_version=self._dbt_version(executable),
            selected=tuple(node.unique_id for node in preview.nodes),
            expected_s=preview.expected_s,
            retry_of=preview.retry_of,
            takeover=lease.takeover,
        )

    def _require_alone(self, lease: TakenLease) -> None:
        """Raises `Refused` where a run goes on of which the lease was removed."""
        if not lease.is_new:
            return
        shelf = RunDirectories(self._place.state_dir, self._place.project_dir)
        for run in shelf.runs():
            if run.alive and run.record.target == self._place.target:
                raise Refused(
                    "Another dbt run is going on",
                    f"{run.run_id} (dbt {' '.join(run.record.command.words)}) goes on, process {run.pid}, though its "
                    f"lease was removed: started by {run.record.person}.",
                    f"Watch it: gcms-tui runs attach {run.run_id}. Or wait until it has ended.",
                )
        lease.trust()

    def _dbt_version(self, executable: Path) -> str:
        if self._version is None or self._version[0] != executable:
            self._version = (executable, dbt_version(executable, self._env))
        return self._version[1]

    def _make(self, run_dir: Path, record: RunRecord) -> None:
        """The directory with the intent in it, on disk. Raises `Refused` where there is one of that id, `OSError`: then
        there is none.
        """
        if missing := _missing_file(record.argv):
            raise Refused("The preview is old", f"{missing} has gone since.", "Look at a new preview, and start that.")
        make_directory(run_dir.parent)
        try:
            run_dir.mkdir(mode=0o700)
        except FileExistsError:
            raise Refused(
                "Started already", f"{record.run_id} has been started.", "Look at a new preview, and start that."
            ) from None
        try:
            (run_dir / "logs").mkdir(mode=0o700)
            if record.command.state_of is not None:
                _link_state(self._run_dir(record.command.state_of), run_dir / "state")
            write_whole(run_dir / RECORD, record_text(record))
        except OSError:
            shutil.rmtree(run_dir, ignore_errors=True)
            raise

    def _launch(self, record: RunRecord, lease: TakenLease, executable: Path) -> Run:
        run_dir = self._run_dir(record.run_id)
        order = Order(
            run_dir=str(run_dir),
            argv=(str(executable), *record.argv[1:]),
            project_dir=str(self._place.project_dir),
            cache_dir=str(self._dbt.cache(record.command)),
            name_file=str(lease.file.name_file),
            after=self._after(record.run_id),
        )
        answer = None
        if record.engine == WARM and self._warm is not None:
            answer = by_fork(order, lease.descriptor, self._env, self._warm)
            if answer is None:
                record = replace(record, engine=EXECUTABLE)
                with suppress(OSError):  # it then names the wrong engine, and nothing else in it is wrong
                    write_whole(run_dir / RECORD, record_text(record))
        answer = answer or by_keeper(order, lease.descriptor, self._env)
        if answer is None:
            end = RunEnd(self._now(), COULD_NOT_START, note="its keeper could not be started")
            with suppress(OSError):
                write_whole(run_dir / END, end_text(end))
            lease.let_go()
        else:
            lease.hand_over()
        if answer is None or answer.pid is None:
            reason = answer.error if answer else "its keeper could not be started"
            raise Unavailable("dbt could not be started", f"{record.run_id}: {reason}.", "See: gcms-tui doctor")
        return Run(record, alive=True, pid=answer.pid)


def _missing_file(argv: tuple[str, ...]) -> str:
    """The parsed project that a preview counted on, where it is gone: dbt refuses to start without."""
    if PARTIAL_PARSE_OPTION not in argv:
        return ""
    path = argv[argv.index(PARTIAL_PARSE_OPTION) + 1]
    return "" if os.path.exists(path) else path


def _link_state(run_dir: Path, state: Path) -> None:
    """What dbt is to compare with, kept beside the run: the other may be pruned meanwhile."""
    state.mkdir(mode=0o700)
    for name in _STATE_FILES:
        with suppress(FileNotFoundError):
            link_or_copy(run_dir / "target" / name, state / name)


def _signal(pid: int, number: signal.Signals, end: Path) -> bool:
    """Whether it was sent to this very process: its number is free for others once its end is written."""
    process = None
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    except (OSError, AttributeError):  # a kernel or a container without it
        pass
    try:
        if end.exists():
            return False
        if process is None:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(process, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        if process is not None:
            os.close(process)


def _has_ended(run: Run, *, held: bool = False) -> Refused:
    if held:
        return Refused(
            "It has ended",
            f"{run.run_id} has ended; only its failing rows are being kept, which takes {AFTER_AT_MOST_S // 60} "
            "minutes at most.",
            "Wait for that: then the next run can start.",
        )
    return Refused("It has ended", f"{run.run_id} is not running.", f"See: gcms-tui runs show {run.run_id}")


def _not_kept(path: Path, error: OSError) -> StateError:
    return StateError(
        "The run cannot be kept",
        f"{error.filename or path}: {error.strerror or type(error).__name__}. Nothing was started.",
        "Make room, or name a directory that can be written as state_dir in gcms.toml.",
    )
