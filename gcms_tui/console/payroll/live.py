"""The dbt run of a step, followed to its end and then judged: off the loop, and by one thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.pane import Loader, unexpected
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Run, RunState

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations import runs
    from gcms_tui.operations.payroll.checklist import Checklist

LOOK_S, SLOW_LOOK_S = 0.5, 1.0
"""From the end of one look to the next; the second on a slow line."""


@dataclass
class DbtSeen(Message):
    """How far the dbt run is."""

    look: runs.Look


@dataclass
class Judging(Message):
    """The dbt run has ended, and is being judged."""

    step: Step


@dataclass
class StepEnded(Message):
    """A step was done, and is in the journal; or it was not, and `error` says why."""

    step: Step
    error: GcmsError | None = None


def step_of(run: Run) -> Step:
    """Which step a dbt run belongs to."""
    return Step.TESTS if run.record.command.subcommand == "test" else Step.MODELS


def is_under_way(run: Run) -> bool:
    return run.state in (RunState.RUNNING, RunState.CANCELLING)


class Following:
    """Of one dbt run. Let go of, it judges nothing: whoever opens the wizard next finds the run as pending."""

    def __init__(
        self, receiver: MessagePump, checklist: Checklist, payroll_id: str, run: Run, look_s: float = LOOK_S
    ) -> None:
        self.step = step_of(run)
        self.run = run
        """As it was last seen."""
        self.look: runs.Look | None = None
        self.judging = False
        self._checklist = checklist
        self._payroll_id = payroll_id
        self._look_s = look_s
        self._let_go = threading.Event()
        self._loader = Loader(receiver, "payroll dbt")

    def start(self) -> None:
        self._loader.start(self._follow)

    def let_go(self) -> None:
        """Soon; a judgement under way is finished."""
        self._let_go.set()

    def seen(self, look: runs.Look) -> None:
        self.look, self.run = look, look.run

    def _follow(self) -> Message:
        try:
            self._watch()
            if self._let_go.is_set():
                return StepEnded(self.step)
            self._loader.post(Judging(self.step))
            self._settle()
        except GcmsError as error:
            return StepEnded(self.step, error)
        except Exception as error:  # noqa: BLE001 (told as this step's failure, like any other)
            return StepEnded(self.step, unexpected(error))
        return StepEnded(self.step)

    def _watch(self) -> None:
        dbt, run_id = self._checklist.runs, self.run.run_id
        watch = dbt.watch(run_id)
        try:
            while not self._let_go.is_set():
                look = dbt.look(run_id, watch)
                self._loader.post(DbtSeen(look))
                if not is_under_way(look.run):
                    return
                self._let_go.wait(self._look_s)
        finally:
            watch.close()

    def _settle(self) -> None:
        settle = self._checklist.settle_tests if self.step is Step.TESTS else self._checklist.settle_models
        settle(self._payroll_id, self.run.run_id)
