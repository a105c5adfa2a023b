"""The nine steps as lines: number, state and name; age, who and what was found as far as there is room."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from gcms_tui.console.payroll.words import RUNNING, step_state, step_tint
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.payroll.gates import StepLook, StepState
from gcms_tui.core.payroll.steps import STEPS, Step

_STATE = 13
"""`▲ fallen back` is the longest."""
_NAME = max(len(step.named) for step in STEPS)
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
        return self.look.step.value

    @property
    def heading(self) -> str:
        return ""


class StepList(RowList[StepRow]):
    """At any width the name and the state; what it found comes with the room for it."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)

    @property
    def step(self) -> Step | None:
        """Where the cursor is."""
        return None if self.cursor is None else Step(self.cursor)

    def draw(self, row: StepRow, width: int, *, current: bool) -> Text:
        palette, glyphs, one = self.look.palette, self.look.glyphs, row.look
        body = f"bold {palette.strong}" if row.is_next else palette.text
        if one.state is StepState.OPEN and not row.is_next:
            body = palette.muted
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(f"{one.step.number} ", body)
        state, tint = step_state(one.state, self.look), step_tint(one.state, palette)
        if row.doing:
            state, tint = f"{RUNNING[glyphs.ascii]} {row.doing}", f"bold {palette.accent}"
        line.append(cell(state, _STATE, glyphs.ellipsis), tint).append(" ")
        line.append(cell(one.step.named, min(_NAME, max(width - line.cell_len, 0)), glyphs.ellipsis), body)
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
