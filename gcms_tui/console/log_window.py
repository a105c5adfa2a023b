"""Where one is in a log: the lines near the cursor, and what of them is in view. Pure: knows no widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gcms_tui.core.log_view import LogPage, RawLine


@dataclass(slots=True)
class LogWindow:
    """Moving about changes it in place; `take` brings other lines."""

    lines: tuple[RawLine, ...] = ()
    first: int | None = None
    """How many shown lines come before the first."""
    starts: bool = True
    ends: bool = True
    cursor: int = 0
    top: int = 0
    """The first line in view."""
    left: int = 0
    """Cells scrolled sideways."""
    wrap: bool = False
    chosen_from: int | None = None
    """The offset at which a range begins; None: no range."""
    size: int = field(default=0)
    """Of the file."""

    @property
    def current(self) -> RawLine | None:
        return self.lines[self.cursor] if self.lines else None

    @property
    def rank(self) -> int | None:
        """How many shown lines come before the cursor's."""
        return None if self.first is None or not self.lines else self.first + self.cursor

    def take(self, page: LogPage, offset: int | None) -> None:
        """Show `page`, with the cursor on the line at `offset` or the nearest before it; None: on the last line."""
        height = self.cursor - self.top
        self.lines, self.first, self.starts, self.ends = page.lines, page.first, page.starts, page.ends
        last = max(len(self.lines) - 1, 0)
        if offset is None:
            self.cursor, self.top = last, 0
            return
        before = sum(line.offset <= offset for line in self.lines)
        self.cursor = min(max(before - 1, 0), last)
        self.top = max(self.cursor - height, 0)

    def move(self, lines: int) -> bool:
        """Move the cursor as far as the lines at hand allow. False where that was not the whole way."""
        wanted = self.cursor + lines
        self.cursor = min(max(wanted, 0), max(len(self.lines) - 1, 0))
        return self.cursor == wanted

    def lacks(self, rows: int) -> bool:
        """More lines are to be fetched before one gets to the end of these."""
        near = 2 * rows
        return (not self.starts and self.cursor < near) or (not self.ends and len(self.lines) - self.cursor <= near)

    def reveal(self, rows: int, height_of: Callable[[int], int]) -> None:
        """Scroll as little as needed to have the cursor in view, with no room left empty below the last line."""
        if not self.lines:
            self.cursor = self.top = 0
            return
        self.cursor = min(self.cursor, len(self.lines) - 1)
        self.top = min(self.top, self.cursor)
        lowest = self._top_with_below(self.cursor, rows, height_of)
        self.top = max(self.top, lowest)
        if self.ends:
            self.top = min(self.top, self._top_with_below(len(self.lines) - 1, rows, height_of))

    def _top_with_below(self, index: int, rows: int, height_of: Callable[[int], int]) -> int:
        """The first line in view where the line `index` is the last that is wholly in view."""
        left = rows - height_of(index)
        while index > 0 and (left := left - height_of(index - 1)) >= 0:
            index -= 1
        return index

    def is_chosen(self, index: int) -> bool:
        """Whether a line is in the range that has been begun."""
        if self.chosen_from is None or self.current is None:
            return False
        low, high = sorted((self.chosen_from, self.current.offset))
        return low <= self.lines[index].offset <= high

    @property
    def chosen(self) -> int | None:
        """How many lines at hand are in the range; None where none has been begun."""
        return None if self.chosen_from is None else sum(self.is_chosen(index) for index in range(len(self.lines)))

    def place(self, rows: int) -> tuple[int, int] | None:
        """Where in the file the view is: the rows of a scroll mark, from and to; None where all is in view."""
        if not self.lines or not self.size or (self.starts and self.ends and len(self.lines) <= rows):
            return None
        at = self.lines[min(self.top, len(self.lines) - 1)].offset
        low = min(int(at * rows / self.size), rows - 1)
        if self.ends and self.cursor == len(self.lines) - 1:
            low = rows - 1
        return low, low + 1
