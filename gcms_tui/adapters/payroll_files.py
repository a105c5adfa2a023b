"""The prepared and the released payroll files: a directory for each run, for its owner alone, whole or not there.

prepared/<run id>/            what is prepared; replaced as a whole
prepared/.<run id>.new.<x>/   being written; what a killed console left of it goes with the next preparation
prepared/.<run id>.old/       what was prepared before, for the moment in which it is replaced
outbox/<run id>/              what is released
*/withdrawn/<run id>-<n>/     what does not count any more, with WHY.txt
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.payroll_place import require_place
from gcms_tui.adapters.private_file import LARGEST, make_directory, sync_directory, write_whole
from gcms_tui.core.errors import UsageError
from gcms_tui.core.payroll.files import FileSeen

WITHDRAWN, WHY = "withdrawn", "WHY.txt"

_RUN_ID = re.compile(r"pay-[A-Za-z0-9_-]{1,75}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_CHUNK = 1024 * 1024
_WHERE_IT_WAS = "everything lies where it was"


class PayrollFiles:
    """Blocking I/O. Whoever writes holds the run's lease, on this host too; reading is free to all."""

    def __init__(self, prepared: Path, outbox: Path, host: str) -> None:
        self._prepared = prepared
        self._outbox = outbox
        self._host = host

    @property
    def host(self) -> str:
        return self._host

    def prepare(self, run_id: str, files: Mapping[str, bytes]) -> Path:
        place = self._prepared / _checked(run_id)
        if wrong := [name for name in files if not _NAME.fullmatch(name)]:
            raise UsageError("No such file", f"{wrong[0]!r} is no name of a payroll file.")
        require_place(self._prepared)
        making = self._prepared / f".{run_id}.new.{secrets.token_hex(4)}"
        with _writing(place, "nothing of it is left"):
            self._settle(run_id)
            self._clear(self._prepared, run_id)
            try:
                making.mkdir(mode=0o700)
                for name, content in files.items():
                    _write(making / name, content)
                sync_directory(making)
                self._replace(run_id, making)
            finally:
                shutil.rmtree(making, ignore_errors=True)
        return place

    def prepared(self, run_id: str) -> tuple[FileSeen, ...]:
        place = self._prepared / _checked(run_id)
        # For a moment, or for good where a console was killed in it, what was there before is beside its place.
        return _seen(place) or _seen(self._old(run_id)) or _seen(place)

    def released(self, run_id: str) -> tuple[FileSeen, ...]:
        return _seen(self._outbox / _checked(run_id))

    def read(self, path: Path) -> bytes:
        if not any(path.is_relative_to(root) and ".." not in path.parts for root in (self._prepared, self._outbox)):
            raise StateError("Not a payroll file", f"{path} is neither in {self._prepared} nor in {self._outbox}.")
        with _reading(path), _opened(path) as descriptor:
            if os.fstat(descriptor).st_size > LARGEST:
                raise StateError("Not a payroll file", f"{path} is too large to be ours.")
            return b"".join(_chunks(descriptor))

    def release(self, run_id: str) -> Path:
        """Where it was cut off between two file systems, after the copy, it is finished."""
        source, target = self._prepared / _checked(run_id), self._outbox / run_id
        require_place(self._outbox)
        with _writing(source, _WHERE_IT_WAS):
            self._settle(run_id)
            self._clear(self._prepared, run_id)
        if os.path.lexists(target):
            released = _seen(target)
            if os.path.lexists(source):
                if _contents(released) != _contents(_seen(source)):
                    raise StateError(
                        "Released, and prepared anew",
                        f"{target} is there, and {source} is another.",
                        "Find out which of them was paid from before anything else is done.",
                    )
                shutil.rmtree(source, ignore_errors=True)
            return target
        if not _seen(source):
            raise StateError("Nothing is prepared", f"{source} is not there, or empty.", "Export it again.")
        with _writing(target, _WHERE_IT_WAS):
            self._move(run_id, source, target)
        return target

    def withdraw(self, run_id: str, why: str) -> None:
        """Raises `StateError`; then it may still be where it was."""
        with _writing(self._prepared / _checked(run_id), _WHERE_IT_WAS):
            self._settle(run_id)
            self._clear(self._prepared, run_id)
        for root in (self._outbox, self._prepared):
            place, number = root / run_id, 1
            with _writing(place, _WHERE_IT_WAS):
                if not os.path.lexists(place):
                    continue
                _require_directory(place)
                make_directory(root / WITHDRAWN)
                while os.path.lexists(away := root / WITHDRAWN / f"{run_id}-{number}"):
                    number += 1
                os.rename(place, away)
                sync_directory(root)
                write_whole(away / WHY, f"{why}\n")

    # -- inside ------------------------------------------------------------------------------------------------------

    def _old(self, run_id: str) -> Path:
        return self._prepared / f".{run_id}.old"

    def _settle(self, run_id: str) -> None:
        """Undo or finish a replacement in which a console was killed."""
        place, old = self._prepared / run_id, self._old(run_id)
        if not os.path.lexists(old):
            return
        if os.path.lexists(place):
            shutil.rmtree(old)
        else:
            os.rename(old, place)

    def _clear(self, root: Path, run_id: str) -> None:
        """Names and amounts of what a killed console was writing are not left lying about."""
        for left in root.glob(f".{run_id}.new.*"):
            shutil.rmtree(left, ignore_errors=True)

    def _replace(self, run_id: str, making: Path) -> None:
        place, old = self._prepared / run_id, self._old(run_id)
        if os.path.lexists(place):
            os.rename(place, old)
        try:
            os.rename(making, place)
        except OSError:
            with suppress(OSError):
                os.rename(old, place)
            raise
        sync_directory(self._prepared)
        shutil.rmtree(old, ignore_errors=True)

    def _move(self, run_id: str, source: Path, target: Path) -> None:
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._move_far(run_id, source, target)
        sync_directory(self._outbox)
        sync_directory(self._prepared)

    def _move_far(self, run_id: str, source: Path, target: Path) -> None:
        """To another file system: copied, compared, put in its place, and only then removed here."""
        making = self._outbox / f".{run_id}.new.{secrets.token_hex(4)}"
        self._clear(self._outbox, run_id)
        try:
            making.mkdir(mode=0o700)
            for seen in _seen(source):
                _write(making / seen.path.name, self.read(seen.path))
            sync_directory(making)
            if _contents(_seen(making)) != _contents(_seen(source)):
                raise OSError(errno.EIO, "the copy is not what was prepared")
            os.rename(making, target)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        sync_directory(self._outbox)
        shutil.rmtree(source, ignore_errors=True)


