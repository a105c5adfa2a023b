"""The journal's entries about backups, read: sets, and every clone that a write of ours has made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from gcms_tui.core.backups.backup_set import BEGUN, BackupSet, fold
from gcms_tui.core.backups.made import Made, fold_made
from gcms_tui.core.errors import UsageError
from gcms_tui.core.query import Access
from gcms_tui.core.run import STARTED
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
        """Newest first; so many of this target, whatever others have in the same journal."""
        return tuple(islice(self._sets(), limit))

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
        """The newest, where it was not brought to its end and may still be: its tables are those of one moment."""
        newest = next(self._sets(), None)
        if newest is None or not newest.may_be_taken_up(now) or self.overtaken(newest):
            return None
        return newest

    def overtaken(self, begun: BackupSet) -> bool:
        """Whether dbt was started since to write: what is cloned now would be of after the refresh."""
        since = self._journal.about(begun.run_id)[0].sequence
        for entry in self._entries(STARTED):
            if entry.sequence < since:
                return False
            if entry.said.get("target") == self.target and entry.said.get("access") == Access.WRITE:
                return True
        return False

    def made(self) -> tuple[Made, ...]:
        """Every clone that is known to have been made, newest first: those of sets, and those before repairs and
        restores."""
        return fold_made(self._entries("write."), self.target)

    def _sets(self) -> Iterator[BackupSet]:
        begun = (entry for entry in self._entries(BEGUN, _LOOKED_AT) if entry.said.get("target") == self.target)
        while page := tuple(islice(begun, _LOOKED_AT)):
            known = self._journal.of(entry.subject for entry in page)
            found = (fold(known.get(entry.subject, ())) for entry in page)
            yield from (one for one in found if one is not None)

    def _entries(self, kind: str, at_once: int = _PAGE) -> Iterator[Entry]:
        """Newest first."""
        before: int | None = None
        while page := self._journal.entries(at_once, before=before, kind=kind):
            yield from page
            before = page[-1].sequence
