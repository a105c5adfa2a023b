"""The list of entries: one line each, what is in doubt marked."""

from __future__ import annotations

from rich.text import Text

from gcms_tui.console.journal.state import JournalRow, moment_of
from gcms_tui.console.journal.words import Told
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.verdict import Verdict

_KIND_LEAST, _KIND_MOST, _PERSON = 14, 17, 12
_ROOMY = 100
"""From this width on the person is told as well."""


class JournalList(RowList[JournalRow]):
    """Shows doubts and entries."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._kind = _KIND_LEAST

    def measure(self) -> bool:
        before = self._kind
        kinds = (len(row.told.entry.kind) for row in self._rows if row.told is not None)
        self._kind = min(max((_KIND_LEAST, *kinds)), _KIND_MOST)
        return self._kind != before

    def draw(self, row: JournalRow, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        if row.heading:
            text = Text.assemble((f" {row.heading} ", f"bold {palette.accent}"))
            return text.append(glyphs.rule * max(width - text.cell_len - 1, 0), palette.line)
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        if row.doubt is not None:
            verdict = "writing now" if row.doubt.under_way else "IN DOUBT"
            tint = palette.accent if row.doubt.under_way else palette.fail
            line.append(f"{'?' if not row.doubt.under_way else glyphs.arrow} {verdict:<11}", f"bold {tint}")
            line.append(cell(glyphs.text(row.doubt.words, 300), max(width - line.cell_len - 1, 1), glyphs.ellipsis))
        elif row.told is not None:
            self._entry(row.told, line, width)
        return line

    def _entry(self, one: Told, line: Text, width: int) -> None:
        palette, glyphs, entry = self.look.palette, self.look.glyphs, one.entry
        moment = moment_of(entry.at)
        line.append(f"{moment:%H:%M:%S}  " if moment else f"{'?':<10}", palette.muted)
        line.append(cell(glyphs.text(entry.kind, 40), self._kind, glyphs.ellipsis) + " ", palette.faint)
        if width >= _ROOMY:
            line.append(cell(glyphs.text(entry.user, 40), _PERSON, glyphs.ellipsis) + " ", palette.muted)
        mark = "  " if one.verdict is None else f"{glyphs.verdict(one.verdict)[0]} "
        tint = palette.text if one.verdict is None else self.look.colour(one.verdict)
        line.append(mark, tint)
        room = max(width - line.cell_len - 1, 1)
        said = cell(glyphs.text(one.words, 300), room, glyphs.ellipsis)
        line.append(said, tint if one.verdict not in (None, Verdict.OK) else palette.text)
