"""A line or two on what has the focus, where there is no room for the whole of it."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from gcms_tui.console.headline import cut
from gcms_tui.console.theme import Look


class Brief(Widget):
    """Cuts its lines to the width."""

    said: reactive[tuple[Text, ...]] = reactive(())

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look

    def render(self) -> Text:
        return Text("\n").join(cut(line, self.size.width - 1, self._look) for line in self.said)
