"""Signs on this machine, and in the journal, that something has happened: read without asking the warehouse."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gcms_tui.core.errors import GcmsError


class LocalSigns:
    """Each reads otherwise than before once there is something new. Blocking I/O."""

    def __init__(self, files: dict[str, Path], runs: Path, journal: Callable[[], int]) -> None:
        """`files`: by what is said of them; `runs`: the directory of runs that were started here; `journal`: the number
        of its newest entry, raises `GcmsError` where that cannot be read."""
        self._files = files
        self._runs = runs
        self._journal = journal

    def read(self) -> dict[str, str]:
        signs = {name: _file_sign(path) for name, path in self._files.items()}
        signs["a run"] = self._runs_sign()
        try:
            signs["the journal"] = str(self._journal())
        except GcmsError:
            signs["the journal"] = "cannot be read"
        return signs

    def _runs_sign(self) -> str:
        """How many there are, and when something was last added to one of them."""
        newest = count = 0
        with suppress(OSError), os.scandir(self._runs) as entries:
            for entry in entries:
                with suppress(OSError):  # tidied away meanwhile
                    newest, count = max(newest, entry.stat().st_mtime_ns), count + 1
        return f"{count} {newest}"


def _file_sign(path: Path) -> str:
    try:
        told = path.stat()
    except OSError:
        return "not there"
    return f"{told.st_ino} {told.st_size} {told.st_mtime_ns}"
