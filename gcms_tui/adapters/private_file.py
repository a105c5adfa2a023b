"""Small files of the state directory: for their owner alone, and whole or not there."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

LARGEST = 64 * 1024 * 1024
"""No file of ours comes near it: what does is not read."""


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """Put `text` there, 0600, replacing what was there; on disk when it returns, unless `durable` is off.

    Raises `OSError`; then what was there before still is.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
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
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_whole(partial, text)
    try:
        os.link(partial, path)
    except FileExistsError:
        return False
    finally:
        partial.unlink()
    return True


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
