"""A writing dialog that proves what it wrote: each key is scanned, and the table's dbt tests run, under its eyes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.writing.result_page import Proof
from gcms_tui.console.writing.verifying import KeyLooked, TestsLooked, Verified, Verifying
from gcms_tui.console.writing.write_dialog import OfOneTable, WriteDialog

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk
    from gcms_tui.operations.writing.guarded_write import Ended

M = TypeVar("M", bound=OfOneTable)
R = TypeVar("R")


class ProvenDialog(WriteDialog[M, R]):
    """A subclass says what was applied, by `prove`, and tells `proof` on its page."""

    desk: Scd2Desk

    def __init__(
        self, services: ConsoleServices, look: Look, desk: Scd2Desk, make: Callable[[], M], heading: str
    ) -> None:
        super().__init__(services, look, desk, make, heading)
        self.proof = Proof()
        self._verifying: Verifying | None = None

    def prove(self, applied: Sequence[Ended]) -> None:
        """Begin it, where there is anything to be proven."""
        if applied and self.desk.bench is not None:
            self._verifying = Verifying(self, self.desk.bench, applied)
            self._verifying.start()

    def on_key_looked(self, message: KeyLooked) -> None:
        self._proven(replace(self.proof, keys={**self.proof.keys, message.write_id: message.found}))

    def on_tests_looked(self, message: TestsLooked) -> None:
        self._proven(replace(self.proof, run_id=message.run_id, progress=message.progress))

    def on_verified(self, message: Verified) -> None:
        self._proven(replace(self.proof, tests=message.tests, note=message.note))

    def _proven(self, proof: Proof) -> None:
        self.proof = proof
        self.retell()

    def tell_unproven(self) -> None:
        """To whoever leaves before it is over: it goes on, and is recorded."""
        if self._verifying is not None and self._verifying.busy:
            run = f"The tests go on as run {self.proof.run_id}: 2 shows it." if self.proof.run_id else ""
            self.console_app.tell(f"The proof is still being made, and recorded when it is there. {run}".rstrip())
