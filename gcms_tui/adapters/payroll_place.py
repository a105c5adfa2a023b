"""Where payroll files may be: in no repository, and open to nobody else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.private_file import make_directory
from gcms_tui.core.errors import Refused

_REPOSITORIES = (".git", ".hg", ".svn")
_ADVICE = "Name another directory in gcms.toml: prepared_dir, outbox_dir of [payroll]."


def require_place(directory: Path) -> None:
    """Make `directory` where it is missing, and close it to others where it is this user's.

    Raises `Refused` (guard `place`) where payroll files must not be in it, `StateError` where it cannot be made.
    """
    try:
        real = Path(os.path.realpath(directory))
        if found := next((parent for parent in (real, *real.parents) if _is_repository(parent)), None):
            raise _refused(f"{directory} lies in the repository {found}: names and amounts would be committed.")
        for link in (directory.absolute(), *directory.absolute().parents):
            if link.is_symlink() and os.lstat(link).st_uid not in (os.getuid(), 0):
                raise _refused(f"{link} is a link of another user, who may turn it elsewhere.")
        make_directory(directory)
        _close(directory)
    except OSError as error:
        raise StateError(
            "The payroll files cannot be written", f"{directory}: {error.strerror or type(error).__name__}", _ADVICE
        ) from None


def _is_repository(directory: Path) -> bool:
    return any(os.path.lexists(directory / name) for name in _REPOSITORIES)


def _close(directory: Path) -> None:
    state = os.stat(directory)
    if state.st_uid != os.getuid():
        raise _refused(f"{directory} belongs to another user.")
    if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        if state.st_mode & stat.S_ISVTX:
            raise _refused(f"{directory} is for everybody's temporary files.")
        os.chmod(directory, 0o700)


def _refused(why: str) -> Refused:
    return Refused("Not a place for payroll files", why, _ADVICE, guard="place")
