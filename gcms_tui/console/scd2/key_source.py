"""Reads the versions of one key, what the table's convention is, and which write of it could be taken back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.core.errors import GcmsError
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.scan import KeyVersions, TableScan
    from gcms_tui.core.scd2.table import InForce
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.scd2.tables import Listed
    from gcms_tui.operations.writing.ports import JournalBook

_PAGE, _PAGES = 200, 10
"""Entries of the journal that are looked at for the newest write of the key: what is older is found in the journal."""


@dataclass(frozen=True, slots=True)
class LastWrite:
    """The newest write of a key, or why none can be taken back."""

    write_id: str = ""
    why_not: str = "nothing was written to it from here"


@dataclass
class KeyRead(Message):
    versions: KeyVersions
    in_force: InForce
    last_write: LastWrite


class KeySource:
    """Its methods block: one thread at a time."""

    def __init__(self, desk: Scd2Desk, table: Listed, natural_key: str, scan: TableScan | None) -> None:
        self._desk = desk
        self._table = table
        self._natural_key = natural_key
        self._scan = scan

    def read(self, *, reveal: bool = False) -> KeyRead:
        """`reveal` stands in the journal before this returns. Raises `GcmsError`."""
        browser, name = self._desk.browser, self._table.name
        versions = browser.key(name, self._natural_key, reveal=reveal)
        if self._scan is None:
            self._scan = browser.scan(name)
        in_force = browser.in_force(name, self._scan.closed)
        return KeyRead(versions, in_force, self._last_write())

    def _last_write(self) -> LastWrite:
        try:
            return last_write(self._desk.journal, self._table.table, self._natural_key)
        except GcmsError as error:
            return LastWrite(why_not=f"the journal cannot be read: {error.message[:200]}")


def last_write(journal: JournalBook, table: str, natural_key: str) -> LastWrite:
    """The newest write of the key that was applied. Raises `GcmsError`."""
    applied: dict[str, bool] = {}
    before: int | None = None
    for _ in range(_PAGES):
        entries = journal.entries(_PAGE, before=before, kind="write.")
        for entry in entries:
            said = json.loads(entry.payload)
            if entry.kind in (OUTCOME, SETTLED):
                applied[entry.subject] = said.get("outcome", said.get("verdict")) == "applied"
            elif entry.kind == INTENT and (said["table"], said["key"]) == (table, natural_key):
                if entry.subject not in applied:
                    return LastWrite(why_not=f"{entry.subject} is in doubt: it has to be settled first")
                if applied[entry.subject]:
                    return _undoable(entry.subject, said["kind"])
        if len(entries) < _PAGE:
            break
        before = entries[-1].sequence
    return LastWrite()


def _undoable(write_id: str, kind: str) -> LastWrite:
    if kind == "undo":
        return LastWrite(why_not="its newest write was an undo: plan the repair again")
    return LastWrite(write_id, "")
