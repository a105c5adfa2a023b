"""The board as lines: how each stands in a symbol and a word, its name, and when it is due or who has it."""

from __future__ import annotations

from rich.text import Text

from gcms_tui.console.runbook.state import BoardRow
from gcms_tui.console.runbook.words import ELSEWHERE, after_state, incident_state, line_state
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell
from gcms_tui.core.procedures.cadence import Due
from gcms_tui.core.procedures.catalogue import PROCEDURES

_STATE = 12
"""`✗ done, FAIL` is the longest."""
_SECTION = 12
_SECTION_FROM = 100
"""From this width on the section has a column of its own: when it is due wants the room before that."""
_NAME = max(len(item.title) for item in PROCEDURES)
_WORDS_LEAST = 10
_LETTERS = 300


class BoardList(RowList[BoardRow]):
    """At any width the state and the name; what there is to say comes with the room for it."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self.faded = False
        """What is shown is from before something failed."""

    def draw(self, row: BoardRow, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        if row.heading:
            return Text(f" {row.heading}", f"bold {palette.accent}")
        state, name, section, said = self._cells(row)
        body = palette.faint if self.faded else palette.text
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(state.plain, _STATE, glyphs.ellipsis), palette.faint if self.faded else state.style)
        room = width - line.cell_len - 1
        line.append(" ").append(cell(glyphs.text(name, _LETTERS), max(min(_NAME, room), 0), glyphs.ellipsis), body)
        if width >= _SECTION_FROM:
            line.append("  " + cell(glyphs.text(section, 40), _SECTION, glyphs.ellipsis), palette.faint)
        room = width - line.cell_len - 3
        if room >= _WORDS_LEAST:
            line.append("  ").append(cell(glyphs.text(said, _LETTERS), room, glyphs.ellipsis), palette.muted)
        return line

    def _cells(self, row: BoardRow) -> tuple[Text, str, str, str]:
        """State, name, section, and what else there is to say."""
        if row.incident is not None:
            incident, step = row.incident, row.overdue or row.waiting
            with_whom = f"with {incident.owner}" if incident.owner else "nobody has taken it"
            when = "" if step is None else f"escalation {step.words}; "
            if row.overdue is not None:  # its state says so already
                when = f"{row.overdue.words.removeprefix('overdue ')}; "
            state = incident_state(incident, overdue=row.overdue is not None, look=self.look)
            return state, incident.title, incident.severity.value, f"{when}{with_whom}"
        assert row.procedure is not None
        if row.line is None:
            mark = ELSEWHERE[self.look.glyphs.ascii]
            state = Text(f"{mark} pane 4", self.look.palette.muted)
            return state, row.procedure.title, row.procedure.section, "kept in the book of payroll runs"
        said, active = after_state(row.line), row.line.active
        if active is not None and row.line.due is not Due.UNDER_WAY:  # first: what there is no room for is cut off
            said = f"under way, by {active.by}; {said}"
        return line_state(row.line, self.look), row.procedure.title, row.procedure.section, said
