"""Steps as lines: number, state and name; kind, age, who and what was found as far as there is room."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.steps.words import RUNNING
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.payroll.run import By

_STATE = 13
"""`▲ fallen back` is the longest."""
_TITLE_MOST = 34
_KIND = 6
_AGE, _WHO = 7, 10
_WORDS_LEAST = 12
_LETTERS = 300


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step."""

    step: object
    key: str
    number: int
    title: str
    state: str
    """Symbol and word."""
    tint: str
    by: By | None
    words: str
    """What was found."""
    kind: str = ""
    """Empty where the steps are not told apart by it."""
    is_open: bool = False
    loud: bool = False
    """What was found stands against it."""
    age: str = ""
    doing: str = ""
    """What is being done for it just now, in a word; empty where nothing is."""
    is_next: bool = False

    @property
    def heading(self) -> str:
        return ""


class StepList(RowList[StepRow]):
    """At any width the name and the state; what it found comes with the room for it."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._title_cells = _TITLE_MOST

    def measure(self) -> bool:
        before = self._title_cells
        self._title_cells = min(max((cell_len(row.title) for row in self._rows), default=0), _TITLE_MOST)
        return self._title_cells != before

    def draw(self, row: StepRow, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        body = f"bold {palette.strong}" if row.is_next else palette.muted if row.is_open else palette.text
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(f"{row.number} ", body)
        state, tint = row.state, row.tint
        if row.doing:
            state, tint = f"{RUNNING[glyphs.ascii]} {row.doing}", f"bold {palette.accent}"
        line.append(cell(state, _STATE, glyphs.ellipsis), tint).append(" ")
        line.append(cell(row.title, min(self._title_cells, max(width - line.cell_len, 0)), glyphs.ellipsis), body)
        if row.kind and width - line.cell_len >= _KIND + 2:
            line.append("  " + cell(row.kind, _KIND), palette.faint)
        if row.by is not None:
            who = glyphs.text(row.by.person.user, 40)
            for cells, said in ((_AGE, row.age), (_WHO, who)):
                if width - line.cell_len >= cells + 2:
                    line.append("  " + cell(said, cells, glyphs.ellipsis), palette.muted)
        room = width - line.cell_len - 3
        if room >= _WORDS_LEAST:
            said = cell(glyphs.text(row.words, _LETTERS), room, glyphs.ellipsis)
            line.append("  ").append(said, tint if row.loud else palette.faint)
        return line
