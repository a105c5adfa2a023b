"""A note for the journal: what somebody found out, in their own words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Input

from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow
from gcms_tui.console.widgets.prose_line import ProseLine

_LONGEST = 2_000


class NoteLine(ProseLine):
    """Where it is typed; pasting is welcome, as nothing is confirmed by it."""

    def __init__(self, placeholder: str) -> None:
        # The id is that of every line at the foot of a guarded dialog.
        super().__init__(
            placeholder=placeholder, id="confirmation", compact=True, select_on_focus=False, max_length=_LONGEST
        )
        self.styles.width = "1fr"


class NoteDialog(GuardedDialog[str | None]):
    """Answers with the note, or None. A blank one cannot be given."""

    def __init__(self, look: Look, heading: str, said: Sequence[str], *, placeholder: str) -> None:
        self._said = tuple(said)
        self.note = NoteLine(placeholder)
        super().__init__(look, heading, way_out="Cancel", act="Write it into the journal")
        self.act.disabled = True

    def between(self) -> Iterable[Widget]:
        return (self.note,)

    def on_mount(self) -> None:
        # Behind the way out, which has it first: what is typed here is seen, and gives no answer.
        self.call_after_refresh(self.note.focus)

    def page(self, width: int) -> Sequence[Text]:
        palette, text = self.look.palette, self.look.glyphs.text
        lines: list[Text] = []
        for place, line in enumerate(self._said):
            style = f"bold {palette.strong}" if place == 0 else palette.text
            lines += flow(Text(text(line, 400), style), width - 1, " ")
        return [*lines, Text()]

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.act.disabled = not self.note.value.strip()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter behind the note leads to the answer, and does not give it."""
        message.stop()
        if not self.act.disabled:
            self.act.focus()
            self.hold()

    def done(self) -> None:
        if self.note.value.strip():
            self.dismiss(self.note.value.strip())
