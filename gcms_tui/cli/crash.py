"""A bug, told in one line, with a file for whoever mends it."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from gcms_tui import __version__
from gcms_tui.adapters.config import default_state_dir
from gcms_tui.adapters.private_file import make_directory
from gcms_tui.cli.output import tell
from gcms_tui.core.text import printable


def report_crash(error: BaseException) -> Path | None:
    """Tell of `error` on stderr and leave a 0600 report; None where none could be written."""
    tell(f"gcms-tui: This is a bug: {type(error).__name__} in {_place(error)}.")
    for directory in (default_state_dir(os.environ) / "crashes", Path(tempfile.gettempdir())):
        try:
            path = write_crash_report(error, directory)
        except OSError:
            continue
        tell(f"  -> Please send the report {printable(str(path))} to the data engineering team.")
        return path
    return None


def write_crash_report(error: BaseException, directory: Path) -> Path:
    """The frames of `error` and its causes in a new 0600 file.

    No local variables and no messages: both may hold data or secrets.
    """
    make_directory(directory)
    now = datetime.now(UTC)
    lines = [
        f"gcms-tui {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}",
        now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    ]
    link: BaseException | None = error
    while link is not None:
        lines += ["", f"{type(link).__module__}.{type(link).__qualname__}"]
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}: {frame.line}"
            for frame in traceback.extract_tb(link.__traceback__)
        ]
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    handle, name = tempfile.mkstemp(prefix=now.strftime("gcms-tui-crash-%Y%m%dT%H%M%SZ-"), suffix=".txt", dir=directory)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write("\n".join(lines) + "\n")
    return Path(name)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "gcms_tui" in frame.filename] or list(frames)
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else Path(sys.argv[0]).name
