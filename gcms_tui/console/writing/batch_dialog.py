"""Many keys of one table: shown, confirmed once, carried out one by one, and gone on with where they stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.writing.batch_page import batch_ended_page, batch_page, batch_text, expiry
from gcms_tui.console.writing.carrying_out import carried_out
from gcms_tui.console.writing.proven_dialog import ProvenDialog
from gcms_tui.operations.scd2.repairs import Batch, BatchEnded
from gcms_tui.operations.writing.guarded_write import Ended, Outcome

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk


class BatchDialog(ProvenDialog[Batch, BatchEnded | None]):
    """Answers with how it ended last; None where it was not carried out.

    What was written is proven once nothing more is to be written from here: while the tests run, dbt's lease would
    refuse going on.
    """

    def __init__(self, services: ConsoleServices, look: Look, desk: Scd2Desk, make: Callable[[], Batch]) -> None:
        super().__init__(services, look, desk, make, "Before they are written")
        self.ended: BatchEnded | None = None
        self.applied: list[Ended] = []
        """In all rounds."""

    def shown(self, made: Batch, width: int) -> list[Text]:
        return batch_page(made, self.services.target, self.look, width, self.services.now(), used=self.over)

    def words_of(self, made: Batch) -> str:
        return made.confirmation

    def expires_at(self, made: Batch) -> datetime:
        return expiry(made) or self.services.now()

    def carry_out(self, made: Batch, typed: str, reason: str) -> object:
        desk = self.desk
        return carried_out(
            desk, made.plans, lambda: desk.required_bench().repairs.apply_batch(made.batch_id, typed, reason, self.step)
        )

    def has_ended(self, came_to: BatchEnded) -> bool:
        self.ended = came_to
        self.applied += [one for one in came_to.applied if one.outcome is Outcome.APPLIED]
        self.act.rename("Go on")
        if not came_to.left:
            self.prove(self.applied)
        return not came_to.left

    def result(self, width: int) -> list[Text]:
        if self.ended is None or self.made is None:
            return []
        return batch_ended_page(self.ended, self.applied, self.proof, len(self.made.refused), self.look, width)

    @property
    def refusal_to_act(self) -> str | None:
        if self.made is not None and not self.made.plans:
            return "there is no key to write"
        return super().refusal_to_act

    def answer(self) -> BatchEnded | None:
        if not self.over:
            self.prove(self.applied)
        self.tell_unproven()
        return self.ended

    def as_text(self) -> str:
        if self.made is None or self.ended is not None:
            return super().as_text()
        return batch_text(self.made, self.services.target, self.look, self.services.now())
