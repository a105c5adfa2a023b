"""What the spot check reads and writes, off the loop: what is said of a row is in the journal before it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.pane import unexpected
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.payroll.spot_checks import Sheet

REVEALED = "spot check"
"""What is said to be shown, in the journal."""


class Verb(StrEnum):
    TICK = "tick"
    QUERY = "query"
    ANSWER = "answer"
    REVEAL = "reveal"


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that is to be written down."""

    verb: Verb
    row: str = ""
    """Empty where names are revealed: those of all rows."""
    note: str = ""
    seen: str = ""
    """What a tick is of: `Sheet.seen`."""


@dataclass
class SheetRead(Message):
    """The rows, and what was drawn and said of them so far."""

    run: PayrollRun
    sheet: Sheet


@dataclass
class Kept(Message):
    """It is in the journal. `run`: as it is then; None where the run does not change by it."""

    saying: Saying
    run: PayrollRun | None


@dataclass
class NotKept(Message):
    """It is not in the journal."""

    saying: Saying
    error: GcmsError


class SpotCheckSource:
    """Blocking I/O."""

    def __init__(self, desk: PayrollDesk, run_id: str) -> None:
        self._desk = desk
        self._run_id = run_id

    def draw(self) -> SheetRead:
        """Draw the rows, which is written down, and read them."""
        run = self._desk.required_bench().spot_checks.draw(self._run_id)
        return SheetRead(run, self._desk.required_bench().spot_checks.sheet(run))

    def read(self) -> SheetRead:
        run = self._desk.book.get(self._run_id)
        return SheetRead(run, self._desk.required_bench().spot_checks.sheet(run))

    def say(self, saying: Saying) -> Message:
        try:
            return Kept(saying, self._said(saying))
        except GcmsError as error:
            return NotKept(saying, error)
        except Exception as error:  # noqa: BLE001 (what was typed is given back, whatever went wrong)
            return NotKept(saying, unexpected(error))

    def _said(self, saying: Saying) -> PayrollRun | None:
        checks = self._desk.required_bench().spot_checks
        match saying.verb:
            case Verb.TICK:
                return checks.tick(self._run_id, saying.row, seen=saying.seen)
            case Verb.QUERY:
                return checks.query(self._run_id, saying.row, saying.note)
            case Verb.ANSWER:
                return checks.answer(self._run_id, saying.row, saying.note)
            case Verb.REVEAL:
                checks.reveal(self._run_id, REVEALED)
                return None
