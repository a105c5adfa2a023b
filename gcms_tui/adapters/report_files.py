"""Reports on disk: for their owner alone, whole or not there, and none ever replaced."""

from __future__ import annotations

import re
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory, write_new

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,120}")
_MOST = 1_000
"""Of one name; nobody makes so many reports in a day."""


class ReportFiles:
    """Those of one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, name: str, text: str) -> str:
        """As `name.md`, or `name-2.md` where that is there. Answers where. Raises `StateError`."""
        if not _NAME.fullmatch(name):
            raise StateError("No such report", f"{name[:80]!r} is no name of a report.")
        try:
            make_directory(self._directory)
            for number in range(1, _MOST):
                path = self._directory / (f"{name}.md" if number == 1 else f"{name}-{number}.md")
                if write_new(path, text):
                    return str(path)
        except OSError as error:
            raise _unwritable(self._directory, error) from None
        raise StateError("Too many reports", f"{self._directory} has {_MOST - 1} of {name}.", "Move them away.")


def write_report(path: Path, text: str) -> None:
    """Where somebody asked for it; what is there is not replaced. Raises `StateError`."""
    try:
        if write_new(path, text):
            return
    except OSError as error:
        raise _unwritable(path, error) from None
    raise StateError("A file is there already", f"{path} is not replaced.", "Name another file, or move it away.")


def _unwritable(path: Path, error: OSError) -> StateError:
    return StateError(
        "The report cannot be written",
        f"{path}: {error.strerror or type(error).__name__}.",
        "Correct the permissions, or make room; then again.",
    )
