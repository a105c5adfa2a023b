"""What went wrong in the sandbox, in a person's terms."""

from __future__ import annotations

import errno
from pathlib import Path

from gcms_tui.core.errors import GcmsError, Unavailable


def explained(error: Exception, root: Path) -> GcmsError:
    """Any error while the sandbox in `root` was made or started."""
    if isinstance(error, GcmsError):
        return error
    if not isinstance(error, OSError):
        return Unavailable(
            "The sandbox cannot be made", f"{type(error).__name__}: {error}", "Try a new one: gcms-tui demo --fresh"
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Free some space (it needs about 150 MB), or use another disk: gcms-tui demo --dir DIR"
    else:
        advice = "Name a directory that you may write: gcms-tui demo --dir DIR"
    return Unavailable("The sandbox cannot be made", f"{error.strerror or error}: {error.filename or root}", advice)


def failed(what: str, log: Path) -> Unavailable:
    """A program that failed: its last words, and where the rest is."""
    return Unavailable(
        f"{what} failed", tail(log) or "It said nothing.", f"Read {log}, then try again, or another --dir."
    )


def tail(log: Path, lines: int = 8) -> str:
    """The end of a log, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
