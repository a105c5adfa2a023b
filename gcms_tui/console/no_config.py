"""The one screen of a console that has nothing to show: why, and the three commands that help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from gcms_tui.console.dialogs import error_page
from gcms_tui.console.pane import CopyAsked, Pane
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.status_bar import Status
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import Document, flow

_TOLD = 9
"""Lines of the error that leave room for the commands on the smallest usual terminal."""

_COMMANDS = (
    ("gcms-tui demo", "opens a practice platform that needs nothing but this program"),
    ("gcms-tui doctor", "says what was read from where, what works, and what to do about the rest"),
    ("gcms-tui init DIR", "writes a commented gcms.toml from the dbt project in DIR"),
)


class NoConfiguration(Pane):
    """Stands in every pane's place."""

    TITLE = "Setup"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="setup.copy", tooltip="Copy what is wrong"),
    ]

    def __init__(self, services: ConsoleServices, look: Look) -> None:
        super().__init__(services, look)
        assert services.config_error is not None
        self.error = services.config_error

    def compose(self) -> ComposeResult:
        yield self.status_bar
        yield Document(self.page, id="page")
        yield self.key_bar

    def on_mount(self) -> None:
        self.say(Status(title=self.TITLE or "", connection="no configuration"))
        self.query_one(Document).focus()

    def page(self, width: int) -> Sequence[Text]:
        palette = self.look.palette
        told = error_page(self.error, self.look, width)
        lines = [Text(), *told[:_TOLD], Text()]
        if len(told) > _TOLD:
            lines[-1:] = [Text(f" {self.look.glyphs.ellipsis} c copies the whole", palette.faint), Text()]
        lines += [Text(" Three commands that help", f"bold {palette.accent}"), Text()]
        for command, what in _COMMANDS:
            if width >= 64:
                head = Text.assemble((f"   {command:<20}", f"bold {palette.strong}"))
                wrapped = flow(Text(what, palette.muted), width - 24)
                lines += [head.append_text(wrapped[0]), *(Text(" " * 23).append_text(line) for line in wrapped[1:])]
            else:
                lines += [
                    Text(f"   {command}", f"bold {palette.strong}"),
                    *flow(Text(what, palette.muted), width, "   "),
                ]
        return lines

    def action_copy(self) -> None:
        error = self.error
        self.app.post_message(CopyAsked(f"{error.title}\n\n{error.message}\n\n{error.next_step}", error.title))
