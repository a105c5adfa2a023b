"""The payroll wizard: one run's nine steps, how each of them stands and why, and the way to have the next one done."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.headline import failure_lines
from gcms_tui.console.pane import CopyAsked
from gcms_tui.console.payroll import wizard_head
from gcms_tui.console.payroll.beside import BesideSteps
from gcms_tui.console.payroll.concert_lines import brief_hold_lines
from gcms_tui.console.payroll.step_lines import step_row
from gcms_tui.console.payroll.wizard_page import ONCE, PayrollStepPage
from gcms_tui.console.payroll.wizard_source import Standing
from gcms_tui.console.payroll.words import step_named
from gcms_tui.console.steps.screen import STEPS_CSS
from gcms_tui.console.steps.step_list import StepRow
from gcms_tui.console.steps.step_page import Under
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.document import PlainDocument
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.payroll.gates import StepState
from gcms_tui.core.payroll.steps import CHECKS, STEPS, Step

_WRITING = ("again", "abandon", "cancel", "hold", "act")
_OF_THE_RUN = (*_WRITING, "do", "read", "dbt", "verify", "journal", "provenance", "copy")


class WizardScreen(BesideSteps):
    """Over the list of concerts. Esc leaves everything as it is: what was done is in the journal."""

    TITLE = "Payroll run"
    CSS_PATH: ClassVar[list[str]] = [STEPS_CSS, "wizard.tcss"]  # type: ignore[assignment]
    NUMBER = 4
    WHOLE = "the run"
    DETAIL = PlainDocument
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "do", "Do", id="wizard.do", tooltip="Do the step; a gate that is closed says which"),
        Binding("enter", "read", "Read", id="wizard.read", tooltip="What was found, who did it, and what proves it"),
        Binding("R", "again", "Again", id="wizard.again", tooltip="Do a step again that is passed"),
        Binding("x", "cancel", "Cancel", id="wizard.cancel", tooltip="Ask the step's dbt run to stop"),
        Binding("v", "verify", "Verify", id="wizard.verify", tooltip="Prove the run anew: files, journal, signatures"),
        Binding("l", "journal", "Journal", id="wizard.journal", tooltip="What the journal says of the run"),
        Binding("d", "dbt", "dbt run", id="wizard.dbt", tooltip="The step's dbt run: its nodes, its failing tests"),
        Binding("h", "hold", "Hold", id="wizard.hold", tooltip="Hold every payroll, or lift what holds it"),
        Binding("a", "act", "Act as", id="wizard.act", tooltip="Play one of the practice platform's people"),
        Binding("x", "abandon", "Abandon", id="wizard.abandon", tooltip="Give the run up, with a reason"),
        Binding("r", "refresh", "Refresh", id="wizard.refresh", tooltip="Read the run again"),
        Binding("p", "provenance", "Source", id="wizard.provenance", tooltip="Statements, query ids, argv of the step"),
        Binding("c", "copy", "Copy", id="wizard.copy", tooltip="Copy what is told of the step"),
        Binding("e", "error", "Error", id="wizard.error", tooltip="What failed last, in full"),
    ]

    def has_been_read(self, before: Standing | None) -> None:
        """At the start the cursor is on the first step that is open; it goes on with what is done from here."""
        super().has_been_read(before)
        if self.standing is None:
            return
        if before is None or self._goes_on(before, self.standing):
            self.draw_steps()
            self.steps.cursor = (self.standing.next_step or STEPS[-1]).value

    def _goes_on(self, before: Standing, now: Standing) -> bool:
        """The step under the cursor was the next one, and has passed. Whoever has moved on, or reads, is left there."""
        step = before.next_step
        if step is None or step is not self.step or now.look(step).state is not StepState.PASSED:
            return False
        further = now.next_step is not None and now.next_step.number > step.number
        return further and (self._doing_own or self.at_work) and not self.reads

    def taken_up(self, step: Step) -> None:
        self.steps.cursor = step.value

    @property
    def step(self) -> Step | None:
        return None if self.steps.cursor is None else Step(self.steps.cursor)

    @property
    def next_step(self) -> Step | None:
        return None if self.standing is None else self.standing.next_step

    # -- drawing ----------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        self.status_bar.acting = self.acting.whom
        super().draw()

    def refreshing(self) -> str:
        return "reading" if self.acting.desk is None else super().refreshing()

    def first_line(self) -> tuple[Part, ...]:
        return wizard_head.first_line(self.standing, self.run_id, self.look, reading=self._loader.busy)

    def second_line(self) -> tuple[Part, ...]:
        return wizard_head.second_line(self.standing, self.services.now(), self.look)

    def banner_lines(self) -> tuple[Text, ...]:
        palette, standing = self.look.palette, self.standing
        lines: list[Text] = []
        if self.failure is not None:
            lines += failure_lines(self.failure, self.look, palette.unknown)
        if standing is not None and standing.run.ended is None:
            lines += brief_hold_lines(standing.holds, standing.unheard, self.look)  # the steps want the room
        if self.news:
            lines.append(Text(self.look.glyphs.text(self.news, 300), palette.accent))
        return tuple(lines)

    def rows(self) -> tuple[StepRow, ...]:
        return () if self.standing is None else tuple(step_row(one, self.look) for one in self.standing.looks)

    def step_page(self) -> PayrollStepPage | None:
        step, standing = self.step, self.standing
        if step is None or standing is None:
            return None
        under, following = None, self.following
        if step is self.doing:
            under = Under(since=self.looking_since)
            if following is not None:
                under = Under(following.look, following.judging)
        return PayrollStepPage(
            step=step,
            standing=standing,
            under=under,
            error=self.error_of(step),
            read_only=self._read_only or "",
            now=self.services.now(),
            look=self.look,
        )

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        if self.refusal("do") is None:
            self.action_do()
        elif self.refusal("read") is None:
            self.action_read()

    # -- what can be done -------------------------------------------------------------------------------------------

    @property
    def _read_only(self) -> str | None:
        """Why nothing may be written; None where it may."""
        return None if self.desk.bench is not None else f"read-only: {self.desk.read_only_reason}"

    def refusal(self, action: str) -> str | None:
        standing, step = self.standing, self.step
        if action in _OF_THE_RUN and (standing is None or step is None or self.acting.desk is None):
            return "the run has not been read"
        if action in _WRITING and self._read_only is not None:
            return self._read_only
        match action:
            case "back":
                return None
            case "do" if self._looked_at is not None:
                return self._looked_at
            case "read" if self._looked_at is None or self.reads:
                return "it is open" if self.reads else "it can be done: Enter"
            case "refresh":
                return "it is being read" if self._loader.busy else None
            case "error":
                return "nothing has failed" if self.error is None else None
            case "again":
                return self._not_again(step)
            case "cancel":
                return "none of its dbt runs is under way" if self.dbt_run is None else None
            case "abandon" if self.dbt_run is not None:
                return "its dbt run is under way: x asks that to stop"
            case "abandon" if standing is not None and standing.run.ended is not None:
                return f"it is {standing.run.state.value}"
            case "dbt":
                return "the step has no dbt run" if self._dbt_run_id() is None else None
            case "act" if not self.desk.may_act:
                return "everybody is who they are logged in as"
            case "verify" if self._prover.busy:
                return "it is being proven"
        return super().refusal(action)

    @property
    def _looked_at(self) -> str | None:
        """Why the focused step is not to be done, but read; None where it may be tried."""
        standing, step = self.standing, self.step
        if standing is None or step is None:
            return None
        if standing.run.ended is not None:
            return f"it is {standing.run.state.value}"
        if standing.look(step).state is StepState.PASSED:
            return "it is passed: R does it again, where that may be"
        return self._read_only or ("it is under way" if step is self.doing else None)

    def _not_again(self, step: Step | None) -> str | None:
        standing = self.standing
        if standing is None or step is None or standing.look(step).state is not StepState.PASSED:
            return "it is not passed: Enter does it"
        if step in ONCE:
            return "it is done once"
        if self.doing is not None:
            return f"{step_named(self.doing)} is under way"
        refused = standing.refusals.get(step)
        return f"{refused.title[:1].lower()}{refused.title[1:]}" if refused is not None else None

    def pointless(self, action: str) -> bool:
        if action in _WRITING and self._read_only is not None:
            return True
        if action == "do":
            return self._looked_at is not None
        if action == "abandon":
            return self.dbt_run is not None or (self.run is not None and self.run.ended is not None)
        return action in ("read", "error", "cancel", "again", "act", "dbt") or super().pointless(action)

    # -- doing a step -----------------------------------------------------------------------------------------------

    def action_do(self) -> None:
        """A step that may be done is done, one that may not says which gate is closed."""
        if self.step is not None:
            self._do(self.step)

    def action_again(self) -> None:
        if self.step is not None:
            self._do(self.step)

    def _do(self, step: Step) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        standing = self.standing
        refused = standing.refusals.get(step) if standing is not None else None
        if refused is not None:
            self.app.push_screen(ErrorDialog(self.look, here(refused)))
        elif self.doing is not None:
            self.console_app.tell(f"{step_named(self.doing)} is under way: one after the other.", warning=True)
        elif step in CHECKS:
            self.acts()
            self.check(step)
        elif standing is not None:
            from gcms_tui.console.payroll.doing import dialog_for

            self.acts()
            self.app.push_screen(dialog_for(step, self.desk, standing.run, self.services, self.look), self._done)

    # -- the other actions ------------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        self.seek_pending_again()
        self.read(by_hand=True)

    def action_copy(self) -> None:
        page = self.step_page()
        if page is not None:
            self.app.post_message(CopyAsked(page.text(), f"{step_named(page.step)} of {self.run_id[:60]}"))
