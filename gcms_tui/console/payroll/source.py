"""Reads the concerts and what holds payroll off the loop, as whoever is at the console or is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.pane import LoadFailed, unexpected
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

    whom: str
    """As whom they were read."""
    desk: PayrollDesk
    listed: ConcertList
    looks: dict[str, tuple[StepLook, ...]]
    holds: tuple[Hold, ...]
    unheard: str
    """Why it is not known what holds payroll."""


@dataclass
class NotRead(LoadFailed):
    """What payroll is about could not be read."""

    whom: str = ""
    """As whom it was tried."""


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

    def open(self, whom: str) -> PayrollDesk:
        """Their desk; blocks."""
        return self._open(whom)

    def switch(self, whom: str) -> None:
        """From now on somebody else, as soon as their desk is open."""
        self._before = self.whom, self.desk
        self.whom, self.desk = whom, None

    def opened(self, whom: str, desk: PayrollDesk) -> bool:
        """False where somebody else is acted as by now: a reading may have begun before that."""
        if whom != self.whom:
            return False
        self.desk = desk
        return True

    def failed(self, whom: str) -> None:
        """Their desk could not be opened: whoever acted before does so again."""
        if whom == self.whom and self.desk is None:
            self.whom, self.desk = self._before


class ConcertsSource:
    """Its methods block: one thread at a time."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def load(self, whom: str) -> Message:
        return read_as(whom, self._loaded)

    def _loaded(self, whom: str) -> ConcertsLoaded:
        desk = self._acting.open(whom)
        listed = desk.concerts.list()
        looks = {
            concert.run.run_id: desk.book.looks(concert.run) for concert in listed.concerts if concert.run is not None
        }
        holds, unheard = holds_of(desk)
        return ConcertsLoaded(whom, desk, listed, looks, holds, unheard)


def read_as(whom: str, read: Callable[[str], Message]) -> Message:
    """What `read` answers for whoever is played, or why it could not: as whom it was tried is to be known."""
    try:
        return read(whom)
    except GcmsError as error:
        return NotRead(error, whom=whom)
    except Exception as error:  # noqa: BLE001 (told as any failure)
        return NotRead(unexpected(error), whom=whom)


def holds_of(desk: PayrollDesk) -> tuple[tuple[Hold, ...], str]:
    """What holds payroll, or why that is not known."""
    try:
        return desk.holds.open(), ""
    except GcmsError as error:
        return (), f"{error.title}: {error.message}"
