"""The keys of a table that are concerned: one line a key."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.columns import GAP, MARK
from gcms_tui.console.present import scalar_text
from gcms_tui.console.scd2.pages import KeyRow, Pages
from gcms_tui.console.scd2.words import DUPLICATES
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.conclusion import counted

_KEY_LEAST, _KEY_MOST, _IDS_LEAST = 16, 60, 12
_LETTERS = 120
"""Letters of a key that are looked at before it is cut to its column."""
SHARED = "SHARED ID"


def rows_of(pages: Pages, *, reading: bool) -> tuple[KeyRow, ...]:
    """The keys in memory, and a word on those before and behind them."""
    before, behind = "earlier keys above: Up", "more keys below: Down"
    if reading:
        before = behind = "reading"
    head = (KeyRow("§earlier", heading=before),) if pages.has_earlier else ()
    foot = (KeyRow("§more", heading=behind),) if pages.has_more else ()
    return (*head, *pages.rows, *foot)


class KeyList(RowList[KeyRow]):
    """Shows the pages in memory."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.defect = DUPLICATES
        self._key = self._count = self._newest = self._ids = 0

    def measure(self) -> bool:
        before = self._key, self._count, self._newest, self._ids
        keys = [row for row in self._rows if not row.heading]
        width = self.scrollable_content_region.width - MARK - 1
        text = self.look.glyphs.text
        self._count = _widest(self._counted(row) for row in keys)
        natural = max(_widest(text(row.natural_key, _LETTERS) for row in keys), _KEY_LEAST)
        newest = _widest(_newest(row) for row in keys)
        room = width - self._count - GAP
        self._newest = newest if newest and room - newest - GAP >= min(natural, _KEY_LEAST + 8) else 0
        room -= self._newest + GAP if self._newest else 0
        ids = any(row.scd_ids for row in keys)
        self._key = max(min(natural, _KEY_MOST, room - (_IDS_LEAST + GAP if ids and room > 40 else 0)), 1)
        self._ids = max(room - self._key - GAP, 0) if ids else 0
        return before != (self._key, self._count, self._newest, self._ids)

    def draw(self, row: KeyRow, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        if row.heading:
            return Text(f" {glyphs.rule * 2} {row.heading} {glyphs.rule * 2}", palette.faint)
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        key = glyphs.text(row.natural_key, _LETTERS) or "(no letters)"
        line.append(cell(key, self._key, glyphs.ellipsis), palette.text if row.natural_key else palette.faint)
        line.append(" " * GAP).append(cell(self._counted(row), self._count), palette.fail)
        if self._newest:
            line.append(" " * GAP).append(cell(_newest(row), self._newest), palette.muted)
        if self._ids:
            line.append(" " * GAP)
            if row.shared:
                line.append(f"{SHARED} ", f"bold {palette.warn}")
            ids = glyphs.text(", ".join(row.scd_ids[:20]), _LETTERS)
            line.append(ids, palette.faint)
            if line.cell_len > width:
                line.truncate(width - 1)
                line.append(glyphs.ellipsis)
        elif row.shared:
            line.append(f" {SHARED}", f"bold {palette.warn}")
        return line

    def _counted(self, row: KeyRow) -> str:
        return f"{row.count:,} current" if self.defect == DUPLICATES else counted(row.count, "version")


def _newest(row: KeyRow) -> str:
    return "" if row.newest is None else scalar_text(row.newest)


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
