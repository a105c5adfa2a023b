"""Reads one payroll run off the loop: from the store alone, but for the dbt run that one of its steps has started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.payroll.source import Acting, holds_of, read_as
from gcms_tui.core.errors import GcmsError

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.errors import Refused
    from gcms_tui.core.payroll.gates import StepLook
    from gcms_tui.core.payroll.hold import Hold
    from gcms_tui.core.payroll.run import PayrollRun
    from gcms_tui.core.payroll.steps import Step
    from gcms_tui.core.run import Run
    from gcms_tui.operations.payroll.desk import PayrollDesk
    from gcms_tui.operations.payroll.verifying import ProofReport


@dataclass(frozen=True, slots=True)
class Standing:
    """A payroll run as it stands at one moment."""

    run: PayrollRun
    looks: tuple[StepLook, ...]
    next_step: Step | None
    refusals: dict[Step, Refused]
    """Of each step that may not be done now, why."""
    holds: tuple[Hold, ...]
    unheard: str
    """Why it is not known what holds payroll."""

    def look(self, step: Step) -> StepLook:
        return self.looks[step.number - 1]


@dataclass
class RunRead(Message):
    """The run was read."""

    whom: str
    """As whom."""
    desk: PayrollDesk
    standing: Standing


@dataclass
class PendingFound(Message):
    """The dbt run that a step has started and nobody has judged; None where there is none."""

    run: Run | None


@dataclass
class NotFound(Message):
    """It is not known whether there is one."""

    error: GcmsError


@dataclass
class Proven(Message):
    """The run was proven anew."""

    report: ProofReport


class WizardSource:
    """Its methods block."""

    def __init__(self, acting: Acting, run_id: str) -> None:
        self._acting = acting
        self._run_id = run_id

    def read(self, whom: str) -> Message:
        return read_as(whom, self._run_read)

    def _run_read(self, whom: str) -> RunRead:
        desk = self._acting.open(whom)
        book, run = desk.book, desk.book.get(self._run_id)
        holds, unheard = holds_of(desk)
        try:
            refusals = book.refusals(run)
        except GcmsError:
            refusals = {}  # what holds payroll cannot be asked: whoever does a step hears of it
        return RunRead(whom, desk, Standing(run, book.looks(run), book.next_step(run), refusals, holds, unheard))

    def pending(self, desk: PayrollDesk) -> PendingFound:
        return PendingFound(desk.required_bench().checklist.pending(self._run_id))

    def prove(self, desk: PayrollDesk) -> Proven:
        return Proven(desk.verifying.verify(self._run_id))
