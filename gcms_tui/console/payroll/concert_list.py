"""The list of concerts: one line each, with how its payroll stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.columns import GAP, MARK
from gcms_tui.console.payroll.state import ConcertRow
from gcms_tui.console.payroll.words import concert_state, money
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.conclusion import counted
from gcms_tui.operations.payroll.concerts import Concert

_LETTERS = 80
"""Letters of outside text that are looked at before it is cut to its column."""
_DATE = 10
_ID_MOST = 12
_TITLE_LEAST, _TITLE_MOST = 12, 60
_NO_DATE, _NO_TOTAL = "no date", "no total"


@dataclass(frozen=True, slots=True)
class ConcertColumns:
    """Cells for each column; 0 where it is left out."""

    title: int
    date: int = 0
    musicians: int = 0
    net: int = 0
    state: int = 0


def fit(width: int, natural: Mapping[str, int]) -> ConcertColumns:
    """Share `width` cells. How a concert stands is told at any width, and then what it comes to."""
    room = width - MARK - 1
    state = min(natural["state"], max(room - _TITLE_LEAST - GAP, 0))
    left = room - state - GAP
    chosen = {"date": 0, "musicians": 0, "net": 0}
    for column, cells in (("net", natural["net"]), ("date", _DATE), ("musicians", natural["musicians"])):
        if left - cells - GAP >= _TITLE_LEAST:
            chosen[column], left = cells, left - cells - GAP
    return ConcertColumns(max(min(natural["title"], left, _TITLE_MOST), 0), state=state, **chosen)


class ConcertListing(RowList[ConcertRow]):
    """Shows what was read of the concerts."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._columns = ConcertColumns(20)
        self._ids = 0
        """Cells of the widest id."""
        self.faded = False
        """What is shown is from before something failed."""

    def measure(self) -> bool:
        before, shown = (self._columns, self._ids), self._rows
        self._ids = min(_widest(self.look.glyphs.text(row.concert.concert_id, _LETTERS) for row in shown), _ID_MOST)
        natural = {
            "title": _widest(self._title(row) for row in shown),
            "musicians": _widest(_musicians(row.concert) for row in shown),
            "net": _widest(_net(row.concert) for row in shown),
            "state": _widest(concert_state(row.concert, row.next_step, self.look).plain for row in shown),
        }
        self._columns = fit(self.scrollable_content_region.width, natural)
        return (self._columns, self._ids) != before

    def draw(self, row: ConcertRow, width: int, *, current: bool) -> Text:
        palette, glyphs, columns, concert = self.look.palette, self.look.glyphs, self._columns, row.concert
        body = palette.faint if self.faded else palette.text
        date = concert.concert_date.isoformat() if concert.concert_date else _NO_DATE
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        if columns.date:
            line.append(cell(date, columns.date) + " " * GAP, palette.muted if concert.concert_date else palette.warn)
        line.append(cell(self._title(row), columns.title, glyphs.ellipsis), body)
        for cells, said, style in (
            (columns.musicians, _musicians(concert), palette.muted),
            (columns.net, _net(concert), palette.warn if concert.net is None else body),
        ):
            if cells:
                line.append(" " * GAP).append(cell(said, cells, glyphs.ellipsis, right=True), style)
        state = concert_state(concert, row.next_step, self.look)
        said = cell(state.plain, columns.state, glyphs.ellipsis)
        return line.append(" " * GAP).append(said, palette.faint if self.faded else state.style)

    def _title(self, row: ConcertRow) -> str:
        """With the id before it: titles repeat."""
        text = self.look.glyphs.text
        return text(f"{text(row.concert.concert_id, _LETTERS):>{self._ids}}  {row.concert.title}", _LETTERS)


def _net(concert: Concert) -> str:
    return _NO_TOTAL if concert.net is None else money(concert.net)


def _musicians(concert: Concert) -> str:
    return counted(concert.musicians, "musician")


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(text) for text in texts), default=0)
