"""A list of lines with a cursor that stays on its row, whatever comes and goes around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.strips import strip

_FAR = 1_000_000


class Keyed(Protocol):
    """What a row must have."""

    @property
    def key(self) -> str:
        """Stable from one refresh to the next."""
        ...

    @property
    def heading(self) -> str:
        """Not empty where the row is a heading: the cursor passes over it."""
        ...


R = TypeVar("R", bound=Keyed)


class RowList(ScrollView, Generic[R], can_focus=True):
    """Draws only the rows in view. A subclass says how a row looks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="list.down", show=False, tooltip="To the next row"),
        Binding("up,k", "move(-1)", "Up", id="list.up", show=False, tooltip="To the row above"),
        Binding("pagedown", "page(1)", "Page down", id="list.next", show=False, tooltip="One page down"),
        Binding("pageup", "page(-1)", "Page up", id="list.previous", show=False, tooltip="One page up"),
        Binding("home,g", f"move({-_FAR})", "Top", id="list.top", show=False, tooltip="To the first row"),
        Binding("end,G", f"move({_FAR})", "Bottom", id="list.bottom", show=False, tooltip="To the last row"),
    ]

    QUIET: ClassVar[bool] = False
    """The cursor is marked only while the list has the focus: for a list beside another."""

    @dataclass
    class Moved(Message):
        """The cursor has come to another row; None where there is none."""

        key: str | None

    @dataclass
    class Chosen(Message):
        """The row under the cursor was clicked: do what the list is for."""

        key: str

    cursor: reactive[str | None] = reactive(None)
    """The key of the row under the cursor."""

    empty: reactive[Text | None] = reactive(None)
    """What is said where there are no rows."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.look = look
        self._given: tuple[R, ...] = ()
        self._rows: tuple[R, ...] = ()
        self._measured = Size()

    @property
    def rows(self) -> tuple[R, ...]:
        """What is shown, as it was given."""
        return self._given

    def laid_out(self, rows: tuple[R, ...], height: int) -> tuple[R, ...]:
        """`rows` as they are laid out in `height` lines, with blank lines between them for instance."""
        return rows

    def draw(self, row: R, width: int, *, current: bool) -> Text:
        """One row as a line of at most `width` cells."""
        raise NotImplementedError

    def measure(self) -> bool:
        """Look at the rows before they are drawn; True where all of them will be drawn otherwise than before."""
        return False

    def show(self, rows: tuple[R, ...]) -> None:
        """Show `rows`; the cursor, and its height on the screen, stay with its row."""
        self._given = rows
        rows = self.laid_out(rows, self.scrollable_content_region.height)
        before, self._rows = self._rows, rows
        at = self._index(self.cursor, before)
        height = None if at is None else at - self.scroll_offset.y
        in_place = not self.measure() and len(before) == len(rows)
        if in_place and [row.key for row in before] == [row.key for row in rows]:
            self._refresh_changed(before)
            return
        self.virtual_size = Size(1, len(rows))  # rows are as wide as the list, whatever that is
        if self._index(self.cursor, rows) is None:
            self.cursor = self._nearest(at)
        elif height is not None:
            at = self._index(self.cursor, rows) or 0
            self.scroll_to(y=max(at - height, 0), animate=False, force=True)
        if in_place:
            self._refresh_changed(before)
        else:
            self.refresh()

    def _refresh_changed(self, before: tuple[R, ...]) -> None:
        """Redraw the lines in view that hold something else than `before`."""
        top = self.scroll_offset.y
        for y in range(top, min(top + self.scrollable_content_region.height, len(before))):
            if before[y] != self._rows[y]:
                self.refresh_line(y)

    def action_move(self, steps: int) -> None:
        places = self._places()
        at = self._index(self.cursor, self._rows)
        if places:
            here = places.index(at) if at in places else 0
            self.cursor = self._rows[places[min(max(here + steps, 0), len(places) - 1)]].key

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(self.size.height - 2, 1))

    def watch_cursor(self, old: str | None, new: str | None) -> None:
        for key in (old, new):
            at = self._index(key, self._rows)
            if at is not None:
                self.refresh_line(at)
        self._reveal_cursor()
        self.post_message(self.Moved(new))

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()
        self.virtual_size = Size(1, len(self._rows))
        self._reveal_cursor()

    def _lay_out(self) -> None:
        """Fit the rows to the size, once for each size."""
        size = self.scrollable_content_region.size
        if size != self._measured:
            self._measured = size
            self._rows = self.laid_out(self._given, size.height)
            self.measure()

    def on_focus(self) -> None:
        self._redraw_cursor()

    def on_blur(self) -> None:
        self._redraw_cursor()

    def on_click(self, event: events.Click) -> None:
        y = event.y + self.scroll_offset.y
        if y < len(self._rows) and not self._rows[y].heading:
            again = self.cursor == self._rows[y].key
            self.cursor = self._rows[y].key
            if again:
                self.post_message(self.Chosen(self._rows[y].key))

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        self._lay_out()  # the first paint comes before the first word of the size
        index = y + self.scroll_offset.y
        base = self.rich_style
        if not self._rows and y == 1 and self.empty is not None:
            return strip(self.empty, self.app.console, base, width)
        if index >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[index]
        current = row.key == self.cursor and (self.has_focus or not self.QUIET)
        if current:
            base += Style(bgcolor=self.look.palette.cursor, bold=True if self.has_focus else None)
        return strip(self.draw(row, width, current=current), self.app.console, base, width)

    def _redraw_cursor(self) -> None:
        at = self._index(self.cursor, self._rows)
        if at is not None:
            self.refresh_line(at)

    def _reveal_cursor(self) -> None:
        """Scroll as little as needed; a heading right above the row comes with it."""
        at = self._index(self.cursor, self._rows)
        height = self.scrollable_content_region.height
        if at is None or height <= 0:
            return
        top = at - 1 if at and height > 1 and self._rows[at - 1].heading else at
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)
        elif at >= self.scroll_offset.y + height:
            self.scroll_to(y=at - height + 1, animate=False, force=True)

    def _places(self) -> list[int]:
        return [y for y, row in enumerate(self._rows) if not row.heading]

    def _nearest(self, at: int | None) -> str | None:
        """The row that stands closest to where the cursor was."""
        places = self._places()
        return self._rows[min(places, key=lambda y: abs(y - (at or 0)))].key if places else None

    @staticmethod
    def _index(key: str | None, rows: Sequence[R]) -> int | None:
        return None if key is None else next((y for y, row in enumerate(rows) if row.key == key), None)


def cell(value: str, width: int, ellipsis: str = "", *, right: bool = False) -> str:
    """`value` in exactly `width` terminal cells, cut with `ellipsis` where it is longer."""
    text = Text(value)
    if text.cell_len > width:
        text.truncate(max(width - len(ellipsis), 0))
        text.append(ellipsis[:width])
    spaces = " " * (width - text.cell_len)
    return spaces + text.plain if right else text.plain + spaces
