"""One of the answers at the foot of a dialog."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from gcms_tui.console.theme import Look


class Choice(Widget, can_focus=True):
    """Given by Enter, or by a click, where it has the focus or is clicked; one that is off cannot be given."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "give", "Choose", id="choice.give", tooltip="Give the answer that is marked"),
    ]

    @dataclass
    class Given(Message):
        """The person gave this answer."""

        choice: Choice
        clicked: bool = False
        """With the mouse: nobody does that by holding Enter too long."""

    def __init__(self, look: Look, label: str, *, id: str, danger: bool = False) -> None:  # noqa: A002
        super().__init__(id=id)
        self._look = look
        self._label = label
        self._danger = danger

    def rename(self, label: str) -> None:
        """It stands for something else from now on."""
        self._label = label
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return Text(self._text).cell_len

    @property
    def _text(self) -> str:
        # The mark does not rest on colour: brackets stand around the answer that Enter would give.
        return f"[ {self._label} ]" if self.has_focus else f"  {self._label}  "

    def render(self) -> Text:
        palette = self._look.palette
        if self.disabled:
            return Text(self._text, palette.faint)
        if self.has_focus:
            behind, on = (palette.danger, palette.on_danger) if self._danger else (palette.accent, palette.ground)
            return Text(self._text, Style(bold=True, color=on, bgcolor=behind))
        return Text(self._text, palette.text)

    def action_give(self) -> None:
        if not self.disabled:
            self.post_message(self.Given(self))

    def on_click(self, event: events.Click) -> None:
        if not self.disabled:
            self.focus()
            self.post_message(self.Given(self, clicked=True))
