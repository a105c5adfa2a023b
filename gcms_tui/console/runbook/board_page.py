"""A procedure or an incident of the board, told beside it; and the lines around the board. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from gcms_tui.console.runbook import state as states
from gcms_tui.console.runbook.incident_page import incident_lines
from gcms_tui.console.runbook.state import BoardRow, BoardState
from gcms_tui.console.runbook.words import access_word, after_state, due_text, line_state
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.conclusion import counted
from gcms_tui.core.incidents.escalation import PathStep
from gcms_tui.core.procedures.cadence import Calendar, Due, local_text

READABLE = 110


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Builds the page of one row."""

    row: BoardRow
    calendar: Calendar
    path: tuple[PathStep, ...]
    now: datetime
    read_only: bool
    look: Look

    def page(self, width: int) -> list[Text]:
        wide = min(width, READABLE) - 1
        if self.row.incident is not None:
            return incident_lines(self.row.incident, self.row.clock, self.path, self.calendar, self.look, wide)
        return self._procedure(wide)

    def _procedure(self, wide: int) -> list[Text]:
        item, line, look = self.row.procedure, self.row.line, self.look
        assert item is not None
        palette, text = look.palette, look.glyphs.text
        lines = flow(Text(item.title, f"bold {palette.strong}"), wide, " ")
        lines += flow(Text(item.when, palette.text), wide, " ")
        if line is not None:
            colon = "" if line.words.startswith(line.due.value) else ":"
            said = line_state(line, look).append(f"{colon} {text(after_state(line), 600)}", palette.text)
            lines += [Text(), *flow(said, wide, " ")]
        said_next = next_words(self.row, read_only=self.read_only)
        lines += [Text(), *flow(Text(f"{look.glyphs.arrow} {said_next}", palette.accent), wide, " "), Text()]
        lines += labelled("section", item.section, look, wide)
        if item.cadence is not None:
            lines += labelled("when", f"{item.cadence.words} {self.calendar.name}", look, wide)
        if line is not None and line.next_at is not None:
            lines += labelled("next", local_text(line.next_at, self.calendar), look, wide)
        for label, value in (("takes", item.duration), ("impact", item.impact)):
            lines += labelled(label, value, look, wide) if value else []
        if line is not None and line.active is not None:
            lines += labelled("open run", f"{line.active.run_id}, by {line.active.by}", look, wide)
        if line is not None and line.last is not None:
            verdict = f", {line.last.verdict.name}" if line.last.verdict is not None else ""
            lines += labelled("last run", f"{line.last.run_id}, by {line.last.by}{verdict}", look, wide)
        lines += [Text(), heading("Steps", look, len(item.steps))]
        for number, step in enumerate(item.steps, 1):
            said = Text(f"{number} {step.title}", palette.text)
            said.append(f"  {step.kind.value}, {access_word(step.access)}", palette.faint)
            lines += flow(said, wide, " ")
        return lines


def next_words(row: BoardRow, *, read_only: bool) -> str:
    """What Enter does."""
    if row.incident is not None:
        return "Enter opens it: notes, its clock, who has it."
    if row.line is None:
        return "Enter goes to pane 4, where the payroll run of a concert is opened."
    if row.line.active is not None:
        return "Enter goes on with it, whoever has begun it."
    again = " and its last run" if row.line.last is not None else ""
    starts = "" if read_only else "; o starts it"
    return f"Enter looks at its steps{again}{starts}."


def brief(row: BoardRow, look: Look, *, read_only: bool) -> tuple[Text, ...]:
    """Two lines where there is no room for the page."""
    palette, glyphs = look.palette, look.glyphs
    said = row.line.words if row.line is not None else ""
    if row.procedure is not None:
        first = Text(glyphs.text(said or row.procedure.when, 300), palette.text)
    else:
        step = row.overdue or row.waiting
        first = Text(glyphs.text(f"escalation {step.words}" if step else "its escalation has stopped", 200))
        first.stylize(palette.fail if row.overdue else palette.text)
    return first, Text(f"{glyphs.arrow} {next_words(row, read_only=read_only)}", palette.muted)


def headline(state: BoardState, look: Look, *, reading: bool, filtered: tuple[str, int] | None) -> tuple[Part, ...]:
    """What is overdue, what is due, how many incidents are open."""
    palette, board = look.palette, state.board
    if board is None:
        said = "reading the board" if reading else "the board has not been read"
        return (Part((Text(said, palette.accent),), 0),)
    parts = []
    for due, rank in ((Due.OVERDUE, 0), (Due.DUE, 1), (Due.UNDER_WAY, 2), (Due.UNKNOWN, 1)):
        number = states.count(board, due)
        if number:
            mark, style = due_text(due, look).plain.partition(" ")[0], str(due_text(due, look).style)
            parts.append(Part((Text(f"{mark} {number} {due.value}", f"bold {style}"),), rank))
    if not parts:
        parts.append(Part((Text("nothing is due", palette.ok),), 0))
    number = len(board.incidents)
    style = f"bold {palette.warn}" if number else palette.muted
    said = f"{counted(number, 'incident')} open" if not board.unread else "? incidents not all read"
    parts.append(Part((Text(said, f"bold {palette.unknown}" if board.unread else style),), 1))
    if reading:
        parts.append(Part((Text("reading", palette.accent),), 5))
    if filtered is not None:
        words = f"/{look.glyphs.text(filtered[0], 30)}"
        parts.append(Part((Text(f"{words}  {filtered[1]} shown", palette.accent), Text(words, palette.accent)), 1))
    return tuple(parts)


def nothing(state: BoardState, look: Look, *, reading: bool) -> Text:
    """What is said where there is no row."""
    if state.board is None:
        said = "Reading the board." if reading else "The board could not be read: e says why, r tries again."
    else:
        said = "Nothing matches the filter. Esc clears it."
    return Text(f" {said}", look.palette.muted)
