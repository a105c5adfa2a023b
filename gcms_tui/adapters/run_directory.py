"""Every dbt run's directory: `runs/<run id>/` in the state directory, for its owner alone.

run.json        the intent, on disk before dbt starts; never changed
process.json    dbt's process id, while it runs
events.jsonl    dbt's standard output: its JSON events
stderr.txt      its standard error
logs/dbt.log    its text log
target/         its artifacts, nobody else's
cancel.json     who asked it to stop
end.json        how it ended, written by its keeper
after.txt       what was said while its failing rows were kept
kept/           documents that others keep beside the run
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory, read_small, write_new, write_whole
from gcms_tui.adapters.run_events import end_by_events, invocation_id
from gcms_tui.adapters.run_keeper import END, EVENTS, PROCESS
from gcms_tui.adapters.run_lease import holders, is_locked
from gcms_tui.adapters.run_tidying import drop_unused_manifests
from gcms_tui.adapters.run_watch import EventsWatch
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.run import Run, RunEnd, RunRecord
from gcms_tui.core.run_json import read_cancel, read_end, read_record, record_text

RECORD, CANCEL = "run.json", "cancel.json"
RUNS, LEASES, CACHES = "runs", "leases", "dbt"
"""Directories in the state directory; the last holds what the runs of a project and target share."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_MANIFESTS_HELD = 4

T = TypeVar("T")


