"""Pages of keys, a few of them in memory, the way back to the others known. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from datetime import datetime

    from gcms_tui.core.finding import Provenance
    from gcms_tui.core.scd2.scan import Place

    Start = Place | str | None
    """What a page begins behind; None for the first."""

KEPT = 3
"""Pages in memory: the one that is looked at, and one on each side."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One natural key, or a line of words above the first or below the last."""

    key: str
    natural_key: str = ""
    count: int = 0
    """Its current versions, or those with the defect."""
    newest: datetime | None = None
    """When the newest of them was recorded."""
    scd_ids: tuple[str, ...] = ()
    shared: bool = False
    """Some of its current versions have the same id."""
    heading: str = ""


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page as it was read."""

    rows: tuple[KeyRow, ...]
    after: Start
    """Where the next one begins; None where this is the last."""
    taken_at: datetime
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages that follow one another, and what every page so far begins behind."""

    pages: tuple[KeyPage, ...] = ()
    starts: tuple[Start, ...] = (None,)
    """Of every page that was come to, and of the next; a key and a number each, whatever the pages hold."""
    first: int = 0
    """The number of the first page in memory, from 0."""

    @property
    def rows(self) -> tuple[KeyRow, ...]:
        """Every key once, though pages that were read at different moments may both have it."""
        found: dict[str, KeyRow] = {}
        for page in self.pages:
            for row in page.rows:
                found.setdefault(row.key, row)
        return tuple(found.values())

    @property
    def has_earlier(self) -> bool:
        return self.first > 0

    @property
    def has_more(self) -> bool:
        return bool(self.pages) and self.pages[-1].after is not None

    @property
    def next(self) -> int:
        """The number of the page behind the last in memory, from 0."""
        return self.first + len(self.pages)

    def number_of(self, key: str | None) -> int | None:
        """The number of the page that holds the row `key`, from 1."""
        found = (place for place, page in enumerate(self.pages) if any(row.key == key for row in page.rows))
        place = next(found, None)
        return None if place is None else self.first + place + 1

    def near_end(self, key: str | None) -> bool:
        """The row `key` is the last in memory, and there are more."""
        return self.has_more and bool(self.pages[-1].rows) and self.pages[-1].rows[-1].key == key

    def near_begin(self, key: str | None) -> bool:
        """The row `key` is the first in memory, and there are others before it."""
        return self.has_earlier and bool(self.rows) and self.rows[0].key == key

    def placed(self, number: int, page: KeyPage) -> Pages:
        """With the page of that number, from 0, as it was just read.

        Where it follows those in memory, or goes before them, they stay, as many as there may be; else it stands alone.
        """
        if self.pages and number == self.first - 1:
            return replace(self, pages=(page, *self.pages)[:KEPT], first=number)
        follows = bool(self.pages) and number == self.next
        pages = (*self.pages, page) if follows else (page,)
        dropped = max(len(pages) - KEPT, 0)
        starts = self.starts[: number + 1]
        first = self.first + dropped if follows else number
        return Pages(pages[dropped:], (*starts, page.after) if page.after is not None else starts, first)
