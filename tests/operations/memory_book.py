"""A journal in memory that can be read, for tests of operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gcms_tui.core.errors import GcmsError, UsageError
from gcms_tui.core.writing.journal import FIRST, Anchor, ChainReport, Entry, verify
from gcms_tui.core.writing.plan import canonical


def still_open(kept: Sequence[Entry], kind: str, ended_by: Sequence[str]) -> tuple[Entry, ...]:
    """As the store asks for them."""
    ended = {entry.subject for entry in kept if entry.kind in ended_by}
    return tuple(entry for entry in kept if entry.kind == kind and entry.subject not in ended)


@dataclass
class MemoryBook:
    """Keeps what it is given. `error`: what writing ends with."""

    kept: list[Entry] = field(default_factory=list)
    error: GcmsError | None = None

    def append(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry:
        if self.error is not None:
            raise self.error
        number = len(self.kept) + 1
        at = f"2026-03-01T09:00:{number % 60:02d}.000000+00:00"
        entry = Entry(number, at, "anna", "ops-1", "", kind, subject, canonical(payload), FIRST, FIRST)
        self.kept.append(entry)
        return entry

    def append_once(self, kind: str, subject: str, payload: Mapping[str, Any]) -> Entry | None:
        there = any((entry.kind, entry.subject) == (kind, subject) for entry in self.kept)
        return None if there else self.append(kind, subject, payload)

    def entries(self, limit: int = 200, *, before: int | None = None, kind: str = "") -> tuple[Entry, ...]:
        found = [
            entry
            for entry in reversed(self.kept)
            if (before is None or entry.sequence < before)
            and (not kind or entry.kind == kind or (kind.endswith(".") and entry.kind.startswith(kind)))
        ]
        return tuple(found[:limit])

    def about(self, subject: str) -> tuple[Entry, ...]:
        found = tuple(entry for entry in self.kept if entry.subject == subject)
        if not found:
            raise UsageError("No such entry", subject)
        return found

    def of(self, subjects: Iterable[str]) -> dict[str, tuple[Entry, ...]]:
        wanted = {subject: tuple(entry for entry in self.kept if entry.subject == subject) for subject in subjects}
        return {subject: entries for subject, entries in wanted.items() if entries}

    def entry(self, sequence: int) -> Entry:
        return self.kept[sequence - 1]

    def open_intents(self) -> tuple[Entry, ...]:
        return ()

    def open_of(self, kind: str, ended_by: Sequence[str]) -> tuple[Entry, ...]:
        return still_open(self.kept, kind, ended_by)

    def verify(self, anchors: Sequence[Anchor] = ()) -> ChainReport:
        return verify(self.kept, anchors)

    def anchor_now(self) -> Anchor:
        return Anchor(len(self.kept), FIRST, "2026-03-01T09:00:00.000000+00:00")
