"""The list of SCD2 tables: one line a table, with what one scan of it has found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
_OTHERS_GOOD = 24


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Cells for each column; 0 where it is left out."""

    name: int
    rows: int = 0
    duplicates: int = 0
    others: int = 0
    age: int = 0


def fit(width: int, natural: Mapping[str, int]) -> TableColumns:
    """Share `width` cells. What is wrong is never left out for how many rows there are."""
    room = width - MARK - VERDICT - 2
    name = min(max(natural["name"], _NAME_LEAST), _NAME_MOST)
    others = min(natural["others"], _OTHERS_GOOD)
    chosen = {column: natural[column] for column in ("duplicates", "age", "rows")}
    for lost, least in (("rows", others), ("age", 0), ("duplicates", 0)):
        taken = sum(cells + GAP for cells in chosen.values() if cells)
        if room - taken - (least and least + GAP) < min(name, _NAME_LEAST if lost != "rows" else name):
            chosen[lost] = 0
    rest = room - sum(cells + GAP for cells in chosen.values() if cells)
    shown = max(min(name, rest), 0)
    return TableColumns(shown, others=max(rest - shown - GAP, 0), **chosen)


class TableList(RowList[TableRow]):
    """Shows what the scans have found."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._columns = TableColumns(20)

    def measure(self) -> bool:
        before, shown = self._columns, self._rows
        text = self.look.glyphs.text
        natural = {
            "name": _widest(text(row.listed.table, _LETTERS) for row in shown),
            "duplicates": _widest(row.duplicates for row in shown),
            "others": _widest(text(row.others, _LETTERS) for row in shown),
            "rows": _widest(_rows(row) for row in shown),
            "age": _widest(_age(row) for row in shown),
        }
        self._columns = fit(self.scrollable_content_region.width, natural)
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
        duplicates, room = columns.duplicates, columns.others
        if not row.duplicates and duplicates:  # nothing is known: why, has the room of both
            duplicates, room = 0, duplicates + GAP + room
        for cells, said, style, right in (
            (duplicates, row.duplicates, tint if row.verdict is Verdict.FAIL else body, False),
            (room, glyphs.text(others, _LETTERS), palette.accent if row.scanning else palette.muted, False),
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
