"""The verdict board: one line a finding, under headings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Region

from gcms_tui.console.board_state import Row, spaced
from gcms_tui.console.columns import GAP, MARK, VERDICT, Columns, fit
from gcms_tui.console.present import age_text, value_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.console.widgets.sparkline import sparkline

_NAME = 60
_VALUE = 20
_TARGET = 24
"""Letters of outside text that are looked at before it is cut to its column."""


class Board(RowList[Row]):
    """Shows what the checks have answered."""

    def __init__(self, look: Look, now: Callable[[], datetime], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._now = now
        self._ages: dict[str, str] = {}
        self._columns = Columns(name=20)

    def tell_ages(self) -> None:
        """Redraw the ages that read otherwise by now, and nothing else."""
        columns = self._columns
        start = MARK + VERDICT + 1 + columns.name
        start += sum(width + GAP for width in (columns.value, columns.target) if width) + GAP
        for y, row in enumerate(self._rows):
            age = self._age(row)
            if self._ages.get(row.key) != age:
                self._ages[row.key] = age
                changed = Region(start, y - self.scroll_offset.y, columns.age, 1)
                self.refresh(changed.intersection(self.size.region))

    def laid_out(self, rows: tuple[Row, ...], height: int) -> tuple[Row, ...]:
        return spaced(rows, height)

    def measure(self) -> bool:
        self._ages = {row.key: self._age(row) for row in self._rows}
        before = self._columns
        text = self.look.glyphs.text
        shown = [row for row in self._rows if not row.heading]
        answered = [row.finding for row in shown if row.finding is not None]
        natural = {
            "name": _widest(text(row.key, _NAME) for row in shown),
            "value": _widest(text(value_text(one.value, one.unit), _VALUE) for one in answered),
            "target": _widest(text(one.target, _TARGET) for one in answered),
            "age": max(_widest(self._ages.values()), len("59 min")),
            "spark": max((len(row.points) for row in shown), default=0),
        }
        self._columns = fit(self.scrollable_content_region.width, natural)
        return self._columns != before

    def draw(self, row: Row, width: int, *, current: bool) -> Text:
        if row.heading:
            return self._heading(row, width)
        line = Text.assemble((self.look.glyphs.cursor if current else " ", self.look.palette.accent))
        return line.append_text(self._waiting(row) if row.finding is None else self._answer(row))

    def _age(self, row: Row) -> str:
        if row.finding is None:
            return ""
        if row.pending:
            return self.look.glyphs.waiting * 3
        age = self._now() - row.finding.taken_at
        return f"STALE {age_text(age)}" if row.stale else age_text(age, young="now")

    def _heading(self, row: Row, width: int) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        if not row.heading.strip():
            return Text()
        text = Text.assemble((f" {glyphs.text(row.heading, _NAME)} ", f"bold {palette.accent}"))
        return text.append(glyphs.rule * max(width - text.cell_len - 1, 0), palette.line)

    def _waiting(self, row: Row) -> Text:
        glyphs, faint = self.look.glyphs, self.look.palette.faint
        name = cell(glyphs.text(row.key, _NAME), self._columns.name, glyphs.ellipsis)
        return Text(f"{cell(f'{glyphs.waiting} waiting', VERDICT)} {name}", faint)

    def _answer(self, row: Row) -> Text:
        """The line of a finding. One that is old, or being asked again, has lost its colour."""
        finding, columns = row.finding, self._columns
        assert finding is not None
        palette, glyphs = self.look.palette, self.look.glyphs
        faded = row.stale or row.pending
        body = palette.faint if faded else palette.text
        tint = palette.faint if faded else self.look.colour(finding.verdict)
        text = Text.assemble((f"{cell(glyphs.verdict(finding.verdict), VERDICT)} ", tint))
        text.append(cell(glyphs.text(row.key, _NAME), columns.name, glyphs.ellipsis), body)
        if columns.value:
            value = glyphs.text(value_text(finding.value, finding.unit), _VALUE)
            text.append(" " * GAP + cell(value, columns.value, glyphs.ellipsis, right=True), body)
        if columns.target:
            target = cell(glyphs.text(finding.target, _TARGET), columns.target, glyphs.ellipsis)
            text.append(" " * GAP + target, palette.faint)
        if columns.age:
            age = cell(self._ages.get(row.key, ""), columns.age, glyphs.ellipsis, right=True)
            text.append(" " * GAP + age, palette.muted if row.stale else palette.faint)
        if columns.spark:
            text.append(" " * GAP)
            text.append_text(sparkline(row.points, columns.spark, self.look, palette.faint if faded else ""))
        return text


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
