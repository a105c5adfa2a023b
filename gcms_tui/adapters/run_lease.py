"""The lease of a dbt project and target: one run at a time.

`leases/<hash>.lock` is locked with flock by whoever runs dbt there, and `leases/<hash>.json` beside it names them. The
lock belongs to the open file, which the run's keeper and dbt itself inherit: so the kernel lets go of it when the last
of them is gone, however it ended. A name without a lock is a holder that died: the next run takes over and says so.
A lock file that somebody removes while it is held protects nothing any more: so one that is new, and therefore empty,
is trusted only after a look for runs that go on all the same.

A lock says nothing of other machines, nor of whoever runs dbt without this program.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory, read_small, write_whole
from gcms_tui.core.errors import Refused
from gcms_tui.core.run import Holder, RunRecord
from gcms_tui.core.run_json import Lease, lease_text, read_lease

_PATIENCE_S = 0.3
"""Whoever looks whether the lock is held, holds it for that moment; and whoever takes it, names themselves a moment
later."""
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class LeaseFile:
    """The lease of one project and target, held or not."""

    directory: Path
    """`leases` in the state directory."""
    project_dir: str
    target: str

    @property
    def _stem(self) -> str:
        place = f"{os.path.realpath(self.project_dir)}\0{self.target}"
        return hashlib.sha256(place.encode("utf-8", errors="surrogateescape")).hexdigest()[:24]

    @property
    def lock_file(self) -> Path:
        return self.directory / f"{self._stem}.lock"

    @property
    def name_file(self) -> Path:
        return self.directory / f"{self._stem}.json"

    def take(self) -> TakenLease:
        """Raises `Refused` naming who holds it, `OSError` where the state directory cannot be written."""
        make_directory(self.directory)
        deadline = time.monotonic() + _PATIENCE_S
        while (descriptor := locked(self.lock_file)) is None:
            if time.monotonic() > deadline:
                raise self._held()
            time.sleep(_PAUSE_S)
        before = _named(self.name_file)
        self.name_file.unlink(missing_ok=True)
        return TakenLease(self, descriptor, "" if before is None else _reason(before.holder))

    def holder(self) -> Holder | None:
        """Who holds it; None where nobody alive does. Raises `StateError` where that cannot be told."""
        lease = _held_by(self.lock_file, self.name_file)
        return lease.holder if lease else None

    def _held(self) -> Refused:
        lease = _held_by(self.lock_file, self.name_file)
        where = f"on {self.project_dir}, target {self.target}"
        if lease is None:
            return Refused(
                "Another dbt run is starting", f"Somebody is starting dbt {where}.", "Look at the list of runs."
            )
        holder = lease.holder
        return Refused(
            "Another dbt run is going on",
            f"{holder.run_id} (dbt {' '.join(holder.words)}) holds the lease {where}: started by {holder.person} at "
            f"{holder.since:%Y-%m-%d %H:%M:%S} UTC, process {holder.pid}.",
            f"Watch it: gcms-tui runs attach {holder.run_id}. Stop it: gcms-tui runs cancel {holder.run_id}. "
            "Or wait until it has ended.",
        )


class TakenLease:
    """A lease that this process holds; to be handed to a keeper, or to be let go."""

    def __init__(self, file: LeaseFile, descriptor: int, takeover: str) -> None:
        self.file = file
        self.descriptor = descriptor
        self.takeover = takeover
        """Whose it was, where they died without letting go."""

    @property
    def is_new(self) -> bool:
        """Whether its file may stand in place of one that was removed while it was held."""
        return os.fstat(self.descriptor).st_size == 0

    def trust(self) -> None:
        os.pwrite(self.descriptor, b"1", 0)

    def name(self, record: RunRecord, pid: int) -> None:
        """Say who holds it. Raises `OSError`."""
        holder = Holder(record.run_id, record.person, pid, record.started_at, record.command.words)
        lease = Lease(os.path.realpath(self.file.project_dir), self.file.target, holder)
        write_whole(self.file.name_file, lease_text(lease), durable=False)

    def hand_over(self) -> None:
        """This process' copy is closed; the keeper's holds on."""
        os.close(self.descriptor)

    def let_go(self) -> None:
        let_go(self.descriptor, self.file.name_file)


def let_go(descriptor: int, name_file: Path) -> None:
    """Give the lease back, for whoever else has the same file open as well."""
    with suppress(OSError):
        name_file.unlink(missing_ok=True)
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def holders(directory: Path, project_dir: str) -> tuple[tuple[str, Holder], ...]:
    """Target and holder of every lease of this project that somebody alive holds."""
    place = os.path.realpath(project_dir)
    found = []
    with suppress(FileNotFoundError):
        for name_file in sorted(directory.glob("*.json")):
            named = _named(name_file)
            if named is None or named.project_dir != place:
                continue
            lease = _held_by(name_file.with_suffix(".lock"), name_file)
            if lease is not None:
                found.append((lease.target, lease.holder))
    return tuple(found)


def _held_by(lock_file: Path, name_file: Path) -> Lease | None:
    deadline = time.monotonic() + _PATIENCE_S
    while is_locked(lock_file):
        lease = _named(name_file)
        if lease is not None:
            # A lock that was let go between the two looks would leave the name of a run that is over.
            return lease if is_locked(lock_file) else None
        if time.monotonic() > deadline:
            return None
        time.sleep(_PAUSE_S)
    return None


def locked(file: Path) -> int | None:
    """The file, open and locked; None where somebody else holds it, or it was removed meanwhile. Raises `OSError`."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if _lock(descriptor, fcntl.LOCK_EX) and os.path.samestat(os.fstat(descriptor), os.stat(file)):
            return descriptor
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def is_locked(file: Path) -> bool:
    """Whether somebody alive holds it. Raises `StateError` where that cannot be told."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return not _lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StateError(
            "Nobody can tell whether dbt runs",
            f"{file}: {error.strerror or type(error).__name__}",
            "What is in the state directory has to be yours: correct it, or name another as state_dir in gcms.toml.",
        ) from None


def _lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _named(name_file: Path) -> Lease | None:
    """None where there is none, or none that can be read."""
    try:
        return read_lease(read_small(name_file))
    except (OSError, ValueError):
        return None


def _reason(holder: Holder) -> str:
    return (
        f"{holder.run_id} of {holder.person}, begun {holder.since:%Y-%m-%d %H:%M:%S} UTC, had not let go of the lease, "
        f"and neither its keeper nor its dbt (process {holder.pid}) is alive"
    )
