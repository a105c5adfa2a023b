"""Reads the journal off the loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.journal.words import Told, told
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.writing.journal import ChainReport

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.writing.doubts import Doubt

PAGE = 200
"""Entries of one page."""


@dataclass
class JournalRead(Message):
    """What is in doubt, and the newest entries."""

    desk: Scd2Desk
    doubts: tuple[Doubt, ...]
    entries: tuple[Told, ...]
    more: bool


@dataclass
class OlderRead(Message):
    """The next page."""

    entries: tuple[Told, ...]
    more: bool


@dataclass
class ChainRead(Message):
    """The whole chain was read, and compared with what is known of it elsewhere."""

    report: ChainReport
    unreached: str = ""
    """Why the warehouse's anchors were not compared."""


class JournalSource:
    """Its methods block, and raise `GcmsError` where the journal cannot be read."""

    def __init__(self, open_scd2: Callable[[], Scd2Desk]) -> None:
        self._open = open_scd2

    def load(self, at_least: int) -> JournalRead:
        """`at_least` so many entries: as many as were there already."""
        desk, limit = self._open(), max(at_least, PAGE)
        doubts = desk.doubts.open()
        entries = desk.journal.entries(limit)
        return JournalRead(desk, doubts, tuple(told(entry) for entry in entries), len(entries) == limit)

    def older(self, desk: Scd2Desk, before: int) -> OlderRead:
        entries = desk.journal.entries(PAGE, before=before)
        return OlderRead(tuple(told(entry) for entry in entries), len(entries) == PAGE)

    def verify(self, desk: Scd2Desk) -> ChainRead:
        try:
            anchors, unreached = desk.anchors(), ""
        except GcmsError as error:
            anchors, unreached = (), f"The warehouse's were not compared: {error.message}"
        return ChainRead(desk.journal.verify(anchors), unreached)
