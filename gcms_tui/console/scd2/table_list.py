"""The list of SCD2 tables: one line a table, with what one scan of it has found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.columns import GAP, MARK, VERDICT
from gcms_tui.console.scd2.state import TableRow
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.verdict import Verdict

_LETTERS = 80
"""Letters of outside text that are looked at before it is cut to its column."""
_NAME_LEAST, _NAME_MOST = 16, 44


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Cells for each column; 0 where it is left out."""

    name: int
    rows: int = 0
    duplicates: int = 0
    others: int = 0
    age: int = 0


def fit(width: int, name: int, rows: int, duplicates: int, age: int) -> TableColumns:
    """Share `width` cells, what is not named here having the rest. What is wrong is never left out for the rows."""
    room = width - MARK - VERDICT - 2
    shown = min(max(name, _NAME_LEAST), _NAME_MOST)
    chosen = {"duplicates": duplicates, "age": age, "rows": rows}
    while chosen and room - shown - sum(cells + GAP for cells in chosen.values()) < 0:
        if shown > _NAME_LEAST:
            shown = max(_NAME_LEAST, shown + room - shown - sum(cells + GAP for cells in chosen.values()))
        else:
            chosen.popitem()
    others = room - shown - sum(cells + GAP for cells in chosen.values()) - GAP
    return TableColumns(max(min(shown, room), 0), others=max(others, 0), **chosen)


class TableList(RowList[TableRow]):
    """Shows what the scans have found."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._columns = TableColumns(20)

    def measure(self) -> bool:
        before, shown = self._columns, self._rows
        text = self.look.glyphs.text
        self._columns = fit(
            self.scrollable_content_region.width,
            _widest(text(row.listed.table, _LETTERS) for row in shown),
            _widest(_rows(row) for row in shown),
            _widest(row.duplicates for row in shown),
            _widest(_age(row) for row in shown),
        )
        return self._columns != before

    def draw(self, row: TableRow, width: int, *, current: bool) -> Text:
        palette, glyphs, columns = self.look.palette, self.look.glyphs, self._columns
        faded = row.stale or row.scanning
        tint = palette.faint if faded else self.look.colour(row.verdict)
        body = palette.faint if faded else palette.text
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(glyphs.verdict(row.verdict), VERDICT), tint).append(" ")
        line.append(cell(glyphs.text(row.listed.table, _LETTERS), columns.name, glyphs.ellipsis), body)
        others = "scanning" if row.scanning else row.others
        for cells, said, style, right in (
            (columns.duplicates, row.duplicates, tint if row.verdict is Verdict.FAIL else body, False),
            (columns.others, glyphs.text(others, _LETTERS), palette.accent if row.scanning else palette.muted, False),
            (columns.rows, _rows(row), palette.faint, True),
            (columns.age, _age(row), palette.warn if row.stale else palette.faint, True),
        ):
            if cells:
                line.append(" " * GAP).append(cell(said, cells, glyphs.ellipsis, right=right), style)
        return line


def _rows(row: TableRow) -> str:
    return "" if row.known.scan is None else f"{row.known.scan.rows:,} rows"


def _age(row: TableRow) -> str:
    """That it is old is said in so many words."""
    if row.known.written:
        return "WRITTEN SINCE"
    return f"STALE {row.age}" if row.stale else row.age


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
