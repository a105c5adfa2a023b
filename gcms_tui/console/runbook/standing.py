"""Reads one procedure off the loop: from the store alone, but for the dbt run that one of its steps has started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.core.procedures.catalogue import procedure
from gcms_tui.core.procedures.gates import StepLook, StepState
from gcms_tui.core.procedures.run import ProcedureRun, ProcedureState
from gcms_tui.core.procedures.step import Procedure, Step, StepKind

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.errors import Refused
    from gcms_tui.core.run import Run
    from gcms_tui.operations.procedures.desk import ProcedureDesk


@dataclass(frozen=True, slots=True)
class Standing:
    """A procedure as it stands at one moment."""

    procedure: Procedure
    run: ProcedureRun | None
    """None where it is only looked at."""
    looks: tuple[StepLook, ...]
    next_step: Step | None
    refusals: dict[str, Refused]
    """Of each step that may not be done now, by its name, why."""

    @property
    def is_open(self) -> bool:
        return self.run is not None and self.run.state is ProcedureState.ACTIVE

    def look(self, step: Step) -> StepLook:
        return self.looks[self.procedure.number(step) - 1]


@dataclass
class ProcedureRead(Message):
    """The procedure was read."""

    standing: Standing


@dataclass
class PendingFound(Message):
    """The dbt run that a step has started and nobody has judged."""

    step: Step
    run: Run | None


def read(desk: ProcedureDesk, name: str, run_id: str) -> ProcedureRead:
    """Blocks. Without an id the one that is open is read, where one is. Raises `GcmsError`."""
    item = procedure(name)
    run = desk.book.get(run_id) if run_id else desk.book.active(name)
    if run is None:
        looks = tuple(StepLook(step, at, StepState.OPEN, step.expected) for at, step in enumerate(item.steps, 1))
        return ProcedureRead(Standing(item, None, looks, None, {}))
    refusals = {step.name: refused for step in item.steps if (refused := desk.book.refusal(run, step)) is not None}
    return ProcedureRead(Standing(item, run, desk.book.looks(run), desk.book.next_step(run), refusals))


def pending(desk: ProcedureDesk, standing: Standing) -> PendingFound | None:
    """The first step whose dbt run nobody has judged; blocks."""
    run = standing.run
    for step in standing.procedure.steps if run is not None and standing.is_open else ():
        if run is not None and step.kind is StepKind.RUN and step.name in run.begun:
            return PendingFound(step, desk.steps.pending(run.run_id, step.name))
    return None
