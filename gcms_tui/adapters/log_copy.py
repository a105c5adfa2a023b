"""The wanted lines of a log, one after the other: to print them, or to write them to a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gcms_tui.adapters.log_scan import Carried, Search, Selection
from gcms_tui.adapters.log_walk import LogReader
from gcms_tui.adapters.private_file import make_directory
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.log_pattern import Pattern
from gcms_tui.core.log_view import LogFilter


def wanted_lines(reader: LogReader, wanted: LogFilter, pattern: Pattern | None = None) -> Iterator[bytes]:
    """Each wanted line as it stands in the file up to `reader.limit`, without its line break.

    Of a line longer than `log_walk.LONGEST` its beginning.
    """
    selection = Selection(wanted, None if pattern is None else Search(pattern))
    at, carried = 0, Carried()
    while at < reader.limit:
        block = reader.block(at)
        lines, carried = selection.lines(block.data, carried)
        for start, end in lines:
            yield block.data[start:end]
        at = block.next


def save_private_copy(reader: LogReader, wanted: LogFilter, directory: Path, name: str) -> Path:
    """Write the wanted lines to a new file in `directory`, whole or not at all, for the user's eyes only.

    Raises `Unavailable` where that cannot be done.
    """
    path = directory / name
    try:
        make_directory(directory)
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)  # mkstemp makes it 0600
        try:
            with os.fdopen(handle, "wb") as file:
                for line in wanted_lines(reader, wanted):
                    file.write(line + b"\n")
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise Unavailable(
            "Not saved", f"{path}: {error.strerror or error}", "Make room there, or set state_dir in gcms.toml."
        ) from error
    return path
