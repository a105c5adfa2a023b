"""The journal's entries about backups, read: sets, and every clone that a write of ours has made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gcms_tui.core.backups.backup_set import BEGUN, BackupSet, fold
from gcms_tui.core.backups.made import Made, fold_made
from gcms_tui.core.errors import UsageError
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.writing.ports import JournalBook

_PAGE = 500
_LOOKED_AT = 20
"""Sets, the newest: which of them counts is among the last few."""


class BackupBook:
    """Of one target. Blocking I/O; safe from several threads. Every method raises `GcmsError`."""

    def __init__(self, target: str, journal: JournalBook) -> None:
        self.target = target
        self._journal = journal

    def sets(self, limit: int = _LOOKED_AT) -> tuple[BackupSet, ...]:
        """Newest first."""
        begun = self._journal.entries(limit, kind=BEGUN)
        found = (fold(self._journal.about(entry.subject)) for entry in begun)
        return tuple(one for one in found if one is not None and one.target == self.target)

    def get(self, run_id: str) -> BackupSet:
        """By its id, or an unambiguous beginning. Raises `UsageError`."""
        found = fold(self._journal.about(run_id))
        if found is None or found.target != self.target:
            raise UsageError(
                "No such set", f"{run_id!r} is no set of backups of {self.target}.", "gcms-tui backup list"
            )
        return found

    def newest_complete(self) -> BackupSet | None:
        return next((one for one in self.sets() if one.complete), None)

    def interrupted(self, now: datetime) -> BackupSet | None:
        """The newest, where it was not brought to its end and may still be."""
        newest = next(iter(self.sets(1)), None)
        return newest if newest is not None and newest.may_be_taken_up(now) else None

    def made(self) -> tuple[Made, ...]:
        """Every clone that is known to have been made, newest first: those of sets, and those before repairs and
        restores."""
        return fold_made(self._writes(), self.target)

    def _writes(self) -> Iterator[Entry]:
        before: int | None = None
        while page := self._journal.entries(_PAGE, before=before, kind="write."):
            yield from page
            before = page[-1].sequence
