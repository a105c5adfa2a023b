"""Rows of a table under a header that stays, scrolled in both directions, of which only what is in view is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gcms_tui.console.glyphs import Glyphs
from gcms_tui.console.present import scalar_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.console.widgets.strips import strip
from gcms_tui.core.finding import Scalar

_WIDEST = 60
"""Cells of one value at most; copying gives it whole."""
_GAP = 2
_HEADER = 2


@dataclass(frozen=True, slots=True)
class TableColumn:
    name: str
    width: int
    right: bool
    """Numbers, aligned by their last digit."""
    quiet: bool = False
    """What stands in it is no value: it is masked."""


@dataclass(frozen=True, slots=True)
class TableText:
    """Values made fit to draw. Made off the loop: there may be many."""

    columns: tuple[TableColumn, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    nulls: frozenset[tuple[int, int]] = frozenset()
    """Row and column of each NULL, and of each empty text."""

    @property
    def width(self) -> int:
        return sum(column.width + _GAP for column in self.columns) + 1


def table_text(
    columns: Sequence[str], rows: Sequence[Sequence[Scalar]], glyphs: Glyphs, quiet: Sequence[str] = ()
) -> TableText:
    """Amounts exact and to the right; NULL, an empty text and the text NULL can be told apart."""
    places = range(len(columns))
    numeric = [_numeric([row[place] for row in rows if place < len(row)]) for place in places]
    shown: list[tuple[str, ...]] = []
    nulls: set[tuple[int, int]] = set()
    for number, row in enumerate(rows):
        shown.append(tuple(glyphs.text(_shown(row[place]), _WIDEST) if place < len(row) else "" for place in places))
        nulls.update((number, place) for place in places if place < len(row) and row[place] in (None, ""))
    headings = [glyphs.text(name, _WIDEST) for name in columns]
    made = tuple(
        TableColumn(
            name,
            max(cell_len(name), max((cell_len(row[place]) for row in shown), default=0), 1),
            numeric[place],
            columns[place] in quiet,
        )
        for place, name in enumerate(headings)
    )
    return TableText(made, tuple(shown), frozenset(nulls))


def _numeric(values: Sequence[Scalar]) -> bool:
    figures = [value for value in values if value is not None]
    return bool(figures) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in figures
    )


def _shown(value: Scalar) -> str:
    if isinstance(value, str) and value in ("", "NULL"):
        return f"'{value}'"
    return repr(value) if isinstance(value, float) else scalar_text(value)


class RowTable(ScrollView, can_focus=True):
    """Shows a `TableText`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", id="page.down", show=False, tooltip="One row down"),
        Binding("up,k", "scroll_up", "Up", id="page.up", show=False, tooltip="One row up"),
        Binding("left,h", "sideways(-8)", "Left", id="page.left", show=False, tooltip="To the columns on the left"),
        Binding("right,l", "sideways(8)", "Right", id="page.right", show=False, tooltip="To the columns on the right"),
        Binding("pagedown,space", "page_down", "Page down", id="page.next", show=False, tooltip="One page down"),
        Binding("pageup,b", "page_up", "Page up", id="page.previous", show=False, tooltip="One page up"),
        Binding("home,g", "scroll_home", "Top", id="page.top", show=False, tooltip="To the first row"),
        Binding("end,G", "scroll_end", "Bottom", id="page.bottom", show=False, tooltip="To the last row"),
    ]

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look
        self._table = TableText()

    def show(self, table: TableText) -> None:
        self._table = table
        self.virtual_size = Size(table.width, len(table.rows) + _HEADER)
        self.refresh()

    def action_sideways(self, cells: int) -> None:
        self.scroll_relative(x=cells, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        left, top = self.scroll_offset
        return strip(self._line(y, top), self.app.console, self.rich_style, width, left)

    def _line(self, y: int, top: int) -> Text:
        palette, glyphs = self._look.palette, self._look.glyphs
        table, line = self._table, Text(" ")
        number = y - _HEADER + top
        if not table.columns or number >= len(table.rows):
            return Text()
        for place, column in enumerate(table.columns):
            line.append(" " * _GAP if place else "")
            if y == 0:
                line.append(cell(column.name, column.width, right=column.right), f"bold {palette.muted}")
            elif y == 1:
                line.append(glyphs.rule * column.width, palette.line)
            else:
                faint = column.quiet or (number, place) in table.nulls
                shown = cell(table.rows[number][place], column.width, glyphs.ellipsis, right=column.right)
                line.append(shown, palette.faint if faint else palette.text)
        return line
