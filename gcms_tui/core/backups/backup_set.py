"""A set of backups as the journal tells it: the entries of one run id, folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gcms_tui.core.backups.made import Standing
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.core.writing.journal import Entry

BEGUN = "backup.begun"
"""A set is begun; the subject is its run id, the payload names its tables."""
CLONED = "backup.cloned"
"""One of its tables has its clone, and that as many rows as the table."""
COMPLETE = "backup.set"
"""Every one has."""
COUNTED = "backup.counts"
"""The rows of its tables were counted again, after the refresh."""
RESTORED = "backup.restored"
"""A table was brought back, and compared with the backup; the subject is the write's id."""

TAKEN_UP_WITHIN = timedelta(hours=12)
"""A set that was interrupted longer ago would hold tables of two different days."""


@dataclass(frozen=True, slots=True)
class Cloned:
    """A table's clone, counted alike."""

    table: str
    clone: str
    rows: int
    kind: str
    """`permanent` or `transient`, as the table."""
    write_id: str
    at: str = ""
    """UTC, ISO 8601."""

    def document(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "clone": self.clone,
            "rows": self.rows,
            "kind": self.kind,
            "write": self.write_id,
        }


@dataclass(frozen=True, slots=True)
class BackupSet:
    """`w20260104-3fa9c1` and all that belongs to it."""

    run_id: str
    target: str
    begun_at: datetime
    user: str
    host: str
    tables: tuple[str, ...]
    reason: str = ""
    cloned: tuple[Cloned, ...] = ()
    complete_at: datetime | None = None

    @property
    def complete(self) -> bool:
        return self.complete_at is not None

    @property
    def missing(self) -> tuple[str, ...]:
        """Tables that have no clone yet."""
        done = {one.table for one in self.cloned}
        return tuple(table for table in self.tables if table not in done)

    @property
    def rows(self) -> Mapping[str, int]:
        """Of each table, as it was when it was cloned."""
        return {one.table: one.rows for one in self.cloned}

    def standing(self, stands: Mapping[str, Standing]) -> tuple[Verdict, str]:
        """How its clones stand, as they were listed by their names: as the worst of them, with how many are not what
        they were. WARN at the least where it is not complete, UNKNOWN where nobody could look."""
        found = [stands.get(one.clone, Standing.NOT_SEEN) for one in self.cloned]
        odd = Counter(one.value for one in found if one is not Standing.THERE)
        said = ", ".join(f"{number} of {len(found)} {name}" for name, number in odd.items())
        least = Verdict.OK if self.complete else Verdict.WARN
        return worst([least, *(one.verdict for one in found)]), said

    def may_be_taken_up(self, now: datetime) -> bool:
        return not self.complete and now - self.begun_at < TAKEN_UP_WITHIN


def fold(entries: Iterable[Entry]) -> BackupSet | None:
    """From its entries, oldest first. None where they do not begin one; what somebody edited away is not there."""
    found: BackupSet | None = None
    for entry in entries:
        said = entry.said
        if entry.kind == BEGUN and found is None:
            found = BackupSet(
                run_id=entry.subject,
                target=str(said.get("target", "")),
                begun_at=datetime.fromisoformat(entry.at),
                user=entry.user,
                host=entry.host,
                tables=_texts(said.get("tables")),
                reason=str(said.get("reason", "")),
            )
        elif found is not None and entry.kind == CLONED and (one := _cloned(said, entry.at)) is not None:
            others = tuple(other for other in found.cloned if other.table != one.table)
            found = replace(found, cloned=(*others, one))
        elif found is not None and entry.kind == COMPLETE:
            found = replace(found, complete_at=datetime.fromisoformat(entry.at))
    # An entry that says so is not enough: every table has to have its clone.
    return replace(found, complete_at=None) if found is not None and found.missing else found


def _cloned(said: Mapping[str, Any], at: str) -> Cloned | None:
    rows = said.get("rows")
    if not isinstance(rows, int) or isinstance(rows, bool):
        return None
    table, clone, kind, write_id = (str(said.get(name, "")) for name in ("table", "clone", "kind", "write"))
    return Cloned(table, clone, rows, kind, write_id, at)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
