"""A scrolling page of text that flows anew at every width, and draws only the lines in view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.console import Console
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gcms_tui.console.widgets.strips import strip

_WRAPPER = Console(color_system=None)
"""Rich wraps text only with a console in hand; this one draws nothing."""

Page = Callable[[int], Sequence[Text]]
"""The page's lines at a width of so many cells. A line may be wider: then the page scrolls sideways."""


class Document(ScrollView, can_focus=True):
    """Shows a `Page`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", id="page.down", show=False, tooltip="Scroll down one line"),
        Binding("up,k", "scroll_up", "Up", id="page.up", show=False, tooltip="Scroll up one line"),
        Binding("left,h", "scroll_left", "Left", id="page.left", show=False, tooltip="Scroll to the left"),
        Binding("right,l", "scroll_right", "Right", id="page.right", show=False, tooltip="Scroll to the right"),
        Binding("pagedown,space", "page_down", "Page down", id="page.next", show=False, tooltip="Scroll one page"),
        Binding("pageup,b", "page_up", "Page up", id="page.previous", show=False, tooltip="Scroll back one page"),
        Binding("home,g", "scroll_home", "Top", id="page.top", show=False, tooltip="Scroll to the top"),
        Binding("end,G", "scroll_end", "Bottom", id="page.bottom", show=False, tooltip="Scroll to the bottom"),
    ]

    room: reactive[int] = reactive(0, repaint=False)
    """How many lines can be seen at once."""

    def __init__(self, page: Page | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._page: Page = page or (lambda width: ())
        self._lines: Sequence[Text] = ()
        self._flowed = 0

    def show(self, page: Page, *, keep_place: bool = True) -> None:
        """Show another page; `keep_place` where it is the same matter, told anew."""
        self._page = page
        if not keep_place:
            self.scroll_to(0, 0, animate=False, force=True)
        self._flow()

    def on_resize(self, event: events.Resize) -> None:
        self.room = event.size.height
        self._flow()

    def watch_show_vertical_scrollbar(self) -> None:
        """The bar takes a column: what had flowed before it came would stand under it."""
        self.call_after_refresh(self._flow)

    def _flow(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        before, self._lines = self._lines, self._page(width)
        size = Size(max((line.cell_len for line in self._lines), default=0), len(self._lines))
        if size != self.virtual_size or width != self._flowed:
            self._flowed = width
            self.virtual_size = size
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old != new or old.spans != new.spans or old.style != new.style:
                self.refresh_line(y)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        left, top = self.scroll_offset
        style = self.rich_style
        if top + y >= len(self._lines):
            return Strip.blank(width, style)
        line = self._lines[top + y]
        return strip(line, self.app.console, style, width, left)


class PlainDocument(Document, inherit_bindings=False):
    """With the letters that a list has, and no others: Space, h, l and b do something else on the screen around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", id="page.down", show=False, tooltip="Scroll down one line"),
        Binding("up,k", "scroll_up", "Up", id="page.up", show=False, tooltip="Scroll up one line"),
        Binding("left", "scroll_left", "Left", id="page.left", show=False, tooltip="Scroll to the left"),
        Binding("right", "scroll_right", "Right", id="page.right", show=False, tooltip="Scroll to the right"),
        Binding("pagedown", "page_down", "Page down", id="page.next", show=False, tooltip="Scroll one page"),
        Binding("pageup", "page_up", "Page up", id="page.previous", show=False, tooltip="Scroll back one page"),
        Binding("home,g", "scroll_home", "Top", id="page.top", show=False, tooltip="Scroll to the top"),
        Binding("end,G", "scroll_end", "Bottom", id="page.bottom", show=False, tooltip="Scroll to the bottom"),
    ]


def flow(text: Text, width: int, indent: str = "") -> list[Text]:
    """`text` wrapped to `width` cells, each line after `indent`; overlong words are folded, never lost."""
    room = max(width - len(indent), 1)
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        lines += _wrap(line, room)
    return [Text(indent).append_text(line) for line in lines] if indent else lines


def opening(text: Text, width: int, lines: int, ellipsis: str, indent: str = "") -> list[Text]:
    """As `flow`, but only the first `lines`, the last of them with an ellipsis where there would be more."""
    flowed = flow(text, width, indent)
    if len(flowed) > lines:
        last = flowed[lines - 1]
        last.truncate(max(width - len(ellipsis), 0))
        last.append(ellipsis)
    return flowed[:lines]


def pair(label: Text, said: Text, width: int) -> list[Text]:
    """A label, and beside it what belongs to it, wrapped."""
    first, *rest = flow(said, max(width - label.cell_len - 1, 8))
    return [
        Text().append_text(label).append_text(first),
        *(Text(" " * label.cell_len).append_text(line) for line in rest),
    ]


def _wrap(line: Text, room: int) -> list[Text]:
    return [line] if line.cell_len <= room else list(line.wrap(_WRAPPER, room, overflow="fold"))
