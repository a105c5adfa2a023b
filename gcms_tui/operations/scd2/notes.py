"""What people noted in the journal about SCD2 tables: the cause of a key's duplicates, what a month's review found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gcms_tui.core.errors import Refused
from gcms_tui.core.writing.journal import Entry
from gcms_tui.operations.read_only import read_only
from gcms_tui.operations.writing.ports import JournalBook

_PAGE = 500
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Note:
    """One note, as the journal has it."""

    sequence: int
    at: str
    user: str
    host: str
    text: str
    words: tuple[str, ...]
    """What was known when it was written."""


class Notes:
    """Notes of one kind. Blocking I/O; raises `GcmsError` where the journal cannot be read or written.

    `read_only_reason`: who forbids writing; empty where it is allowed.
    """

    def __init__(self, journal: JournalBook, kind: str, read_only_reason: str = "") -> None:
        self._journal = journal
        self._kind = kind
        self._read_only_reason = read_only_reason

    def require_open(self, text: str) -> str:
        """The note without the blanks around it. Raises `Refused` where it says nothing, or nothing may be written."""
        if self._read_only_reason:
            raise read_only(self._read_only_reason)
        if not text.strip():
            raise Refused(
                "No note", "A note is required: what was the cause, in words.", "Write what was found.", guard="note"
            )
        return text.strip()

    def write(self, table: str, key: str | None, text: str, said: Mapping[str, Any]) -> Note:
        """`said` is kept beside the note. Raises `Refused` as `require_open` does."""
        note = self.require_open(text)
        named = {"table": table} if key is None else {"table": table, "key": key}
        return _note(self._journal.append(self._kind, _subject(table, key), {**said, **named, "note": note}))

    def of(self, table: str, key: str | None) -> tuple[Note, ...]:
        """Oldest first."""
        found = [
            _note(entry)
            for entry in self._entries()
            if (entry.said.get("table"), entry.said.get("key")) == (table, key)
        ]
        return tuple(reversed(found))

    def _entries(self) -> Iterator[Entry]:
        before: int | None = None
        while page := self._journal.entries(_PAGE, before=before, kind=self._kind):
            yield from page
            before = page[-1].sequence


def _subject(table: str, key: str | None) -> str:
    """`bronze.br_attendance_scd2 33-100-159`. Of a long key the beginning, and what tells it from others like it."""
    if key is not None and len(key) > _LONGEST_SUBJECT:
        digest = hashlib.sha256(key.encode("utf-8", errors="surrogatepass")).hexdigest()
        key = f"{key[:_LONGEST_SUBJECT]} sha256:{digest[:16]}"
    return table if key is None else f"{table} {key}"


def _note(entry: Entry) -> Note:
    said = entry.said
    words = tuple(str(line) for line in said.get("report", ()))
    return Note(entry.sequence, entry.at, entry.user, entry.host, str(said.get("note", "")), words)
