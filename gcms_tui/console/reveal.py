"""Asking before personal data is shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.guarded import GuardedDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow


class RevealDialog(GuardedDialog[bool | None]):
    """Answers True where the columns are to be unmasked."""

    def __init__(self, look: Look, test: str, columns: Sequence[str]) -> None:
        self._test = test
        self._columns = columns
        super().__init__(
            look, "Reveal personal data", way_out="Keep it masked", act="Reveal, and record it", danger=True
        )

    def page(self, width: int) -> Sequence[Text]:
        palette, text = self.look.palette, self.look.glyphs.text
        names = text(", ".join(self._columns), 400)
        lines = flow(Text(text(self._test, 300), f"bold {palette.strong}"), width - 1, " ")
        lines += flow(Text(f"unmasks {names} of its failing rows on this screen.", palette.text), width - 1, " ")
        lines.append(Text())
        said = "This is recorded in the journal: who, when, which test, which columns. What is copied is unmasked too."
        return [*lines, *flow(Text(said, palette.warn), width - 1, " ")]

    def done(self) -> None:
        self.dismiss(True)
