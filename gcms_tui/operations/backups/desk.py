"""Everything about backups that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.counting import RowCounts
from gcms_tui.operations.backups.listing import BackupList
from gcms_tui.operations.backups.restoring import Restoring
from gcms_tui.operations.backups.sets import BackupSets
from gcms_tui.operations.read_only import required


@dataclass(frozen=True, slots=True)
class BackupBench:
    """What is there only where writing is allowed."""

    sets: BackupSets
    restoring: Restoring


@dataclass(frozen=True, slots=True)
class BackupDesk:
    """One project and target."""

    book: BackupBook
    listing: BackupList
    counts: RowCounts
    bench: BackupBench | None
    """None where nothing may be written: then there is nothing that could."""
    read_only_reason: str = ""
    """Who forbids writing; empty where it is allowed."""

    def required_bench(self) -> BackupBench:
        """Raises `Refused` (guard `read_only`) where nothing may be written."""
        return required(self.bench, self.read_only_reason)
