"""The journal's entries, and whether a chain of them is whole: each holds the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from gcms_tui.core.writing.plan import canonical

FIRST = "0" * 64
"""What the first entry has in place of the hash of the one before."""

INTENT = "write.intent"
"""Something is about to be written; the subject is the write's id."""
OUTCOME = "write.outcome"
"""How the write of that id ended."""
SETTLED = "write.settled"
"""What looking at the warehouse told of a write without an outcome."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    sequence: int
    """From 1, without gaps."""
    at: str
    """UTC, ISO 8601 with microseconds."""
    user: str
    host: str
    ssh_client: str
    kind: str
    """What it is about: `run.start`, `rows.reveal`, `write.intent`."""
    subject: str
    payload: str
    """JSON, canonical."""
    previous: str
    own: str

    @property
    def said(self) -> dict[str, Any]:
        """The payload; nothing where somebody edited it so that it says nothing."""
        try:
            said = json.loads(self.payload)
        except (TypeError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's head as it was known at some moment, kept where the chain is not."""

    count: int
    head: str
    """The own hash of entry number `count`."""
    at: str
    place: str = ""
    """Where it is kept, as a person knows it."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What reading the whole chain told."""

    count: int
    head: str
    """The own hash of the last entry; `FIRST` where there is none."""
    broken_at: int | None = None
    """The sequence number of the first entry that is not right; None where all are."""
    problem: str = ""
    anchors: tuple[Anchor, ...] = ()
    """Those that were compared."""
    unread: tuple[str, ...] = ()
    """Why others, which should be there, could not be: whether they would agree is not known."""

    @property
    def whole(self) -> bool:
        """Nothing wrong was found. An end that was cut off is found only where something was compared."""
        return self.broken_at is None

    @property
    def proven(self) -> bool:
        """Whole, and compared with every anchor that there should be, and with one at least."""
        return self.whole and not self.unread and any(anchor.count for anchor in self.anchors)


def hash_of(values: Mapping[str, Any]) -> str:
    """SHA-256 over everything an entry says, the hash of the one before among it, `own` left out."""
    said = {name: values[name] for name in _SAID}
    return hashlib.sha256(canonical(said).encode("ascii")).hexdigest()


def is_edited(entry: Entry) -> bool:
    """It is not what it was written with."""
    said: dict[str, Any] = {name: getattr(entry, name) for name in _SAID}
    # SQLite keeps in a column of text what else is put there: bytes, for which there is no JSON.
    texts = all(isinstance(value, str) for name, value in said.items() if name != "sequence")
    return not texts or hash_of(said) != entry.own


def verify(entries: Iterable[Entry], anchors: Iterable[Anchor] = ()) -> ChainReport:
    """Read a chain from its first entry on, one entry in memory at a time.

    Finds an entry that was edited, removed, put elsewhere or added by hand; with an anchor also a tail that was cut
    off, or cut off and written anew.
    """
    known = tuple(anchors)
    wanted: dict[int, list[Anchor]] = {}
    for anchor in known:
        wanted.setdefault(anchor.count, []).append(anchor)
    count, head = 0, FIRST
    for entry in entries:
        problem = _problem(entry, count + 1, head) or _off_anchor(entry, wanted.get(entry.sequence, ()))
        if problem:
            return ChainReport(count, head, min(entry.sequence, count + 1), problem, known)
        count, head = entry.sequence, entry.own
    beyond = max((anchor for anchor in known if anchor.count > count), key=lambda anchor: anchor.count, default=None)
    if beyond is not None:
        problem = f"it ends after {count:,} entries, and {beyond.place or 'an anchor'} knew {beyond.count:,}: cut off"
        return ChainReport(count, head, count + 1, problem, known)
    return ChainReport(count, head, anchors=known)


_SAID = tuple(field.name for field in fields(Entry) if field.name != "own")


def _problem(entry: Entry, sequence: int, previous: str) -> str:
    if entry.sequence > sequence:
        return f"entry {sequence:,} is missing: {entry.sequence:,} is the next that is there"
    if entry.sequence < sequence:
        return f"entry {entry.sequence:,} is one too many: the first has the number 1"
    if entry.previous != previous:
        return "it does not continue the entry before: that one, or this one, was changed, removed or put elsewhere"
    if is_edited(entry):
        return "its content is not what it was written with: it was edited"
    return ""


def _off_anchor(entry: Entry, anchors: Iterable[Anchor]) -> str:
    for anchor in anchors:
        if anchor.head != entry.own:
            return f"{anchor.place or 'an anchor'} knew another entry here: the end was cut off and written anew"
    return ""
