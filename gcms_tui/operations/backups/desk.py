"""Everything about backups that a console or a command works with."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.errors import Refused
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.counting import RowCounts
from gcms_tui.operations.backups.listing import BackupList
from gcms_tui.operations.backups.restoring import Restoring
from gcms_tui.operations.backups.sets import BackupSets


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
        if self.bench is None:
            raise Refused(
                "Read-only",
                f"Nothing may be written here: {self.read_only_reason}.",
                "Start where writing is allowed: read_only in gcms.toml, and no --read-only.",
                guard="read_only",
            )
        return self.bench
