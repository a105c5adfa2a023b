"""What the journal pane knows, and the rows that follow from it. Pure: no Textual, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gcms_tui.console.journal.words import Told
from gcms_tui.console.present import moment_text
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.writing.doubts import Doubt

IN_DOUBT = "In doubt"


@dataclass(frozen=True, slots=True)
class JournalState:
    """The journal as it was read."""

    doubts: tuple[Doubt, ...] = ()
    """Oldest first, those under way among them."""
    entries: tuple[Told, ...] = ()
    """Newest first."""
    more: bool = False
    """There are older ones."""
    read_at: datetime | None = None
    """When it was read; None before it was."""
    error: GcmsError | None = None
    """Why it could not be read anew."""

    def with_older(self, entries: tuple[Told, ...], more: bool) -> JournalState:
        """The next page; what was read meanwhile is not told twice."""
        last = self.entries[-1].entry.sequence if self.entries else None
        older = tuple(one for one in entries if last is None or one.entry.sequence < last)
        return replace(self, entries=(*self.entries, *older), more=more, error=None)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line: a heading, a write in doubt, or an entry."""

    key: str
    heading: str = ""
    doubt: Doubt | None = None
    told: Told | None = None


def rows(state: JournalState, now: datetime, wanted: str = "") -> tuple[JournalRow, ...]:
    """In doubt first, then newest first under a heading for each day; `wanted` keeps those that hold all its words."""
    words = wanted.casefold().split()
    shown: list[JournalRow] = []
    doubts = [
        JournalRow(f"doubt:{doubt.write_id}", doubt=doubt)
        for doubt in state.doubts
        if _holds(f"{doubt.write_id} {doubt.words} {doubt.entry.user} {doubt.entry.host}", words)
    ]
    shown += [JournalRow("§doubt", heading=f"{IN_DOUBT}  {len(doubts)}"), *doubts] if doubts else []
    day = ""
    for one in state.entries:
        entry = one.entry
        if not _holds(f"{entry.kind} {entry.subject} {entry.user} {entry.host} {one.words} {entry.payload}", words):
            continue
        if (today := _day(entry.at, now)) != day:
            day = today
            shown.append(JournalRow(f"§{day}", heading=day))
        shown.append(JournalRow(f"entry:{entry.sequence}", told=one))
    return tuple(shown)


def moment_of(at: str) -> datetime | None:
    """None where an entry's moment is none."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def at_text(at: str) -> str:
    moment = moment_of(at)
    return at if moment is None else moment_text(moment)


def _day(at: str, now: datetime) -> str:
    moment = moment_of(at)
    if moment is None:
        return "At no known time"
    days = (now.date() - moment.date()).days
    return {0: "Today", 1: "Yesterday"}.get(days, f"{moment:%A, %d %B %Y}" if 0 < days < 7 else f"{moment:%Y-%m-%d}")


def _holds(text: str, words: list[str]) -> bool:
    folded = text.casefold() if words else ""
    return all(word in folded for word in words)
