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
from gcms_tui.console.writing.write_dialog import WriteDialog
from gcms_tui.operations.scd2.repairs import Batch, BatchEnded

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk


class BatchDialog(WriteDialog[Batch, BatchEnded | None]):
    """Answers with how it ended last; None where it was not carried out."""

    def __init__(self, services: ConsoleServices, look: Look, desk: Scd2Desk, make: Callable[[], Batch]) -> None:
        super().__init__(services, look, desk, make, "Before they are written")
        self.ended: BatchEnded | None = None

    def shown(self, made: Batch, width: int) -> list[Text]:
        return batch_page(made, self.services.target, self.look, width, self.services.now())

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
        self.act.rename("Go on")
        return not came_to.left

    def result(self, width: int) -> list[Text]:
        if self.ended is None or self.made is None:
            return []
        return batch_ended_page(self.ended, len(self.made.refused), self.look, width)

    @property
    def refusal_to_act(self) -> str | None:
        if self.made is not None and not self.made.plans:
            return "there is no key to write"
        return super().refusal_to_act

    def answer(self) -> BatchEnded | None:
        return self.ended

    def as_text(self) -> str:
        if self.made is None or self.ended is not None:
            return super().as_text()
        return batch_text(self.made, self.services.target, self.look, self.services.now())
