"""A procedure on the screen: read anew while somebody looks, its checks done in a thread, its dbt runs followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from gcms_tui.console.following import LOOK_S, SLOW_LOOK_S, FollowedRun, RunsOpened
from gcms_tui.console.pane import LoadFailed, unexpected
from gcms_tui.console.runbook import standing as source
from gcms_tui.console.runbook.standing import PendingFound, ProcedureRead, Standing
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.steps.screen import StepsScreen
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.procedures.step import Step
from gcms_tui.core.run import Run

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.procedures.desk import ProcedureDesk
    from gcms_tui.operations.procedures.ports import Outcome
    from gcms_tui.operations.procedures.steps import Steps

_EVERY_S = 15.0
"""From the end of one reading to the next, while somebody looks: it asks the store alone."""


@dataclass
class StepEnded(Message):
    """A step was done, and is in the journal; or it was only looked at; or `error` says why neither."""

    step: Step
    seen: Outcome | None = None
    error: GcmsError | None = None


class StepRun(FollowedRun):
    """The dbt run of a step."""

    def __init__(
        self, receiver: MessagePump, steps: Steps, run_id: str, step: Step, run: Run, look_s: float = LOOK_S
    ) -> None:
        super().__init__(receiver, steps.runs, run, look_s)
        self.step = step
        self._steps = steps
        self._run_id = run_id

    def settle(self) -> None:
        self._steps.settle(self._run_id, self.step.name)

    def ended(self, error: GcmsError | None = None) -> Message:
        return StepEnded(self.step, error=error)


class WalkedProcedure(StepsScreen):
    """Reads while it is in front, and not otherwise."""

    def __init__(self, services: ConsoleServices, look: Look, desk: ProcedureDesk, name: str, run_id: str) -> None:
        super().__init__(services, look, "procedure")
        self.desk = desk
        self.name_of = name
        self.run_id = run_id
        """Empty until one is found open, and where it is only looked at."""
        self.standing: Standing | None = None
        self.following: StepRun | None = None
        self.looking: tuple[Step, datetime] | None = None
        """Which step is looked at, and since when."""
        self.seen: tuple[Step, Outcome] | None = None
        """What was found and not recorded."""

    # -- what a subclass does ---------------------------------------------------------------------------------------

    def has_been_read(self, first: bool) -> None:
        """`first`: nothing was known of it before."""

    # -- reading ----------------------------------------------------------------------------------------------------

    def read(self, *, by_hand: bool = False) -> None:
        """Read it off the loop; where it is being read, once more after that."""
        desk, name, run_id = self.desk, self.name_of, self.run_id
        if self._loader.ask(lambda: source.read(desk, name, run_id), by_hand=by_hand):
            self._stop_waiting()
            self.draw()
            self.refresh_bindings()

    def on_procedure_read(self, message: ProcedureRead) -> None:
        before, self.standing = self.standing, message.standing
        self.failure, self._read_at = None, self.services.now()
        self.run_id = message.standing.run.run_id if message.standing.run is not None else ""
        self._seek_pending()
        self.has_been_read(before is None)
        self._read_ended()

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self.failure = message.error
        self._read_ended()
        if message.by_hand and self.is_current:
            self.action_error()

    def _read_ended(self) -> None:
        self.draw()
        self.refresh_bindings()
        if self._loader.asked_again:
            self.read()
        else:
            self._stop_waiting()
            if self.is_current and self.standing is not None and self.standing.is_open:
                self._next = self.set_timer(_EVERY_S, self.read)

    def on_screen_resume(self) -> None:
        if self.standing is not None:
            self.read()

    # -- what is under way ------------------------------------------------------------------------------------------

    @property
    def doing(self) -> Step | None:
        """The step that is being done from here."""
        if self.following is not None:
            return self.following.step
        return self.looking[0] if self.looking is not None else None

    def dbt_run_id(self, step: Step | None) -> str:
        """Of a step: the one under way, else the one that it was judged by; empty where there is none."""
        if self.following is not None and step is self.following.step:
            return self.following.run.run_id
        run = self.standing.run if self.standing is not None else None
        did = run.did.get(step.name) if run is not None and step is not None else None
        return did.ids.get("run", "") if did is not None else ""

    def open_dbt(self, run_id: str) -> None:
        self._opener.start(lambda: RunsOpened(self.services.open_runs(), run_id), by_hand=True)

    def check(self, step: Step, *, record: bool) -> None:
        """Look; recorded only where the procedure is open and may be written to."""
        desk, name, run_id = self.desk, self.name_of, self.run_id

        def work() -> Message:
            try:
                if record:
                    desk.steps.check(run_id, step.name)
                    return StepEnded(step)
                return StepEnded(step, seen=desk.steps.see(name, step.name))
            except GcmsError as error:
                return StepEnded(step, error=error)
            except Exception as error:  # noqa: BLE001 (told as this step's failure, like any other)
                return StepEnded(step, error=unexpected(error))

        if self._worker.start(work):
            self.looking, self.step_error, self.seen = (step, self.services.now()), None, None
            self.draw()
            self.refresh_bindings()

    def follow(self, step: Step, run: Run) -> None:
        if self.following is not None or not self.run_id:
            return
        look_s = SLOW_LOOK_S if self.services.slow_link else LOOK_S
        self.step_error = None
        self.following = StepRun(self, self.desk.steps, self.run_id, step, run, look_s)
        self.following.start()
        self.draw()
        self.refresh_bindings()

    def _seek_pending(self) -> None:
        """A dbt run that went on while nobody looked is taken up; read-only it is not judged, so left alone."""
        standing, desk = self.standing, self.desk
        if self._sought or standing is None or not standing.is_open or desk.book.read_only_reason:
            return
        nothing = PendingFound(standing.procedure.steps[0], None)
        self._sought = self._worker.start(lambda: source.pending(desk, standing) or nothing)

    def on_pending_found(self, message: PendingFound) -> None:
        if message.run is not None:
            self.follow(message.step, message.run)

    # -- what is heard of it ----------------------------------------------------------------------------------------

    def on_step_ended(self, message: StepEnded) -> None:
        if self.looking is not None and self.looking[0] is message.step:
            self.looking = None
        else:
            self.following = None
        self.step_error = None if message.error is None else (message.step, message.error)
        self.seen = None if message.seen is None else (message.step, message.seen)
        self.read()
        self.draw()
        self.refresh_bindings()

    # -- what failed ------------------------------------------------------------------------------------------------

    def action_error(self) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        if self.error is not None:
            self.app.push_screen(ErrorDialog(self.look, here(self.error)))

    def action_cancel(self) -> None:
        from gcms_tui.console.run_cancel import CancelDialog

        if self.dbt_run is not None:
            self.app.push_screen(CancelDialog(self.services, self.look, self.desk.steps, self.dbt_run))
