"""The dbt run of one of the first three steps, followed to its end and then judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.following import LOOK_S, FollowedRun
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Run

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.checklist import Checklist


@dataclass
class StepEnded(Message):
    """A step was done, and is in the journal; or it was not, and `error` says why."""

    step: Step
    error: GcmsError | None = None


def step_of(run: Run) -> Step:
    """Which step a dbt run belongs to."""
    return Step.TESTS if run.record.command.subcommand == "test" else Step.MODELS


class Following(FollowedRun):
    """Of one dbt run."""

    def __init__(
        self, receiver: MessagePump, checklist: Checklist, payroll_id: str, run: Run, look_s: float = LOOK_S
    ) -> None:
        super().__init__(receiver, checklist.runs, run, look_s)
        self.step = step_of(run)
        self._checklist = checklist
        self._payroll_id = payroll_id

    def settle(self) -> None:
        settle = self._checklist.settle_tests if self.step is Step.TESTS else self._checklist.settle_models
        settle(self._payroll_id, self.run.run_id)

    def ended(self, error: GcmsError | None = None) -> Message:
        return StepEnded(self.step, error)
