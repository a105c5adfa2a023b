"""What the runbook pane knows, and the rows that follow from it. Pure: no Textual, no clock of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gcms_tui.core.errors import GcmsError
from gcms_tui.core.incidents.clock import ClockStep, StepState
from gcms_tui.core.incidents.incident import Incident
from gcms_tui.core.procedures.cadence import BoardLine, Due
from gcms_tui.core.procedures.catalogue import PROCEDURES
from gcms_tui.core.procedures.step import Procedure

INCIDENTS, DUE, ON_DEMAND = "Open incidents", "By the calendar", "When it is called for"


@dataclass(frozen=True, slots=True)
class Board:
    """The board as it was read."""

    read_at: datetime
    lines: tuple[BoardLine, ...]
    edited: tuple[str, ...] = ()
    """Procedures whose record somebody edited."""
    incidents: tuple[tuple[Incident, tuple[ClockStep, ...]], ...] = ()
    """Those that are open, newest first, with their clocks."""
    unread: tuple[str, ...] = ()
    """Why an incident, or all of them, could not be read."""


@dataclass(frozen=True, slots=True)
class BoardState:
    board: Board | None = None
    """None before it was read."""
    error: GcmsError | None = None
    """Why it could not be read anew."""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A heading, a procedure, or an open incident."""

    key: str
    heading: str = ""
    procedure: Procedure | None = None
    line: BoardLine | None = None
    """How it stands; None where it is kept elsewhere."""
    incident: Incident | None = None
    clock: tuple[ClockStep, ...] = ()

    @property
    def overdue(self) -> ClockStep | None:
        """The last step of the escalation that should have been told by now."""
        return next((step for step in reversed(self.clock) if step.state is StepState.OVERDUE), None)

    @property
    def waiting(self) -> ClockStep | None:
        return next((step for step in self.clock if step.state is StepState.WAITING), None)


def failed(state: BoardState, error: GcmsError) -> BoardState:
    """What was known stays, and is told as old."""
    return replace(state, error=error)


def rows(state: BoardState, words: str = "") -> tuple[BoardRow, ...]:
    """Incidents first, then what has its times, then the rest. `words` keeps the rows that hold all of them."""
    if state.board is None:
        return ()
    made: list[BoardRow] = []
    groups = ((INCIDENTS, _incidents(state.board)), (DUE, _procedures(state.board, timed=True)),
              (ON_DEMAND, _procedures(state.board, timed=False)))  # fmt: skip
    for title, found in groups:
        kept = [row for row in found if _matches(row, words)]
        made += [BoardRow(f"heading {title}", title), *kept] if kept else []
    return tuple(made)


def _incidents(board: Board) -> Iterator[BoardRow]:
    for incident, clock in board.incidents:
        yield BoardRow(f"incident {incident.incident_id}", incident=incident, clock=clock)


def _procedures(board: Board, *, timed: bool) -> Iterator[BoardRow]:
    lines = {line.name: line for line in board.lines}
    for item in PROCEDURES:
        if (item.cadence is not None) is timed:
            yield BoardRow(f"procedure {item.name}", procedure=item, line=lines.get(item.name))


def count(board: Board, due: Due) -> int:
    return sum(line.due is due for line in board.lines)


def _matches(row: BoardRow, words: str) -> bool:
    said: list[str] = []
    if row.procedure is not None:
        said += [row.procedure.name, row.procedure.title, row.procedure.section, row.procedure.when]
        said += [row.line.due.value, row.line.words] if row.line is not None else ["payroll"]
    if row.incident is not None:
        said += [row.incident.incident_id, row.incident.title, row.incident.state, row.incident.owner]
        said += ["overdue"] if row.overdue is not None else []
    text = " ".join(said).casefold()
    return all(word in text for word in words.casefold().split())
