"""The line in which a search is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class SearchLine(Input):
    """Enter searches, Esc leaves things as they were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask", "Search", id="search.ask", tooltip="Search the whole log for this"),
        Binding("escape", "leave", "Leave", id="search.leave", tooltip="Back to the log; the search stays as it was"),
    ]

    @dataclass
    class Asked(Message):
        text: str

    class Left(Message):
        """Nothing is to be searched."""

    def __init__(self, value: str) -> None:
        placeholder = "regular expression; a capital letter makes the case count"
        super().__init__(value, placeholder=placeholder, id="search", compact=True, select_on_focus=True)

    def action_ask(self) -> None:
        self.post_message(self.Asked(self.value))

    def action_leave(self) -> None:
        self.post_message(self.Left())
