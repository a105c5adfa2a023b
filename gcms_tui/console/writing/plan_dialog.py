"""One plan: shown, confirmed, carried out, proven, and its undo offered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.writing.carrying_out import carried_out
from gcms_tui.console.writing.plan_page import plan_page, plan_text
from gcms_tui.console.writing.proven_dialog import ProvenDialog
from gcms_tui.console.writing.result_page import ended_page
from gcms_tui.core.writing.plan import Plan, PlanKind
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk


class PlanDialog(ProvenDialog[Plan, Ended | None]):
    """Answers with how the write ended; None where nothing is known to have been written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "Undo", id="write.undo", tooltip="Plan taking this write back"),
    ]

    def __init__(self, services: ConsoleServices, look: Look, desk: Scd2Desk, make: Callable[[], Plan]) -> None:
        super().__init__(services, look, desk, make, "Before it is written")
        self.ended: Ended | None = None
        self.taken_back = ""
        """By which write."""

    # -- the plan ---------------------------------------------------------------------------------------------------

    def shown(self, made: Plan, width: int) -> list[Text]:
        return plan_page(made, self.look, width, self.services.now(), used=self.over)

    def words_of(self, made: Plan) -> str:
        return made.confirmation

    def expires_at(self, made: Plan) -> datetime:
        return made.expires_at

    def carry_out(self, made: Plan, typed: str, reason: str) -> object:
        desk = self.desk
        return carried_out(
            desk, (made,), lambda: desk.required_bench().repairs.apply(made.plan_id, typed, reason, self.step)
        )

    # -- afterwards -------------------------------------------------------------------------------------------------

    def has_ended(self, came_to: Ended) -> bool:
        self.ended = came_to
        self.prove([came_to] if came_to.outcome is Outcome.APPLIED else [])
        return True

    def result(self, width: int) -> list[Text]:
        return ended_page(self.ended, self.proof, self.taken_back, self.look, width) if self.ended is not None else []

    def refusal(self, action: str) -> str | None:
        if action == "undo":
            return self._no_undo()
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "undo" or super().pointless(action)

    def _no_undo(self) -> str | None:
        ended = self.ended
        if ended is None or ended.outcome is not Outcome.APPLIED:
            return "nothing was applied here"
        if ended.plan.kind not in (PlanKind.REPAIR, PlanKind.COLLAPSE):
            return "this kind of write is not taken back"
        return f"it was taken back by {self.taken_back}" if self.taken_back else None

    def action_undo(self) -> None:
        ended, desk = self.ended, self.desk
        if ended is not None and self._no_undo() is None:
            write_id = ended.write_id
            dialog = PlanDialog(
                self.services, self.look, desk, lambda: desk.required_bench().repairs.propose_undo(write_id)
            )
            self.app.push_screen(dialog, self._taken_back)

    def _taken_back(self, undone: Ended | None) -> None:
        if undone is not None and undone.outcome is Outcome.APPLIED:
            self.taken_back = undone.write_id
            self.retell()

    def answer(self) -> Ended | None:
        self.tell_unproven()
        return self.ended

    def as_text(self) -> str:
        if self.made is None or self.over:
            return super().as_text()
        return plan_text(self.made, self.look, self.services.now())