class RunDirectories:
    """The runs of one project, on this machine. Safe from several threads and processes."""

    def __init__(self, state_dir: Path, project_dir: Path) -> None:
        self._root = state_dir / RUNS
        self._leases = state_dir / LEASES
        self._caches = state_dir / CACHES
        self._project = os.path.realpath(project_dir)
        self._lock = threading.Lock()
        self._over: dict[str, Run | None] = {}
        """What cannot change any more; None for a run of another project."""
        self._notes: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._manifests: dict[tuple[int, int, int], Manifest] = {}

    def runs(self) -> tuple[Run, ...]:
        with self._lock:
            names = self._names()
            for gone in set(self._over) - set(names):
                del self._over[gone]
            self._notes = {name: note for name, note in self._notes.items() if name in {*names, RUNS}}
            found = {name: run for name in names if name not in self._over and (run := self._read(name)) is not None}
            self._settle(found)
            runs = [run for name in names if (run := self._over.get(name) or found.get(name)) is not None]
        return tuple(sorted(runs, key=lambda run: (run.record.started_at, run.run_id), reverse=True))

    def notes(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._notes[name] for name in sorted(self._notes))

    def run(self, reference: str) -> Run:
        runs = self.runs()
        if reference == "last" and runs:
            return runs[0]
        exact = [run for run in runs if run.run_id == reference]
        found = exact or [run for run in runs if reference and run.run_id.startswith(reference)]
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(run.run_id for run in found[:5]) + (", …" if len(found) > 5 else "")
            raise UsageError("More than one such run", f"{reference!r} may be {shown}.", "Type more of its id.")
        raise UsageError("No such run", f"There is no run {reference!r} of this project.", "See: gcms-tui runs list")

    def directory(self, run_id: str) -> Path:
        if not _RUN_ID.fullmatch(run_id):
            raise UsageError("No such run", f"{run_id!r} is no run's id.", "See: gcms-tui runs list")
        return self._root / run_id

    def log(self, run_id: str) -> Path:
        return self.directory(run_id) / "logs" / "dbt.log"

    def watch(self, run_id: str) -> EventsWatch:
        record = self.run(run_id).record
        return EventsWatch(self.directory(run_id) / EVENTS, record.selected, record.started_at)

    def results(self, run_id: str) -> RunResults:
        directory = self.directory(run_id)
        results = DbtArtifacts(directory / "target", directory / "logs").run_results()
        own = self._invocation(run_id)
        if own is not None and results.invocation_id != own:
            raise ArtifactError(
                "Another invocation's results",
                f"{results.source} is of invocation {results.invocation_id}, the run is {own}.",
                "Run it again: these results are not its own.",
            )
        return results

    def manifest(self, run_id: str) -> Manifest:
        directory = self.directory(run_id)
        file = directory / "target" / "manifest.json"
        artifacts = DbtArtifacts(file.parent, directory / "logs")
        try:
            state = file.stat()
        except OSError:
            return artifacts.manifest()
        mark = (state.st_ino, state.st_size, state.st_mtime_ns)
        with self._lock:
            held = self._manifests.get(mark)
        if held is None:
            held = artifacts.manifest()
            with self._lock:
                self._manifests[mark] = held
                while len(self._manifests) > _MANIFESTS_HELD:
                    del self._manifests[next(iter(self._manifests))]
        return held

    def sql(self, run_id: str, unique_id: str) -> str | None:
        """From its results; of a run that has left none, from the files that dbt compiled it to, where one of them
        alone bears the node's name."""
        target = self.directory(run_id) / "target"
        try:
            results = json.loads((target / "run_results.json").read_bytes())["results"]
            for result in results:
                if result.get("unique_id") == unique_id and isinstance(result.get("compiled_code"), str):
                    return str(result["compiled_code"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _compiled(target / "compiled", unique_id)
        return None

    def keep(self, run_id: str, name: str, document: Mapping[str, Any]) -> None:
        file = self._kept_file(run_id, name)
        try:
            make_directory(file.parent)
            write_new(file, json.dumps(document) + "\n")
        except OSError as error:
            raise _not_written(file, error) from None

    def kept(self, run_id: str, name: str) -> dict[str, Any] | None:
        try:
            document = json.loads(read_small(self._kept_file(run_id, name)))
        except (OSError, ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def adopt(self, record: RunRecord, artifacts: Sequence[Path], document: Mapping[str, Any]) -> None:
        """The document is kept as `foreign`."""
        final = self.directory(record.run_id)
        if final.exists():
            return
        making = self._root / f".{record.run_id}.{secrets.token_hex(4)}"
        try:
            target = making / "target"
            make_directory(target)
            for artifact in artifacts:
                if artifact.is_file():
                    shutil.copyfile(artifact, target / artifact.name)
                    (target / artifact.name).chmod(0o600)
            (making / "kept").mkdir(mode=0o700)
            write_whole(making / "kept" / "foreign.json", json.dumps(document) + "\n")
            write_whole(making / RECORD, record_text(record))
            making.rename(final)
        except OSError as error:
            shutil.rmtree(making, ignore_errors=True)
            if not final.exists():
                raise _not_written(final, error) from None

    def size(self, run_id: str) -> int:
        """What would become free without it: a file that several runs share counts in part."""
        total = 0
        for parent, _, files in os.walk(self.directory(run_id)):
            for name in files:
                try:
                    state = os.lstat(os.path.join(parent, name))
                except OSError:
                    continue
                total += state.st_blocks * 512 // state.st_nlink
        return total

    def remove(self, run_id: str) -> None:
        if self.run(run_id).alive:
            raise Refused("It still runs", f"{run_id} is going on.", f"Stop it first: gcms-tui runs cancel {run_id}")
        directory = self.directory(run_id)
        doomed = self._root / f".{run_id}.{secrets.token_hex(4)}"
        try:
            directory.rename(doomed)
        except OSError as error:
            raise _not_written(directory, error) from None
        shutil.rmtree(doomed, ignore_errors=True)
        drop_unused_manifests(self._caches)

    def _names(self) -> list[str]:
        self._notes.pop(RUNS, None)
        try:
            return [name for name in os.listdir(self._root) if _RUN_ID.fullmatch(name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            self._notes[RUNS] = f"{self._root}: {_words(error)}"
            return []

    def _read(self, name: str) -> Run | None:
        """What its directory says by now; None where it is another project's, or cannot be read (which is noted)."""
        self._notes.pop(name, None)
        directory = self._root / name
        try:
            record = read_record(read_small(directory / RECORD))
        except FileNotFoundError:
            return None  # being made just now, or being removed
        except (OSError, ValueError) as error:
            self._notes[name] = f"{directory / RECORD}: {_words(error)}"
            return None
        if record.run_id != name:
            self._notes[name] = f"{directory / RECORD}: it is of {record.run_id}"
            return None
        if self._place(record.project_dir) != self._project:
            self._over[name] = None
            return None
        return Run(
            record,
            end=self._part(name, END, read_end),
            cancel=self._part(name, CANCEL, read_cancel),
        )

    def _settle(self, found: dict[str, Run]) -> None:
        """Put into `found` which of them are alive, and remember those of which nothing can change any more."""
        alive = {holder.run_id for _, holder in holders(self._leases, self._project)} if found else set()
        for name, run in found.items():
            if name in alive:
                found[name] = replace(run, alive=True, pid=read_pid(self._root / name / PROCESS))
                continue
            # Since it was read it may have ended, or its keeper may have noted more of its end; now that nobody holds
            # the lease, nothing more is written.
            end = self._part(name, END, read_end) or run.end
            if end is None and is_locked(self._root / name / EVENTS):  # somebody has removed its lease
                found[name] = replace(run, alive=True, pid=read_pid(self._root / name / PROCESS))
                continue
            end = end or end_by_events(self._root / name / EVENTS)
            found[name] = self._over[name] = replace(run, end=end, cancel=self._part(name, CANCEL, read_cancel))

    def _place(self, project_dir: str) -> str:
        """Where it is behind symbolic links, looked up once: each look-up asks for every directory on the way."""
        if project_dir not in self._places:
            self._places[project_dir] = os.path.realpath(project_dir)
        return self._places[project_dir]

    def _part(self, name: str, part: str, read: Callable[[str], T]) -> T | None:
        file = self._root / name / part
        try:
            return read(read_small(file))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._notes[name] = f"{file}: {_words(error)}"
            return None

    def _invocation(self, run_id: str) -> str | None:
        """Whose results are its own; None for a foreign run."""
        directory = self.directory(run_id)
        end: RunEnd | None = self._part(run_id, END, read_end)
        if end is not None and end.invocation_id is not None:
            return end.invocation_id
        own = invocation_id(directory / EVENTS)
        if own is None and (directory / EVENTS).exists():
            raise ArtifactError(
                "No results yet", f"{run_id} has said nothing of itself.", "Look at its errors: stderr.txt."
            )
        return own

    def _kept_file(self, run_id: str, name: str) -> Path:
        """A name from outside becomes a file's only where it is a plain one; else its hash does."""
        if not _PLAIN_NAME.fullmatch(name):
            name = "x-" + hashlib.sha256(name.encode("utf-8", errors="surrogateescape")).hexdigest()
        return self.directory(run_id) / "kept" / f"{name}.json"


def _compiled(directory: Path, unique_id: str) -> str | None:
    wanted = f"{''.join(unique_id.split('.')[2:3])}.sql"
    found = [Path(parent, wanted) for parent, _, files in os.walk(directory) if wanted in files]
    try:
        return read_small(found[0]) if len(found) == 1 else None
    except (OSError, ValueError):
        return None


def read_pid(file: Path) -> int | None:
    try:
        pid = json.loads(read_small(file))["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if isinstance(pid, int) and pid > 1 else None


def _words(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)


def _not_written(path: Path, error: OSError) -> StateError:
    return StateError(
        "The run cannot be kept",
        f"{path}: {error.strerror or type(error).__name__}",
        "Make room, or name a directory that can be written as state_dir in gcms.toml.",
    )
