"""The state directory's own files and directories: for their owner alone, and whole or not there."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

LARGEST = 64 * 1024 * 1024
"""No file of ours comes near it: what does is not read."""
_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})
"""What a file system says that makes no hard links: of its own kind, to another one, or no more of them."""


def make_directory(directory: Path) -> None:
    """With those above it that are missing, each for its owner alone: `Path.mkdir` would see to the last one only.

    Raises `OSError`.
    """
    try:
        directory.mkdir(mode=0o700)
    except FileNotFoundError:
        make_directory(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        if not directory.is_dir():
            raise


def _beside(path: Path) -> Path:
    """A hidden name of its own. The first paint waits for this module: `secrets` would bring OpenSSL along."""
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}")


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """Put `text` there, 0600, replacing what was there; on disk when it returns, unless `durable` is off.

    Raises `OSError`; then what was there before still is.
    """
    partial = _beside(path)
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode("utf-8", errors="backslashreplace"))
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
    if durable:
        sync_directory(path.parent)


def write_new(path: Path, text: str) -> bool:
    """As `write_whole`, but only where nothing is there yet: False otherwise. Raises `OSError`."""
    partial = _beside(path)
    write_whole(partial, text)
    try:
        if not linked(partial, path):
            # Claimed first: for a moment it is empty, which a reader takes for unreadable, and never for another's.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            os.replace(partial, path)
    except FileExistsError:
        return False
    finally:
        partial.unlink(missing_ok=True)
    sync_directory(path.parent)
    return True


def linked(source: Path, path: Path) -> bool:
    """Whether `path` is another name of `source` now: False where the file system makes none. Raises `OSError`."""
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True


def link_or_copy(source: Path, path: Path) -> None:
    """`source` under a second name, or else a copy of it, 0600. Raises `OSError`; then nothing is left of it."""
    if linked(source, path):
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
            shutil.copyfileobj(reading, writing)
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise


def move(source: Path, path: Path) -> None:
    """Rename `source`, replacing what was there; from another file system by a copy. Raises `OSError`."""
    try:
        os.replace(source, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        partial = _beside(path)
        link_or_copy(source, partial)
        os.replace(partial, path)
        source.unlink()


def sync_directory(directory: Path) -> None:
    """A name in a directory is on disk once the directory is."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_small(path: Path) -> str:
    """Raises `OSError`, `ValueError` where it is too large to be one of ours."""
    with open(path, "rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > LARGEST:
            raise ValueError("it is too large to be ours")
        return stream.readall().decode("utf-8", errors="replace")
