"""The command palette: everything that can be done here, and why what cannot be done cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from gcms_tui.console.commands import Command
from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.row_list import RowList, cell

_TITLE, _KEYS = 14, 10


class CommandList(RowList[Command]):
    """Title and key of each command; of a disabled one the reason."""

    can_focus = False

    def draw(self, row: Command, width: int, *, current: bool) -> Text:
        palette, glyphs = self.look.palette, self.look.glyphs
        keys = "  ".join(row.keys[:2])
        tint = palette.faint if row.refusal else palette.text
        said = f"not now: {row.refusal}" if row.refusal else row.tooltip
        room = max(width - _TITLE - (_KEYS if keys else 0) - 4, 0)
        line = Text.assemble((glyphs.cursor if current else " ", palette.accent))
        line.append(cell(glyphs.text(row.title, 40), _TITLE, glyphs.ellipsis), tint)
        line.append(" " + cell(glyphs.text(said, 200), room, glyphs.ellipsis), palette.faint)
        return line.append(" " + cell(keys, _KEYS, glyphs.ellipsis, right=True), palette.muted) if keys else line


class CommandPalette(ModalScreen[Command | None]):
    """Answers with the command to run, or None."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Run", id="palette.run", tooltip="Run the command under the cursor", priority=True),
        Binding("down", "move(1)", "Down", id="palette.down", show=False, tooltip="To the next command"),
        Binding("up", "move(-1)", "Up", id="palette.up", show=False, tooltip="To the command above"),
        Binding("pagedown", "move(8)", "Page down", id="palette.next", show=False, tooltip="Some commands down"),
        Binding("pageup", "move(-8)", "Page up", id="palette.previous", show=False, tooltip="Some commands up"),
        Binding("escape", "close", "Close", id="palette.close", tooltip="Back without running anything"),
    ]

    def __init__(self, look: Look, choices: Sequence[Command]) -> None:
        super().__init__()
        self.look = look
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="-palette"):
            yield Input(placeholder="what to do", id="wanted", compact=True)
            yield CommandList(self.look, id="choices")
            yield KeyBar(self.look)

    def on_mount(self) -> None:
        listed = self.query_one(CommandList)
        listed.empty = Text(" Nothing is called so. Fewer letters find more.", self.look.palette.muted)
        listed.show(self._choices)
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        words = event.value.casefold().split()
        self.query_one(CommandList).show(
            tuple(
                choice
                for choice in self._choices
                if all(word in f"{choice.title} {choice.tooltip}".casefold() for word in words)
            )
        )

    def on_row_list_chosen(self, event: CommandList.Chosen) -> None:
        self.action_choose()

    def action_move(self, steps: int) -> None:
        self.query_one(CommandList).action_move(steps)

    def action_choose(self) -> None:
        """Run what is under the cursor; a disabled command stays where it is, with its reason beside it."""
        listed = self.query_one(CommandList)
        chosen = next((row for row in listed.rows if row.key == listed.cursor), None)
        if chosen is not None and chosen.refusal is None:
            self.dismiss(chosen)

    def action_close(self) -> None:
        self.dismiss(None)
