"""Reads the concerts and what holds payroll off the loop, as whoever is at the console or is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.payroll.gates import StepLook
    from gcms_tui.core.payroll.hold import Hold
    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.operations.payroll.concerts import ConcertList
    from gcms_tui.operations.payroll.desk import PayrollDesk


@dataclass
class ConcertsLoaded(Message):
    """The concerts, and the steps of the run of each."""

    desk: PayrollDesk
    listed: ConcertList
    looks: dict[str, tuple[StepLook, ...]]
    holds: tuple[Hold, ...]
    unheard: str
    """Why it is not known what holds payroll."""


@dataclass
class Opened(Message):
    """A payroll run was opened."""

    run: PayrollRun


class Acting:
    """Whom the payroll screens act as: oneself, or one of the practice platform's invented people.

    The list and the wizard over it share one. Nobody's desk is at hand between the choice and its being opened: nothing
    is done as somebody else than the bar at the top says.
    """

    def __init__(self, open_payroll: Callable[[str], PayrollDesk]) -> None:
        self._open = open_payroll
        self._before: tuple[str, PayrollDesk | None] = "", None
        self.whom = ""
        """Empty: oneself."""
        self.desk: PayrollDesk | None = None

    def open(self) -> PayrollDesk:
        """The desk of whoever is acted as; blocks."""
        return self._open(self.whom)

    def switch(self, whom: str) -> None:
        """From now on somebody else, as soon as their desk is open."""
        self._before = self.whom, self.desk
        self.whom, self.desk = whom, None

    def opened(self, desk: PayrollDesk) -> None:
        self.desk = desk

    def failed(self) -> None:
        """It could not be opened: whoever acted before does so again."""
        if self.desk is None:
            self.whom, self.desk = self._before


class ConcertsSource:
    """Its methods block: one thread at a time."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def load(self) -> ConcertsLoaded:
        """Raises `GcmsError` where the concerts cannot be read."""
        desk = self._acting.open()
        listed = desk.concerts.list()
        looks = {
            concert.run.run_id: desk.book.looks(concert.run) for concert in listed.concerts if concert.run is not None
        }
        holds, unheard = holds_of(desk)
        return ConcertsLoaded(desk, listed, looks, holds, unheard)


def holds_of(desk: PayrollDesk) -> tuple[tuple[Hold, ...], str]:
    """What holds payroll, or why that is not known."""
    try:
        return desk.holds.open(), ""
    except GcmsError as error:
        return (), f"{error.title}: {error.message}"
