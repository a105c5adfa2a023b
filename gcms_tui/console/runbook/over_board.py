"""A list that lies over the board: the focused row in full, beside it or in its place, and the way back."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from gcms_tui.console.list_pane import ListPane
from gcms_tui.console.widgets.row_list import RowList


class OverBoard(ListPane):
    """A subclass reads, draws, and has keys of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "detail", "Detail", id="over.detail", tooltip="The focused row in full"),
    ]

    def refusal(self, action: str) -> str | None:
        match action:
            case "back":
                return None
            case "detail" if self.listing.cursor is None:
                return "nothing is focused"
            case "detail" if self.detail.has_focus:
                return "it is open"
        return super().refusal(action)

    def pointless(self, action: str) -> bool:
        return action == "detail" or super().pointless(action)

    def something_is_open(self) -> bool:
        return True

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        self.action_detail()

    def action_detail(self) -> None:
        self.add_class("-detail")
        self.detail.focus()
        self.refresh_bindings()

    def action_back(self) -> None:
        """Leave the detail, then clear the filter, then back to the board."""
        if not (self.has_class("-detail") or self.detail.has_focus or self.wanted):
            self.dismiss(None)
            return
        if self.has_class("-detail") or self.detail.has_focus:
            self.remove_class("-detail")
        else:
            self.wanted = ""
        self.listing.focus()
        self.draw()
        self.refresh_bindings()
