"""The steps of a procedure as lines: number, state and name; age, who and what was found as far as there is room."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.runbook.words import RUNNING, step_state, step_tint
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.procedures.gates import StepLook, StepState

_STATE = 13
"""`▲ fallen back` is the longest."""
_NAME_MOST = 34
_KIND = 6
_AGE, _WHO = 7, 10
_WORDS_LEAST = 12
_LETTERS = 300


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step."""

    look: StepLook
    age: str = ""
    doing: str = ""
    """What is being done for it just now, in a word; empty where nothing is."""
    is_next: bool = False

    @property
    def key(self) -> str:
        return self.look.step.name

    @property
    def heading(self) -> str:
        return ""


class StepList(RowList[StepRow]):
    """At any width the name and the state; what it found comes with the room for it."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._title_cells = _NAME_MOST

    def measure(self) -> bool:
        before = self._title_cells
        self._title_cells = min(max((cell_len(row.look.step.title) for row in self._rows), default=0), _NAME_MOST)
        return self._title_cells != before

    def draw(self, row: StepRow, width: int, *, current: bool) -> Text:
        palette, glyphs, one = self.look.palette, self.look.glyphs, row.look
        body = f"bold {palette.strong}" if row.is_next else palette.text
        if one.state is StepState.OPEN and not row.is_next:
            body = palette.muted
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(f"{one.number} ", body)
        state, tint = step_state(one.state, self.look), step_tint(one.state, palette)
        if row.doing:
            state, tint = f"{RUNNING[glyphs.ascii]} {row.doing}", f"bold {palette.accent}"
        line.append(cell(state, _STATE, glyphs.ellipsis), tint).append(" ")
        line.append(cell(one.step.title, min(self._title_cells, max(width - line.cell_len, 0)), glyphs.ellipsis), body)
        if width - line.cell_len >= _KIND + 2:
            line.append("  " + cell(one.step.kind.value, _KIND), palette.faint)
        if one.by is not None:
            who = glyphs.text(one.by.person.user, 40)
            for cells, said in ((_AGE, row.age), (_WHO, who)):
                if width - line.cell_len >= cells + 2:
                    line.append("  " + cell(said, cells, glyphs.ellipsis), palette.muted)
        room = width - line.cell_len - 3
        if room >= _WORDS_LEAST:
            loud = one.state in (StepState.FAILED, StepState.FALLEN)
            said = cell(glyphs.text(one.words, _LETTERS), room, glyphs.ellipsis)
            line.append("  ").append(said, tint if loud else palette.faint)
        return line
