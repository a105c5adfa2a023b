"""Asking a run to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.message import Message

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.console.present import moment_text
from gcms_tui.console.run_words import words_text
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.run import Run

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.console.run_preview import WithRuns

_WHAT_HAPPENS = (
    "dbt is sent SIGINT: it begins no further node and cancels what it has in the warehouse. Asked is not yet ended: "
    "the run stays `cancel asked` until dbt has gone. What was built until then stays built."
)


@dataclass
class CancelSent(Message):
    """dbt was asked to stop."""

    run: Run


class CancelDialog(GuardedDialog[Run | None]):
    """Answers with the run once it was asked to stop; None where it was left alone."""

    def __init__(self, services: ConsoleServices, look: Look, desk: WithRuns, run: Run) -> None:
        self._run = run
        self._desk = desk
        self._error: GcmsError | None = None
        self._services = services
        super().__init__(look, "Ask the run to stop", way_out="Leave it running", act="Ask it to stop", danger=True)
        self._loader = Loader(self, "cancel")

    def page(self, width: int) -> Sequence[Text]:
        palette, glyphs, record = self.look.palette, self.look.glyphs, self._run.record
        words = Text(glyphs.text(f"dbt {words_text(record.command)}", 400), f"bold {palette.strong}")
        who = f"on {record.target}, since {moment_text(record.started_at)}, started by {record.person}"
        lines = flow(words, width - 1, " ")
        lines += flow(Text(glyphs.text(who, 300), palette.muted), width - 1, " ")
        lines += [Text(), *flow(Text(_WHAT_HAPPENS, palette.text), width - 1, " ")]
        return [*lines, Text(), *error_page(self._error, self.look, width)] if self._error else lines

    def done(self) -> None:
        if self._loader.start(lambda: CancelSent(self._desk.runs.cancel(self._run.run_id))):
            self.act.disabled = True

    def on_cancel_sent(self, message: CancelSent) -> None:
        self.dismiss(message.run)

    def on_load_failed(self, message: LoadFailed) -> None:
        message.stop()
        self._error = message.error
        self.act.disabled = False
        self.way_out.focus()
        self.hold()
        self.tell()
