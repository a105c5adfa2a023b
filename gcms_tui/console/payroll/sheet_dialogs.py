"""What the spot check asks before it shows names, and for a payment that was not drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.payroll.person_words import concert_text
from gcms_tui.console.reveal import RevealDialog
from gcms_tui.console.scd2.note import NoteDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.prose_line import ProseLine
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.typed import NOTE_LIMIT

JOURNALLED = "No names, no amounts: it is journalled, and a journal forgets nothing. The musician is known by the id."


class RevealSheetDialog(RevealDialog):
    """Answers True where names and e-mails are to be unmasked."""

    def __init__(self, look: Look, run: PayrollRun, rows: int) -> None:
        self._of = concert_text(run)
        self._rows = rows
        super().__init__(look, self._of, ())

    def page(self, width: int) -> Sequence[Text]:
        palette, text = self.look.palette, self.look.glyphs.text
        said = f"Name and e-mail of {counted(self._rows, 'musician')} are unmasked on this screen, until it is left."
        lines = flow(Text(text(self._of, 300), f"bold {palette.strong}"), width - 1, " ")
        lines += [*flow(Text(said, palette.text), width - 1, " "), Text()]
        said = "This is recorded in the journal first: who, when, which payroll run; no name and no address."
        return [*lines, *flow(Text(said, palette.warn), width - 1, " ")]


def note_dialog(look: Look, heading: str, asked: Sequence[str], placeholder: str, unsaid: str) -> NoteDialog:
    """`unsaid`: what was typed before, and could not be written down."""
    dialog = NoteDialog(look, heading, (*asked, JOURNALLED), placeholder=placeholder)
    dialog.note.max_length = NOTE_LIMIT
    dialog.note.value = unsaid
    return dialog


class OtherDialog(GuardedDialog[tuple[str, str] | None]):
    """Answers with a musician's id, and what is to be cleared up about the payment."""

    def __init__(self, look: Look, run: PayrollRun, row: str = "", unsaid: str = "") -> None:
        self._of = concert_text(run)
        self._row = Input(row, placeholder="the musician's id", id="confirmation", compact=True, max_length=60)
        self._note = ProseLine(
            unsaid, placeholder="what is to be cleared up", id="reason", compact=True, max_length=NOTE_LIMIT
        )
        super().__init__(look, "Query another payment", way_out="Cancel", act="Write it into the journal")
        self.act.disabled = True

    def between(self) -> Iterable[Widget]:
        return (self._row, self._note)

    def on_mount(self) -> None:
        # Behind the way out, which has it first: what is typed here is seen, and gives no answer.
        self.call_after_refresh(self._row.focus)

    def page(self, width: int) -> Sequence[Text]:
        palette, text = self.look.palette, self.look.glyphs.text
        lines = flow(Text(text(self._of, 300), f"bold {palette.strong}"), width - 1, " ")
        for said in (
            "Any payment of the concert may be queried, drawn or not. The payroll waits for the answer; signatures "
            "that were given no longer count.",
            JOURNALLED,
        ):
            lines += flow(Text(said, palette.text), width - 1, " ")
        return [*lines, Text()]

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.act.disabled = not (self._row.value.strip() and self._note.value.strip())

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter leads from line to line, and to the answer; it gives none."""
        message.stop()
        if message.input is self._row:
            self._note.focus()
        elif not self.act.disabled:
            self.act.focus()
            self.hold()

    def done(self) -> None:
        row, note = self._row.value.strip(), self._note.value.strip()
        if row and note:
            self.dismiss((row, note))