def _checked(run_id: str) -> str:
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError("No such payroll run", f"{run_id!r} is no payroll run's id.", "gcms-tui payroll list")
    return run_id


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _seen(directory: Path) -> tuple[FileSeen, ...]:
    """Its files with their hashes, by name; empty where it is not there. Raises `StateError` where something else than
    a file of this user is in it, or it cannot be read."""
    with _reading(directory):
        try:
            _require_directory(directory)
            return tuple(_file_seen(directory / name) for name in sorted(os.listdir(directory)))
        except FileNotFoundError:  # never made, or moved away just now
            return ()


def _require_directory(directory: Path) -> None:
    state = os.lstat(directory)
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.getuid():
        raise _tampered(directory)


def _file_seen(path: Path) -> FileSeen:
    digest, size = hashlib.sha256(), 0
    with _opened(path) as descriptor:
        for chunk in _chunks(descriptor):
            digest.update(chunk)
            size += len(chunk)
    return FileSeen(path, digest.hexdigest(), size)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Through no symbolic link, and only where it is a file of this user: nobody else puts one there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _tampered(path) from None
        raise
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.getuid():
            raise _tampered(path)
        yield descriptor
    finally:
        os.close(descriptor)


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, _CHUNK):
        yield chunk


def _contents(files: tuple[FileSeen, ...]) -> dict[str, str]:
    return {item.path.name: item.sha256 for item in files}


def _tampered(path: Path) -> StateError:
    return StateError(
        "Somebody has been at the files",
        f"{path} is a link, no plain file, or another user's: the console puts no such thing there.",
        "Pay nothing of it. Find out who did it; then export anew.",
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            "The payroll files cannot be read",
            f"{path}: {error.strerror or type(error).__name__}",
            "They are on the host where they were prepared, for whoever prepared them.",
        ) from None


@contextmanager
def _writing(path: Path, left: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            "The payroll files cannot be written",
            f"{path}: {error.strerror or type(error).__name__}; {left}.",
            "Make room, or name directories that can be written as prepared_dir and outbox_dir in gcms.toml.",
        ) from None
