"""Reads the board off the loop: procedures and incidents, from the store alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.runbook.state import Board
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.incidents.clock import ClockStep
    from gcms_tui.core.incidents.incident import Incident
    from gcms_tui.operations.incidents.book import Listed
    from gcms_tui.operations.incidents.desk import IncidentDesk
    from gcms_tui.operations.procedures.desk import ProcedureDesk


@dataclass
class BoardLoaded(Message):
    """The board was read."""

    desk: ProcedureDesk
    incidents: IncidentDesk | None
    """None where they cannot be had."""
    listed: Listed | None
    """Those that are open; None where they could not be read."""
    board: Board


class BoardSource:
    """Its methods block: one thread at a time."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    def load(self) -> BoardLoaded:
        """Raises `GcmsError` where the procedures cannot be read. Incidents that cannot be are told as such."""
        desk = self._services.open_runbook()
        lines, edited = desk.book.board()
        incidents: IncidentDesk | None = None
        listed: Listed | None = None
        unread: tuple[str, ...] = ()
        try:
            incidents = self._services.open_incidents()
            listed = incidents.book.open_ones()
            unread = listed.unreadable
        except GcmsError as error:
            unread = (f"{error.title}: {error.message}",)
        clocks: tuple[tuple[Incident, tuple[ClockStep, ...]], ...] = ()
        if incidents is not None and listed is not None:
            clocks = tuple((one, incidents.clock(one)) for one in listed.incidents)
        board = Board(self._services.now(), lines, edited, clocks, unread)
        return BoardLoaded(desk, incidents, listed, board)
