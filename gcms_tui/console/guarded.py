"""A dialog before something is done: the way out has the focus, and no key pressed before it was read counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual._time import get_time
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget

from gcms_tui.console.dialogs import DIALOG_CSS, fit_frame
from gcms_tui.console.key_bar import KeyBar
from gcms_tui.console.pane import CopyAsked
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.bars import Bar, Part, fit_parts
from gcms_tui.console.widgets.choice import Choice
from gcms_tui.console.widgets.document import Document

HOLD_S = 0.5
"""From what is shown to the first key that counts."""
_GUARDED_CSS = str(Path(__file__).with_name("guarded.tcss"))
_ANSWERS = 1
"""The line of the answers."""

R = TypeVar("R")


class Below(Bar):
    """How much of the page is below what is seen of it."""

    number: reactive[int] = reactive(0, repaint=False)

    def watch_number(self, number: int) -> None:
        self.tell()

    def line(self) -> Text:
        number, style = self.number, self.look.palette.accent
        if number <= 0:
            return Text()
        lines = f"{number:,} more line{'' if number == 1 else 's'}"
        wordings = tuple(Text(said, style) for said in (f"{lines} below: PgDn", f"{lines}: PgDn", "more: PgDn"))
        said = fit_parts([Part(wordings, 0)], self.size.width, Text())
        return Text(" " * (self.size.width - said.cell_len)).append_text(said)


class GuardedDialog(ModalScreen[R]):
    """A page with two answers below it. A subclass says what is on the page, and what the second answer does."""

    CSS_PATH: ClassVar[list[str]] = [DIALOG_CSS, _GUARDED_CSS]  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "app.focus_next", "Next", id="guarded.next", tooltip="To the next answer"),
        Binding("shift+tab,left", "app.focus_previous", "Previous", id="guarded.previous", show=False, tooltip="Back"),
        Binding("down", "scroll(1)", "Down", id="page.down", show=False, tooltip="Scroll down one line"),
        Binding("up", "scroll(-1)", "Up", id="page.up", show=False, tooltip="Scroll up one line"),
        Binding("pagedown,space", "scroll(10)", "Page down", id="page.next", show=False, tooltip="Scroll one page"),
        Binding("pageup", "scroll(-10)", "Page up", id="page.previous", show=False, tooltip="Scroll back one page"),
        Binding("home", "scroll(-1000000)", "Top", id="page.top", show=False, tooltip="Scroll to the top"),
        Binding("end", "scroll(1000000)", "Bottom", id="page.bottom", show=False, tooltip="Scroll to the bottom"),
        Binding("c", "copy", "Copy", id="guarded.copy", tooltip="Copy what is shown"),
        Binding("escape", "leave", "Close", id="guarded.leave", tooltip="Back; nothing is done"),
    ]

    def __init__(self, look: Look, heading: str, *, way_out: str, act: str, danger: bool = False) -> None:
        super().__init__()
        self.look = look
        self._heading = heading
        self._held_until = float("inf")
        self.document = Document(self.page, id="page")
        self.document.can_focus = False
        self.way_out = Choice(look, way_out, id="way-out")
        self.act = Choice(look, act, id="act", danger=danger)
        self._below = Below(look, id="below")

    def entitle(self, heading: str) -> None:
        """The dialog is about something else from now on."""
        self._heading = heading
        self.query_one("#dialog").border_title = Text(f" {self.look.glyphs.text(heading, 60)} ")

    def compose(self) -> ComposeResult:
        frame = Vertical(id="dialog")
        frame.border_title = Text(f" {self.look.glyphs.text(self._heading, 60)} ")
        with frame:
            yield self.document
            yield from self.between()
            with Horizontal(id="answers"):
                yield self.way_out
                yield self.act
                yield self._below
            yield KeyBar(self.look)

    def between(self) -> Iterable[Widget]:
        """What stands between the page and the answers."""
        return ()

    def on_mount(self) -> None:
        self.fit(self.app.size)
        self.watch(self.document, "scroll_y", self._tell_below)
        self.watch(self.document, "virtual_size", self._tell_below)
        self.watch(self.document, "room", self._tell_below)
        self.way_out.focus()
        self.hold()

    def on_resize(self, event: events.Resize) -> None:
        self.fit(event.size)

    def fit(self, size: Size) -> None:
        between = sum(1 for _ in self.between())
        fit_frame(self.query_one("#dialog"), size, lambda width: len(self.page(width)) + between + _ANSWERS)
        self.call_after_refresh(self._tell_below)

    def _tell_below(self) -> None:
        self._below.number = self.document.max_scroll_y - round(self.document.scroll_y)

    def page(self, width: int) -> Sequence[Text]:
        """The lines at that width."""
        raise NotImplementedError

    def tell(self) -> None:
        """The page has changed."""
        self.document.show(self.page)
        self.fit(self.app.size)

    # -- the guard --------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """What is shown is new: keys count again when it has been there for a moment."""
        self._held_until = get_time() + HOLD_S

    @property
    def armed(self) -> bool:
        """Keys count."""
        return get_time() >= self._held_until

    def on_key(self, event: events.Key) -> None:
        """A key counts by when it was pressed, however late it is heard. Esc always leads out; Enter that is held down
        goes on not counting."""
        if event.time < self._held_until and event.key != "escape":
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                self.hold()

    def on_choice_given(self, message: Choice.Given) -> None:
        message.stop()
        if not self.armed:
            return
        if message.choice is self.way_out:
            self.action_leave()
        else:
            self.done()

    def done(self) -> None:
        """The second answer was given."""
        raise NotImplementedError

    # -- actions ----------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        self.document.scroll_relative(y=lines, animate=False, force=True)

    def action_copy(self) -> None:
        self.app.post_message(CopyAsked(self.as_text(), self._heading))

    def as_text(self) -> str:
        """What is copied."""
        return "\n".join(line.plain.rstrip() for line in self.page(100))
