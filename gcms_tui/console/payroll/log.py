"""Step 9: the log as it will stand, what was out of the ordinary, and the end of the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Input

from gcms_tui.console.payroll.act import ActDialog
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.writing.act_dialog import done_line
from gcms_tui.console.writing.plan_page import heading, labelled
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.typed import EXCEPTIONS_LIMIT, typed

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.payroll.desk import PayrollDesk


@dataclass(frozen=True, slots=True)
class Draft:
    run: PayrollRun
    markdown: str
    table: str = ""


class LogDialog(ActDialog[Draft]):
    """Copying gives the Markdown: before the end the draft, with what is typed so far; after it the log."""

    def __init__(self, services: ConsoleServices, look: Look, desk: PayrollDesk, run: PayrollRun) -> None:
        def make() -> Draft:
            found = desk.book.get(run.run_id)
            return Draft(found, desk.required_bench().closing.draft(found))

        super().__init__(services, look, desk, make, "Document in log", act="Write it, and close the run")
        self._reason.placeholder = 'exceptions: what was out of the ordinary, or "none"'
        self._reason.max_length = EXCEPTIONS_LIMIT

    def words_of(self, made: Draft) -> str:
        return ""

    def asked(self, made: Draft) -> tuple[Input, ...]:
        return (self._reason,)

    def _not_typed(self, words: str, asked: tuple[Input, ...]) -> str | None:
        blank = 'type the exceptions below: "none" is an answer, blank is not'
        return None if typed(self._reason.value) else blank

    def shown(self, made: Draft, width: int) -> list[Text]:
        look = self.look
        lines = [] if self.over else [heading("The log, as it will stand", look), Text()]
        return [*lines, *markdown_lines(self.markdown, look, width)]

    @property
    def markdown(self) -> str:
        """As it stands now."""
        if self.outcome is not None:
            return str(self.outcome.markdown)
        return "" if self.made is None else self.made.markdown

    def do(self, made: Draft, typed: str, reason: str) -> Draft:
        closing = self.desk.required_bench().closing
        run = closing.close(made.run.run_id, reason)
        return Draft(run, closing.draft(run, run.exceptions))

    def told(self, outcome: Draft, width: int) -> list[Text]:
        look, run = self.look, outcome.run
        lines = done_line(f"CLOSED: the payroll of concert {run.concert_id} is documented", look, width)
        lines += labelled("exceptions", run.exceptions, look, width)
        said = "c copies the log as Markdown, for wherever it is kept. v among its steps proves it anew, any day."
        return [*lines, *flow(Text(said, look.palette.text), width - 1, " ")]

    def as_text(self) -> str:
        return self.markdown or super().as_text()


def markdown_lines(markdown: str, look: Look, width: int) -> list[Text]:
    """The very text: what is copied is what is seen."""
    palette = look.palette
    lines: list[Text] = []
    for line in look.glyphs.lines(markdown):
        style = f"bold {palette.accent}" if line.startswith("#") else palette.text
        lines += flow(Text(line, style), width - 1, " ")
    return lines
