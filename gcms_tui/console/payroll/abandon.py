"""Giving a payroll run up: with a reason, and where its file has been released only once nobody will pay it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.payroll.act import ActDialog
from gcms_tui.console.payroll.person_words import by_text, run_lines
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import done_line
from gcms_tui.console.writing.plan_page import heading, labelled, warning_lines
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.typed import NOTE_LIMIT

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk

WITHDRAWN = "withdrawn"
"""What is typed where the file has been released."""


@dataclass(frozen=True, slots=True)
class ToAbandon:
    run: PayrollRun
    table: str = ""


class AbandonDialog(ActDialog[ToAbandon]):
    """What was typed is of the run as it was shown: a release in between asks for the other word."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        def make() -> ToAbandon:
            desk.required_bench()
            return ToAbandon(desk.book.get(run.run_id))

        super().__init__(services, look, desk, make, "Give the payroll run up", act="Give it up")
        self._reason.placeholder = "why it is given up: no names, no amounts"
        self._reason.max_length = NOTE_LIMIT

    def words_of(self, made: ToAbandon) -> str:
        return made.run.concert_id if made.run.released is None else WITHDRAWN

    def shown(self, made: ToAbandon, width: int) -> list[Text]:
        run, look = made.run, self.look
        if self.over:
            return []
        lines = run_lines(run, look, width)
        lines += labelled("opened", by_text(run.opened), look, width)
        if run.exported is not None:
            lines += labelled("file", f"{run.exported.file} on {run.exported.host}", look, width)
        signed = ", ".join(f"{one.role.named} {one.by.person.user}" for one in run.signatures.values())
        lines += labelled("signed by", signed, look, width) if signed else []
        lines += [Text(), heading("What that means", look)]
        said = "The run ends. What was prepared is moved out of the way; the concert can be opened anew."
        lines += flow(Text(said, look.palette.text), width - 1, " ")
        if run.released is None:
            return lines
        released = (
            f"{run.released.file} has been released, {by_text(run.released.by)}: it may be paid at any moment.",
            "Tell whoever pays to pay nothing of it, and wait until they say so. Then, and only then, type "
            f"{WITHDRAWN}: it says that they have agreed to pay nothing of this file.",
        )
        return [*lines, Text(), *warning_lines(released, look, width)]

    def do(self, made: ToAbandon, typed: str, reason: str) -> PayrollRun:
        withdrawn = made.run.released is not None and typed == WITHDRAWN
        return self.desk.required_bench().closing.abandon(made.run.run_id, reason, withdrawn=withdrawn)

    def told(self, outcome: PayrollRun, width: int) -> list[Text]:
        lines = done_line("GIVEN UP", self.look, width)
        return [*lines, *labelled("because", outcome.reason, self.look, width)]
