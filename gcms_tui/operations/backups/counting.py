"""Rows before and after a refresh: those of a set, and the tables counted again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from gcms_tui.core.backups.backup_set import COUNTED, BackupSet
from gcms_tui.core.backups.counts import Judged, RowCount, verdict_of
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.backups.book import BackupBook
from gcms_tui.operations.backups.looks import TableLooks
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.writing.ports import JournalBook

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Counts:
    """The tables of a set, counted again."""

    run_id: str
    taken_at: datetime
    tables: tuple[Judged, ...]

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.tables)


class RowCounts:
    """Blocking I/O. `read_only_reason`: who forbids writing; empty where it is allowed."""

    def __init__(
        self,
        book: BackupBook,
        looks: TableLooks,
        *,
        journal: JournalBook,
        clock: Clock,
        alert_percent: float,
        read_only_reason: str = "",
    ) -> None:
        self._book = book
        self._looks = looks
        self._journal = journal
        self._clock = clock
        self._alert_percent = alert_percent
        self._read_only_reason = read_only_reason

    def after(self, run_id: str = "") -> Counts:
        """Beside those of this set; of the newest complete one where none is named. Raises `UsageError` where there is
        none, `Refused` (guard `incomplete`) where it is not complete."""
        of = self._set(run_id)
        with ThreadPoolExecutor(_AT_ONCE) as several:
            found = several.map(lambda table: self._counted(table, of.rows.get(table)), of.tables)
            judged = tuple(one.judged(self._alert_percent) for one in found)
        return Counts(of.run_id, self._clock(), judged)

    def record(self, counts: Counts) -> bool:
        """Beside the set in the journal; False where nothing may be written. Raises `GcmsError`."""
        if self._read_only_reason:
            return False
        tables = {
            one.count.table: {
                "before": one.count.before,
                "after": one.count.after,
                "verdict": one.verdict.name,
                "words": one.words,
            }
            for one in counts.tables
        }
        self._journal.append(COUNTED, counts.run_id, {"verdict": counts.verdict.name, "tables": tables})
        return True

    def _set(self, run_id: str) -> BackupSet:
        found = self._book.get(run_id) if run_id else self._book.newest_complete()
        if found is None:
            raise UsageError(
                "No set of backups", "The rows before are counted with a set.", "Make one: gcms-tui backup create"
            )
        if not found.complete:
            raise Refused(
                "The set is not complete",
                f"{found.run_id} lacks {', '.join(found.missing) or 'its end'}.",
                "Take it up: gcms-tui backup create",
                guard="incomplete",
            )
        return found

    def _counted(self, table: str, before: int | None) -> RowCount:
        try:
            return RowCount(table, before, self._looks.rows(Relation.parse(table)))
        except MissingRelation:
            return RowCount(table, before, None, vanished=True)
        except (GcmsError, ValueError) as error:
            return RowCount(table, before, None, why=getattr(error, "message", str(error)))
