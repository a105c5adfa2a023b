"""Asking before the personal columns of a key are shown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from gcms_tui.console.reveal import RevealDialog
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow


class RevealKeyDialog(RevealDialog):
    """Answers True where the columns are to be unmasked."""

    def __init__(self, look: Look, natural_key: str, columns: Sequence[str]) -> None:
        self._natural_key = natural_key
        self._personal = columns
        super().__init__(look, natural_key, columns)

    def page(self, width: int) -> Sequence[Text]:
        palette, text = self.look.palette, self.look.glyphs.text
        said = f"{text(', '.join(self._personal), 400)} of every version of this key are unmasked on this screen."
        lines = flow(Text(text(self._natural_key, 300), f"bold {palette.strong}"), width - 1, " ")
        lines += [*flow(Text(said, palette.text), width - 1, " "), Text()]
        said = "This is recorded in the journal: who, when, which table, which key. What is copied is unmasked too."
        return [*lines, *flow(Text(said, palette.warn), width - 1, " ")]
