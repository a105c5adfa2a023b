"""What git tells of the files of the dbt project: which of them changed since some moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gcms_tui.core.conclusion import counted


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. Its author and subject are what somebody typed."""

    sha: str
    at: datetime
    author: str
    subject: str
    files: tuple[str, ...]
    """Those of the asked for that it touched, from the repository's root; none where it is a merge."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Nothing found and nothing known are two things: `problem` says why nothing is known."""

    since: datetime
    asked: tuple[str, ...]
    """Files and directories, from the project's own."""
    commits: tuple[Commit, ...] = ()
    """Newest first."""
    uncommitted: tuple[str, ...] = ()
    """Files that are otherwise than the last commit has them."""
    problem: str = ""
    note: str = ""
    """What bears on the answer: that there are more commits, or that the clone holds no older ones."""
    commands: tuple[tuple[str, ...], ...] = ()
    """As they were executed."""

    @property
    def words(self) -> str:
        """One sentence."""
        if self.problem:
            return f"not known: {self.problem}"
        found = [counted(len(self.commits), "commit")] if self.commits else []
        found += [counted(len(self.uncommitted), "uncommitted file")] if self.uncommitted else []
        said = " and ".join(found) or "no commit, and nothing uncommitted"
        return f"{said}, since {self.since:%Y-%m-%d %H:%M} UTC"
