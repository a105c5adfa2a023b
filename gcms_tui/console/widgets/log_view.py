"""The lines of a log: a window on a file of any size, of which only what is near is held."""

from __future__ import annotations

from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gcms_tui.console.log_drawing import DrawnLine, LineDrawer, Piece
from gcms_tui.console.log_window import LogWindow
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.strips import strip

_WHEEL = 3


class LogView(Widget, can_focus=True):
    """Draws the part of a `LogWindow` that is in view, with a cursor on one of its lines."""

    @dataclass
    class Scrolled(Message):
        """The wheel was turned, by so many lines."""

        lines: int

    @dataclass
    class Pointed(Message):
        """A line was clicked; its number in the window."""

        index: int

    def __init__(self, look: Look, window: LogWindow, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.look = look
        self.window = window
        self.drawer = LineDrawer(look)
        self.empty = Text()
        """What is said where there are no lines."""
        self.marks: dict[int, list[tuple[int, int]]] = {}
        """By a line's offset: where the search matches in its drawn text."""
        self._rows: list[tuple[int, int]] = []
        self._base = Style()
        self._styles: dict[tuple[str, str], Style] = {}
        self._drawn: dict[tuple[int, int], DrawnLine] = {}

    @property
    def rows(self) -> int:
        return max(self.size.height, 1)

    def lines_in_view(self) -> list[DrawnLine]:
        """Each line of which something is in view, drawn."""
        self._lay_out()
        return [self.drawn(index) for index in dict.fromkeys(index for index, _ in self._rows)]

    def drawn(self, index: int) -> DrawnLine:
        """A line of the window, taken apart once for as long as it stays near."""
        raw = self.window.lines[index]
        key = (raw.offset, raw.size)
        if key not in self._drawn:
            if len(self._drawn) > 2_000:
                self._drawn.clear()
            self._drawn[key] = self.drawer.take(raw)
        return self._drawn[key]

    def forget(self) -> None:
        """Offsets mean other lines now."""
        self._drawn.clear()
        self.marks.clear()

    def height_of(self, index: int) -> int:
        """Rows that a line takes."""
        if not self.window.wrap:
            return 1
        return self.drawer.height(self.drawn(index), max(self.size.width - 2, 1))

    def reveal(self) -> None:
        """Lay the window out anew with the cursor in view, and draw it."""
        self.window.reveal(self.rows, self.height_of)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self.reveal()

    def _lay_out(self) -> None:
        """Which row of which line stands in each row of the widget."""
        self._rows = []
        index = self.window.top
        while len(self._rows) < self.rows and index < len(self.window.lines):
            self._rows += [(index, row) for row in range(self.height_of(index))]
            index += 1
        del self._rows[self.rows :]

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0 or not self._styles:
            self._lay_out()
            self._base = self.rich_style
        window = self.window
        if not window.lines:
            return strip(self.empty if y == 1 else Text(), self.app.console, self._base, width)
        if y >= len(self._rows):
            return self._strip([(" " * (width - 1), ""), self._place_mark(y)], "")
        index, row = self._rows[y]
        current, chosen = index == window.cursor, window.is_chosen(index)
        line = self.drawn(index)
        marks = self.marks.get(line.raw.offset, ())
        pieces = self.drawer.row(line, max(width - 2, 1), row=row, wrap=window.wrap, left=window.left, marks=marks)
        gutter = self.drawer.gutter(current=current, chosen=chosen, found=bool(marks) and row == 0)
        behind = f"on {self.look.palette.cursor}" if current or chosen else ""
        if current and self.has_focus:
            behind += " bold"
        return self._strip([gutter, *pieces, self._place_mark(y)], behind)

    def _strip(self, pieces: list[Piece], behind: str) -> Strip:
        segments = [Segment(text, self._style(style, behind)) for text, style in pieces if text]
        return Strip(segments).adjust_cell_length(self.size.width, self._base)

    def _style(self, style: str, behind: str) -> Style:
        key = (style, behind)
        if key not in self._styles:
            parse = self.app.console.get_style
            self._styles[key] = self._base + parse(behind or "none") + parse(style or "none")
        return self._styles[key]

    def _place_mark(self, y: int) -> Piece:
        """The scroll mark at the right end of a row."""
        place = self.window.place(self.rows)
        here = place is not None and place[0] <= y < place[1]
        return (self.look.glyphs.bar, self.look.palette.muted) if here else (" ", "")

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.post_message(self.Scrolled(_WHEEL))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.post_message(self.Scrolled(-_WHEEL))

    def on_click(self, event: events.Click) -> None:
        self._lay_out()
        if event.y < len(self._rows):
            self.post_message(self.Pointed(self._rows[event.y][0]))
