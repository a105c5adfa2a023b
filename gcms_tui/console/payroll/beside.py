"""What there is beside a payroll run's steps: proof, journal, origin, dbt's run; holding it, giving it up, acting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.console.following import RunsOpened
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.payroll.checks import CheckedRun
from gcms_tui.console.payroll.source import Acting
from gcms_tui.console.payroll.wizard_source import Proven
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.core.payroll.steps import Step

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk


class BesideSteps(CheckedRun):
    """A subclass has the keys, and refuses them where they are not to be had."""

    def __init__(self, services: ConsoleServices, look: Look, acting: Acting, desk: PayrollDesk, run_id: str) -> None:
        super().__init__(services, look, acting, desk, run_id)
        self._prover = Loader(self, "payroll verify")

    @property
    def step(self) -> Step | None:
        """The one that is looked at."""
        raise NotImplementedError

    def _done(self, changed: bool | None) -> None:
        """Read anew in any case: the step may have been refused, and that may be in the journal."""
        self.step_error = None
        self.read(own=True)

    def _dbt_run_id(self) -> str | None:
        """Of the focused step: the one under way, else the one that it was judged by."""
        step, run = self.step, self.run
        if self.following is not None and step is self.following.step:
            return self.following.run.run_id
        check = run.checks.get(step) if run is not None and step is not None else None
        found = check.said.get("run") if check is not None else None
        return found if isinstance(found, str) and found else None

    def action_abandon(self) -> None:
        from gcms_tui.console.payroll.doing import abandon_dialog

        if self.run is not None:
            self.acts()
            self.app.push_screen(abandon_dialog(self.desk, self.run, self.services, self.look), self._done)

    def action_hold(self) -> None:
        from gcms_tui.console.payroll.doing import hold_dialog

        self.app.push_screen(hold_dialog(self.desk, self.services, self.look), self._done)

    def action_act(self) -> None:
        from gcms_tui.console.payroll.doing import acting_dialog

        self.app.push_screen(acting_dialog(self.desk, self.services, self.look), self._act_as)

    def _act_as(self, whom: str | None) -> None:
        if whom is not None and whom != self.acting.whom:
            self.acting.switch(whom)
            self.read(by_hand=True)

    def action_verify(self) -> None:
        desk = self.desk
        if self._prover.start(lambda: self.source.prove(desk)):
            self.console_app.tell("The run is being proven: its files, its journal, its signatures, its archive.")
            self.refresh_bindings()

    def on_proven(self, message: Proven) -> None:
        from gcms_tui.console.payroll.proofs import ProofDialog

        self.refresh_bindings()
        if self.in_front:
            self.app.push_screen(ProofDialog(self.look, message.report))
        else:  # whatever is in front has the keys
            verdict = self.look.glyphs.verdict(message.report.verdict)
            self.console_app.tell(f"{self.run_id} was proven anew: {verdict}. v in its steps tells it proof by proof.")

    def on_load_failed(self, message: LoadFailed) -> None:
        """It could not be proven, or its dbt run not be opened."""
        from gcms_tui.console.dialogs import ErrorDialog

        self.refresh_bindings()
        if self.in_front:  # else it is told in the corner, as any failure that nobody hears
            message.stop()
            self.app.push_screen(ErrorDialog(self.look, here(message.error)))

    def action_journal(self) -> None:
        from gcms_tui.console.payroll.proofs import RunJournal

        if self.run is not None:
            self.app.push_screen(RunJournal(self.look, self.run, self.services.now()))

    def action_dbt(self) -> None:
        run_id = self._dbt_run_id()
        if run_id is not None:
            self._opener.start(lambda: RunsOpened(self.services.open_runs(), run_id))

    def action_provenance(self) -> None:
        from gcms_tui.console.payroll.provenance import StepOrigin

        if self.run is not None and self.step is not None:
            self.app.push_screen(StepOrigin(self.look, self.run, self.step, self.services.settings))
