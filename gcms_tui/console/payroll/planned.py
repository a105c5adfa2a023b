"""What recording and archiving have in common: a guarded write's plan, or taking over what was done already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Input

from gcms_tui.console.pane import unexpected
from gcms_tui.console.payroll.act import ActDialog
from gcms_tui.console.payroll.person_words import said_lines
from gcms_tui.console.ways import here
from gcms_tui.console.writing.act_dialog import FAR, done_line, not_done_page
from gcms_tui.console.writing.carrying_out import Failure
from gcms_tui.console.writing.result_page import failure_page, in_doubt_page
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.writing.guarded_write import Outcome

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.writing.plan import Plan
    from gcms_tui.operations.writing.guarded_write import Ended

_NOTHING_USED = ("confirmation", "reason")
"""Guards before which a plan is not used up."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is shown before anything is written."""

    plan: Plan | None
    """None: it was done already, and is only to be noted."""
    table: str


@dataclass(frozen=True, slots=True)
class Came:
    """What it came to."""

    run: PayrollRun
    ended: Ended | None
    """How the write ended; None where nothing was written, and what is there was noted."""


class PlannedDialog(ActDialog[Planned]):
    """A subclass plans, tells the plan, carries it out, and takes over what was done already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "make", "Plan again", id="payroll.plan", tooltip="Look again, and plan anew"),
        Binding("t", "adopt", "Take over", id="payroll.adopt", tooltip="Note what an earlier write has done already"),
    ]
    ACT: ClassVar[str] = "Write"
    TAKES_OVER: ClassVar[str] = "Note it"

    # -- what a subclass says ---------------------------------------------------------------------------------------

    def planned_page(self, plan: Plan, width: int) -> list[Text]:
        raise NotImplementedError

    def adoption_page(self, width: int) -> list[Text]:
        raise NotImplementedError

    def write(self, plan: Plan, typed: str, reason: str) -> tuple[PayrollRun, Ended]:
        """In the thread that writes. Raises `GcmsError`."""
        raise NotImplementedError

    def adopt(self) -> PayrollRun:
        """As `write`."""
        raise NotImplementedError

    def came_to(self, run: PayrollRun, width: int) -> list[Text]:
        """What the run says of the step now."""
        raise NotImplementedError

    # -- the plan ---------------------------------------------------------------------------------------------------

    def shown(self, made: Planned, width: int) -> list[Text]:
        return self.adoption_page(width) if made.plan is None else self.planned_page(made.plan, width)

    def words_of(self, made: Planned) -> str:
        return "" if made.plan is None else made.plan.confirmation

    def expires_at(self, made: Planned) -> datetime:
        return FAR if made.plan is None else made.plan.expires_at

    def asked(self, made: Planned) -> tuple[Input, ...]:
        return () if made.plan is None else super().asked(made)

    def read_anew(self) -> None:
        adopted = self.made is not None and self.made.plan is None
        self.act.rename(self.TAKES_OVER if adopted else self.ACT)
        super().read_anew()

    def refusal(self, action: str) -> str | None:
        if action == "adopt":
            return None if self._may_be_done_already else "there is nothing to take over"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "adopt" or super().pointless(action)

    @property
    def _may_be_done_already(self) -> bool:
        """It could not be planned, or came to no clear end."""
        return not self.writing and not self.over and (self.error is not None or self.failure is not None)

    def action_adopt(self) -> None:
        """Shown as any plan is, and confirmed: nothing is written but into the journal."""
        if self.refusal("adopt") is None and not self._loader.busy:
            self._show(Planned(None, ""), None)

    # -- carrying it out --------------------------------------------------------------------------------------------

    def carry_out(self, made: Planned, typed: str, reason: str) -> object:
        plan = made.plan
        try:
            if plan is None:
                return Came(self.adopt(), None)
            return Came(*self.write(plan, typed, reason))
        except GcmsError as error:
            return self._failure(plan, error)
        except Exception as error:  # noqa: BLE001 (a bug in the middle of a write must be told as one of a write)
            return self._failure(plan, unexpected(error))

    def _failure(self, plan: Plan | None, error: GcmsError) -> Failure:
        """By the journal, and not by what kind of error it is."""
        if plan is None:
            return Failure(error, used=False)
        try:
            doubts = tuple(one.write_id for one in self.services.doubts() if one.intent["plan"] == plan.plan_id)
        except GcmsError as unread:
            return Failure(error, unseen=unread.message)
        used = not (isinstance(error, Refused) and error.guard in _NOTHING_USED)
        return Failure(error, used or bool(doubts), doubts)

    def failed(self, failure: Failure, width: int) -> list[Text]:
        if self.made is not None and self.made.plan is None:
            return not_done_page(failure.error, self.look, width)
        return failure_page(replace(failure, error=here(failure.error)), self.look, width)

    def told(self, outcome: Came, width: int) -> list[Text]:
        ended, look = outcome.ended, self.look
        if ended is not None and ended.outcome is not Outcome.APPLIED:
            return in_doubt_page((ended.write_id,), ended.note, look, width)
        lines = done_line("DONE" if ended is not None else "NOTED: nothing was written", look, width)
        lines += said_lines(Verdict.WARN, ended.note, look, width) if ended is not None and ended.note else []
        return [*lines, *self.came_to(outcome.run, width)]
