"""A procedure's steps: how each of them stands and why, the way to have it done, and what to do if it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.headline import failure_lines
from gcms_tui.console.pane import CopyAsked
from gcms_tui.console.runbook import doing
from gcms_tui.console.runbook.step_lines import step_row
from gcms_tui.console.runbook.step_page import ProcedureStepPage
from gcms_tui.console.runbook.walking import WalkedProcedure
from gcms_tui.console.runbook.words import by_text, run_state
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.steps.screen import STEPS_CSS
from gcms_tui.console.steps.step_list import StepRow
from gcms_tui.console.steps.step_page import Under
from gcms_tui.console.theme import Look
from gcms_tui.console.ways import here
from gcms_tui.console.widgets.bars import Part
from gcms_tui.console.widgets.row_list import RowList
from gcms_tui.core.procedures.step import Gate, Step, StepKind
from gcms_tui.core.run import Run

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.procedures.desk import ProcedureDesk

_WRITING = ("again", "note", "skip", "finish", "abandon", "cancel", "start")
_OF_AN_OPEN_ONE = ("again", "note", "skip", "finish", "abandon")
_AT_ITS_PLACE = ("error", "cancel", "again", "note", "start", "dbt", "docs", "jump")
"""Offered only where they do something."""
_PANES = ("health", "runs", "scd2", "payroll", "journal")


class ProcedureScreen(WalkedProcedure):
    """Over the board. Esc leaves everything as it is: what was done is in the journal."""

    TITLE = "Procedure"
    CSS_PATH: ClassVar[list[str]] = [STEPS_CSS, "procedure.tcss"]  # type: ignore[assignment]
    NUMBER = 5
    WHOLE = "it"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "do", "Do", id="procedure.do", tooltip="Do the step; one that is settled is read in full"),
        Binding("o", "start", "Start", id="procedure.start", tooltip="Start it: from then on it is recorded"),
        Binding("w", "jump", "If it fails", id="procedure.jump", tooltip="Go where it is mended if it fails"),
        Binding("R", "again", "Again", id="procedure.again", tooltip="Do a step again that is settled"),
        Binding("n", "note", "Note", id="procedure.note", tooltip="Take down what was seen or done"),
        Binding("s", "skip", "Skip", id="procedure.skip", tooltip="Pass over the step, or override it, with a reason"),
        Binding("f", "finish", "Finish", id="procedure.finish", tooltip="Close the procedure, with what it came to"),
        Binding("x", "cancel", "Cancel", id="procedure.cancel", tooltip="Ask the step's dbt run to stop"),
        Binding("d", "dbt", "dbt runs", id="procedure.dbt", tooltip="The step's dbt run: its nodes, its failing tests"),
        Binding("D", "docs", "Docs", id="procedure.docs", tooltip="Where the documentation is served, and its end"),
        Binding("x", "abandon", "Abandon", id="procedure.abandon", tooltip="Give the procedure up, with a reason"),
        Binding("r", "refresh", "Refresh", id="procedure.refresh", tooltip="Read it again"),
        Binding("c", "copy", "Copy", id="procedure.copy", tooltip="Copy what is told of the step"),
        Binding("e", "error", "Error", id="procedure.error", tooltip="What failed last, in full"),
    ]

    def __init__(
        self, services: ConsoleServices, look: Look, desk: ProcedureDesk, name: str, run_id: str = "", about: str = ""
    ) -> None:
        super().__init__(services, look, desk, name, run_id)
        self.about = about
        """The node that called for it: what it is started about, where that is not changed."""

    def has_been_read(self, first: bool) -> None:
        """At the start the cursor is on the first step that is open."""
        if first and self.standing is not None:
            self.draw_steps()
            self.steps.cursor = (self.standing.next_step or self.standing.procedure.steps[0]).name

    @property
    def step(self) -> Step | None:
        """Where the cursor is."""
        name, standing = self.steps.cursor, self.standing
        return None if standing is None or name is None else standing.procedure.step(name)

    @property
    def next_step(self) -> Step | None:
        return None if self.standing is None else self.standing.next_step

    # -- drawing ----------------------------------------------------------------------------------------------------

    def banner_lines(self) -> tuple[Text, ...]:
        return failure_lines(self.failure, self.look, self.look.palette.unknown) if self.failure is not None else ()

    def first_line(self) -> tuple[Part, ...]:
        palette, standing = self.look.palette, self.standing
        if standing is None:
            return (Part((Text(f"reading {self.name_of}", palette.accent),), 0),)
        item, run = standing.procedure, standing.run
        state = run_state(run, self.look) if run is not None else Text("NOT STARTED", palette.muted)
        parts = [Part((state,), 0), Part((Text(item.title, f"bold {palette.strong}"), Text(item.name)), 1)]
        settled = sum(look.settled for look in standing.looks)
        if run is not None:
            parts.append(Part((Text(f"{settled} of {len(standing.looks)} settled", palette.muted),), 2))
        if item.impact:
            parts.append(Part((Text(item.impact, palette.warn), Text(item.impact.partition(":")[0])), 3))
        return tuple(parts)

    def second_line(self) -> tuple[Part, ...]:
        palette, standing = self.look.palette, self.standing
        if standing is None:
            return ()
        run, about = standing.run, self.look.glyphs.text(self.about, 60)
        if run is None:
            wanted = (Part((Text(f"about {about}: o starts it", palette.text),), 0),) if about else ()
            return (*wanted, Part((Text(standing.procedure.when, palette.muted),), 1))
        by, word = (run.opened, "opened by") if run.ended is None else (run.ended, f"{run.state.value} by")
        said = self.look.glyphs.text(f"{word} {by_text(by, self.services.now())}", 80)
        parts = [Part((Text(self.look.glyphs.text(run.run_id, 60), palette.muted),), 2)]
        if run.about:
            other = f", not {about}: close it first" if standing.is_open and self.about not in ("", run.about) else ""
            parts.append(Part((Text(f"about {self.look.glyphs.text(run.about, 60)}{other}", palette.text),), 0))
        return (*parts, Part((Text(said, palette.muted),), 3))

    def rows(self) -> tuple[StepRow, ...]:
        return () if self.standing is None else tuple(step_row(one, self.look) for one in self.standing.looks)

    def step_page(self) -> ProcedureStepPage | None:
        step, standing = self.step, self.standing
        if step is None or standing is None:
            return None
        under = None
        if step is self.doing:
            following = self.following
            under = Under(following.look, following.judging) if following is not None else Under()
            if self.looking is not None:
                under = Under(since=self.looking[1])
        error = self.error_of(step)
        seen = self.seen[1] if self.seen is not None and self.seen[0] is step else None
        return ProcedureStepPage(
            step=step,
            standing=standing,
            under=under,
            seen=seen,
            error=here(error) if error is not None else None,
            read_only=self._read_only or "",
            now=self.services.now(),
            look=self.look,
        )

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        if self.refusal("do") is None:
            self.action_do()

    # -- what can be done -------------------------------------------------------------------------------------------

    @property
    def _read_only(self) -> str | None:
        """Why nothing may be written; None where it may."""
        why = self.desk.book.read_only_reason
        return f"read-only: {why}" if why else None

    def refusal(self, action: str) -> str | None:
        standing, step = self.standing, self.step
        if action == "back":
            return None
        if action == "refresh":
            return "it is being read" if self._loader.busy else None
        if action == "error":
            return "nothing has failed" if self.error is None else None
        if action in (*_WRITING, "do", "jump", "dbt", "docs", "copy") and (standing is None or step is None):
            return "it has not been read"
        if action in _WRITING and self._read_only is not None:
            return self._read_only
        if standing is None or step is None:
            return super().refusal(action)
        if action in _OF_AN_OPEN_ONE and not standing.is_open:
            return "it has not been started" if standing.run is None else f"it is {standing.run.state.value}"
        match action:
            case "start" if standing.is_open:
                return "it is open"
            case "jump" if not step.jump:
                return "there is no one place"
            case "cancel" if self.dbt_run is None:
                return "none of its dbt runs is under way"
            case "abandon" if self.dbt_run is not None:
                return "its dbt run is under way: x asks that to stop"
            case "dbt" if not self.dbt_run_id(step):
                return "the step has no dbt run"
            case "docs" if step.desk != "docs-serve":
                return "the step serves no documentation"
            case "again" if not standing.look(step).settled:
                return "it is not settled: Enter does it"
            case "note" if step.kind not in (StepKind.ATTEST, StepKind.OPEN):
                return "the console itself can tell"
            case "skip" if step.gate is Gate.FIRM:
                return "nobody passes over it"
            case "skip" if standing.look(step).settled:
                return "it is settled"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        if action in _WRITING and self._read_only is not None:
            return True
        if action in _OF_AN_OPEN_ONE and (self.standing is None or not self.standing.is_open):
            return True
        if action == "abandon":
            return self.dbt_run is not None
        return action in _AT_ITS_PLACE or super().pointless(action)

    # -- doing a step -----------------------------------------------------------------------------------------------

    def action_do(self) -> None:
        """A step that may be done is done, one that may not says which gate is closed, any other is read in full."""
        step, standing = self.step, self.standing
        if step is None or standing is None or step is self.doing:
            return
        writable = standing.is_open and self._read_only is None
        if not writable:
            if step.kind is StepKind.CHECK:
                self.check(step, record=False)
            elif step.kind is StepKind.OPEN:
                self._go(step)
            else:
                self.action_read()
        elif standing.look(step).settled:
            self.action_read()
        else:
            self._do(step)

    def action_again(self) -> None:
        if self.step is not None:
            self._do(self.step)

    def _do(self, step: Step) -> None:
        from gcms_tui.console.dialogs import ErrorDialog

        refused = self.standing.refusals.get(step.name) if self.standing is not None else None
        if refused is not None:
            self.app.push_screen(ErrorDialog(self.look, here(refused)))
            return
        if self.doing is not None:
            self.console_app.tell(f"{self.doing.title} is under way: one after the other.", warning=True)
            return
        match step.kind:
            case StepKind.CHECK:
                self.check(step, record=True)
            case StepKind.RUN:
                dialog = doing.StepPreview(self.services, self.look, self.desk.steps, self.run_id, step)
                self.app.push_screen(dialog, lambda run: self._run_started(step, run))
            case StepKind.PLAN:
                self._push(doing.PlanDialog, step)
            case StepKind.ATTEST:
                self._push(doing.AttestDialog, step)
            case StepKind.OPEN:
                self._go(step)

    def _run_started(self, step: Step, run: Run | None) -> None:
        if run is not None:
            self.follow(step, run)
        self.read()

    def _push(self, dialog: type[doing.LineDialog], step: Step | None) -> None:
        whole = self.standing.procedure.title if self.standing is not None else self.name_of
        title = step.title if step is not None else f"{dialog.ACT}: {whole}"
        made = dialog(self.services, self.look, self.desk, title, self.run_id, step)
        self.app.push_screen(made, self._done)

    def _done(self, changed: bool | None) -> None:
        """Read anew in any case: that it was refused may be in the journal."""
        self.step_error = None
        self.read()

    def _go(self, step: Step) -> None:
        """To the pane where it is done."""
        if step.screen in _PANES:
            self.app.switch_mode(step.screen)
        else:
            self.action_read()

    # -- the other actions ------------------------------------------------------------------------------------------

    def action_refresh(self) -> None:
        self.seek_pending_again()
        self.read(by_hand=True)

    def action_jump(self) -> None:
        """A pane is gone to, a procedure is laid over this one, and a command is told."""
        jump = self.step.jump if self.step is not None else ""
        kind, _, where = jump.partition(" ")
        if kind == "pane" and where in _PANES:
            self.app.switch_mode(where)
        elif kind == "runbook":
            self.app.push_screen(ProcedureScreen(self.services, self.look, self.desk, where))
        elif jump == "backup restore":
            from gcms_tui.console.runbook.backups import BackupsScreen

            self.app.push_screen(BackupsScreen(self.services, self.look))

    def action_start(self) -> None:
        if self.standing is not None:
            dialog = doing.StartDialog(self.services, self.look, self.desk, self.standing.procedure, self.about)
            self.app.push_screen(dialog, lambda tried: self._begun(dialog.run_id))

    def _begun(self, run_id: str) -> None:
        if run_id:
            self.run_id, self.standing, self.seen, self._sought = run_id, None, None, False
        self.read()

    def action_note(self) -> None:
        self._push(doing.AttestDialog, self.step)

    def action_skip(self) -> None:
        self._push(doing.SkipDialog, self.step)

    def action_finish(self) -> None:
        self._push(doing.CloseDialog, None)

    def action_abandon(self) -> None:
        self._push(doing.AbandonDialog, None)

    def action_dbt(self) -> None:
        self.open_dbt(self.dbt_run_id(self.step))

    def action_docs(self) -> None:
        self._push(doing.DocsDialog, self.step)

    def action_copy(self) -> None:
        page = self.step_page()
        if page is not None:
            self.app.post_message(CopyAsked(page.text(), f"{page.step.title} of {self.name_of}"))
