"""The line in which a pane's filter is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterLine(Input):
    """Filters while it is typed in. Enter keeps the filter, Esc clears it; both close the line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "leave(True)", "Keep", id="filter.keep", tooltip="Keep it and go back to the list"),
        Binding("escape", "leave(False)", "Clear", id="filter.clear", tooltip="Clear it and go back to the list"),
    ]

    @dataclass
    class Ended(Message):
        """The line is to be closed."""

        keep: bool

    def __init__(self, value: str) -> None:
        super().__init__(value, placeholder="words to keep", id="filter", compact=True, select_on_focus=False)

    def action_leave(self, keep: bool) -> None:
        self.post_message(self.Ended(keep))
