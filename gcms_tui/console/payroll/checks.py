"""The first three steps, as the wizard does them: looked at in a thread, or started as dbt runs and followed live."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from textual.message import Message

from gcms_tui.console.following import LOOK_S, SLOW_LOOK_S
from gcms_tui.console.pane import Loader, unexpected
from gcms_tui.console.payroll.live import Following, StepEnded, step_of
from gcms_tui.console.payroll.reading import ReadRun
from gcms_tui.console.payroll.source import Acting
from gcms_tui.console.payroll.wizard_source import NotFound, PendingFound, Standing
from gcms_tui.console.run_preview import PreviewDialog
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.run import Run
from gcms_tui.core.run_preview import Preview

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.checklist import Checklist
    from gcms_tui.operations.payroll.desk import PayrollDesk


class StepPreview(PreviewDialog):
    """The preview of a step's dbt run; what is started is noted as that step's."""

    def __init__(
        self, services: ConsoleServices, look: Look, checklist: Checklist, payroll_id: str, step: Step
    ) -> None:
        make = checklist.preview_tests if step is Step.TESTS else checklist.preview_models
        self._begin = checklist.start_tests if step is Step.TESTS else checklist.start_models
        self._payroll_id = payroll_id
        super().__init__(services, look, checklist, lambda: make(payroll_id))

    def begin(self, preview: Preview, typed: str) -> Run:
        return self._begin(self._payroll_id, preview)


class CheckedRun(ReadRun):
    """Does the checks of a payroll run."""

    def __init__(self, services: ConsoleServices, look: Look, acting: Acting, desk: PayrollDesk, run_id: str) -> None:
        super().__init__(services, look, acting, desk, run_id)
        self.following: Following | None = None
        self.looking_since: datetime | None = None
        """Since when the sources are looked at; None where they are not."""
        self._seeker = Loader(self, "payroll pending")

    def has_been_read(self, before: Standing | None) -> None:
        """A dbt run that went on while nobody looked is taken up."""
        if not self._sought and self.desk.bench is not None and self.run is not None and self.run.ended is None:
            desk = self.desk
            self._sought = self._seeker.start(lambda: self._pending(desk))

    def _pending(self, desk: PayrollDesk) -> Message:
        try:
            return self.source.pending(desk)
        except GcmsError as error:
            return NotFound(error)
        except Exception as error:  # noqa: BLE001 (told as any failure)
            return NotFound(unexpected(error))

    def on_not_found(self, message: NotFound) -> None:
        """Unless a dbt run was started meanwhile: that one is followed."""
        if self.following is None:
            self.step_error = (Step.MODELS, here(message.error))
            self.draw()
            self.refresh_bindings()

    def on_pending_found(self, message: PendingFound) -> None:
        if message.run is not None:
            self.follow(message.run)

    # -- what is under way ------------------------------------------------------------------------------------------

    @property
    def doing(self) -> Step | None:
        """The step that is being done from here."""
        if self.following is not None:
            return self.following.step
        return Step.FRESHNESS if self.looking_since is not None else None

    @property
    def at_work(self) -> bool:
        return self.doing is not None

    def check(self, step: Step) -> None:
        """Do one of the first three steps."""
        if step is Step.FRESHNESS:
            self._look_at_sources()
        elif self.desk.bench is not None:
            dialog = StepPreview(self.services, self.look, self.desk.bench.checklist, self.run_id, step)
            self.app.push_screen(dialog, self._started)

    def _look_at_sources(self) -> None:
        desk = self.desk
        if self._worker.start(lambda: self._freshness(desk)):
            self.looking_since, self.step_error = self.services.now(), None
            self.draw()
            self.refresh_bindings()

    def _freshness(self, desk: PayrollDesk) -> Message:
        try:
            desk.required_bench().checklist.freshness(self.run_id)
        except GcmsError as error:
            return StepEnded(Step.FRESHNESS, error)
        except Exception as error:  # noqa: BLE001 (told as this step's failure, like any other)
            return StepEnded(Step.FRESHNESS, unexpected(error))
        return StepEnded(Step.FRESHNESS)

    def _started(self, run: Run | None) -> None:
        if run is not None:
            self.follow(run)
        self.read(own=True)

    def follow(self, run: Run) -> None:
        if self.desk.bench is None or self.following is not None:
            return
        look_s = SLOW_LOOK_S if self.services.slow_link else LOOK_S
        self.step_error = None
        self.following = Following(self, self.desk.bench.checklist, self.run_id, run, look_s)
        self.following.start()
        self.taken_up(step_of(run))
        self.draw()
        self.refresh_bindings()

    def taken_up(self, step: Step) -> None:
        """A dbt run of this step is followed from now on."""

    # -- what is heard of it ----------------------------------------------------------------------------------------

    def on_step_ended(self, message: StepEnded) -> None:
        if message.step is Step.FRESHNESS:
            self.looking_since = None
        else:
            self.following = None
        self.step_error = None if message.error is None else (message.step, here(message.error))
        if message.error is None:
            self.seek_pending_again()
        self.read(own=True)
        self.draw()
        self.refresh_bindings()

    def action_cancel(self) -> None:
        from gcms_tui.console.run_cancel import CancelDialog

        run, bench = self.dbt_run, self.desk.bench
        if run is not None and bench is not None:
            self.app.push_screen(CancelDialog(self.services, self.look, bench.checklist, run))
